//! Random lists: the floor under every figure.

use crate::ranking::rank_all;
use drr_core::{Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds};
use rand::Rng;

/// Ranks by chance. A user's list depends on the seed and the user alone, whatever else is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    seeds: Seeds,
    n_items: usize,
}

impl Random {
    /// Draws from the stream `random.<user>` of `seeds`, for a catalogue of `n_items`.
    #[must_use]
    pub const fn new(n_items: usize, seeds: Seeds) -> Self {
        Self { seeds, n_items }
    }

    /// The scores of all items, `[I]`, each in `[0, 1)`.
    pub(crate) fn scores(&self, query: &Query) -> Vec<f32> {
        let mut random = self.seeds.stream(&format!("random.{}", query.user.0));
        (0..self.n_items).map(|_| random.random::<f32>()).collect()
    }
}

impl Recommender for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.n_items, queries, k, |query| self.scores(query))
    }
}
