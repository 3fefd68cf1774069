//! The critic: state and action to value.

use candle_core::{D, Tensor};
use drr_core::Seeds;
use drr_nn::{Dense, NnError, Parameters};

/// A ReLU layer on the state, the action joined to it, a ReLU layer on both, a value (Liu et al. 2018, fig. 3).
#[derive(Debug, Clone)]
pub(crate) struct Critic {
    state: Dense,
    joint: Dense,
    last: Dense,
}

impl Critic {
    /// A critic of states of `state_dim` and actions of `dim`.
    pub(crate) fn new(
        parameters: &mut Parameters,
        state_dim: usize,
        dim: usize,
        hidden: [usize; 2],
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        Ok(Self {
            state: Dense::new(parameters, "critic.state", state_dim, hidden[0], seeds)?,
            joint: Dense::new(parameters, "critic.joint", hidden[0] + dim, hidden[1], seeds)?,
            last: Dense::with_bound(parameters, "critic.last", hidden[1], 1, 3e-3, seeds)?,
        })
    }

    /// The values `[B]` of actions `[B, D]` in states `[B, S]`.
    pub(crate) fn forward(&self, states: &Tensor, actions: &Tensor) -> Result<Tensor, NnError> {
        let hidden = self.state.forward(states)?.relu()?;
        let joint = Tensor::cat(&[&hidden, actions], D::Minus1)?;
        let hidden = self.joint.forward(&joint)?.relu()?;
        Ok(self.last.forward(&hidden)?.squeeze(1)?)
    }

    /// The same critic without gradients for its own parameters: for the actor's loss.
    pub(crate) fn detached(&self) -> Self {
        Self { state: self.state.detached(), joint: self.joint.detached(), last: self.last.detached() }
    }
}
