//! Every setting of the agent.

use crate::{AgentError, StateKind};
use drr_nn::AdamConfig;
use drr_replay::ReplayConfig;
use serde::{Deserialize, Serialize};

mod switches;

pub use switches::{AnchorConfig, ConservativeConfig, RefinementConfig, Td3Config};

/// What the actor's output is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionBase {
    /// Nothing: the actor's output is the action, as in the paper.
    None,
    /// The user's folded-in vector, scaled to unit mean square: the actor's output is a correction to it.
    User,
}

/// How the action is made of the actor's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionConfig {
    /// What the output is added to.
    pub base: ActionBase,
    /// What the output, in `[-1, 1]`, is multiplied by.
    pub scale: f32,
    /// The bound of the actor's first last-layer weights; small values begin near the base.
    pub first_bound: f32,
}

/// What stands for the action in the replay and in the critic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayAction {
    /// The actor's output with its noise, as executed.
    Proto,
    /// The vector of the item that was recommended (Dulac-Arnold et al. 2015, sec. 4).
    Item,
}

/// Which networks are judged and served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The online networks, as they came out of the last update.
    Online,
    /// The target networks: an average over about `1 / tau` updates, hence less noisy (Polyak and Juditsky 1992).
    Target,
}

/// Which code carries out the updates. Both do the same, to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePath {
    /// Passes written out on flat arrays: several times as fast. Item vectors that are fine-tuned are beyond it, state
    /// modules other than DRR-ave, and the optional parts of the agent; such an agent takes the composed path.
    #[default]
    Fused,
    /// Tensor operations with automatic gradients: the reference.
    Composed,
}

/// How the agent explores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplorationConfig {
    /// The probability of noise at the first step.
    pub epsilon_start: f64,
    /// The probability of noise that is never gone below.
    pub epsilon_end: f64,
    /// The number of environment steps from start to end, linearly.
    pub decay_steps: u64,
    /// The standard deviation of the Gaussian noise on each coordinate of the actor's output.
    pub noise: f32,
}

/// The settings of a DRR agent and its training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// The state module.
    #[serde(default, skip_serializing_if = "StateKind::is_default")]
    pub state: StateKind,
    /// The widths of the actor's two hidden layers.
    pub actor_hidden: [usize; 2],
    /// The widths of the critic's layers before and after the action joins.
    pub critic_hidden: [usize; 2],
    /// How the action is made.
    pub action: ActionConfig,
    /// What stands for the action in the replay.
    pub replay_action: ReplayAction,
    /// gamma: 0 makes the greedy twin.
    pub discount: f64,
    /// The share of the online networks in each soft update.
    pub tau: f32,
    /// B, the transitions of one update.
    pub batch_size: usize,
    /// The actor's optimizer.
    pub actor_optimizer: AdamConfig,
    /// The optimizer of the critic and the state module.
    pub critic_optimizer: AdamConfig,
    /// Which networks are judged and served.
    pub served: Served,
    /// Whether the actor's loss moves the state module too.
    pub actor_moves_state: bool,
    /// Whether the item vectors are trained by the critic's loss.
    pub fine_tune_items: bool,
    /// The replay.
    pub replay: ReplayConfig,
    /// The exploration.
    pub exploration: ExplorationConfig,
    /// Environments that step side by side.
    pub n_environments: usize,
    /// Sessions in the whole training; rounded up to whole rounds of all environments.
    pub n_episodes: u64,
    /// Updates after each step of all environments.
    pub updates_per_step: usize,
    /// Transitions in the replay before the first update.
    pub warmup_transitions: usize,
    /// Rounds between two checkpoints.
    pub checkpoint_every: u64,
    /// Rounds between two validations.
    pub validate_every: u64,
    /// Which code carries out the updates.
    #[serde(default)]
    pub path: UpdatePath,
    /// Layer normalization in the critic, before each ReLU (Ba et al. 2016).
    #[serde(default, skip_serializing_if = "switches::is_off")]
    pub critic_layer_norm: bool,
    /// The weight of the penalty on the actor's saturated coordinates, on their values before the tanh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saturation_penalty: Option<f32>,
    /// Twin critics, smoothed targets, delayed policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub td3: Option<Td3Config>,
    /// The supervised anchor of the actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<AnchorConfig>,
    /// The critic's choice among the nearest items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementConfig>,
    /// The conservative term of the critic's loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conservative: Option<ConservativeConfig>,
}

