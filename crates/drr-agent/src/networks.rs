//! The state module, the actor and the critic together, once online and once as target.

use crate::AgentConfig;
use crate::actor::Actor;
use crate::critic::Critic;
use crate::encoder::StateModule;
use candle_core::{D, Tensor};
use drr_core::Seeds;
use drr_learn::{Inputs, LearnError};
use drr_nn::Parameters;
use drr_store::NamedArray;

/// All networks of an agent.
#[derive(Debug, Clone)]
pub(crate) struct Networks {
    /// What the actor's optimizer moves.
    pub actor_parameters: Parameters,
    /// What the critic's optimizer moves: the critic, the state module, and the items where they are fine-tuned.
    pub critic_parameters: Parameters,
    /// The state module.
    pub encoder: StateModule,
    /// The actor.
    pub actor: Actor,
    /// The critic.
    pub critic: Critic,
    /// The second critic of TD3.
    pub twin: Option<Critic>,
    /// The item vectors, `[I, D]`.
    pub items: Tensor,
    history_length: usize,
    n_features: usize,
}

impl Networks {
    /// Fresh networks around the item vectors `[I, D]`, whose states have no features.
    pub(crate) fn new(
        config: &AgentConfig,
        items: &Tensor,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, LearnError> {
        Self::with_features(config, items, history_length, 0, seeds)
    }

    /// Fresh networks around the item vectors `[I, D]`, with `n_features` at the end of their states.
    pub(crate) fn with_features(
        config: &AgentConfig,
        items: &Tensor,
        history_length: usize,
        n_features: usize,
        seeds: Seeds,
    ) -> Result<Self, LearnError> {
        let dim = items.dim(1)?;
        let state_dim = config.state.state_dim(dim, history_length) + n_features;
        let (mut actor_parameters, mut critic_parameters) = (Parameters::new(), Parameters::new());
        let encoder = StateModule::new(config.state, &mut critic_parameters, dim, history_length, seeds)?;
        let bound = config.action.first_bound;
        let actor = Actor::new(&mut actor_parameters, state_dim, config.actor_hidden, dim, bound, seeds)?;
        let (hidden, normalized) = (config.critic_hidden, config.critic_layer_norm);
        let mut critic =
            |name| Critic::new(&mut critic_parameters, name, state_dim, dim, hidden, normalized, seeds);
        let (critic, twin) = (critic("critic")?, config.td3.as_ref().map(|_| critic("twin")).transpose()?);
        let items = if config.fine_tune_items {
            critic_parameters.given("items", items.dims2()?, items.flatten_all()?.to_vec1()?)?
        } else {
            items.clone()
        };
        Ok(Self {
            actor_parameters,
            critic_parameters,
            encoder,
            actor,
            critic,
            twin,
            items,
            history_length,
            n_features,
        })
    }

    /// Networks of the same shape that start as a copy.
    pub(crate) fn copy(&self, config: &AgentConfig, seeds: Seeds) -> Result<Self, LearnError> {
        let (items, n_features) = (self.items.detach(), self.n_features);
        let copy = Self::with_features(config, &items, self.history_length, n_features, seeds)?;
        copy.actor_parameters.copy_from(&self.actor_parameters)?;
        copy.critic_parameters.copy_from(&self.critic_parameters)?;
        Ok(copy)
    }

    /// The window `N`.
    pub(crate) const fn history_length(&self) -> usize {
        self.history_length
    }

    /// The states `[B, S]` of inputs, their features at the end.
    pub(crate) fn states(&self, inputs: &Inputs) -> Result<Tensor, LearnError> {
        let n_rows = inputs.users.dim(0)?;
        let histories = self.items.index_select(&inputs.history_items, 0)?;
        let histories = histories.reshape((n_rows, self.history_length, self.items.dim(1)?))?;
        let states = self.encoder.forward(&inputs.users, &histories, &inputs.masks)?;
        match &inputs.features {
            Some(features) if self.n_features > 0 => Ok(Tensor::cat(&[&states, features], D::Minus1)?),
            _ => Ok(states),
        }
    }

    /// The critic, and its twin where there is one.
    pub(crate) fn critics(&self) -> impl Iterator<Item = &Critic> {
        std::iter::once(&self.critic).chain(&self.twin)
    }

    /// The values `[B]` of actions `[B, D]` in states `[B, S]`: the lesser of both critics' (Fujimoto et al. 2018).
    pub(crate) fn values(&self, states: &Tensor, actions: &Tensor) -> Result<Tensor, LearnError> {
        let values = self.critic.forward(states, actions)?;
        match &self.twin {
            Some(twin) => Ok(values.minimum(&twin.forward(states, actions)?)?),
            None => Ok(values),
        }
    }

    /// All parameters, their names behind `prefix`.
    pub(crate) fn to_arrays(&self, prefix: &str) -> Result<Vec<NamedArray>, LearnError> {
        let mut arrays = self.actor_parameters.to_arrays(prefix)?;
        arrays.extend(self.critic_parameters.to_arrays(prefix)?);
        Ok(arrays)
    }

    /// Sets all parameters.
    pub(crate) fn load_arrays(&self, prefix: &str, arrays: &[NamedArray]) -> Result<(), LearnError> {
        self.actor_parameters.load_arrays(prefix, arrays)?;
        Ok(self.critic_parameters.load_arrays(prefix, arrays)?)
    }
}
