//! Every setting of the agent.

use crate::{AgentError, StateKind};
use drr_learn::{ExplorationConfig, Schedule, Served};
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
#[serde(deny_unknown_fields, default)]
pub struct ActionConfig {
    /// What the output is added to.
    pub base: ActionBase,
    /// What the output, in `[-1, 1]`, is multiplied by.
    pub scale: f32,
    /// The bound of the actor's first last-layer weights; small values begin near the base.
    pub first_bound: f32,
}

impl Default for ActionConfig {
    /// A small correction to the user's vector.
    fn default() -> Self {
        Self { base: ActionBase::User, scale: 0.05, first_bound: 3e-3 }
    }
}

/// What stands for the action in the replay and in the critic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayAction {
    /// The actor's output with its noise, as executed.
    Proto,
    /// The vector of the item that was recommended (Dulac-Arnold et al. 2015).
    Item,
}

/// What the reward of a slate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlateReward {
    /// The mean of its items' rewards.
    #[default]
    Mean,
    /// The mean weighted by place: `1 / log2(1 + place)`, places from 1, as in DCG.
    Dcg,
}

impl SlateReward {
    /// Whether it is what an agent has that names none.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The reward of a slate whose items had `rewards`, in the order of the slate; 0 of an empty one.
    #[must_use]
    pub fn of(self, rewards: &[f32]) -> f32 {
        let weight = |place: usize| match self {
            Self::Mean => 1.0,
            Self::Dcg => 1.0 / (place as f32 + 2.0).log2(),
        };
        let (mut sum, mut weights) = (0.0, 0.0);
        for (place, reward) in rewards.iter().enumerate() {
            sum += weight(place) * reward;
            weights += weight(place);
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }
}

/// Which code carries out the updates. Both do the same, to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdatePath {
    /// Passes written out on flat arrays: several times as fast. Item vectors that are fine-tuned are beyond it, state
    /// modules other than DRR-ave, features of the state, slates, and the optional parts of the agent; such an agent takes
    /// the composed path.
    #[default]
    Fused,
    /// Tensor operations with automatic gradients: the reference.
    Composed,
}

/// The settings of a DRR agent and its training. What a table of a configuration leaves out is as in [`AgentConfig::default`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// The state module.
    #[serde(skip_serializing_if = "StateKind::is_default")]
    pub state: StateKind,
    /// Whether the state has the given features of the user and of the history's items at its end.
    #[serde(skip_serializing_if = "is_false")]
    pub features: bool,
    /// The widths of the actor's two hidden layers.
    pub actor_hidden: [usize; 2],
    /// The widths of the critic's layers before and after the action joins.
    pub critic_hidden: [usize; 2],
    /// How the action is made.
    pub action: ActionConfig,
    /// What stands for the action in the replay.
    pub replay_action: ReplayAction,
    /// K: the items that are recommended by one action, without a look at the user in between; 1 is one at a time.
    #[serde(skip_serializing_if = "is_one")]
    pub slate: usize,
    /// What the reward of a slate is.
    #[serde(skip_serializing_if = "SlateReward::is_default")]
    pub slate_reward: SlateReward,
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
    /// What the actor's learning rate is multiplied by, by updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_optimizer_schedule: Option<Schedule>,
    /// What the learning rate of the critic and the state module is multiplied by, by updates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub critic_optimizer_schedule: Option<Schedule>,
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
    pub path: UpdatePath,
    /// Layer normalization in the critic, before each ReLU (Ba et al. 2016).
    #[serde(skip_serializing_if = "switches::is_off")]
    pub critic_layer_norm: bool,
    /// The weight of the penalty on the actor's saturated coordinates, on their values before the tanh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturation_penalty: Option<f32>,
    /// Twin critics, smoothed targets, delayed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub td3: Option<Td3Config>,
    /// The supervised anchor of the actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<AnchorConfig>,
    /// The critic's choice among the nearest items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refinement: Option<RefinementConfig>,
    /// The conservative term of the critic's loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conservative: Option<ConservativeConfig>,
}

