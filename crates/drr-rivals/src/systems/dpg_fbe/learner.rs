//! How DPG-FBE acts and learns; the update reads from top to bottom.

#[cfg(test)]
mod tests;

use super::backup::{converted, outcome, target};
use super::networks::{Actor, Critic, OutcomeModel};
use super::{DpgFbeConfig, Parts, state_dim, states_of, transposed};
use crate::RivalError;
use crate::memory::Experience;
use crate::situation::{RivalWorld, View};
use crate::system::{Report, Session, System};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, RandomStream, Seeds};
use drr_nn::{Adam, AdamConfig, Parameters, soft_update};
use drr_store::{NamedArray, Values};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::collections::VecDeque;

/// The networks that have a target copy.
struct ActorCritic {
    actor: Actor,
    actor_parameters: Parameters,
    critic: Critic,
    critic_parameters: Parameters,
}

impl ActorCritic {
    fn new(config: &DpgFbeConfig, dim: usize, seeds: Seeds) -> Result<Self, RivalError> {
        let (mut actor_parameters, mut critic_parameters) = (Parameters::new(), Parameters::new());
        let actor = Actor::new(&mut actor_parameters, state_dim(dim), config, dim, seeds)?;
        let critic = Critic::new(&mut critic_parameters, state_dim(dim), config.hidden, dim, seeds)?;
        Ok(Self { actor, actor_parameters, critic, critic_parameters })
    }
}

/// The learning side.
pub(super) struct DpgFbe {
    config: DpgFbeConfig,
    discount: f32,
    window: usize,
    items: EmbeddingTable,
    items_by_dim: Tensor,
    online: ActorCritic,
    targets: ActorCritic,
    model: OutcomeModel,
    model_parameters: Parameters,
    actor_optimizer: Adam,
    critic_optimizer: Adam,
    model_optimizer: Adam,
    n_updates: u64,
    /// The weight vectors of the latest decision, until the experiences that they led to are observed.
    executed: VecDeque<Vec<f32>>,
}

impl DpgFbe {
    /// Fresh networks; the targets start as copies.
    pub(super) fn new(config: &DpgFbeConfig, parts: Parts<'_>, seeds: Seeds) -> Result<Self, RivalError> {
        let dim = parts.items.dim();
        let online = ActorCritic::new(config, dim, seeds)?;
        let targets = ActorCritic::new(config, dim, seeds)?;
        let mut model_parameters = Parameters::new();
        let model = OutcomeModel::new(&mut model_parameters, state_dim(dim), config.hidden, dim, seeds)?;
        let shared = &parts.config.optimizer;
        let own =
            AdamConfig { learning_rate: config.actor_learning_rate, l2: config.actor_l2, ..shared.clone() };
        #[expect(clippy::cast_possible_truncation, reason = "networks are single precision")]
        let discount = parts.config.discount as f32;
        Ok(Self {
            discount,
            window: parts.history_length,
            items_by_dim: transposed(parts.items)?,
            items: parts.items.clone(),
            actor_optimizer: Adam::new("actor_optimizer", online.actor_parameters.clone(), own),
            critic_optimizer: Adam::new("critic_optimizer", online.critic_parameters.clone(), shared.clone()),
            model_optimizer: Adam::new("model_optimizer", model_parameters.clone(), shared.clone()),
            config: config.clone(),
            online,
            targets,
            model,
            model_parameters,
            n_updates: 0,
            executed: VecDeque::new(),
        })
    }

    /// The vectors `[B, D]` of items.
    fn vectors(&self, items: impl Iterator<Item = ItemIdx>) -> Result<Tensor, RivalError> {
        let values: Vec<f32> = items.flat_map(|item| self.items.row(item.index()).iter().copied()).collect();
        let dim = self.items.dim();
        let n_rows = values.len() / dim;
        Ok(Tensor::from_vec(values, (n_rows, dim), &Device::Cpu)?)
    }

