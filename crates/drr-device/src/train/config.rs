//! The settings of a loop, the shapes of its networks, and the tables that it works with.

use crate::{DeviceError, EnvironmentTables, OptimizerConfig};
use drr_kernels::Activation;
use drr_kernels::mlp::{LayerShape, Mlp};
use drr_replay::ReplayConfig;
use std::ops::Range;

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
        let shapes = Shapes::new(self, tables.dim, environment.config.history_length);
        for (given, expected) in parameters.iter().zip([shapes.actor.end(), shapes.position_weights.end]) {
            if given.len() != expected {
                return refuse("parameters", given.len(), "give as many as the shapes have");
            }
        }
        Ok(())
    }
}

/// The networks' shapes and where their parameters lie: those of `drr-agent`'s fused path.
#[derive(Debug, Clone)]
pub struct Shapes {
    /// State to proto-action.
    pub actor: Mlp,
    /// State and action to value.
    pub critic: Mlp,
    /// The state module's weights `[N]`, behind the critic's parameters.
    pub position_weights: Range<usize>,
}

impl Shapes {
    /// The shapes for vectors of dimension `dim` and histories of `history_length`.
    #[must_use]
    pub fn new(config: &TrainConfig, dim: usize, history_length: usize) -> Self {
        let layer =
            |n_joined, n_out, activation| LayerShape { n_joined, n_out, normalized: false, activation };
        let ([first, second], [state, joint]) = (config.actor_hidden, config.critic_hidden);
        let relu = Activation::Relu;
        let actor = [layer(0, first, relu), layer(0, second, relu), layer(0, dim, Activation::Tanh)];
        let critic = [layer(0, state, relu), layer(dim, joint, relu), layer(0, 1, Activation::Identity)];
        let (actor, critic) = (Mlp::new(3 * dim, &actor, 0), Mlp::new(3 * dim, &critic, 0));
        let position_weights = critic.end()..critic.end() + history_length;
        Self { actor, critic, position_weights }
    }

    /// The weights of a network, which the L2 term applies to; biases do not decay.
    #[must_use]
    pub fn weights(network: &Mlp) -> Vec<Range<usize>> {
        network.layers().iter().map(|layer| layer.weight.clone()).collect()
    }
}
