//! Dueling bandit gradient descent (Zheng et al. 2018; Yue and Joachims 2009): two networks' lists are
//! interleaved, and the winner shows the way.

use crate::RivalError;
use candle_core::{Device, Tensor};
use drr_core::{ItemIdx, RandomStream};
use drr_nn::Parameters;
use rand::Rng;

/// The direction of a round: `dW = alpha rand(-1, 1) W`, so that `W + share dW = W (1 + share alpha rand(-1, 1))`.
#[derive(Debug)]
pub(super) struct Direction {
    /// `alpha rand(-1, 1)` for each weight, in the order of the parameters' names.
    factors: Vec<Tensor>,
}

impl Direction {
    /// Draws a direction.
    pub(super) fn draw(
        parameters: &Parameters,
        alpha: f64,
        random: &mut RandomStream,
    ) -> Result<Self, RivalError> {
        let mut factors = Vec::new();
        for (_, variable) in parameters.iter() {
            let n_values = variable.elem_count();
            #[expect(clippy::cast_possible_truncation, reason = "parameters are single precision")]
            let values: Vec<f32> =
                (0..n_values).map(|_| (random.random::<f32>() * 2.0 - 1.0) * alpha as f32).collect();
            factors.push(Tensor::from_vec(values, variable.shape(), &Device::Cpu)?);
        }
        Ok(Self { factors })
    }

    /// Sets `into` to `from + share dW`; both may be the same.
    pub(super) fn apply(&self, from: &Parameters, into: &Parameters, share: f64) -> Result<(), RivalError> {
        for (((_, from), (_, into)), factor) in from.iter().zip(into.iter()).zip(&self.factors) {
            let scale = factor.affine(share, 1.0)?;
            into.set(&(from.as_tensor().detach() * scale)?)?;
        }
        Ok(())
    }
}

/// Which of two networks an item came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Current,
    Explore,
}

/// Draws `k` items from two ranked lists: for each, one list by a fair coin, and from it an item that is not yet taken with
/// a probability proportional to `rank^-exponent` (probabilistic interleaving, Hofmann et al. 2011).
pub(super) fn interleave(
    lists: [&[ItemIdx]; 2],
    k: usize,
    exponent: f64,
    random: &mut RandomStream,
) -> Vec<(ItemIdx, Side)> {
    let mut taken: Vec<(ItemIdx, Side)> = Vec::with_capacity(k);
    while taken.len() < k {
        let is_free = |item: &ItemIdx| taken.iter().all(|(other, _)| other != item);
        let first = random.random::<bool>();
        let sides = [Side::Current, Side::Explore];
        let order = if first { [1, 0] } else { [0, 1] };
        let free = order.into_iter().find_map(|side| {
            let ranked = lists[side].iter().zip(1_u32..).filter(|(item, _)| is_free(item));
            let free: Vec<(ItemIdx, f64)> =
                ranked.map(|(item, rank)| (*item, f64::from(rank).powf(-exponent))).collect();
            (!free.is_empty()).then_some((side, free))
        });
        let Some((side, free)) = free else { break };
        let total: f64 = free.iter().map(|(_, weight)| weight).sum();
        let mut mass = random.random::<f64>() * total;
        let mut chosen = free[0].0;
        for (item, weight) in free {
            chosen = item;
            mass -= weight;
            if mass < 0.0 {
                break;
            }
        }
        taken.push((chosen, sides[side]));
    }
    taken
}

/// The feedback of a round on both networks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Duel {
    /// Items and rewards of the current and of the explore network.
    n_items: [f64; 2],
    rewards: [f64; 2],
    /// Decisions that the explore network won less those that it lost, where a decision had items of both.
    wins: i64,
    both: bool,
}

