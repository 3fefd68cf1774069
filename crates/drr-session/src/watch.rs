//! Early warnings: a training that freezes does so in its first iterations, and its curves show it.
//!
//! A first step that is too large saturates the tangent; the policy then shows one list to everybody, the gradient is gone
//! and stays away. Its entropy, the share of saturated coordinates and the number of distinct items tell it at once.

use drr_core::Metrics;
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};

/// The iterations that are watched.
pub const N_WATCHED: u64 = 20;
/// The least share of the first iteration's entropy.
pub const LEAST_ENTROPY: f64 = 0.35;
/// The greatest share of saturated coordinates.
pub const MOST_SATURATED: f64 = 0.5;
/// The least share of the first iteration's coverage.
pub const LEAST_COVERAGE: f64 = 0.1;

/// A sign of a collapse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// The policy hardly draws any more.
    Entropy {
        /// The entropy, in nats.
        now: f64,
        /// That of the first iteration.
        first: f64,
    },
    /// Most coordinates of the action are at their bound.
    Saturation {
        /// The share of coordinates.
        share: f64,
    },
    /// Hardly any items are shown.
    Coverage {
        /// The share of the candidates that was shown in an iteration.
        now: f64,
        /// That of the first iteration.
        first: f64,
    },
}

impl Display for Warning {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entropy { now, first } => write!(
                formatter,
                "the entropy fell from {first:.2} to {now:.2} in the first iterations: lower learning_rate or \
                 multiplier, or raise entropy_weight"
            ),
            Self::Saturation { share } => write!(
                formatter,
                "{:.0} % of the action's coordinates are saturated: lower multiplier or learning_rate",
                100.0 * share
            ),
            Self::Coverage { now, first } => write!(
                formatter,
                "the share of candidates that is shown fell from {first:.3} to {now:.3} in the first iterations: raise \
                 temperature or entropy_weight, or lower learning_rate"
            ),
        }
    }
}

/// What the curves say of a training of `iteration` iterations: of its last iteration, beside its first. Nothing after
/// [`N_WATCHED`] iterations, since a policy that has learnt draws less, and rightly.
#[must_use]
pub fn warnings(metrics: &Metrics, iteration: u64) -> Vec<Warning> {
    if iteration > N_WATCHED {
        return Vec::new();
    }
    let curve = |name: &str| {
        let mut values = metrics.records.iter().filter(|(_, found, _)| found == name).map(|it| it.2);
        let first = values.next()?;
        Some((first, values.next_back().unwrap_or(first)))
    };
    let mut found = Vec::new();
    if let Some((first, now)) = curve("entropy").filter(|(first, now)| now < &(LEAST_ENTROPY * first)) {
        found.push(Warning::Entropy { now, first });
    }
    if let Some((_, share)) = curve("saturated_share").filter(|(_, share)| *share > MOST_SATURATED) {
        found.push(Warning::Saturation { share });
    }
    if let Some((first, now)) = curve("coverage").filter(|(first, now)| now < &(LEAST_COVERAGE * first)) {
        found.push(Warning::Coverage { now, first });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::MetricSink;

    fn curves(entropies: [f64; 2], saturated: f64, coverages: [f64; 2]) -> Metrics {
        let mut metrics = Metrics::default();
        for at in 0..2 {
            metrics.record(at as u64, "entropy", entropies[at]);
            metrics.record(at as u64, "saturated_share", saturated * at as f64);
            metrics.record(at as u64, "coverage", coverages[at]);
        }
        metrics
    }

    #[test]
    fn a_frozen_policy_is_told_with_figures_and_remedies() {
        let frozen = warnings(&curves([4.3, 0.6], 0.8, [0.5, 0.01]), 1);
        let expected = [
            Warning::Entropy { now: 0.6, first: 4.3 },
            Warning::Saturation { share: 0.8 },
            Warning::Coverage { now: 0.01, first: 0.5 },
        ];
        assert_eq!(frozen, expected);
        let text: String = frozen.iter().map(ToString::to_string).collect();
        assert!(text.contains("from 4.30 to 0.60") && text.contains("80 %") && text.contains("multiplier"));
    }

    #[test]
    fn a_policy_that_learns_and_an_old_one_are_not_warned_of() {
        assert!(warnings(&curves([4.3, 3.0], 0.1, [0.5, 0.2]), 3).is_empty());
        assert!(warnings(&curves([4.3, 0.6], 0.8, [0.5, 0.01]), N_WATCHED + 1).is_empty());
        assert!(warnings(&Metrics::default(), 1).is_empty());
    }
}
