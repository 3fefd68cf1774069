//! What a user is familiar with, estimated from outside: for a rule that is told how tastes grow.

use super::similarity::{Mmr, at_least_0, share};
use crate::BaselineError;
use drr_core::{Categories, ItemIdx, Query};
use serde::{Deserialize, Serialize};

/// The rule that is told the dynamics: the next item is the one of greatest
/// `score_i - weight rho_t(i) + familiarity_weight (g_i . f_t)`, with `rho_t` as of [`Mmr`] and `g_i` the item's
/// categories as shares that sum to 1.
///
/// The familiarity of category `g` begins with `f_1,g = 1 - exp(-share_g / taste_scale)`, where `share_g` is the share of
/// the known items that have it, and grows by `f_t+1,g = f_t,g + growth (1 - f_t,g)` for each category of the item shown.
/// A bonus beyond what familiarity is worth now makes the rule stay with few categories until they are familiar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Informed {
    /// `alpha`: what one unit of likeness costs, in units of the scores; at least 0.
    pub weight: f64,
    /// `b`: what full familiarity is worth, in units of the scores; at least 0.
    pub familiarity_weight: f64,
    /// `lambda`: what is left of an item after one step, in `[0, 1]`.
    pub decay: f64,
    /// `eta`: how fast familiarity grows, in `[0, 1]`.
    pub growth: f64,
    /// The share of the known items at which a category is familiar by `1 - 1/e`; above 0.
    pub taste_scale: f64,
}

impl Informed {
    /// Twelve pairs of both weights for scores that are `spread` apart (see [`super::score_spread`]), with this one's
    /// dynamics: the first round of [`super::tune`].
    #[must_use]
    pub fn grid(&self, spread: f64) -> Vec<Self> {
        let pairs =
            [0.25, 0.6, 1.4].into_iter().flat_map(|alpha| [0.0, 0.8, 2.0, 5.0].map(|bonus| (alpha, bonus)));
        pairs.map(|(alpha, bonus)| self.with(alpha * spread, bonus * spread)).collect()
    }

    /// Eight pairs around this one: the second round.
    #[must_use]
    pub fn finer(&self) -> Vec<Self> {
        let factors = [0.68, 1.0, 1.5];
        let pairs = factors.into_iter().flat_map(|alpha| factors.map(|bonus| (alpha, bonus)));
        pairs
            .filter(|pair| *pair != (1.0, 1.0))
            .map(|(alpha, bonus)| self.with(alpha * self.weight, bonus * self.familiarity_weight))
            .collect()
    }

    const fn with(&self, weight: f64, familiarity_weight: f64) -> Self {
        Self { weight, familiarity_weight, ..*self }
    }

    /// The part that it has in common with a rule that is not told how tastes grow.
    pub(super) const fn mmr(&self) -> Mmr {
        Mmr { weight: self.weight, decay: self.decay }
    }

    /// Refuses values out of their ranges.
    pub(super) fn check(&self) -> Result<(), BaselineError> {
        self.mmr().check()?;
        at_least_0("familiarity_weight", self.familiarity_weight)?;
        share("growth", self.growth)?;
        if !self.taste_scale.is_finite() || self.taste_scale <= 0.0 {
            let (field, value) = ("taste_scale", self.taste_scale);
            return Err(BaselineError::Config { field, value, wanted: "a finite number above 0" });
        }
        Ok(())
    }
}

/// `f_t`, `[G]`.
#[derive(Debug, Clone)]
pub(super) struct Familiarity<'rule> {
    categories: &'rule Categories,
    growth: f32,
    of_categories: Vec<f32>,
}

impl<'rule> Familiarity<'rule> {
    /// A familiarity `[G]` that somebody knows.
    pub const fn given(categories: &'rule Categories, growth: f32, of_categories: Vec<f32>) -> Self {
        Self { categories, growth, of_categories }
    }

    /// The familiarity after the known items, each once; items beyond the catalogue say nothing, and no items give 0.
    pub fn estimated(categories: &'rule Categories, growth: f32, taste_scale: f32, query: &Query) -> Self {
        let n_items = categories.n_items();
        let known = query.history.iter().map(|it| it.item).filter(|item| item.index() < n_items);
        let known: std::collections::BTreeSet<ItemIdx> = known.collect();
        let mut counts = vec![0.0_f32; categories.n_categories()];
        for category in known.iter().flat_map(|item| categories.of(*item)) {
            counts[usize::from(*category)] += 1.0;
        }
        let n = known.len().max(1) as f32;
        let of_categories = counts.into_iter().map(|count| 1.0 - (-count / n / taste_scale).exp()).collect();
        Self { categories, growth, of_categories }
    }

    /// `f_t+1,g = f_t,g + growth (1 - f_t,g)` for the item's categories.
    pub fn take(&mut self, item: ItemIdx) {
        for category in self.categories.of(item) {
            let value = &mut self.of_categories[usize::from(*category)];
            *value += self.growth * (1.0 - *value);
        }
    }

    /// `g_i . f_t`, in `[0, 1]`; 0 for an item without categories.
    pub fn of(&self, item: ItemIdx) -> f32 {
        let of_item = self.categories.of(item).iter();
        let sum: f32 = of_item.map(|category| self.of_categories[usize::from(*category)]).sum();
        self.categories.share(item) * sum
    }
}
