//! Proportional prioritization (Schaul et al. 2016, sec. 3.3 and 3.4).
//!
//! Leaves hold `p_i^alpha`, and [`Priorities::set`] is the only place where the exponent is applied: applied again at the
//! draw, it would be `alpha^2` in effect.

use crate::{ReplayConfig, ReplayError, ReplayKind, SumTree};
use drr_core::RandomStream;
use rand::Rng;

/// The constants of the prioritization.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Constants {
    alpha: f64,
    beta_start: f64,
    beta_end: f64,
    beta_steps: u64,
    epsilon: f64,
}

/// The priorities of all slots, and the schedule of beta.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Priorities {
    constants: Constants,
    pub tree: SumTree,
    /// The greatest priority so far, before the exponent.
    pub greatest: f64,
    /// The number of samples drawn so far.
    pub n_samples: u64,
}

impl Priorities {
    /// The priorities of an empty replay; `None` where the config draws uniformly.
    pub fn new(config: &ReplayConfig) -> Option<Self> {
        let ReplayKind::Prioritized { alpha, beta_start, beta_end, beta_steps, epsilon } = config.sampling
        else {
            return None;
        };
        let constants = Constants { alpha, beta_start, beta_end, beta_steps, epsilon };
        Some(Self { constants, tree: SumTree::new(config.capacity), greatest: 1.0, n_samples: 0 })
    }

    /// Gives a new transition the greatest priority so far, so that it is soon learned from (algorithm 1, line 6).
    pub fn enter(&mut self, slot: usize) -> Result<(), ReplayError> {
        self.set(slot, self.greatest)
    }

    /// Sets the priority to the absolute TD error plus epsilon.
    pub fn update(&mut self, slot: usize, td_error: f32) -> Result<(), ReplayError> {
        let priority = f64::from(td_error).abs() + self.constants.epsilon;
        self.greatest = self.greatest.max(priority);
        self.set(slot, priority)
    }

    fn set(&mut self, slot: usize, priority: f64) -> Result<(), ReplayError> {
        self.tree.set(slot, priority.powf(self.constants.alpha))
    }

    /// The exponent of the importance weights now: linear in the number of samples, then constant.
    pub fn beta(&self) -> f64 {
        let Constants { beta_start, beta_end, beta_steps, .. } = self.constants;
        let progress = (self.n_samples as f64 / beta_steps as f64).min(1.0);
        beta_start + (beta_end - beta_start) * progress
    }

    /// Draws one slot out of each of `n` equal segments of the total, with its importance weight: `(len P(i))^-beta`
    /// divided by the greatest of the batch.
    pub fn sample(&mut self, n: usize, len: usize, random: &mut RandomStream) -> (Vec<usize>, Vec<f32>) {
        let total = self.tree.total();
        let segment = total / n as f64;
        let slots: Vec<usize> =
            (0..n).map(|nth| self.tree.find((nth as f64 + random.random::<f64>()) * segment)).collect();
        let beta = self.beta();
        let weights: Vec<f64> =
            slots.iter().map(|slot| (len as f64 * self.tree.priority(*slot) / total).powf(-beta)).collect();
        let greatest = weights.iter().copied().fold(0.0, f64::max);
        self.n_samples += 1;
        (slots, weights.into_iter().map(|weight| (weight / greatest) as f32).collect())
    }
}
