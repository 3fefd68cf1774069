//! Schedules: a number that follows from a count, so that no checkpoint has to hold it.

use crate::LearnError;
use serde::{Deserialize, Serialize};

/// How a number changes with a count of steps: environment steps for exploration, updates for learning rates.
///
/// Past `steps` all of them stay at `end`; with 0 steps they are there from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// The number.
        value: f64,
    },
    /// On a straight line: `start + (end - start) * t`, with `t = step / steps`.
    Linear {
        /// The number at step 0.
        start: f64,
        /// The number from `steps` on.
        end: f64,
        /// The length of the way.
        steps: u64,
    },
    /// By the same factor each step: `start * (end / start)^t`.
    Exponential {
        /// The number at step 0, above 0.
        start: f64,
        /// The number from `steps` on, above 0.
        end: f64,
        /// The length of the way.
        steps: u64,
    },
    /// Slow, fast, slow: `end + (start - end) * (1 + cos(pi t)) / 2` (Loshchilov and Hutter 2017, eq. 5, without restarts).
    Cosine {
        /// The number at step 0.
        start: f64,
        /// The number from `steps` on.
        end: f64,
        /// The length of the way.
        steps: u64,
    },
}

impl Default for Schedule {
    /// Always 1.
    fn default() -> Self {
        Self::Constant { value: 1.0 }
    }
}

impl Schedule {
    /// The number after `step` steps.
    #[must_use]
    pub fn at(&self, step: u64) -> f64 {
        match *self {
            Self::Constant { value } => value,
            Self::Linear { start, end, steps } => start + (end - start) * share(step, steps),
            Self::Exponential { start, end, steps } => match share(step, steps) {
                done if done < 1.0 => start * (end / start).powf(done),
                _ => end,
            },
            Self::Cosine { start, end, steps } => {
                let done = share(step, steps);
                end + (start - end) * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
        }
    }

    /// Refuses a schedule that leaves `low..=high`, and a geometric one that touches 0; `name` stands in the error.
    ///
    /// # Errors
    ///
    /// Names the first end that is out of range.
    pub fn check(&self, name: &'static str, low: f64, high: f64) -> Result<(), LearnError> {
        let (ends, low) = match *self {
            Self::Constant { value } => ([value, value], low),
            Self::Linear { start, end, .. } | Self::Cosine { start, end, .. } => ([start, end], low),
            Self::Exponential { start, end, .. } => ([start, end], low.max(f64::MIN_POSITIVE)),
        };
        // All kinds are monotone: they stay between their ends.
        match ends.into_iter().find(|end| !(low..=high).contains(end)) {
            Some(value) => Err(LearnError::Config { name, value, low, high }),
            None => Ok(()),
        }
    }
}

/// The share of the way that is done, at most 1.
#[expect(clippy::cast_precision_loss, reason = "a share of a schedule")]
fn share(step: u64, steps: u64) -> f64 {
    if steps == 0 { 1.0 } else { (step as f64 / steps as f64).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follows(schedule: Schedule, points: &[(u64, f64)]) {
        for (step, value) in points {
            assert!(
                (schedule.at(*step) - value).abs() < 1e-12,
                "{schedule:?} at {step}: {}",
                schedule.at(*step)
            );
        }
    }

    #[test]
    fn every_kind_has_the_values_computed_by_hand() {
        follows(Schedule::Constant { value: 0.3 }, &[(0, 0.3), (1000, 0.3)]);
        let (start, end, steps) = (1.0, 0.01, 100);
        follows(
            Schedule::Linear { start, end, steps },
            &[(0, 1.0), (25, 0.7525), (50, 0.505), (100, 0.01), (101, 0.01)],
        );
        follows(
            Schedule::Exponential { start, end, steps },
            &[(0, 1.0), (50, 0.1), (75, 0.1 * 0.1_f64.sqrt()), (100, 0.01), (1000, 0.01)],
        );
        let quarter = 0.01 + 0.99 * 0.5 * (1.0 + 0.5_f64.sqrt());
        follows(
            Schedule::Cosine { start, end, steps },
            &[(0, 1.0), (25, quarter), (50, 0.505), (100, 0.01), (300, 0.01)],
        );
    }

    #[test]
    fn no_steps_means_the_end_from_the_beginning() {
        let (start, end, steps) = (1.0, 0.5, 0);
        follows(Schedule::Linear { start, end, steps }, &[(0, 0.5)]);
        follows(Schedule::Exponential { start, end, steps }, &[(0, 0.5)]);
        follows(Schedule::Cosine { start, end, steps }, &[(0, 0.5)]);
    }

    #[test]
    fn schedules_out_of_their_range_are_refused_by_name() {
        let refused =
            |schedule: Schedule| matches!(schedule.check("x", 0.0, 1.0), Err(LearnError::Config { .. }));
        assert!(refused(Schedule::Constant { value: f64::NAN }));
        assert!(refused(Schedule::Linear { start: 0.5, end: 1.5, steps: 1 }));
        assert!(refused(Schedule::Cosine { start: -0.1, end: 0.5, steps: 1 }));
        assert!(refused(Schedule::Exponential { start: 1.0, end: 0.0, steps: 1 }));
        assert!(!refused(Schedule::Linear { start: 1.0, end: 0.0, steps: 1 }));
    }

    #[test]
    fn a_schedule_is_read_by_its_kind_and_misspelt_fields_are_refused() {
        let read = |text: &str| serde_json::from_str::<Schedule>(text);
        let text = r#"{"kind":"linear","start":1.0,"end":0.1,"steps":10}"#;
        assert_eq!(read(text).unwrap(), Schedule::Linear { start: 1.0, end: 0.1, steps: 10 });
        for (bad, reason) in [
            (text.replace("steps", "n_steps"), "unknown field `n_steps`"),
            (text.replace("linear", "straight"), "unknown variant `straight`"),
        ] {
            let error = read(&bad).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
