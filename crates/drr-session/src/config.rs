//! Every setting of the agent and of its training.

use crate::SessionError;
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// What carries out the updates. Both do the same to rounding and share their arrays: a training may change its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPath {
    /// Hand-written gradients on flat arrays.
    #[default]
    Fast,
    /// Candle's automatic gradients.
    Composed,
}

/// The settings of the agent and of its training. The defaults are those of a catalogue of about a thousand candidates,
/// vectors of some 35 coordinates with a standard deviation near .5, and sessions of 30 steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionAgentConfig {
    /// The hidden layers of actor and critic, each followed by a ReLU.
    pub hidden: Vec<usize>,
    /// The greatest correction of a coordinate of the base action, either way.
    pub bound: f32,
    /// What the actor's output is multiplied by before the tangent. A small one keeps the first steps of the optimizer from
    /// saturating it.
    pub multiplier: f32,
    /// The temperature of the softmax that training draws items from; serving takes the greatest score.
    pub temperature: f32,
    /// gamma: 0 makes the twin that looks at the next reward alone.
    pub discount: f64,
    /// lambda of the advantages (Schulman et al. 2016).
    pub gae_lambda: f64,
    /// epsilon: how far a probability's ratio may move before it gets no gradient (Schulman et al. 2017).
    pub clip: f64,
    /// The weight of the entropy in the objective.
    pub entropy_weight: f64,
    /// Sessions side by side.
    pub n_sessions: usize,
    /// Steps of each session in one iteration.
    pub n_steps: usize,
    /// Passes over the steps of an iteration.
    pub n_epochs: usize,
    /// Steps in one update.
    pub minibatch_size: usize,
    /// Adam's step size at the first iteration.
    pub learning_rate: f64,
    /// The share of the step size that is left at iteration `n_iterations`, on a straight line.
    pub last_rate: f64,
    /// The greatest norm of the gradients of the actor, and of the critic; 0 turns the clip off.
    pub max_gradient_norm: f64,
    /// Iterations in the whole training: the schedule of the step size ends there.
    pub n_iterations: u64,
    /// For each, a sum over the vectors of what was shown, in which an item counts that much less with every later step; 1
    /// forgets nothing.
    pub decays: Vec<f32>,
    /// The same for sums in which each item's vector is multiplied by its reward.
    pub reward_decays: Vec<f32>,
    /// Whether each sum is divided by the root of the weights that a whole session has in it, so that all numbers of the state
    /// have about the size of an item's vector and an optimizer's step moves the policy as far late in a session as early.
    pub scales_sums: bool,
    /// Whether the state has the user's answers: the sums with rewards, and the last reward.
    pub rewards_in_state: bool,
    /// Whether a session that the time limit cuts ends truly, so that nothing after it counts. The state has the time, so
    /// an agent can know (Pardo et al. 2018, "time-awareness").
    pub time_limit_is_an_end: bool,
    /// Iterations between two validations.
    pub validate_every: u64,
    /// Iterations between two checkpoints.
    pub checkpoint_every: u64,
    /// What carries out the updates.
    pub path: SessionPath,
}

impl Default for SessionAgentConfig {
    fn default() -> Self {
        Self {
            hidden: vec![128, 128],
            bound: 3.0,
            multiplier: 0.15,
            temperature: 0.1,
            discount: 0.99,
            gae_lambda: 0.8,
            clip: 0.2,
            entropy_weight: 0.01,
            n_sessions: 128,
            n_steps: 32,
            n_epochs: 3,
            minibatch_size: 512,
            learning_rate: 2e-3,
            last_rate: 0.1,
            max_gradient_norm: 1.0,
            n_iterations: 300,
            decays: vec![0.8, 1.0],
            reward_decays: vec![1.0],
            scales_sums: true,
            rewards_in_state: true,
            time_limit_is_an_end: true,
            validate_every: 30,
            checkpoint_every: 50,
            path: SessionPath::Fast,
        }
    }
}

impl SessionAgentConfig {
    /// Checks the ranges of all settings.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of its range, with the remedy.
    pub fn check(&self) -> Result<(), SessionError> {
        self.check_policy()?;
        self.check_training()
    }

    /// Whether a training with these settings can go on with `other`: only the path and the rhythm may differ.
    #[must_use]
    pub fn goes_on(&self, other: &Self) -> bool {
        let Self { path, validate_every, checkpoint_every, .. } = *other;
        Self { path, validate_every, checkpoint_every, ..self.clone() } == *other
    }

