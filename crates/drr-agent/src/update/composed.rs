//! The update rule in tensor operations with automatic gradients: the reference, to be read first.
//!
//! Parts that are optional have files of their own; an agent that names none of them is the paper's.

mod anchor;
mod conservative;
mod draws;
mod targets;

mod slates;

use crate::action::compose;
use crate::flat;
use crate::networks::Networks;
use crate::refinement::refined;
use crate::{AgentConfig, ReplayAction};
use candle_core::{Device, Tensor};
use draws::Draws;
use drr_core::{ScoredItem, Seeds};
use drr_learn::{
    Inputs, LearnError, ListRequest, Rows, Served, Side, StateFeatures, TrainingTables, UpdateReport, Updater,
};
use drr_nn::{Adam, soft_update};
use drr_replay::Batch;
use drr_store::NamedArray;
use slates::{last_slate, mean_vectors};

/// Online networks, target networks, and their optimizers.
#[derive(Debug)]
pub(crate) struct ComposedLearner {
    config: AgentConfig,
    pub(crate) online: Networks,
    targets: Networks,
    actor_optimizer: Adam,
    critic_optimizer: Adam,
    draws: Draws,
    anchoring: anchor::Buffers,
    pub(crate) n_updates: u64,
}

impl ComposedLearner {
    /// Fresh networks; the targets start as copies.
    pub(crate) fn new(
        config: &AgentConfig,
        tables: &TrainingTables,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, LearnError> {
        if config.anchor.is_some() && !tables.has_positives() {
            return Err(LearnError::Settings("the anchor needs tables with positives"));
        }
        let n_features = tables.features(config.features)?.map_or(0, StateFeatures::n_features);
        let items = tables.item_tensor()?;
        let online = Networks::with_features(config, &items, history_length, n_features, seeds)?;
        let targets = online.copy(config, seeds)?;
        let actor_optimizer =
            Adam::new("actor_optimizer", online.actor_parameters.clone(), config.actor_optimizer.clone());
        let critic_optimizer =
            Adam::new("critic_optimizer", online.critic_parameters.clone(), config.critic_optimizer.clone());
        let (config, draws) = (config.clone(), Draws::new(config, seeds));
        Ok(Self {
            config,
            online,
            targets,
            actor_optimizer,
            critic_optimizer,
            draws,
            anchoring: anchor::Buffers::new(),
            n_updates: 0,
        })
    }

    /// The online or the target networks.
    pub(crate) const fn networks(&self, which: Served) -> &Networks {
        match which {
            Served::Online => &self.online,
            Served::Target => &self.targets,
        }
    }

    /// Whether the present update moves actor and targets: always, or every d-th time (Fujimoto et al. 2018).
    fn moves_actor(&self) -> bool {
        let delay = self.config.td3.as_ref().map_or(1, |td3| td3.policy_delay);
        (self.n_updates + 1).is_multiple_of(delay)
    }

    /// Whether the anchor alone moves the actor: the twin without TD learning.
    fn is_anchored_alone(&self) -> bool {
        self.config.anchor.as_ref().is_some_and(|anchor| anchor.value_weight == 0.0)
    }

    /// The critic's loss (Liu et al. 2018, eq. 4): the weighted mean of `(y - Q(s, a))^2`, of each critic. It moves the state module too,
    /// but in the twin without TD learning.
    ///
    /// Returns the states `[B, S]` that the critics read.
    fn move_critics(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        now: &Inputs,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<Tensor, LearnError> {
        let actions = self.replayed_actions(batch, tables)?;
        let weights = Tensor::from_slice(&batch.weights, batch.rewards.len(), &Device::Cpu)?;
        let td_targets = self.td_targets(batch, tables)?;
        let states = self.online.states(now)?;
        // Where the value has no say, the actor's state is not the critic's to move.
        let states = if self.is_anchored_alone() { states.detach() } else { states };
        let values = self.online.critic.forward(&states, &actions)?;
        let td_errors = (&td_targets - &values)?;
        let mut critic_loss = (td_errors.sqr()? * &weights)?.mean_all()?;
        if let Some(twin) = &self.online.twin {
            let errors = (&td_targets - twin.forward(&states, &actions)?)?;
            critic_loss = (critic_loss + (errors.sqr()? * &weights)?.mean_all()?)?;
        }
        if let Some(config) = self.config.conservative.clone() {
            let term = self.conservative_term(&config, now, &states, &actions)?;
            report.terms.push(("conservative_term", scalar(&term)?));
            critic_loss = (critic_loss + (term * f64::from(config.weight))?)?;
        }
        if self.config.has_switches() {
            report.terms.push(("replayed_value", scalar(&values.mean_all()?)?));
        }
        report.critic_loss = self.finite("the critic's loss", scalar(&critic_loss)?, step)?;
        report.td_errors = td_errors.to_vec1()?;
        self.critic_optimizer.step(&critic_loss.backward()?)?;
        Ok(states)
    }

    /// The actor's gradient (Liu et al. 2018, eq. 3): `grad_a Q(s, a)` at `a = pi(s)`, the current policy's action.
    fn move_actor(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        now: &Inputs,
        states: &Tensor,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError> {
        let before_tanh = self.online.actor.before_tanh(states)?;
        let outputs = before_tanh.tanh()?;
        let proposed = self.critic_action(now, &outputs)?;
        let values = self.online.critic.detached().forward(states, &proposed)?;
        let value = values.mean_all()?;
        report.mean_value = self.finite("the value of the policy", scalar(&value)?, step)?;
        if !self.moves_actor() {
            return Ok(());
        }
        let mut loss = value.neg()?;
        if let Some(config) = self.config.anchor.clone() {
            loss = if self.is_anchored_alone() {
                loss.detach().zeros_like()?
            } else {
                (loss * anchor::value_factor(&config, &values)?)?
            };
            let actions = compose(&self.config.action, &now.users, &outputs)?;
            let term = self.anchor_term(&config, batch, tables, &actions)?;
            let anchor_loss = self.finite("the anchor's loss", term.loss, step)?;
            report.terms.extend([("anchor_loss", anchor_loss), ("anchored_share", term.share)]);
            // Its value is of no account, its gradient is the anchor's.
            loss = (loss + ((actions * term.gradients)?.sum_all()? * f64::from(config.weight))?)?;
        }
        if let Some(weight) = self.config.saturation_penalty {
            let penalty = saturation(&before_tanh)?;
            report.terms.push(("saturation", self.finite("the saturation", scalar(&penalty)?, step)?));
            loss = (loss + (penalty * f64::from(weight))?)?;
        }
        let gradients = loss.backward()?;
        self.actor_optimizer.step(&gradients)?;
        if self.config.actor_moves_state {
            self.critic_optimizer.step(&gradients)?;
        }
        Ok(())
    }

    /// What the critic is told of a replayed action, `[B, D]`.
    fn replayed_actions(&self, batch: &Batch, tables: &TrainingTables) -> Result<Tensor, LearnError> {
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
    fn critic_action(&self, inputs: &Inputs, outputs: &Tensor) -> Result<Tensor, LearnError> {
        match self.config.replay_action {
            ReplayAction::Proto => Ok(outputs.clone()),
            ReplayAction::Item => compose(&self.config.action, &inputs.users, outputs),
        }
    }

    fn finite(&self, what: &'static str, value: f64, step: u64) -> Result<f64, LearnError> {
        if value.is_finite() {
            Ok(value)
        } else {
            Err(LearnError::NotFinite { what, value, update: self.n_updates, step })
        }
    }
}

impl Updater for ComposedLearner {
    fn name(&self) -> &'static str {
        "composed"
    }

    fn n_updates(&self) -> u64 {
        self.n_updates
    }

    fn set_rate_factors(&mut self, actor: f64, critic: f64) {
        self.actor_optimizer.set_rate_factor(actor);
        self.critic_optimizer.set_rate_factor(critic);
    }

    fn update(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError> {
        *report = UpdateReport::default();
        let now = Inputs::sampled(batch, Side::Now, tables, self.online.history_length())?;
        let states = self.move_critics(batch, tables, &now, step, report)?;
        let is_due = self.moves_actor();
        let states = if self.config.actor_moves_state { self.online.states(&now)? } else { states.detach() };
        self.move_actor(batch, tables, &now, &states, step, report)?;
        if is_due {
            let tau = self.config.tau;
            soft_update(&self.targets.actor_parameters, &self.online.actor_parameters, tau)?;
            soft_update(&self.targets.critic_parameters, &self.online.critic_parameters, tau)?;
        }
        self.n_updates += 1;
        Ok(())
    }

    fn outputs(&mut self, which: Served, rows: &Rows, _: &TrainingTables) -> Result<Vec<f32>, LearnError> {
        let networks = self.networks(which);
        let outputs = networks.actor.forward(&networks.states(&rows.inputs()?)?)?;
        Ok(outputs.flatten_all()?.to_vec1()?)
    }

    fn values(&self, rows: &Rows, actions: &[f32], _: &TrainingTables) -> Result<Vec<f32>, LearnError> {
        let inputs = rows.inputs()?;
        let actions = Tensor::from_slice(actions, inputs.users.shape(), &Device::Cpu)?;
        Ok(self.online.critic.forward(&self.online.states(&inputs)?, &actions)?.to_vec1()?)
    }

    fn trained_items(&self) -> Result<Option<Vec<f32>>, LearnError> {
        let trained = self.config.fine_tune_items.then(|| self.online.items.flatten_all()?.to_vec1::<f32>());
        Ok(trained.transpose()?)
    }

    fn ranked(
        &self,
        which: Served,
        rows: &Rows,
        outputs: &[f32],
        _: &TrainingTables,
        request: ListRequest<'_>,
        refines: bool,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
        let networks = Self::networks(self, which);
        let nearest = |request: ListRequest<'_>| {
            flat::with_values(&networks.items, |items| {
                flat::ranked(&self.config.action, items, rows, outputs, request)
            })?
            .map_err(LearnError::from)
        };
        match self.config.refinement.as_ref().filter(|_| refines) {
            Some(refinement) => {
                let states = networks.states(&rows.inputs()?)?;
                refined(refinement, networks, &states, request, nearest)
            }
            None => nearest(request),
        }
    }

    fn networks(&self, which: Served) -> Result<Vec<NamedArray>, LearnError> {
        Self::networks(self, which).to_arrays("")
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, LearnError> {
        let mut arrays = self.online.to_arrays("online.")?;
        arrays.extend(self.targets.to_arrays("target.")?);
        arrays.extend(self.actor_optimizer.to_arrays());
        arrays.extend(self.critic_optimizer.to_arrays());
        arrays.extend(self.draws.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), LearnError> {
        self.online.load_arrays("online.", arrays)?;
        self.targets.load_arrays("target.", arrays)?;
        self.actor_optimizer.load_arrays(arrays)?;
        self.critic_optimizer.load_arrays(arrays)?;
        self.draws.load_arrays(arrays)?;
        self.n_updates = n_updates;
        Ok(())
    }
}

/// Where the penalty on saturation begins, before the tanh: an output of 0.9.
const SATURATED: f64 = 1.472_219_489_583_220_3;

/// `mean(relu(|x| - atanh(0.9))^2)` of outputs before the tanh, `[B, D]`.
///
/// A penalty on the output itself would have no gradient just where the tanh has none.
fn saturation(before_tanh: &Tensor) -> Result<Tensor, LearnError> {
    Ok((before_tanh.abs()? - SATURATED)?.relu()?.sqr()?.mean_all()?)
}

fn scalar(tensor: &Tensor) -> Result<f64, LearnError> {
    Ok(f64::from(tensor.to_scalar::<f32>()?))
}

#[cfg(test)]
mod tests;