    /// `Q'(s, pi'(s))`.
    fn next_values(&self, views: &[View]) -> Result<Vec<f32>, RivalError> {
        let states = states_of(views.iter(), &self.items, self.window)?;
        let weights = self.targets.actor.forward(&states)?;
        Ok(self.targets.critic.forward(&states, &weights)?.to_vec1()?)
    }

    /// The full backup targets of a batch, `[B]`.
    fn full_backups(
        &self,
        world: &RivalWorld,
        batch: &[&Experience],
        states: &Tensor,
        items: &Tensor,
        before: Vec<View>,
    ) -> Result<Vec<f32>, RivalError> {
        let outlooks = self.model.outlooks(states, items)?;
        let n = batch.len();
        let mut values = vec![0.0; 2 * n];
        if self.discount > 0.0 {
            let accepted =
                batch.iter().map(|it| world.view(&converted(&it.before, it.items[0], self.window)));
            let views: Vec<View> = accepted.chain(before).collect();
            values = self.next_values(&views)?;
        }
        let (conversions, refusals) = values.split_at(n);
        let rows = outlooks.iter().zip(conversions.iter().zip(refusals)).zip(batch);
        Ok(rows
            .map(|((outlook, (plus, minus)), it)| {
                let goes_on = f32::from(u8::from(!it.terminated));
                let ends = self.config.ends_at_conversion;
                let plus = if ends { 0.0 } else { plus * goes_on };
                target(*outlook, plus, minus * goes_on, self.discount)
            })
            .collect())
    }

    /// One step of the model of the outcomes.
    fn update_model(
        &mut self,
        batch: &[&Experience],
        states: &Tensor,
        items: &Tensor,
    ) -> Result<f64, RivalError> {
        let mut outcomes = vec![0.0_f32; 3 * batch.len()];
        batch.iter().enumerate().for_each(|(row, it)| outcomes[3 * row + outcome(it)] = 1.0);
        let outcomes = Tensor::from_vec(outcomes, (batch.len(), 3), &Device::Cpu)?;
        let rewards: Vec<f32> = batch.iter().map(|it| it.rewards[0]).collect();
        let rewards = Tensor::from_vec(rewards, batch.len(), &Device::Cpu)?;
        let loss = self.model.loss(states, items, &outcomes, &rewards)?;
        self.model_optimizer.step(&loss.backward()?)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }
}

/// The allowed item with the greatest score, the first of equals.
fn best(scores: &[f32], allowed: &ItemSet) -> Option<ItemIdx> {
    let mut found: Option<(usize, f32)> = None;
    for (at, score) in scores.iter().enumerate() {
        if found.is_none_or(|(_, least)| *score > least) && allowed.contains(ItemIdx::from(at)) {
            found = Some((at, *score));
        }
    }
    found.map(|(at, _)| ItemIdx::from(at))
}

