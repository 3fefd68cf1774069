//! What a user carries through a session: what has grown stale, and what has become familiar.

use super::Dynamics;
use drr_core::{Categories, ItemIdx};

/// The hidden state of one user in one session. Single precision, as the ratings are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mind {
    /// m, the staleness of each category, `[G]`.
    staleness: Vec<f32>,
    /// f, the familiarity of each category, `[G]`, in `[0, 1]`.
    taste: Vec<f32>,
}

impl Mind {
    /// Begins a session of a user of whose rated items `shares` (`[G]`) have each category.
    pub fn begin(&mut self, shares: &[f32], dynamics: &Dynamics) {
        self.staleness.clear();
        self.staleness.resize(shares.len(), 0.0);
        self.taste.clear();
        #[expect(clippy::cast_possible_truncation, reason = "a familiarity has few digits")]
        let scale = dynamics.taste_scale as f32;
        self.taste.extend(shares.iter().map(|share| 1.0 - (-share / scale).exp()));
    }

    /// `rho_t(i) = c_i . m_t`: how stale the item's categories are.
    #[must_use]
    pub fn staleness_of(&self, item: ItemIdx, categories: &Categories) -> f32 {
        let sum: f32 = categories.of(item).iter().map(|it| self.staleness[usize::from(*it)]).sum();
        categories.weight(item) * sum
    }

    /// `g_i . f_t`: how familiar the item's categories are, in `[0, 1]`.
    #[must_use]
    pub fn familiarity_of(&self, item: ItemIdx, categories: &Categories) -> f32 {
        let sum: f32 = categories.of(item).iter().map(|it| self.taste[usize::from(*it)]).sum();
        categories.share(item) * sum
    }

    /// The staleness of each category, `[G]`.
    #[must_use]
    pub fn staleness(&self) -> &[f32] {
        &self.staleness
    }

    /// The familiarity of each category, `[G]`.
    #[must_use]
    pub fn taste(&self) -> &[f32] {
        &self.taste
    }

    /// The item is shown.
    #[expect(clippy::cast_possible_truncation, reason = "settings have few digits")]
    pub fn see(&mut self, item: ItemIdx, categories: &Categories, dynamics: &Dynamics) {
        let (decay, growth) = (dynamics.staleness_decay as f32, dynamics.growth as f32);
        for staleness in &mut self.staleness {
            *staleness *= decay;
        }
        let weight = categories.weight(item);
        for category in categories.of(item) {
            let category = usize::from(*category);
            self.staleness[category] += weight;
            self.taste[category] += growth * (1.0 - self.taste[category]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staleness_decays_and_familiarity_grows_as_computed_by_hand() {
        let categories = Categories::new(2, &[vec![0], vec![0, 1], vec![]]).unwrap();
        let dynamics =
            Dynamics { staleness_decay: 0.5, growth: 0.25, taste_scale: 0.5, ..Dynamics::default() };
        let mut mind = Mind::default();
        mind.begin(&[0.5, 0.0], &dynamics);
        let near = |value: f32, expected: f32| assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        let start = 1.0 - (-1.0_f32).exp();
        near(mind.familiarity_of(ItemIdx(1), &categories), start / 2.0);
        assert_eq!(mind.staleness_of(ItemIdx(0), &categories), 0.0);
        mind.see(ItemIdx(0), &categories, &dynamics);
        // m = (1, 0), and half of it after the next item, which adds 1/sqrt(2) to both.
        near(mind.staleness_of(ItemIdx(1), &categories), 0.5_f32.sqrt());
        near(mind.taste()[0], 0.25f32.mul_add(1.0 - start, start));
        mind.see(ItemIdx(1), &categories, &dynamics);
        near(mind.staleness()[0], 0.5 + 0.5_f32.sqrt());
        near(mind.staleness()[1], 0.5_f32.sqrt());
        near(mind.taste()[1], 0.25);
        // An item without categories is neither stale nor familiar, and makes nothing so.
        near(mind.staleness_of(ItemIdx(2), &categories), 0.0);
        near(mind.familiarity_of(ItemIdx(2), &categories), 0.0);
        let before = mind.clone();
        mind.see(ItemIdx(2), &categories, &dynamics);
        near(mind.staleness()[1], before.staleness()[1] / 2.0);
        assert_eq!(mind.taste(), before.taste());
    }
}
