//! The update rule in tensor operations with automatic gradients: the reference, to be read first.

mod slates;

use super::UpdateReport;
use crate::action::{compose, scores};
use crate::batch::{Inputs, Rows, Side, sampled};
use crate::networks::Networks;
use crate::tables::TrainingTables;
use crate::{AgentConfig, AgentError, ReplayAction, Served, StateFeatures};
use candle_core::{Device, Tensor};
use drr_core::{ItemIdx, ItemSet, Seeds, rank};
use drr_nn::{Adam, NamedArray, soft_update};
use drr_replay::Batch;
use slates::{last_slate, mean_vectors};

/// Online networks, target networks, and their optimizers.
#[derive(Debug)]
pub(crate) struct ComposedLearner {
    config: AgentConfig,
    pub(crate) online: Networks,
    targets: Networks,
    actor_optimizer: Adam,
    critic_optimizer: Adam,
    pub(crate) n_updates: u64,
}

impl ComposedLearner {
    /// Fresh networks; the targets start as copies.
    pub(crate) fn new(
        config: &AgentConfig,
        tables: &TrainingTables,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, AgentError> {
        let n_features = tables.features(config)?.map_or(0, StateFeatures::n_features);
        let items = tables.item_tensor()?;
        let online = Networks::with_features(config, &items, history_length, n_features, seeds)?;
        let targets = online.copy(config, seeds)?;
        let actor_optimizer =
            Adam::new("actor_optimizer", online.actor_parameters.clone(), config.actor_optimizer.clone());
        let critic_optimizer =
            Adam::new("critic_optimizer", online.critic_parameters.clone(), config.critic_optimizer.clone());
        Ok(Self { config: config.clone(), online, targets, actor_optimizer, critic_optimizer, n_updates: 0 })
    }

    /// The online or the target networks.
    pub(crate) const fn networks(&self, which: Served) -> &Networks {
        match which {
            Served::Online => &self.online,
            Served::Target => &self.targets,
        }
    }

    /// Multiplies the learning rates of the updates to come.
    pub(crate) const fn set_rate_factors(&mut self, actor: f64, critic: f64) {
        self.actor_optimizer.set_rate_factor(actor);
        self.critic_optimizer.set_rate_factor(critic);
    }

    /// One update of critic, state module, actor and targets from one batch.
    pub(crate) fn update(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
    ) -> Result<UpdateReport, AgentError> {
        let history_length = self.online.history_length();
        let n_rows = batch.rewards.len();
        let now = sampled(batch, Side::Now, tables, history_length)?;
        let actions = self.replayed_actions(batch, tables)?;
        let weights = Tensor::from_slice(&batch.weights, n_rows, &Device::Cpu)?;

        // The critic's loss (eq. 4): the weighted mean of (y - Q(s, a))^2. It moves the state module too.
        let td_targets = self.td_targets(batch, tables)?;
        let states = self.online.states(&now)?;
        let values = self.online.critic.forward(&states, &actions)?;
        let td_errors = (td_targets - values)?;
        let critic_loss = (td_errors.sqr()? * weights)?.mean_all()?;
        let loss = self.finite("the critic's loss", f64::from(critic_loss.to_scalar::<f32>()?), step)?;
        self.critic_optimizer.step(&critic_loss.backward()?)?;

        // The actor's gradient (eq. 3): grad_a Q(s, a) at a = pi(s), the current policy's action.
        let states = if self.config.actor_moves_state { self.online.states(&now)? } else { states.detach() };
        let outputs = self.online.actor.forward(&states)?;
        let proposed = self.critic_action(&now, &outputs)?;
        let value = self.online.critic.detached().forward(&states, &proposed)?.mean_all()?;
        let mean_value =
            self.finite("the value of the policy", f64::from(value.to_scalar::<f32>()?), step)?;
        let gradients = value.neg()?.backward()?;
        self.actor_optimizer.step(&gradients)?;
        if self.config.actor_moves_state {
            self.critic_optimizer.step(&gradients)?;
        }

        soft_update(&self.targets.actor_parameters, &self.online.actor_parameters, self.config.tau)?;
        soft_update(&self.targets.critic_parameters, &self.online.critic_parameters, self.config.tau)?;
        self.n_updates += 1;
        Ok(UpdateReport { td_errors: td_errors.to_vec1()?, critic_loss: loss, mean_value })
    }

    /// `y = r + gamma Q'(s', pi'(s'))`, without the future where a session truly ended. A time limit is no end.
    fn td_targets(&self, batch: &Batch, tables: &TrainingTables) -> Result<Tensor, AgentError> {
        let n_rows = batch.rewards.len();
        let rewards = Tensor::from_slice(&batch.rewards, n_rows, &Device::Cpu)?;
        if self.config.discount == 0.0 {
            return Ok(rewards);
        }
        let next = sampled(batch, Side::Next, tables, self.online.history_length())?;
        let states = self.targets.states(&next)?.detach();
        let outputs = self.targets.actor.forward(&states)?.detach();
        let actions = match self.config.replay_action {
            ReplayAction::Proto => outputs,
            ReplayAction::Item => self.chosen_items(batch, &next, &outputs)?,
        };
        let values = self.targets.critic.forward(&states, &actions)?.detach();
        #[expect(clippy::cast_possible_truncation, reason = "tensors are single precision")]
        let discounts: Vec<f32> = batch
            .terminated
            .iter()
            .map(|ended| if *ended { 0.0 } else { self.config.discount as f32 })
            .collect();
        Ok((rewards + (values * Tensor::from_vec(discounts, n_rows, &Device::Cpu)?)?)?)
    }

    /// The vectors `[B, D]` of the items that the target policy would recommend next, none of them twice in a session; of a
    /// slate, their mean.
    fn chosen_items(&self, batch: &Batch, next: &Inputs, outputs: &Tensor) -> Result<Tensor, AgentError> {
        let actions = compose(&self.config.action, &next.users, outputs)?;
        let items = self.targets.items.detach();
        let n_items = items.dim(0)?;
        let scores = scores(&actions, &items)?;
        let mut candidates = ItemSet::full(n_items);
        let window = self.online.history_length();
        let mut chosen = Vec::with_capacity(batch.rewards.len());
        for (row, scores) in scores.chunks_exact(n_items).enumerate() {
            let length = batch.next_observations.lengths[row] as usize;
            let history = &batch.next_observations.histories[row * window..][..length];
            let history = || history.iter().map(|item| ItemIdx(*item));
            let gone = || history().chain(batch.recommended(row).iter().copied());
            gone().for_each(|item| candidates.remove(item));
            let best = rank(scores, &candidates, self.config.slate).unwrap_or_default();
            let best: Vec<ItemIdx> = best.iter().map(|it| it.item).collect();
            // Without a candidate the session has ended, and the future does not count.
            chosen.push(if best.is_empty() { vec![ItemIdx(0)] } else { best });
            gone().for_each(|item| candidates.insert(item));
        }
        mean_vectors(&items, &chosen)
    }

    /// What the critic is told of a replayed action, `[B, D]`.
    fn replayed_actions(&self, batch: &Batch, tables: &TrainingTables) -> Result<Tensor, AgentError> {
        let shape = (batch.rewards.len(), tables.dim());
        Ok(match self.config.replay_action {
            ReplayAction::Proto => Tensor::from_slice(&batch.actions, shape, &Device::Cpu)?,
            ReplayAction::Item => {
                let slate = |row| last_slate(batch.recommended(row), self.config.slate).to_vec();
                let items = self.online.items.detach();
                match self.config.slate {
                    1 => items.index_select(&Tensor::from_slice(&batch.items, shape.0, &Device::Cpu)?, 0)?,
                    _ => mean_vectors(&items, &(0..shape.0).map(slate).collect::<Vec<_>>())?,
                }
            }
        })
    }

    /// What the critic is told of the actor's outputs, `[B, D]`, differentiable.
    fn critic_action(&self, inputs: &Inputs, outputs: &Tensor) -> Result<Tensor, AgentError> {
        match self.config.replay_action {
            ReplayAction::Proto => Ok(outputs.clone()),
            ReplayAction::Item => compose(&self.config.action, &inputs.users, outputs),
        }
    }

    fn finite(&self, what: &'static str, value: f64, step: u64) -> Result<f64, AgentError> {
        if value.is_finite() {
            Ok(value)
        } else {
            Err(AgentError::NotFinite { what, value, update: self.n_updates, step })
        }
    }

    /// The online critic's values `[B]` of actions `[B, D]`.
    pub(crate) fn values(&self, rows: &Rows, actions: &[f32]) -> Result<Vec<f32>, AgentError> {
        let inputs = rows.inputs()?;
        let actions = Tensor::from_slice(actions, inputs.users.shape(), &Device::Cpu)?;
        Ok(self.online.critic.forward(&self.online.states(&inputs)?, &actions)?.to_vec1()?)
    }

    /// Networks, targets and optimizers as arrays.
    pub(crate) fn to_arrays(&self) -> Result<Vec<NamedArray>, AgentError> {
        let mut arrays = self.online.to_arrays("online.")?;
        arrays.extend(self.targets.to_arrays("target.")?);
        arrays.extend(self.actor_optimizer.to_arrays());
        arrays.extend(self.critic_optimizer.to_arrays());
        Ok(arrays)
    }

    /// Sets networks, targets and optimizers; the count of updates comes beside.
    pub(crate) fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), AgentError> {
        self.online.load_arrays("online.", arrays)?;
        self.targets.load_arrays("target.", arrays)?;
        self.actor_optimizer.load_arrays(arrays)?;
        self.critic_optimizer.load_arrays(arrays)?;
        self.n_updates = n_updates;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
