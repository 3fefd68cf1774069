//! How SVD++ is fitted.

use crate::BaselineError;
use serde::{Deserialize, Serialize};

/// The configuration of [`super::SvdPlusPlus`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SvdPlusPlusConfig {
    /// The dimension `D` of the vectors; at least 1.
    pub dim: usize,
    /// The number of passes over the ratings.
    pub epochs: usize,
    /// The step of the gradient descent; above 0.
    pub learning_rate: f64,
    /// The weight of each parameter's square in the loss of one rating; at least 0.
    pub l2: f64,
    /// The standard deviation of the vectors' first values; at least 0.
    pub initial_scale: f64,
    /// The weight of a folded-in user's squares, per rating of the history; at least 0.
    pub fold_in_l2: f64,
    /// The weight of a folded-in user's squares, once; above 0.
    pub fold_in_prior: f64,
}

impl Default for SvdPlusPlusConfig {
    fn default() -> Self {
        Self {
            dim: 20,
            epochs: 20,
            learning_rate: 0.007,
            l2: 0.02,
            initial_scale: 0.1,
            fold_in_l2: 0.04,
            fold_in_prior: 5.0,
        }
    }
}

impl SvdPlusPlusConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of its range.
    pub fn check(&self) -> Result<(), BaselineError> {
        if self.dim == 0 {
            return Err(BaselineError::Config { field: "dim", value: 0.0, wanted: "at least 1" });
        }
        for (field, value) in [("learning_rate", self.learning_rate), ("fold_in_prior", self.fold_in_prior)] {
            if !value.is_finite() || value <= 0.0 {
                return Err(BaselineError::Config { field, value, wanted: "a finite number above 0" });
            }
        }
        let weights =
            [("l2", self.l2), ("initial_scale", self.initial_scale), ("fold_in_l2", self.fold_in_l2)];
        for (field, value) in weights {
            if !value.is_finite() || value < 0.0 {
                return Err(BaselineError::Config { field, value, wanted: "a finite number of at least 0" });
            }
        }
        Ok(())
    }
}
