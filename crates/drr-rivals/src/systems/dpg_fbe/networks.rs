//! The three networks: the deterministic actor, the critic, and the model of the outcomes.

use super::DpgFbeConfig;
use crate::RivalError;
use candle_core::{D, Tensor};
use drr_core::Seeds;
use drr_nn::{Dense, Parameters};

/// Two ReLU layers and a tanh layer: the weight vector of a state, on top of a share of the user's vector.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    first: Dense,
    second: Dense,
    last: Dense,
    /// c, the share of the user's vector.
    base_scale: f64,
    dim: usize,
}

impl Actor {
    /// An actor from states `[B, S]`, which begin with the user's vector, to weight vectors `[B, D]`.
    pub(super) fn new(
        parameters: &mut Parameters,
        state_dim: usize,
        config: &DpgFbeConfig,
        dim: usize,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        let DpgFbeConfig { hidden, base_scale, .. } = *config;
        // On top of a base, the first outputs hardly move it.
        let bound = if base_scale > 0.0 { 3e-3 } else { 0.1 };
        Ok(Self {
            first: Dense::new(parameters, "actor.first", state_dim, hidden, seeds)?,
            second: Dense::new(parameters, "actor.second", hidden, hidden, seeds)?,
            last: Dense::with_bound(parameters, "actor.last", hidden, dim, bound, seeds)?,
            base_scale,
            dim,
        })
    }

    /// What the networks add to the base, `[B, D]` in `[-1, 1]`, in states `[B, S]`.
    pub(super) fn corrections(&self, states: &Tensor) -> Result<Tensor, RivalError> {
        let hidden = self.first.forward(states)?.relu()?;
        let hidden = self.second.forward(&hidden)?.relu()?;
        Ok(self.last.forward(&hidden)?.tanh()?)
    }

    /// The weight vectors `[B, D]` of states `[B, S]` with corrections `[B, D]`: `c u + correction`.
    pub(super) fn on_base(&self, states: &Tensor, corrections: &Tensor) -> Result<Tensor, RivalError> {
        Ok(((states.narrow(1, 0, self.dim)? * self.base_scale)? + corrections)?)
    }

    /// pi(s), the weight vectors `[B, D]` of states `[B, S]`.
    pub(super) fn forward(&self, states: &Tensor) -> Result<Tensor, RivalError> {
        self.on_base(states, &self.corrections(states)?)
    }
}

/// A ReLU layer on the state, the action joined to it, a ReLU layer on both, a value.
#[derive(Debug, Clone)]
pub(super) struct Critic {
    state: Dense,
    joint: Dense,
    last: Dense,
}

impl Critic {
    /// A critic of states of `state_dim` and actions of `dim`.
    pub(super) fn new(
        parameters: &mut Parameters,
        state_dim: usize,
        hidden: usize,
        dim: usize,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        Ok(Self {
            state: Dense::new(parameters, "critic.state", state_dim, hidden, seeds)?,
            joint: Dense::new(parameters, "critic.joint", hidden + dim, hidden, seeds)?,
            last: Dense::with_bound(parameters, "critic.last", hidden, 1, 3e-3, seeds)?,
        })
    }

    /// The values `[B]` of actions `[B, D]` in states `[B, S]`.
    pub(super) fn forward(&self, states: &Tensor, actions: &Tensor) -> Result<Tensor, RivalError> {
        let hidden = self.state.forward(states)?.relu()?;
        let hidden = self.joint.forward(&Tensor::cat(&[&hidden, actions], D::Minus1)?)?.relu()?;
        Ok(self.last.forward(&hidden)?.squeeze(1)?)
    }

    /// The same critic without gradients for its own parameters: for the actor's loss.
    pub(super) fn detached(&self) -> Self {
        Self { state: self.state.detached(), joint: self.joint.detached(), last: self.last.detached() }
    }
}

/// What the model says of one state and item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Outlook {
    /// b: the probability of a conversion, a positive reward.
    pub conversion: f32,
    /// c: the probability that the session goes on without one.
    pub continuation: f32,
    /// l: the probability that the session ends for good without one.
    pub abandonment: f32,
    /// m: the expected reward, given a conversion.
    pub deal: f32,
    /// `r_minus`: the expected reward, given none.
    pub refusal: f32,
}

/// The model of the outcomes: probabilities of conversion, continuation and abandonment, and the rewards given each.
#[derive(Debug, Clone)]
pub(super) struct OutcomeModel {
    first: Dense,
    second: Dense,
    last: Dense,
}

impl OutcomeModel {
    /// A model of states of `state_dim` and items of `dim`.
    pub(super) fn new(
        parameters: &mut Parameters,
        state_dim: usize,
        hidden: usize,
        dim: usize,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        Ok(Self {
            first: Dense::new(parameters, "model.first", state_dim + dim, hidden, seeds)?,
            second: Dense::new(parameters, "model.second", hidden, hidden, seeds)?,
            last: Dense::with_bound(parameters, "model.last", hidden, 5, 3e-3, seeds)?,
        })
    }

    /// Three logarithms of probabilities and two rewards, `[B, 5]`, of items `[B, D]` in states `[B, S]`.
    fn forward(&self, states: &Tensor, items: &Tensor) -> Result<(Tensor, Tensor), RivalError> {
        let inputs = Tensor::cat(&[states, items], D::Minus1)?;
        let hidden = self.first.forward(&inputs)?.relu()?;
        let outputs = self.last.forward(&self.second.forward(&hidden)?.relu()?)?;
        let logits = outputs.narrow(1, 0, 3)?;
        // From primitives, because the fused one has no gradient; the largest is a constant shift.
        let shifted = logits.broadcast_sub(&logits.max_keepdim(1)?.detach())?;
        let logs = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(1)?.log()?)?;
        Ok((logs, outputs.narrow(1, 3, 2)?))
    }

    /// What the model expects of items `[B, D]` in states `[B, S]`.
    pub(super) fn outlooks(&self, states: &Tensor, items: &Tensor) -> Result<Vec<Outlook>, RivalError> {
        let (logs, rewards) = self.forward(states, items)?;
        let probabilities = logs.exp()?.to_vec2::<f32>()?;
        let rewards = rewards.to_vec2::<f32>()?;
        let rows = probabilities.iter().zip(&rewards);
        Ok(rows
            .map(|(p, r)| Outlook {
                conversion: p[0],
                continuation: p[1],
                abandonment: p[2],
                deal: r[0],
                refusal: r[1],
            })
            .collect())
    }

    /// The cross-entropy of the outcomes, plus the squared error of the reward that belongs to the outcome: the mean over
    /// the batch. `outcomes` is `[B, 3]`, one 1 a row; `rewards` `[B]`.
    pub(super) fn loss(
        &self,
        states: &Tensor,
        items: &Tensor,
        outcomes: &Tensor,
        rewards: &Tensor,
    ) -> Result<Tensor, RivalError> {
        let (logs, expected) = self.forward(states, items)?;
        let entropy = (logs * outcomes)?.sum(1)?.neg()?;
        let converted = outcomes.narrow(1, 0, 1)?;
        let given = Tensor::cat(&[&converted, &converted.affine(-1.0, 1.0)?], 1)?;
        let errors = expected.broadcast_sub(&rewards.unsqueeze(1)?)?.sqr()?;
        Ok((entropy + (errors * given)?.sum(1)?)?.mean_all()?)
    }
}
