//! The vocabulary of a training: how its policy is judged, how it ends, and what it asks its caller between rounds.
//!
//! Whoever watches a training needs these words and nothing of its networks.

use crate::{MetricSink, Metrics, Recommender, SessionRecommender};
use serde::{Deserialize, Serialize};

/// How a policy did on validation rows, and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Rounds done.
    pub round: u64,
    /// Updates done.
    pub n_updates: u64,
    /// The score; greater is better.
    pub score: f64,
}

/// What a judge says of a policy on validation rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// The score; greater is better.
    pub score: f64,
    /// The distinct items in all lists of ten, divided by the catalogue's size, where the judge made such lists.
    pub distinct_top10: Option<f64>,
}

impl From<f64> for Judgement {
    fn from(score: f64) -> Self {
        Self { score, distinct_top10: None }
    }
}

impl Judgement {
    /// Keeps the judgement of a policy after `round` rounds, `n_updates` updates and `step` environment steps.
    pub fn keep(
        self,
        (round, n_updates, step): (u64, u64, u64),
        validations: &mut Vec<Validation>,
        metrics: &mut Metrics,
    ) {
        let Self { score, distinct_top10 } = self;
        validations.push(Validation { round, n_updates, score });
        metrics.record(step, "validation", score);
        if let Some(share) = distinct_top10 {
            metrics.record(step, "distinct_top10", share);
        }
    }
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All rounds are done.
    Finished,
    /// It was asked to stop; the checkpoint is written.
    Interrupted,
}

/// What the loop asks its caller between rounds.
pub trait TrainingHooks {
    /// Rounds done, out of all.
    fn progress(&mut self, _round: u64, _n_rounds: u64) {}

    /// Judges a policy on validation rows; `None` if there is nothing to judge on.
    ///
    /// # Errors
    ///
    /// An error stops the training.
    fn validate(
        &mut self,
        _policy: &dyn Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }

    /// Judges a policy for sessions on validation users; `None` if there is nothing to judge on.
    ///
    /// # Errors
    ///
    /// An error stops the training.
    fn validate_session(
        &mut self,
        _policy: &dyn SessionRecommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }

    /// Whether to stop after this round.
    fn should_stop(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judgement_is_kept_with_its_time_and_the_curve_of_distinct_items_only_where_lists_were_made() {
        let (mut validations, mut metrics) = (Vec::new(), Metrics::default());
        Judgement::from(0.5).keep((1, 20, 300), &mut validations, &mut metrics);
        let listed = Judgement { score: 0.75, distinct_top10: Some(0.25) };
        listed.keep((2, 40, 600), &mut validations, &mut metrics);
        let validation = |round, n_updates, score| Validation { round, n_updates, score };
        assert_eq!(validations, [validation(1, 20, 0.5), validation(2, 40, 0.75)]);
        let record = |step, name: &str, value| (step, name.to_owned(), value);
        let expected = [
            record(300, "validation", 0.5),
            record(600, "validation", 0.75),
            record(600, "distinct_top10", 0.25),
        ];
        assert_eq!(metrics.records, expected);
    }
}
