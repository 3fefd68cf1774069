//! The same popular items for everyone: the line that an agent must beat to have learned anything of its users.

use crate::ranking::rank_all;
use drr_core::{InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use serde::{Deserialize, Serialize};

/// What [`Popularity`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopularityMeasure {
    /// The ratings that are positive: how many liked it.
    #[default]
    Positives,
    /// All ratings: how many came across it.
    Ratings,
}

/// Ranks by the number of positive ratings in the fitted rows, or of all ratings, equal numbers by the smaller item.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity {
    measure: PopularityMeasure,
    counts: Vec<f32>,
    origin: RowOrigin,
}

impl Popularity {
    /// Counts the ratings of `log` that are at least `positive`.
    #[must_use]
    pub fn fit(log: &InteractionLog, positive: f32) -> Self {
        Self::fit_by(log, PopularityMeasure::Positives, positive)
    }

    /// Counts the ratings of `log`: those that are at least `positive`, or all of them, as `measure` says.
    #[must_use]
    pub fn fit_by(log: &InteractionLog, measure: PopularityMeasure, positive: f32) -> Self {
        let least = match measure {
            PopularityMeasure::Positives => positive,
            PopularityMeasure::Ratings => f32::NEG_INFINITY,
        };
        let mut counts = vec![0_u32; log.n_items()];
        for user in log.users() {
            for item in log.of_user(user).positives(least) {
                counts[item.index()] += 1;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "no item has 2^24 ratings")]
        let counts = counts.into_iter().map(|count| count as f32).collect();
        Self { measure, counts, origin: log.origin().clone() }
    }

    /// The number of counted ratings of each item, `[I]`.
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
        match self.measure {
            PopularityMeasure::Positives => "popularity",
            PopularityMeasure::Ratings => "popularity_ratings",
        }
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.counts.len(), queries, k, |_| self.counts.clone())
    }

    fn n_parameters(&self) -> u64 {
        self.counts.len() as u64
    }
}
