//! How a factorization is fitted.

use crate::EmbedError;
use serde::{Deserialize, Serialize};

/// The configuration of a factorization.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PmfConfig {
    /// The dimension `D` of the vectors (Liu et al. 2018, sec. V: 100).
    pub dim: usize,
    /// The weight of a vector's squared length, times its number of ratings unless [`PmfConfig::fixed_l2`]; above 0.
    pub l2: f64,
    /// Whether users and items have a bias beside their vectors.
    pub biases: bool,
    /// The weight of a bias's square, times its number of ratings unless [`PmfConfig::fixed_l2`]; above 0, without effect
    /// where there are no biases.
    pub bias_l2: f64,
    /// Whether `l2` and `bias_l2` are the same however many ratings there are: then a row with few ratings stays nearer to
    /// zero (Salakhutdinov & Mnih 2007, eq. 4). Otherwise both grow with the ratings (Zhou et al. 2008, sec. 3.1).
    #[serde(skip_serializing_if = "is_false")]
    pub fixed_l2: bool,
    /// The greatest number of epochs; the exact number where there are no validation rows. One epoch solves all users
    /// and then all items.
    pub epochs: usize,
    /// Stop after so many epochs without a smaller validation RMSE; at least 1.
    pub patience: usize,
    /// The standard deviation of the item vectors' first values; above 0.
    pub initial_scale: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Default for PmfConfig {
    fn default() -> Self {
        Self {
            dim: 100,
            l2: 0.08,
            biases: true,
            bias_l2: 0.005,
            fixed_l2: false,
            epochs: 12,
            patience: 2,
            initial_scale: 0.1,
        }
    }
}

impl PmfConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of its range.
    pub fn check(&self) -> Result<(), EmbedError> {
        let counts = [("dim", self.dim), ("epochs", self.epochs), ("patience", self.patience)];
        for (field, value) in counts {
            if value == 0 {
                return Err(EmbedError::Config { field, value: 0.0, wanted: "at least 1" });
            }
        }
        let weights = [("l2", self.l2), ("bias_l2", self.bias_l2), ("initial_scale", self.initial_scale)];
        for (field, value) in weights {
            if !value.is_finite() || value <= 0.0 {
                return Err(EmbedError::Config { field, value, wanted: "a finite number above 0" });
            }
        }
        Ok(())
    }

    /// The number of unknowns of one user or item: the vector and, where there is one, the bias.
    pub(crate) fn n_unknowns(&self) -> usize {
        self.dim + usize::from(self.biases)
    }
}
