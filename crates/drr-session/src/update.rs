//! One update of actor and critic from some steps of an iteration, on either path.
//!
//! Paths differ in how they compute, never in what, and have the same named arrays.

mod composed;
mod fast;

use crate::networks::{FlatNetworks, Shapes};
use crate::rollout::Rollout;
use crate::{SessionAgentConfig, SessionError, SessionPath, SessionTables};
use drr_core::Seeds;
use drr_nn::AdamConfig;
use drr_store::NamedArray;

pub(crate) use composed::ComposedPath;
pub(crate) use fast::FastPath;

/// The names of the optimizers in errors and files.
const ACTOR_OPTIMIZER: &str = "actor_optimizer";
const CRITIC_OPTIMIZER: &str = "critic_optimizer";

/// Some steps of an iteration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Minibatch<'a> {
    pub rollout: &'a Rollout,
    /// Which steps.
    pub rows: &'a [u32],
    pub tables: &'a SessionTables,
}

/// What an update says of itself, as sums over its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct UpdateSums {
    pub n_rows: f64,
    /// The clipped objective of the actor, to be made small.
    pub policy_loss: f64,
    /// Half the squared errors of the critic.
    pub value_loss: f64,
    pub entropy: f64,
    /// The steps whose ratio was beyond the clip, either way.
    pub n_clipped: f64,
    /// `(ratio - 1) - log ratio`, whose mean estimates the divergence of the policy from the one that drew.
    pub divergence: f64,
}

impl UpdateSums {
    pub(crate) fn add(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.policy_loss += other.policy_loss;
        self.value_loss += other.value_loss;
        self.entropy += other.entropy;
        self.n_clipped += other.n_clipped;
        self.divergence += other.divergence;
    }

    /// Takes note of a step's logarithm of the ratio of probabilities.
    fn add_ratio(&mut self, log_ratio: f64, clip: f64) {
        let ratio = log_ratio.exp();
        self.n_clipped += f64::from((ratio - 1.0).abs() > clip);
        self.divergence += (ratio - 1.0) - log_ratio;
    }

    /// Refuses losses that are not finite.
    fn check(&self, update: u64, step: u64) -> Result<(), SessionError> {
        let losses = [("the actor's objective", self.policy_loss), ("the critic's loss", self.value_loss)];
        match losses.into_iter().find(|(_, value)| !value.is_finite()) {
            Some((what, value)) => Err(SessionError::NotFinite { what, value, update, step }),
            None => Ok(()),
        }
    }
}

/// Actor, critic and their optimizers, on one path.
pub(crate) trait UpdatePath: std::fmt::Debug + Send {
    /// What logs and reports call it.
    fn name(&self) -> &'static str;

    /// The parameters as they are now.
    fn networks(&self) -> &FlatNetworks;

    /// Multiplies the learning rates of the updates to come.
    fn set_rate_factor(&mut self, factor: f64);

    /// One update; `update` and `step` stand in errors.
    fn update(&mut self, batch: Minibatch<'_>, update: u64, step: u64) -> Result<UpdateSums, SessionError>;

    /// Networks and optimizers as arrays.
    fn to_arrays(&self) -> Result<Vec<NamedArray>, SessionError>;

    /// Sets all that [`UpdatePath::to_arrays`] gives.
    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), SessionError>;
}

/// The path that the settings name, with fresh networks.
pub(crate) fn new_path(
    config: &SessionAgentConfig,
    shapes: &Shapes,
    n_candidates: usize,
    seeds: Seeds,
) -> Result<Box<dyn UpdatePath>, SessionError> {
    Ok(match config.path {
        SessionPath::Fast => Box::new(FastPath::new(config, shapes, n_candidates, seeds)?),
        SessionPath::Composed => Box::new(ComposedPath::new(config, shapes, seeds)?),
    })
}

fn adam(config: &SessionAgentConfig) -> AdamConfig {
    let SessionAgentConfig { learning_rate, max_gradient_norm, .. } = *config;
    AdamConfig { learning_rate, l2: 0.0, max_gradient_norm }
}

#[cfg(test)]
mod tests;