impl Default for AgentConfig {
    /// The shipped agent, as chosen on validation rows of MovieLens 1M: DRR-ave, whose output corrects the user's vector a
    /// little, with prioritized replay, Gaussian noise, and none of the optional parts.
    fn default() -> Self {
        Self {
            state: StateKind::default(),
            features: false,
            actor_hidden: [128, 128],
            critic_hidden: [128, 128],
            action: ActionConfig::default(),
            replay_action: ReplayAction::Item,
            slate: 1,
            slate_reward: SlateReward::default(),
            discount: 0.9,
            tau: 0.002,
            batch_size: 64,
            actor_optimizer: AdamConfig { learning_rate: 1e-4, l2: 0.0, max_gradient_norm: 1.0 },
            critic_optimizer: AdamConfig { learning_rate: 1e-3, l2: 1e-4, max_gradient_norm: 1.0 },
            actor_optimizer_schedule: None,
            critic_optimizer_schedule: None,
            served: Served::Target,
            actor_moves_state: false,
            fine_tune_items: false,
            replay: ReplayConfig::default(),
            exploration: ExplorationConfig::default(),
            n_environments: 64,
            n_episodes: 9600,
            updates_per_step: 2,
            warmup_transitions: 5000,
            checkpoint_every: 50,
            validate_every: 5,
            path: UpdatePath::default(),
            critic_layer_norm: false,
            saturation_penalty: None,
            td3: None,
            anchor: None,
            refinement: None,
            conservative: None,
        }
    }
}

const fn is_false(flag: &bool) -> bool {
    !*flag
}

const fn is_one(count: &usize) -> bool {
    *count == 1
}

impl AgentConfig {
    /// Whether networks and updates can be written out on flat arrays.
    pub(crate) fn is_flat(&self) -> bool {
        self.state == StateKind::DrrAve && !self.features && !self.has_switches()
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
        self.exploration.check(self.replay_action == ReplayAction::Item)?;
        for (name, schedule) in [
            ("actor_optimizer_schedule", &self.actor_optimizer_schedule),
            ("critic_optimizer_schedule", &self.critic_optimizer_schedule),
        ] {
            schedule.map_or(Ok(()), |schedule| schedule.check(name, 0.0, 1e3))?;
        }
        for optimizer in [&self.actor_optimizer, &self.critic_optimizer] {
            within("learning_rate", optimizer.learning_rate, 0.0, 1.0)?;
            within("l2", optimizer.l2, 0.0, large)?;
            within("max_gradient_norm", optimizer.max_gradient_norm, 0.0, large)?;
        }
        for width in self.actor_hidden.iter().chain(&self.critic_hidden) {
            at_least_one("actor_hidden or critic_hidden", *width)?;
        }
        at_least_one("slate", self.slate)?;
        at_least_one("batch_size", self.batch_size)?;
        self.replay.check()?;
        if self.replay.capacity < self.batch_size {
            let message = "replay.capacity is less than batch_size, so no update would ever be made";
            return Err(AgentError::Settings(message));
        }
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
            return Err(AgentError::Settings(message));
        }
        Ok(())
    }
}

/// Refuses a value out of its range.
fn within(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), AgentError> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(AgentError::Config { name, value, low, high }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reward_of_a_slate_is_the_mean_or_weighted_as_in_dcg() {
        assert!((SlateReward::Mean.of(&[1.0, 0.0, 0.5]) - 0.5).abs() < 1e-6);
        // Places weigh 1, 1 / log2 3 and 1 / 2.
        let second = 1.0 / 3.0_f32.log2();
        let expected = (1.0 + 0.5 * 0.5) / (1.0 + second + 0.5);
        assert!((SlateReward::Dcg.of(&[1.0, 0.0, 0.5]) - expected).abs() < 1e-6);
        for kind in [SlateReward::Mean, SlateReward::Dcg] {
            assert!((kind.of(&[0.7]) - 0.7).abs() < 1e-6, "one item is itself");
            assert!(kind.of(&[]) == 0.0);
        }
    }
}
