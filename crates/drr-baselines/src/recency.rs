//! What was liked of late, the same for everyone: popularity that forgets.

use crate::BaselineError;
use crate::ranking::rank_all;
use drr_core::{InteractionLog, POSITIVE_RATING, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use serde::{Deserialize, Serialize};

/// The seconds of a day.
const DAY: f64 = 86_400.0;

/// The configuration of [`RecentPopularity`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecentPopularityConfig {
    /// The age at which a rating counts half, in days; above 0.
    pub half_life_days: f64,
    /// The least rating that counts as positive.
    pub positive: f32,
}

impl Default for RecentPopularityConfig {
    fn default() -> Self {
        Self { half_life_days: 90.0, positive: POSITIVE_RATING }
    }
}

/// Ranks by the sum of `2^(-age / half-life)` over an item's positive ratings, equal sums by the smaller item.
///
/// An age is measured from the latest time in the fitted rows, not from the query: the list is the same for everyone.
/// Where a data set has no time, its rows count as seconds, so only a half-life of a tiny part of a day forgets.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentPopularity {
    scores: Vec<f32>,
    origin: RowOrigin,
}

impl RecentPopularity {
    /// Counts the positive ratings of `log` by their age.
    ///
    /// # Errors
    ///
    /// Refuses a half-life that is not above 0.
    pub fn fit(log: &InteractionLog, config: &RecentPopularityConfig) -> Result<Self, BaselineError> {
        let value = config.half_life_days;
        if !value.is_finite() || value <= 0.0 {
            let wanted = "a finite number above 0";
            return Err(BaselineError::Config { field: "half_life_days", value, wanted });
        }
        let latest = log.iter().map(|row| row.timestamp).max().unwrap_or(0);
        let mut sums = vec![0.0_f64; log.n_items()];
        for row in log.iter().filter(|row| row.rating >= config.positive) {
            #[expect(clippy::cast_precision_loss, reason = "no age has 2^53 seconds")]
            let age = latest.saturating_sub(row.timestamp) as f64 / DAY;
            sums[row.item.index()] += (-age / config.half_life_days).exp2();
        }
        #[expect(clippy::cast_possible_truncation, reason = "scores are 32 bits wide")]
        let scores = sums.into_iter().map(|sum| sum as f32).collect();
        Ok(Self { scores, origin: log.origin().clone() })
    }

    /// The decayed number of positive ratings of each item, `[I]`.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}

impl Recommender for RecentPopularity {
    fn name(&self) -> &'static str {
        "recent_popularity"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.scores.len(), queries, k, |_| self.scores.clone())
    }

    fn n_parameters(&self) -> u64 {
        self.scores.len() as u64
    }
}
