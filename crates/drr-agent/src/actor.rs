//! The actor: state to proto-action.

use candle_core::Tensor;
use drr_core::Seeds;
use drr_nn::{Dense, NnError, Parameters};

/// Two ReLU layers and a tanh layer (Liu et al. 2018, fig. 3).
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    first: Dense,
    second: Dense,
    last: Dense,
}

impl Actor {
    /// An actor from states of `state_dim` to outputs of `dim`; `last_bound` bounds the last layer's first weights.
    pub(crate) fn new(
        parameters: &mut Parameters,
        state_dim: usize,
        hidden: [usize; 2],
        dim: usize,
        last_bound: f32,
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        Ok(Self {
            first: Dense::new(parameters, "actor.first", state_dim, hidden[0], seeds)?,
            second: Dense::new(parameters, "actor.second", hidden[0], hidden[1], seeds)?,
            last: Dense::with_bound(parameters, "actor.last", hidden[1], dim, last_bound, seeds)?,
        })
    }

    /// Maps states `[B, S]` to outputs `[B, D]` in `[-1, 1]`.
    pub(crate) fn forward(&self, states: &Tensor) -> Result<Tensor, NnError> {
        Ok(self.before_tanh(states)?.tanh()?)
    }

    /// The outputs `[B, D]` before the tanh.
    pub(crate) fn before_tanh(&self, states: &Tensor) -> Result<Tensor, NnError> {
        let hidden = self.first.forward(states)?.relu()?;
        let hidden = self.second.forward(&hidden)?.relu()?;
        self.last.forward(&hidden)
    }
}
