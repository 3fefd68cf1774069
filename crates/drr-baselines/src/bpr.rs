//! BPR: factors trained so that what a user likes stands above what is not known to be liked.

mod fit;

use crate::dense::dot;
use crate::ranking::{positives, rank_all};
use crate::{BaselineError, Popularity};
use drr_core::{
    InteractionLog, ItemIdx, ItemSet, Query, RandomStream, RecommendError, Recommender, RowOrigin,
    ScoredItem, Seeds,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Passes over a history when a user is folded in.
const FOLD_IN_EPOCHS: usize = 20;

/// The configuration of [`Bpr`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BprConfig {
    /// The dimension `D` of the vectors; at least 1.
    pub dim: usize,
    /// Passes over the positive ratings.
    pub epochs: usize,
    /// The step of the gradient ascent; above 0.
    pub learning_rate: f64,
    /// The weight of each parameter's square; at least 0.
    pub l2: f64,
}

impl Default for BprConfig {
    fn default() -> Self {
        Self { dim: 64, epochs: 40, learning_rate: 0.05, l2: 0.01 }
    }
}

impl BprConfig {
    fn check(&self) -> Result<(), BaselineError> {
        if self.dim == 0 {
            return Err(BaselineError::Config { field: "dim", value: 0.0, wanted: "at least 1" });
        }
        if !self.learning_rate.is_finite() || self.learning_rate <= 0.0 {
            let (field, value) = ("learning_rate", self.learning_rate);
            return Err(BaselineError::Config { field, value, wanted: "a finite number above 0" });
        }
        if !self.l2.is_finite() || self.l2 < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(BaselineError::Config { field: "l2", value: self.l2, wanted });
        }
        Ok(())
    }
}

/// Ranks by `b_i + p_u . q_i`, with factors that maximize `sum ln sigma(x_ui - x_uj)` less `l2` times the squares, over
/// positive items `i` and items `j` drawn from the rest of the catalogue (Rendle et al. 2009, eq. 4 and fig. 4).
///
/// Items are fitted together with users; then every user, fitted on or not, is folded in from the query's history: the same
/// ascent for the user's vector alone, with draws that depend on the history and nothing else. Without positives the
/// popular items are recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Bpr {
    config: BprConfig,
    positive: f32,
    /// `[I, D]`.
    items: Vec<f32>,
    /// `[I]`.
    biases: Vec<f32>,
    seeds: Seeds,
    fallback: Popularity,
}

impl Bpr {
    /// Fits on the ratings of `log` that are at least `positive`, a user's repeated item once. Any number of threads gives
    /// the same factors.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range.
    pub fn fit(
        log: &InteractionLog,
        config: BprConfig,
        positive: f32,
        seeds: Seeds,
    ) -> Result<Self, BaselineError> {
        config.check()?;
        let liked: Vec<Vec<u32>> = log
            .users()
            .map(|user| {
                let mut items: Vec<u32> = log.of_user(user).positives(positive).map(|item| item.0).collect();
                items.sort_unstable();
                items.dedup();
                items
            })
            .collect();
        let (items, biases) = fit::fit(&liked, log.n_items(), config, seeds);
        Ok(Self { config, positive, items, biases, seeds, fallback: Popularity::fit(log, positive) })
    }

    /// `sigma(x_uj - x_ui)`: how much is still to be learned from a pair.
    fn pull(&self, user: &[f32], item: usize, other: usize) -> f32 {
        let dim = self.config.dim;
        let score = |at: usize| self.biases[at] + dot(&self.items[at * dim..][..dim], user);
        fit::pull(score(item) - score(other))
    }

    /// The vector of a user with these positive items, ascending, `[D]`.
    fn fold_in(&self, liked: &[u32]) -> Vec<f32> {
        let dim = self.config.dim;
        let mut random = self.seeds.stream(&format!("bpr.fold_in.{liked:?}"));
        let mut user = vec![0.0; dim];
        #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for factors")]
        let (rate, l2) = (self.config.learning_rate as f32, self.config.l2 as f32);
        let known = ItemSet::from_items(self.biases.len(), liked.iter().copied().map(ItemIdx));
        for _ in 0..FOLD_IN_EPOCHS {
            for item in liked {
                let Some(other) = negative(&known, &mut random) else { continue };
                let pull = self.pull(&user, *item as usize, other);
                let (item, other) =
                    (&self.items[*item as usize * dim..][..dim], &self.items[other * dim..][..dim]);
                for ((value, i), j) in user.iter_mut().zip(item).zip(other) {
                    *value += rate * (pull * (i - j) - l2 * *value);
                }
            }
        }
        user
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Vec<f32> {
        let history = positives(&query.history, self.positive, self.biases.len());
        if history.is_empty() {
            return self.fallback.counts().to_vec();
        }
        let liked: Vec<u32> = history.into_iter().map(|item| item.0).collect();
        let user = self.fold_in(&liked);
        let items = self.items.chunks_exact(self.config.dim).zip(&self.biases);
        items.map(|(item, bias)| bias + dot(item, &user)).collect()
    }
}

/// An item that is not in `liked`; `None` if ten draws find none. One bit a pair is looked up faster than a sorted list.
fn negative(liked: &ItemSet, random: &mut RandomStream) -> Option<usize> {
    let n_items = liked.n_items();
    (0..10).map(|_| random.random_range(0..n_items)).find(|at| !liked.contains(ItemIdx::from(*at)))
}

impl Recommender for Bpr {
    fn name(&self) -> &'static str {
        "bpr"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.fallback.origin()
    }

    fn n_parameters(&self) -> u64 {
        (self.items.len() + self.biases.len()) as u64
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.biases.len(), queries, k, |query| self.scores(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, Observed, UserIdx};

    #[test]
    fn users_of_two_tastes_get_the_items_of_theirs() {
        let mut rows = Vec::new();
        for user in 0..20_u32 {
            for item in 0..4 {
                let item = ItemIdx(4 * (user % 2) + item);
                rows.push(Interaction {
                    user: UserIdx(user),
                    item,
                    rating: 5.0,
                    timestamp: i64::from(item.0),
                });
            }
        }
        let log = InteractionLog::new(20, 8, &rows).unwrap();
        let bpr = Bpr::fit(&log, BprConfig { dim: 4, ..BprConfig::default() }, 4.0, Seeds(1)).unwrap();
        let history = vec![Observed { item: ItemIdx(5), rating: 5.0, timestamp: 0 }];
        let mut allowed = ItemSet::full(8);
        allowed.remove(ItemIdx(5));
        let list = &bpr.recommend(&[Query { user: UserIdx(99), history, allowed }], 3).unwrap()[0];
        assert!(list.iter().all(|it| it.item.0 >= 4), "{list:?}");
    }
}
