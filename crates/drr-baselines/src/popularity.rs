//! The same popular items for everyone: the line that an agent must beat to have learned anything of its users.

use crate::ranking::rank_all;
use drr_core::{InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem};

/// Ranks by the number of positive ratings in the fitted rows, equal numbers by the smaller item.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity {
    counts: Vec<f32>,
    origin: RowOrigin,
}

impl Popularity {
    /// Counts the ratings of `log` that are at least `positive`.
    #[must_use]
    pub fn fit(log: &InteractionLog, positive: f32) -> Self {
        let mut counts = vec![0_u32; log.n_items()];
        for user in log.users() {
            for item in log.of_user(user).positives(positive) {
                counts[item.index()] += 1;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "no item has 2^24 positive ratings")]
        let counts = counts.into_iter().map(|count| count as f32).collect();
        Self { counts, origin: log.origin().clone() }
    }

    /// The number of positive ratings of each item, `[I]`.
    #[must_use]
    pub fn counts(&self) -> &[f32] {
        &self.counts
    }

    /// The rows that were counted.
    #[must_use]
    pub const fn fitted_on(&self) -> &RowOrigin {
        &self.origin
    }
}

impl Recommender for Popularity {
    fn name(&self) -> &'static str {
        "popularity"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.counts.len(), queries, k, |_| self.counts.clone())
    }
}