impl Duel {
    /// Counts one decision.
    pub(super) fn note(&mut self, sides: &[Side], rewards: &[f32]) {
        let (mut n_items, mut sums) = ([0.0; 2], [0.0; 2]);
        for (side, reward) in sides.iter().zip(rewards) {
            n_items[*side as usize] += 1.0;
            sums[*side as usize] += f64::from(*reward);
        }
        if n_items.iter().all(|n_items| *n_items > 0.0) {
            self.both = true;
            let [current, explore] = [sums[0] / n_items[0], sums[1] / n_items[1]];
            self.wins += i64::from(explore > current) - i64::from(explore < current);
        }
        for side in 0..2 {
            self.n_items[side] += n_items[side];
            self.rewards[side] += sums[side];
        }
    }

    /// Whether the explore network's items got the better feedback: in most decisions that had items of both, or in the
    /// round's mean where no decision had.
    pub(super) fn explore_won(&self) -> bool {
        if self.both {
            return self.wins > 0;
        }
        let mean = |side: usize| self.rewards[side] / self.n_items[side];
        self.n_items.iter().all(|n_items| *n_items > 0.0) && mean(1) > mean(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn the_explore_network_is_within_alpha_and_a_step_goes_its_way() {
        let (mut online, mut explore) = (Parameters::new(), Parameters::new());
        let weights = online.filled("a.weight", 50, 2.0).unwrap();
        let changed = explore.filled("a.weight", 50, 0.0).unwrap();
        let direction = Direction::draw(&online, 0.1, &mut Seeds(1).stream("direction")).unwrap();
        direction.apply(&online, &explore, 1.0).unwrap();
        let far = changed.to_vec1::<f32>().unwrap();
        assert!(far.iter().all(|value| (value - 2.0).abs() <= 0.2 + 1e-6));
        assert!(far.iter().any(|value| *value > 2.05) && far.iter().any(|value| *value < 1.95));
        direction.apply(&online, &online, 0.5).unwrap();
        for (moved, far) in weights.to_vec1::<f32>().unwrap().iter().zip(&far) {
            assert!((moved - 2.0 - 0.5 * (far - 2.0)).abs() < 1e-6, "{moved} {far}");
        }
    }

    #[test]
    fn interleaving_repeats_no_item_and_draws_both_lists_by_rank() {
        let left: Vec<ItemIdx> = (0..5).map(ItemIdx).collect();
        let right: Vec<ItemIdx> = (3..8).map(ItemIdx).collect();
        let mut random = Seeds(2).stream("interleave");
        let whole = interleave([&left, &right], 20, 3.0, &mut random);
        let mut items: Vec<u32> = whole.iter().map(|(item, _)| item.0).collect();
        items.sort_unstable();
        assert_eq!(items, (0..8).collect::<Vec<_>>());
        let n_draws = 4000;
        let draws: Vec<_> =
            (0..n_draws).map(|_| interleave([&left, &right], 1, 3.0, &mut random)[0]).collect();
        let share = |wanted| draws.iter().filter(|it| **it == wanted).count() as f64 / f64::from(n_draws);
        // Half of the draws are of a list, and 1 / (1 + 1/8 + 1/27 + 1/64 + 1/125) = .8434 of them its first item.
        assert!((share((ItemIdx(0), Side::Current)) - 0.4217).abs() < 0.03);
        assert!((share((ItemIdx(4), Side::Explore)) - 0.4217 / 8.0).abs() < 0.015);
    }

    #[test]
    fn most_decisions_or_the_mean_name_the_winner() {
        let sides = [Side::Current, Side::Explore];
        let mut slates = Duel::default();
        slates.note(&sides, &[0.0, 0.1]);
        slates.note(&sides, &[0.0, 0.1]);
        slates.note(&sides, &[9.0, 0.0]);
        assert!(slates.explore_won());
        let mut single = Duel::default();
        single.note(&[Side::Explore], &[1.0]);
        assert!(!single.explore_won(), "there is nothing to compare with");
        single.note(&[Side::Current], &[2.0]);
        assert!(!single.explore_won());
        single.note(&[Side::Explore], &[4.0]);
        assert!(single.explore_won());
    }
}