impl AgentConfig {
    /// Whether networks and updates can be written out on flat arrays.
    pub(crate) fn is_flat(&self) -> bool {
        self.state == StateKind::DrrAve && !self.has_switches()
    }

    /// Whether any of the optional parts is there.
    pub(crate) const fn has_switches(&self) -> bool {
        self.critic_layer_norm
            || self.saturation_penalty.is_some()
            || self.td3.is_some()
            || self.anchor.is_some()
            || self.refinement.is_some()
            || self.conservative.is_some()
    }

    /// The rounds that make up [`AgentConfig::n_episodes`].
    #[must_use]
    pub const fn n_rounds(&self) -> u64 {
        self.n_episodes.div_ceil(self.n_environments as u64)
    }

    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// Names the first field out of its range.
    pub fn check(&self) -> Result<(), AgentError> {
        let large = 1e9;
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        let at_least_one = |name, count: usize| within(name, count as f64, 1.0, large);
        within("discount", self.discount, 0.0, 1.0)?;
        within("tau", f64::from(self.tau), 0.0, 1.0)?;
        within("action.scale", f64::from(self.action.scale), 0.0, large)?;
        within("action.first_bound", f64::from(self.action.first_bound), 0.0, large)?;
        within("exploration.epsilon_start", self.exploration.epsilon_start, 0.0, 1.0)?;
        within("exploration.epsilon_end", self.exploration.epsilon_end, 0.0, 1.0)?;
        within("exploration.noise", f64::from(self.exploration.noise), 0.0, large)?;
        for optimizer in [&self.actor_optimizer, &self.critic_optimizer] {
            within("learning_rate", optimizer.learning_rate, 0.0, 1.0)?;
            within("l2", optimizer.l2, 0.0, large)?;
            within("max_gradient_norm", optimizer.max_gradient_norm, 0.0, large)?;
        }
        for width in self.actor_hidden.iter().chain(&self.critic_hidden) {
            at_least_one("actor_hidden or critic_hidden", *width)?;
        }
        at_least_one("batch_size", self.batch_size)?;
        at_least_one("n_environments", self.n_environments)?;
        at_least_one("updates_per_step", self.updates_per_step)?;
        at_least_one("checkpoint_every", usize::try_from(self.checkpoint_every).unwrap_or(usize::MAX))?;
        at_least_one("validate_every", usize::try_from(self.validate_every).unwrap_or(usize::MAX))?;
        at_least_one("n_episodes", usize::try_from(self.n_episodes).unwrap_or(usize::MAX))?;
        self.check_switches()
    }

    fn check_switches(&self) -> Result<(), AgentError> {
        within("saturation_penalty", f64::from(self.saturation_penalty.unwrap_or(0.0)), 0.0, 1e9)?;
        self.td3.as_ref().map_or(Ok(()), Td3Config::check)?;
        self.anchor.as_ref().map_or(Ok(()), AnchorConfig::check)?;
        self.refinement.as_ref().map_or(Ok(()), RefinementConfig::check)?;
        self.conservative.as_ref().map_or(Ok(()), ConservativeConfig::check)?;
        let asks_about_items = self.refinement.is_some() || self.conservative.is_some();
        if asks_about_items && self.replay_action != ReplayAction::Item {
            let message =
                "refinement and conservative need replay_action = \"item\": their critic judges items";
            return Err(AgentError::Conflict(message));
        }
        Ok(())
    }
}

/// Refuses a value out of its range.
fn within(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), AgentError> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(AgentError::Config { name, value, low, high }) }
}
