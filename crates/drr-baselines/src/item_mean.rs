//! The best rated items, the same for everyone: the mean rating, held back where few have rated.

use crate::BaselineError;
use crate::ranking::rank_all;
use drr_core::{InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use serde::{Deserialize, Serialize};

/// The configuration of [`DampedItemMean`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DampedItemMeanConfig {
    /// How many ratings of the overall mean each item is given beside its own; at least 0.
    pub damping: f64,
}

impl Default for DampedItemMeanConfig {
    fn default() -> Self {
        Self { damping: 5.0 }
    }
}

/// Ranks by `(sum of ratings + damping mu) / (count + damping)`, with the mean `mu` of all fitted ratings
/// (a mean shrunk towards the mean of all); an item without ratings has `mu`.
#[derive(Debug, Clone, PartialEq)]
pub struct DampedItemMean {
    scores: Vec<f32>,
    origin: RowOrigin,
}

impl DampedItemMean {
    /// Averages the ratings of `log`.
    ///
    /// # Errors
    ///
    /// Refuses a damping below 0.
    pub fn fit(log: &InteractionLog, config: &DampedItemMeanConfig) -> Result<Self, BaselineError> {
        let value = config.damping;
        if !value.is_finite() || value < 0.0 {
            return Err(BaselineError::Config {
                field: "damping",
                value,
                wanted: "a finite number of at least 0",
            });
        }
        let mut sums = vec![(0.0_f64, 0.0_f64); log.n_items()];
        let (mut total, mut n_ratings) = (0.0, 0.0_f64);
        for row in log.iter() {
            let (sum, count) = &mut sums[row.item.index()];
            *sum += f64::from(row.rating);
            *count += 1.0;
            total += f64::from(row.rating);
            n_ratings += 1.0;
        }
        let mean = total / n_ratings.max(1.0);
        let scores = sums
            .into_iter()
            .map(|(sum, count)| {
                let damped = if count == 0.0 { mean } else { (sum + value * mean) / (count + value) };
                #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
                let score = damped as f32;
                score
            })
            .collect();
        Ok(Self { scores, origin: log.origin().clone() })
    }

    /// The damped mean rating of each item, `[I]`, in rating units.
    #[must_use]
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }
}

impl Recommender for DampedItemMean {
    fn name(&self) -> &'static str {
        "damped_item_mean"
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
