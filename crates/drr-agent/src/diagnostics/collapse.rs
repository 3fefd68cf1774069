//! When a policy has collapsed: the same output, or the same few items, for everyone.

use super::Round;
use crate::ActionBase;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A greater share of saturated outputs than this is a sign of collapse.
const SATURATED_SHARE: f64 = 0.9;
/// Fewer distinct items than this share of the catalogue are a sign of collapse.
const CATALOGUE_SHARE: f64 = 0.005;
/// How many rounds in a row must show a sign.
const N_ROUNDS: u32 = 10;
/// Distinct items are counted over as many recommendations as there are least items times this, or more.
const PER_ITEM: usize = 4;

/// Watches the policy's own outputs and items, without what exploration puts in their places.
///
/// Both signs count only from the first update on. Small rounds are joined until they have enough recommendations to tell:
/// one session of ten steps never has more than ten items.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Collapse {
    items: BTreeSet<u32>,
    n_recommended: usize,
    n_narrow: u32,
    n_saturated: u32,
    warned: bool,
}

/// What the signs are measured against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The fewest distinct items.
    least_items: usize,
    /// Whether outputs at their bounds are a sign: not where they only correct the user's vector, by a bounded step.
    saturation_counts: bool,
}

impl Limits {
    /// The limits for sessions of at most `horizon` items out of `n_items`: twice the items of one session, at least a
    /// two-hundredth of the catalogue, and at most half of it. `base` is what the actor's output is added to.
    pub(crate) fn new(horizon: usize, n_items: usize, base: ActionBase) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small share of a count"
        )]
        let share = (CATALOGUE_SHARE * n_items as f64).ceil() as usize;
        let least_items = share.max(2 * horizon).min(n_items / 2);
        Self { least_items, saturation_counts: base == ActionBase::None }
    }
}

impl Collapse {
    /// Takes note of a round; says whether the policy has collapsed. Warns once, in the name of `agent`.
    pub(crate) fn note(&mut self, round: &Round, limits: Limits, agent: &str) -> bool {
        if round.n_updates == 0 {
            return false;
        }
        let saturated = round.own_saturated_share();
        let is_saturated = limits.saturation_counts && saturated > SATURATED_SHARE;
        self.n_saturated = if is_saturated { self.n_saturated + 1 } else { 0 };
        self.items.extend(&round.own_items);
        self.n_recommended += round.own_items.len();
        let n_distinct = self.items.len();
        if self.n_recommended >= PER_ITEM * limits.least_items {
            self.n_narrow = if n_distinct < limits.least_items { self.n_narrow + 1 } else { 0 };
            self.items.clear();
            self.n_recommended = 0;
        }
        let collapsed = self.n_saturated >= N_ROUNDS || self.n_narrow >= N_ROUNDS;
        if collapsed && !self.warned {
            self.warned = true;
            let least = limits.least_items;
            tracing::warn!(
                saturated,
                n_distinct,
                "the policy of {agent} has collapsed: for {N_ROUNDS} rounds more than {SATURATED_SHARE} of its outputs are at their bounds, or it recommends fewer than {least} items in all"
            );
        }
        collapsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::ItemIdx;

    fn round(outputs: &[f32], items: std::ops::Range<u32>, n_updates: u64) -> Round {
        let mut round = Round::new(1, 0.9);
        round.own_outputs(outputs);
        // Enough recommendations to tell, over and over the same items.
        round.own_items(items.cycle().take(80).map(ItemIdx));
        round.n_updates = n_updates;
        round
    }

    #[test]
    fn the_fewest_items_are_those_of_two_sessions_or_a_share_of_the_catalogue() {
        assert_eq!(Limits::new(10, 3706, ActionBase::None).least_items, 20);
        assert_eq!(Limits::new(10, 10_000, ActionBase::None).least_items, 50);
        assert_eq!(Limits::new(10, 20, ActionBase::None).least_items, 10);
    }

    #[test]
    fn ten_rounds_in_a_row_make_a_collapse_and_one_good_round_ends_it() {
        let limits = Limits::new(10, 3706, ActionBase::None);
        for bad in [round(&[1.0, -1.0], 0..40, 1), round(&[0.1, 0.2], 0..19, 1)] {
            let mut collapse = Collapse::default();
            let found: Vec<bool> = (0..11).map(|_| collapse.note(&bad, limits, "drr")).collect();
            assert_eq!(found.iter().position(|it| *it), Some(9));
            assert!(found[10] && collapse.warned);
            assert!(!collapse.note(&round(&[0.1, 0.2], 0..20, 1), limits, "drr"));
        }
    }

    #[test]
    fn a_correction_at_its_bounds_is_no_collapse() {
        let (mut collapse, limits) = (Collapse::default(), Limits::new(10, 3706, ActionBase::User));
        let bounded = round(&[1.0, -1.0], 0..40, 1);
        assert!((0..50).all(|_| !collapse.note(&bounded, limits, "drr")));
    }

    #[test]
    fn nothing_counts_before_the_first_update() {
        let (mut collapse, limits) = (Collapse::default(), Limits::new(10, 3706, ActionBase::None));
        let bad = round(&[1.0], 0..1, 0);
        assert!((0..50).all(|_| !collapse.note(&bad, limits, "drr")));
    }

    #[test]
    fn small_rounds_are_joined_until_they_can_tell() {
        let (mut collapse, limits) = (Collapse::default(), Limits::new(10, 3706, ActionBase::None));
        // Ten different items a round, forty different ones in four rounds.
        for at in 0..200_u32 {
            let mut round = Round::new(1, 0.9);
            round.own_items((0..10).map(|item| ItemIdx(item + 10 * (at % 4))));
            round.n_updates = 1;
            assert!(!collapse.note(&round, limits, "drr"), "{at}");
        }
    }
}