impl System for DpgFbe {
    fn act(
        &mut self,
        world: &RivalWorld,
        sessions: &[Session<'_>],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Vec<Vec<ItemIdx>>, RivalError> {
        let views: Vec<View> = sessions.iter().map(|session| world.view(session.situation)).collect();
        let states = states_of(views.iter(), &self.items, self.window)?;
        let mut corrections = self.online.actor.corrections(&states)?.flatten_all()?.to_vec1::<f32>()?;
        let (epsilon, size) = (self.config.exploration.epsilon(step), self.config.exploration.noise(step));
        for row in corrections.chunks_mut(self.items.dim()) {
            let explores = random.random::<f64>() < epsilon;
            for value in row {
                // Drawn always, so that the stream's position tells nothing of the past.
                let noise: f32 = StandardNormal.sample(random);
                if explores {
                    *value = (*value + size * noise).clamp(-1.0, 1.0);
                }
            }
        }
        let corrections = Tensor::from_vec(corrections, (sessions.len(), self.items.dim()), &Device::Cpu)?;
        let weights = self.online.actor.on_base(&states, &corrections)?;
        self.executed = weights.to_vec2()?.into();
        let scores = weights.matmul(&self.items_by_dim)?.to_vec2::<f32>()?;
        let rows = scores.iter().zip(sessions);
        Ok(rows.map(|(row, session)| best(row, session.candidates).into_iter().collect()).collect())
    }

    fn observe(&mut self, experience: &mut Experience) {
        // Experiences come in the order of the decisions.
        experience.action = self.executed.pop_front().unwrap_or_default();
    }

    fn update(
        &mut self,
        world: &RivalWorld,
        batch: &[&Experience],
        _step: u64,
        _random: &mut RandomStream,
    ) -> Result<Report, RivalError> {
        let before: Vec<View> = batch.iter().map(|it| world.view(&it.before)).collect();
        let states = states_of(before.iter(), &self.items, self.window)?;
        let items = self.vectors(batch.iter().map(|it| it.items[0]))?;
        let model_loss = self.update_model(batch, &states, &items)?;
        self.n_updates += 1;
        if self.n_updates <= self.config.model_updates {
            return Ok(Report { loss: model_loss, ..Report::default() });
        }

        // The critic: towards the full backup.
        let targets = self.full_backups(world, batch, &states, &items, before)?;
        let targets = Tensor::from_vec(targets, batch.len(), &Device::Cpu)?;
        let executed: Vec<f32> = batch.iter().flat_map(|it| it.action.iter().copied()).collect();
        let executed = Tensor::from_vec(executed, (batch.len(), self.items.dim()), &Device::Cpu)?;
        let errors = (self.online.critic.forward(&states, &executed)? - targets)?;
        let loss = errors.sqr()?.mean_all()?;
        self.critic_optimizer.step(&loss.backward()?)?;

        // The actor: along grad_a Q at a = pi(s).
        let weights = self.online.actor.forward(&states)?;
        let values = self.online.critic.detached().forward(&states, &weights)?.mean_all()?;
        self.actor_optimizer.step(&values.neg()?.backward()?)?;

        #[expect(clippy::cast_possible_truncation, reason = "networks are single precision")]
        let tau = self.config.tau as f32;
        soft_update(&self.targets.actor_parameters, &self.online.actor_parameters, tau)?;
        soft_update(&self.targets.critic_parameters, &self.online.critic_parameters, tau)?;
        Ok(Report {
            loss: f64::from(loss.to_scalar::<f32>()?),
            td_error: f64::from(errors.abs()?.mean_all()?.to_scalar::<f32>()?),
            value: f64::from(values.to_scalar::<f32>()?),
        })
    }

    fn exploration(&self, step: u64) -> f64 {
        self.config.exploration.epsilon(step)
    }

    fn served(&self) -> Result<Vec<NamedArray>, RivalError> {
        Ok(self.targets.actor_parameters.to_arrays("")?)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = Vec::new();
        for (side, prefix) in [(&self.online, "online."), (&self.targets, "target.")] {
            arrays.extend(side.actor_parameters.to_arrays(prefix)?);
            arrays.extend(side.critic_parameters.to_arrays(prefix)?);
        }
        arrays.extend(self.model_parameters.to_arrays("online.")?);
        for optimizer in [&self.actor_optimizer, &self.critic_optimizer, &self.model_optimizer] {
            arrays.extend(optimizer.to_arrays());
        }
        arrays.push(NamedArray::new("dpg_fbe.updates", vec![1], Values::U64(vec![self.n_updates])));
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), RivalError> {
        for (side, prefix) in [(&self.online, "online."), (&self.targets, "target.")] {
            side.actor_parameters.load_arrays(prefix, arrays)?;
            side.critic_parameters.load_arrays(prefix, arrays)?;
        }
        self.model_parameters.load_arrays("online.", arrays)?;
        for optimizer in [&mut self.actor_optimizer, &mut self.critic_optimizer, &mut self.model_optimizer] {
            optimizer.load_arrays(arrays)?;
        }
        self.n_updates = NamedArray::u64(arrays, "dpg_fbe.updates", 1)?[0];
        Ok(())
    }
}
