//! A tiny environment whose best return is known: each user likes one cluster of items and nothing else.
//!
//! A learning test trains an agent here and compares its return with the optimum and with that of random
//! recommendations. The history tells the user's cluster from the first step on, so the optimum is within reach of any
//! policy that reads it.

use crate::{EnvError, session::Session};
use drr_core::{
    ContextIdx, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream,
    Step, UserIdx,
};
use rand::Rng;

/// The reward of an item out of the user's cluster.
pub const LIKED: f32 = 1.0;

/// The reward of any other item.
pub const DISLIKED: f32 = -0.5;

/// The sizes of a [`ToyEnvironment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToyConfig {
    /// The number of clusters, which is also that of users, contexts, and dimensions of the vectors.
    pub n_clusters: usize,
    /// The number of items of each cluster.
    pub items_per_cluster: usize,
    /// The steps of a session, `T`.
    pub horizon: usize,
    /// The length of the history window, `N`.
    pub history_length: usize,
}

/// Users who like one cluster each. User `u` and context `u` like the items `i` with `i % n_clusters == u`, and the
/// smallest of these is observed before the session.
#[derive(Debug, Clone)]
pub struct ToyEnvironment {
    config: ToyConfig,
    session: Session,
}

impl ToyEnvironment {
    /// Users of the given sizes.
    ///
    /// # Errors
    ///
    /// Refuses sizes of zero, and a horizon for which a cluster does not have enough items.
    pub fn new(config: ToyConfig) -> Result<Self, EnvError> {
        if config.n_clusters == 0 {
            return Err(EnvError::setting("n_clusters", &0, "give at least one cluster"));
        }
        if config.items_per_cluster <= config.horizon {
            let remedy = "a cluster needs more items than a session has steps";
            return Err(EnvError::setting("items_per_cluster", &config.items_per_cluster, remedy));
        }
        let n_items = config.n_clusters * config.items_per_cluster;
        Ok(Self { config, session: Session::new(n_items, config.history_length, config.horizon)? })
    }

    /// The greatest return of a session, undiscounted: every item is liked.
    #[must_use]
    pub fn optimal_return(&self) -> f32 {
        self.config.horizon as f32 * LIKED
    }

    /// The expected return of random recommendations, undiscounted.
    #[must_use]
    pub fn random_return(&self) -> f32 {
        let n_liked = (self.config.items_per_cluster - 1) as f32;
        let share = n_liked / (self.n_items() - 1) as f32;
        self.config.horizon as f32 * (share * LIKED + (1.0 - share) * DISLIKED)
    }

    /// Item vectors `[I, n_clusters]`: 1 at the item's cluster.
    #[must_use]
    pub fn item_vectors(&self) -> EmbeddingTable {
        self.indicators(self.n_items())
    }

    /// User vectors `[n_clusters, n_clusters]`, one per context: 1 at the liked cluster.
    #[must_use]
    pub fn context_vectors(&self) -> EmbeddingTable {
        self.indicators(self.config.n_clusters)
    }

    fn indicators(&self, n_rows: usize) -> EmbeddingTable {
        let dim = self.config.n_clusters;
        let mut values = vec![0.0; n_rows * dim];
        for row in 0..n_rows {
            values[row * dim + row % dim] = 1.0;
        }
        EmbeddingTable::new(n_rows, dim, values).expect("one finite row of the dimension per index")
    }
}

impl Environment for ToyEnvironment {
    fn n_items(&self) -> usize {
        self.config.n_clusters * self.config.items_per_cluster
    }

    fn history_length(&self) -> usize {
        self.session.history_length()
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let cluster = random.random_range(0..self.config.n_clusters);
        let mut candidates = ItemSet::full(self.n_items());
        candidates.remove(ItemIdx::from(cluster));
        Ok(self.session.begin(UserIdx::from(cluster), ContextIdx::from(cluster), candidates, |history| {
            history.clear();
            history.push(ItemIdx::from(cluster));
        }))
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.session.check(item)?;
        let liked = item.index() % self.config.n_clusters == self.session.context().index();
        Ok(self.session.advance(item, if liked { LIKED } else { DISLIKED }, false))
    }

    fn candidates(&self) -> &ItemSet {
        self.session.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.session.recommended()
    }
}
