//! What decides about continuation factors.

use crate::EmbedError;
use serde::{Deserialize, Serialize};

/// The configuration of the continuation factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ContinuationFactorsConfig {
    /// The dimension `D` of the vectors, less than the number of items.
    pub dim: usize,
    /// The ridge penalty, in users; above 0.
    pub lambda: f64,
    /// The number of ratings with which a log begins; 0 for `first_share` of the log.
    pub n_first: usize,
    /// The share of a log that is its beginning, in `(0, 1)`; read where `n_first` is 0.
    pub first_share: f64,
    /// The weight of the true order of the logs, in `[0, 1]`; the rest is on the mean over all orders.
    pub ordered_share: f64,
    /// What an item rated below the positives counts in a history, where a positive one counts 1.
    pub other_weight: f32,
    /// A user with `n` ratings weighs `n^-length_exponent`; weights are scaled to a mean of 1. At least 0.
    pub length_exponent: f64,
    /// The score of an item liked by the share `p` of the users is divided by about `p^popularity_exponent`; at least 0.
    pub popularity_exponent: f64,
    /// The share of the items' cosines in what is factorized, in `[0, 1)`.
    #[serde(skip_serializing_if = "is_zero")]
    pub cosine_share: f64,
    /// How many times as much as the item before it an item of a history weighs, where the mean weight is 1; above 0. Made
    /// for short histories: of a long one, a value above 1 leaves the latest items alone.
    #[serde(skip_serializing_if = "is_one")]
    pub recency: f64,
    /// What is added to the cosines' divisor, in users; at least 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub shrink: f64,
    /// The power of the history's item in the cosines' divisor, in `[0, 1]`; the other item has what is left to 1.
    #[serde(skip_serializing_if = "is_half")]
    pub cosine_exponent: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_half(value: &f64) -> bool {
    *value == half()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_one(value: &f64) -> bool {
    *value == one()
}

const fn half() -> f64 {
    0.5
}

const fn one() -> f64 {
    1.0
}

impl Default for ContinuationFactorsConfig {
    /// A hundred factors for users of whom ten ratings are known. The shipped agents state settings of their own, which were
    /// chosen on validation rows of their data set.
    fn default() -> Self {
        Self {
            dim: 100,
            lambda: 10.0,
            n_first: 10,
            first_share: half(),
            ordered_share: 0.25,
            other_weight: 0.3,
            length_exponent: 0.0,
            popularity_exponent: 0.0,
            cosine_share: 0.0,
            recency: one(),
            shrink: 0.0,
            cosine_exponent: half(),
        }
    }
}

impl ContinuationFactorsConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of its range.
    pub fn check(&self) -> Result<(), EmbedError> {
        let config = self;
        let refuse = |field, value, wanted| Err(EmbedError::Config { field, value, wanted });
        if config.dim == 0 {
            return refuse("dim", 0.0, "at least 1");
        }
        if !config.lambda.is_finite() || config.lambda <= 0.0 {
            return refuse("lambda", config.lambda, "a finite number above 0");
        }
        if config.n_first == 0 && !(config.first_share > 0.0 && config.first_share < 1.0) {
            return refuse("first_share", config.first_share, "above 0 and below 1");
        }
        if !(0.0..=1.0).contains(&config.ordered_share) {
            return refuse("ordered_share", config.ordered_share, "in [0, 1]");
        }
        if !config.other_weight.is_finite() {
            return refuse("other_weight", f64::from(config.other_weight), "a finite number");
        }
        for (field, value) in
            [("length_exponent", config.length_exponent), ("popularity_exponent", config.popularity_exponent)]
        {
            if !value.is_finite() || value < 0.0 {
                return refuse(field, value, "a finite number of at least 0");
            }
        }
        if !(0.0..1.0).contains(&config.cosine_share) {
            return refuse("cosine_share", config.cosine_share, "at least 0 and below 1");
        }
        if !config.recency.is_finite() || config.recency <= 0.0 {
            return refuse("recency", config.recency, "a finite number above 0");
        }
        if !(0.0..=1.0).contains(&config.cosine_exponent) {
            return refuse("cosine_exponent", config.cosine_exponent, "in [0, 1]");
        }
        if !config.shrink.is_finite() || config.shrink < 0.0 {
            return refuse("shrink", config.shrink, "a finite number of at least 0");
        }
        Ok(())
    }
}
