//! The settings of a replay.

use crate::ReplayError;
use serde::{Deserialize, Serialize};

/// How transitions are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplayKind {
    /// All with the same probability.
    Uniform {},
    /// In proportion to a power of their last TD error (Schaul et al. 2016, proportional variant).
    Prioritized {
        /// The exponent of the priorities: 0 is uniform, 1 is proportional.
        #[serde(default = "alpha")]
        alpha: f64,
        /// The exponent of the importance weights at the first sample, in [0, 1].
        #[serde(default = "beta_start")]
        beta_start: f64,
        /// The exponent at the end of its schedule; 1 corrects the bias in full.
        #[serde(default = "beta_end")]
        beta_end: f64,
        /// How many samples the linear way from the first to the last exponent takes.
        #[serde(default = "beta_steps")]
        beta_steps: u64,
        /// What is added to each absolute TD error, so that no transition is out of reach.
        #[serde(default = "epsilon")]
        epsilon: f64,
    },
}

const fn alpha() -> f64 {
    0.6
}

const fn beta_start() -> f64 {
    0.4
}

const fn beta_end() -> f64 {
    1.0
}

const fn beta_steps() -> u64 {
    3000
}

const fn epsilon() -> f64 {
    1e-6
}

impl Default for ReplayKind {
    /// In proportion to a power of the error, with the usual constants (Schaul et al. 2016, table 3).
    fn default() -> Self {
        Self::Prioritized {
            alpha: alpha(),
            beta_start: beta_start(),
            beta_end: beta_end(),
            beta_steps: beta_steps(),
            epsilon: epsilon(),
        }
    }
}

/// The settings of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayConfig {
    /// The greatest number of transitions; then the oldest is overwritten.
    pub capacity: usize,
    /// How transitions are drawn.
    pub sampling: ReplayKind,
}

impl Default for ReplayConfig {
    /// Prioritized replay of a million transitions.
    fn default() -> Self {
        Self { capacity: 1_000_000, sampling: ReplayKind::default() }
    }
}

impl ReplayConfig {
    /// Prioritized replay with the usual constants (Schaul et al. 2016, table 3: alpha 0.6, beta from 0.4 to 1).
    #[must_use]
    pub const fn prioritized(capacity: usize, beta_steps: u64) -> Self {
        let sampling =
            ReplayKind::Prioritized { alpha: 0.6, beta_start: 0.4, beta_end: 1.0, beta_steps, epsilon: 1e-6 };
        Self { capacity, sampling }
    }

    /// Refuses settings without a meaning.
    ///
    /// # Errors
    ///
    /// Names the first setting that has none.
    pub fn check(&self) -> Result<(), ReplayError> {
        let refuse = |setting, value, remedy| Err(ReplayError::Setting { setting, value, remedy });
        if self.capacity == 0 || u32::try_from(self.capacity).is_err() {
            return refuse("capacity", self.capacity as f64, "give from 1 to 4294967295 transitions");
        }
        let ReplayKind::Prioritized { alpha, beta_start, beta_end, beta_steps, epsilon } = self.sampling
        else {
            return Ok(());
        };
        if !(0.0..=1.0).contains(&alpha) {
            return refuse("alpha", alpha, "give a number from 0 to 1");
        }
        for (setting, beta) in [("beta_start", beta_start), ("beta_end", beta_end)] {
            if !(0.0..=1.0).contains(&beta) {
                return refuse(setting, beta, "give a number from 0 to 1");
            }
        }
        if beta_steps == 0 {
            return refuse("beta_steps", 0.0, "give at least 1 sample");
        }
        if !(epsilon.is_finite() && epsilon > 0.0) {
            return refuse("epsilon", epsilon, "give a number above 0");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_read_whole_and_misspelt_fields_are_refused() {
        let text = "capacity = 10\n[sampling]\nkind = 'prioritized'\nalpha = 0.6\nbeta_start = 0.4\nbeta_end = 1.0\n\
                    beta_steps = 100\nepsilon = 1e-6";
        assert_eq!(toml::from_str::<ReplayConfig>(text).unwrap(), ReplayConfig::prioritized(10, 100));
        let refusal = |text: &str| toml::from_str::<ReplayConfig>(text).unwrap_err().to_string();
        let misspelt = refusal(&text.replace("epsilon", "eps"));
        assert!(misspelt.contains("unknown field `eps`"), "{misspelt}");
        let not_its_own = refusal("capacity = 1\nsampling = { kind = 'uniform', alpha = 1.0 }");
        assert!(not_its_own.contains("unknown field `alpha`"), "{not_its_own}");
        assert!(toml::from_str::<ReplayConfig>("capacity = 1\nsampling = { kind = 'uniform' }").is_ok());
    }

    #[test]
    fn settings_without_a_meaning_are_refused_by_name() {
        let with = |alpha, beta_start, beta_steps, epsilon| ReplayConfig {
            capacity: 1,
            sampling: ReplayKind::Prioritized { alpha, beta_start, beta_end: 1.0, beta_steps, epsilon },
        };
        let refused = |config: ReplayConfig| match config.check() {
            Err(ReplayError::Setting { setting, .. }) => setting,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(ReplayConfig { capacity: 0, sampling: ReplayKind::Uniform {} }), "capacity");
        assert_eq!(refused(with(-0.1, 0.4, 1, 1e-6)), "alpha");
        assert_eq!(refused(with(1.5, 0.4, 1, 1e-6)), "alpha");
        assert_eq!(refused(with(0.6, f64::NAN, 1, 1e-6)), "beta_start");
        assert_eq!(refused(with(0.6, 0.4, 0, 1e-6)), "beta_steps");
        assert_eq!(refused(with(0.6, 0.4, 1, 0.0)), "epsilon");
        assert_eq!(with(0.6, 0.4, 1, 1e-6).check(), Ok(()));
    }
}