    fn check_policy(&self) -> Result<(), SessionError> {
        let positive = |value: f32| value > 0.0 && value.is_finite();
        let share = |value: &f64| (0.0..=1.0).contains(value);
        require(
            !self.hidden.is_empty() && self.hidden.iter().all(|width| (1..=4096).contains(width)),
            "hidden",
            format!("{:?}", self.hidden),
            "give one or more layers of 1 to 4096 units",
        )?;
        require(positive(self.bound), "bound", self.bound, "give a finite number above 0")?;
        require(positive(self.multiplier), "multiplier", self.multiplier, "give a finite number above 0")?;
        require(positive(self.temperature), "temperature", self.temperature, "give a finite number above 0")?;
        require(share(&self.discount), "discount", self.discount, "give a number from 0 to 1")?;
        require(share(&self.gae_lambda), "gae_lambda", self.gae_lambda, "give a number from 0 to 1")?;
        let decay = |value: &f32| (0.0..=1.0).contains(value);
        require(
            !self.decays.is_empty() && self.decays.iter().all(decay),
            "decays",
            format!("{:?}", self.decays),
            "give one or more numbers from 0 to 1, for example [0.8, 1.0]",
        )?;
        require(
            self.reward_decays.iter().all(decay),
            "reward_decays",
            format!("{:?}", self.reward_decays),
            "give numbers from 0 to 1, or none",
        )
    }

    fn check_training(&self) -> Result<(), SessionError> {
        require(self.clip > 0.0 && self.clip < 1.0, "clip", self.clip, "give a number between 0 and 1")?;
        let weight = |value: f64| (0.0..=1.0).contains(&value);
        require(
            weight(self.entropy_weight),
            "entropy_weight",
            self.entropy_weight,
            "give a number from 0 to 1",
        )?;
        require(
            self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            "learning_rate",
            self.learning_rate,
            "give a number above 0 and at most 1",
        )?;
        require(weight(self.last_rate), "last_rate", self.last_rate, "give a number from 0 to 1")?;
        require(
            self.max_gradient_norm >= 0.0 && self.max_gradient_norm.is_finite(),
            "max_gradient_norm",
            self.max_gradient_norm,
            "give a number of at least 0; 0 turns the clip off",
        )?;
        for (name, value) in [
            ("n_sessions", self.n_sessions as u64),
            ("n_steps", self.n_steps as u64),
            ("n_epochs", self.n_epochs as u64),
            ("minibatch_size", self.minibatch_size as u64),
            ("n_iterations", self.n_iterations),
            ("validate_every", self.validate_every),
            ("checkpoint_every", self.checkpoint_every),
        ] {
            require(
                (1..=1_000_000).contains(&value),
                name,
                value,
                "give a whole number from 1 to a million",
            )?;
        }
        require(
            self.minibatch_size <= self.n_sessions * self.n_steps,
            "minibatch_size",
            self.minibatch_size,
            "an update has at most n_sessions * n_steps steps",
        )
    }
}

fn require(
    holds: bool,
    name: &'static str,
    value: impl Display,
    remedy: &'static str,
) -> Result<(), SessionError> {
    if holds { Ok(()) } else { Err(SessionError::Config { name, value: value.to_string(), remedy }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        toml::from_str::<SessionAgentConfig>(text).unwrap().check().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_in_range_and_come_back_from_text() {
        let config = SessionAgentConfig::default();
        config.check().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<SessionAgentConfig>(&text).unwrap(), config);
        assert_eq!(toml::from_str::<SessionAgentConfig>("").unwrap(), config);
        assert!(toml::from_str::<SessionAgentConfig>("gamma = 0.9").is_err());
    }

    #[test]
    fn a_setting_out_of_its_range_is_named_with_its_value_and_the_remedy() {
        for (text, name) in [
            ("hidden = []", "hidden"),
            ("bound = 0.0", "bound"),
            ("multiplier = -1.0", "multiplier"),
            ("temperature = nan", "temperature"),
            ("discount = 1.5", "discount"),
            ("gae_lambda = -0.1", "gae_lambda"),
            ("decays = []", "decays"),
            ("decays = [1.1]", "decays"),
            ("reward_decays = [-0.5]", "reward_decays"),
            ("clip = 1.0", "clip"),
            ("entropy_weight = -0.1", "entropy_weight"),
            ("learning_rate = 0.0", "learning_rate"),
            ("last_rate = 2.0", "last_rate"),
            ("max_gradient_norm = -1.0", "max_gradient_norm"),
            ("n_epochs = 0", "n_epochs"),
            ("n_sessions = 2\nn_steps = 3\nminibatch_size = 7", "minibatch_size"),
        ] {
            let message = refusal(text);
            assert!(message.contains(&format!("setting {name} = ")), "{text}: {message}");
            assert!(message.contains("give") || message.contains("at most"), "{message}");
        }
    }

    #[test]
    fn only_the_path_and_the_rhythm_may_change_in_a_training() {
        let config = SessionAgentConfig::default();
        let other = SessionAgentConfig { path: SessionPath::Composed, validate_every: 7, ..config.clone() };
        assert!(config.goes_on(&other));
        assert!(!config.goes_on(&SessionAgentConfig { discount: 0.9, ..config.clone() }));
    }
}
