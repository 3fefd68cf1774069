//! From ratings to rewards.
//!
//! Two scales are in use: the paper's, centred and divided by half the range (Liu et al. 2018, eq. 10: `(rating - 3) / 2`
//! for 1 to 5 stars, `rating / 10` for -10 to 10), and the mere distance from the middle, which is what the student
//! implementation that this product answers trained with.

use crate::EnvError;
use drr_core::{ContextIdx, ItemIdx};
use serde::{Deserialize, Serialize};

/// The range of a data set's ratings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatingScale {
    lowest: f32,
    highest: f32,
}

impl RatingScale {
    /// One to five stars.
    pub const STARS: Self = Self { lowest: 1.0, highest: 5.0 };

    /// Ratings from `lowest` to `highest`.
    ///
    /// # Errors
    ///
    /// Refuses an empty or infinite range.
    pub fn new(lowest: f32, highest: f32) -> Result<Self, EnvError> {
        if !(lowest.is_finite() && highest.is_finite() && lowest < highest) {
            let value = format!("{lowest}..{highest}");
            return Err(EnvError::setting("rating scale", &value, "give a finite lowest below the highest"));
        }
        Ok(Self { lowest, highest })
    }

    /// The middle of the range: the rating whose reward is zero.
    #[must_use]
    pub fn middle(&self) -> f32 {
        f32::midpoint(self.lowest, self.highest)
    }

    /// Half the length of the range.
    #[must_use]
    pub fn half_range(&self) -> f32 {
        (self.highest - self.lowest) / 2.0
    }

    /// The nearest rating within the range.
    #[must_use]
    pub const fn clamp(&self, rating: f32) -> f32 {
        rating.clamp(self.lowest, self.highest)
    }
}

/// How a rating becomes a reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardScale {
    /// `(rating - middle) / half range`, in [-1, 1] (Liu et al. 2018, eq. 10).
    #[default]
    Centred,
    /// `rating - middle`, which is `rating - 3` for 1 to 5 stars.
    Raw,
}

/// The answer to an item that the user never rated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Unrated {
    /// Always the same reward.
    Constant {
        /// The reward, not a rating.
        reward: f32,
    },
    /// The reward of the rating that a [`RatingModel`] predicts (Liu et al. 2018, sec. V, online evaluation).
    Predicted {},
}

/// The reward function.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RewardConfig {
    /// How a rating becomes a reward.
    pub scale: RewardScale,
    /// The answer to an item without a logged rating.
    pub unrated: Unrated,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self { scale: RewardScale::Centred, unrated: Unrated::Constant { reward: -0.5 } }
    }
}

impl RewardConfig {
    /// The reward of a rating.
    #[must_use]
    pub fn of_rating(&self, rating: f32, scale: RatingScale) -> f32 {
        let distance = rating - scale.middle();
        match self.scale {
            RewardScale::Centred => distance / scale.half_range(),
            RewardScale::Raw => distance,
        }
    }
}

/// Predicts ratings that the log does not have.
pub trait RatingModel: Send + Sync {
    /// The rating that the user of `context` would give to `item`, on the data set's scale; the caller clamps it.
    fn predict(&self, context: ContextIdx, item: ItemIdx) -> f32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rewards_are_those_of_equation_10() {
        let reward = RewardConfig::default();
        let stars = [1.0, 2.0, 3.0, 4.0, 5.0].map(|rating| reward.of_rating(rating, RatingScale::STARS));
        assert_eq!(stars, [-1.0, -0.5, 0.0, 0.5, 1.0]);
        let jester = RatingScale::new(-10.0, 10.0).unwrap();
        assert_eq!(reward.of_rating(7.5, jester), 0.75);
        let raw = RewardConfig { scale: RewardScale::Raw, ..reward };
        assert_eq!(raw.of_rating(5.0, RatingScale::STARS), 2.0);
    }

    #[test]
    fn an_empty_or_infinite_scale_is_refused() {
        for (lowest, highest) in [(5.0, 5.0), (5.0, 1.0), (f32::NAN, 5.0), (0.0, f32::INFINITY)] {
            let error = RatingScale::new(lowest, highest).unwrap_err();
            assert!(matches!(error, EnvError::Setting { setting: "rating scale", .. }), "{error}");
        }
    }

    #[test]
    fn a_config_with_a_misspelt_field_is_refused() {
        let good = "scale = 'raw'\nunrated = { kind = 'constant', reward = -0.5 }";
        assert_eq!(toml::from_str::<RewardConfig>(good).unwrap().scale, RewardScale::Raw);
        let predicted = "scale = 'centred'\nunrated = { kind = 'predicted' }";
        assert_eq!(toml::from_str::<RewardConfig>(predicted).unwrap().unrated, Unrated::Predicted {});
        for (bad, field) in [
            ("scale = 'raw'\nunrated = { kind = 'constant', value = -0.5 }", "value"),
            ("scale = 'raw'\nunrated = { kind = 'predicted', reward = 1.0 }", "reward"),
            ("scale = 'raw'\nunrated = { kind = 'predicted' }\nclip = true", "clip"),
        ] {
            let error = toml::from_str::<RewardConfig>(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("unknown field `{field}`")), "{error}");
        }
    }
}
