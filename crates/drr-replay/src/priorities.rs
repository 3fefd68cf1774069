//! Proportional prioritization (Schaul et al. 2016, sec. 3.3 and 3.4).
//!
//! Leaves hold `p_i^alpha`, and [`Priorities::leaf`] is the only place where the exponent is applied: applied again at the
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
#[derive(Debug, Clone)]
pub(crate) struct Priorities {
    constants: Constants,
    pub tree: SumTree,
    /// The greatest priority so far, before the exponent.
    pub greatest: f64,
    /// The number of samples drawn so far.
    pub n_samples: u64,
    /// Masses of draws, leaves of updates: memory that is kept from call to call.
    masses: Vec<f64>,
}

impl PartialEq for Priorities {
    fn eq(&self, other: &Self) -> bool {
        let state = |it: &Self| (it.constants, it.greatest, it.n_samples);
        state(self) == state(other) && self.tree == other.tree
    }
}

impl Priorities {
    /// The priorities of an empty replay; `None` where the config draws uniformly.
    pub fn new(config: &ReplayConfig) -> Option<Self> {
        let ReplayKind::Prioritized { alpha, beta_start, beta_end, beta_steps, epsilon } = config.sampling
        else {
            return None;
        };
        let constants = Constants { alpha, beta_start, beta_end, beta_steps, epsilon };
        Some(Self {
            constants,
            tree: SumTree::new(config.capacity),
            greatest: 1.0,
            n_samples: 0,
            masses: Vec::new(),
        })
    }

    /// Gives a new transition the greatest priority so far, so that it is soon learned from (algorithm 1, line 6).
    pub fn enter(&mut self, slot: usize) -> Result<(), ReplayError> {
        let leaf = self.leaf(self.greatest);
        self.tree.set(slot, leaf)
    }

    /// Sets the priorities of `slots` to the absolute TD errors plus epsilon.
    pub fn update(&mut self, slots: &[usize], td_errors: &[f32]) -> Result<(), ReplayError> {
        self.masses.clear();
        let mut greatest = self.greatest;
        for td_error in td_errors {
            let priority = f64::from(*td_error).abs() + self.constants.epsilon;
            greatest = greatest.max(priority);
            self.masses.push(self.leaf(priority));
        }
        self.tree.set_all(slots, &self.masses)?;
        self.greatest = greatest;
        Ok(())
    }

    fn leaf(&self, priority: f64) -> f64 {
        priority.powf(self.constants.alpha)
    }

    /// The exponent of the importance weights now: linear in the number of samples, then constant.
    pub fn beta(&self) -> f64 {
        let Constants { beta_start, beta_end, beta_steps, .. } = self.constants;
        let progress = (self.n_samples as f64 / beta_steps as f64).min(1.0);
        beta_start + (beta_end - beta_start) * progress
    }

    /// Draws one slot out of each of `n` equal segments of the total, with its importance weight: `(len P(i))^-beta`
    /// divided by the greatest of the batch.
    pub fn sample(
        &mut self,
        n: usize,
        len: usize,
        random: &mut RandomStream,
        slots: &mut Vec<usize>,
        weights: &mut Vec<f32>,
    ) {
        let total = self.tree.total();
        let segment = total / n as f64;
        self.masses.clear();
        self.masses.extend((0..n).map(|nth| (nth as f64 + random.random::<f64>()) * segment));
        slots.clear();
        slots.resize(n, 0);
        self.tree.find_all(&mut self.masses, slots);
        let beta = self.beta();
        let mut greatest = 0.0_f64;
        for (weight, slot) in self.masses.iter_mut().zip(slots.iter()) {
            *weight = (len as f64 * self.tree.priority(*slot) / total).powf(-beta);
            greatest = greatest.max(*weight);
        }
        self.n_samples += 1;
        weights.clear();
        weights.extend(self.masses.iter().map(|weight| (weight / greatest) as f32));
    }
}
