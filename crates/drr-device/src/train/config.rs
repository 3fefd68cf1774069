//! The settings of a loop, the shapes of its networks, and the tables that it works with.

use crate::{DeviceError, EnvironmentTables, OptimizerConfig};
use drr_kernels::DrrShapes;
use drr_replay::ReplayConfig;

/// How the agent explores: with probability epsilon, Gaussian noise on the actor's output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exploration {
    /// The probability at the first step.
    pub epsilon_start: f64,
    /// The probability that is never gone below.
    pub epsilon_end: f64,
    /// Environment steps from start to end, linearly.
    pub decay_steps: u64,
    /// The standard deviation of the noise on each coordinate.
    pub noise: f32,
}

/// The settings of a loop; they mean what those of the same names mean in `drr-agent`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// The widths of the actor's hidden layers.
    pub actor_hidden: [usize; 2],
    /// The widths of the critic's layers before and after the action joins.
    pub critic_hidden: [usize; 2],
    /// Whether the actor's output is a correction to the user's vector, or the action itself.
    pub base_is_user: bool,
    /// What the output is multiplied by.
    pub scale: f32,
    /// Whether the critic is told the recommended item's vector, or the actor's output as executed.
    pub tells_item: bool,
    /// gamma.
    pub discount: f32,
    /// The share of the online networks in each soft update.
    pub tau: f32,
    /// B, the transitions of one update.
    pub batch_size: usize,
    /// The actor's optimizer.
    pub actor_optimizer: OptimizerConfig,
    /// The optimizer of the critic and the state module.
    pub critic_optimizer: OptimizerConfig,
    /// The replay, which must be prioritized.
    pub replay: ReplayConfig,
    /// The exploration.
    pub exploration: Exploration,
    /// E, the environments side by side.
    pub n_environments: usize,
}

/// The vectors and sessions that a loop works with.
#[derive(Debug, Clone)]
pub struct TrainTables<'a> {
    /// The dimension of a vector, `D`.
    pub dim: usize,
    /// Item vectors `[I, D]`.
    pub items: &'a [f32],
    /// Context vectors `[C, D]`.
    pub contexts: &'a [f32],
    /// Whether a user's vector is the context's plus the accepted items'.
    pub additive: bool,
    /// The sessions.
    pub environment: EnvironmentTables,
}

impl TrainConfig {
    /// The shapes of the networks for vectors of dimension `dim` and histories of `history_length`.
    #[must_use]
    pub fn shapes(&self, dim: usize, history_length: usize) -> DrrShapes {
        DrrShapes::new(self.actor_hidden, self.critic_hidden, dim, history_length)
    }

    /// Refuses what the kernels cannot take.
    pub(super) fn check(
        &self,
        tables: &TrainTables<'_>,
        parameters: &[Vec<f32>; 2],
    ) -> Result<(), DeviceError> {
        let refuse = |what, value, remedy| Err(DeviceError::Size { what, value, remedy });
        let environment = &tables.environment;
        if self.batch_size == 0 || self.n_environments == 0 || tables.dim == 0 {
            return refuse("batch, environments or dimension", 0, "give at least one of each");
        }
        if self.replay.capacity < self.n_environments {
            let remedy = "the replay must hold one step of all environments";
            return refuse("capacity", self.replay.capacity, remedy);
        }
        if tables.items.len() != environment.n_items * tables.dim {
            return refuse("item vectors", tables.items.len(), "give one vector per item");
        }
        if tables.contexts.len() != environment.n_contexts * tables.dim {
            return refuse("context vectors", tables.contexts.len(), "give one vector per context");
        }
        let shapes = self.shapes(tables.dim, environment.config.history_length);
        for (given, expected) in parameters.iter().zip([shapes.actor.end(), shapes.position_weights.end]) {
            if given.len() != expected {
                return refuse("parameters", given.len(), "give as many as the shapes have");
            }
        }
        Ok(())
    }
}
