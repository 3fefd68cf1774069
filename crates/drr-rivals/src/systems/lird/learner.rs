//! How LIRD acts and learns: deep deterministic policy gradients over whole lists.

use super::networks::{Actor, Critic, Sizes, as_lists, lists, states};
use super::{LirdConfig, columns, list, sizes};
use crate::RivalError;
use crate::memory::Experience;
use crate::situation::RivalWorld;
use crate::system::{Report, Session, System};
use crate::systems::Parts;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, RandomStream, Seeds};
use drr_nn::{Adam, AdamConfig, Parameters, soft_update};
use drr_store::NamedArray;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// An actor and a critic with their parameters.
struct Networks {
    actor: Actor,
    critic: Critic,
    actor_parameters: Parameters,
    critic_parameters: Parameters,
}

impl Networks {
    fn new(sizes: Sizes, seeds: Seeds) -> Result<Self, RivalError> {
        let (mut actor_parameters, mut critic_parameters) = (Parameters::new(), Parameters::new());
        let actor = Actor::new(&mut actor_parameters, sizes, seeds)?;
        let critic = Critic::new(&mut critic_parameters, sizes, seeds)?;
        Ok(Self { actor, critic, actor_parameters, critic_parameters })
    }

    fn to_arrays(&self, prefix: &str) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = self.actor_parameters.to_arrays(prefix)?;
        arrays.extend(self.critic_parameters.to_arrays(prefix)?);
        Ok(arrays)
    }

    fn load_arrays(&self, prefix: &str, arrays: &[NamedArray]) -> Result<(), RivalError> {
        self.actor_parameters.load_arrays(prefix, arrays)?;
        Ok(self.critic_parameters.load_arrays(prefix, arrays)?)
    }
}

/// The online and the target networks with their optimizers.
pub(super) struct Learner {
    config: LirdConfig,
    discount: f32,
    position_discount: f32,
    sizes: Sizes,
    items: EmbeddingTable,
    /// The same, `[D, I]`.
    columns: Tensor,
    online: Networks,
    target: Networks,
    actor_adam: Adam,
    critic_adam: Adam,
}

impl Learner {
    /// An untrained learner; the target networks start as copies.
    pub(super) fn new(config: &LirdConfig, parts: Parts<'_>, seeds: Seeds) -> Result<Self, RivalError> {
        let sizes = sizes(config, parts);
        let (online, target) = (Networks::new(sizes, seeds)?, Networks::new(sizes, seeds)?);
        let of_critic = parts.config.optimizer.clone();
        let of_actor = AdamConfig { learning_rate: config.actor_learning_rate, ..of_critic.clone() };
        #[expect(clippy::cast_possible_truncation, reason = "values are single precision")]
        let (discount, position_discount) = (parts.config.discount as f32, config.position_discount as f32);
        Ok(Self {
            config: config.clone(),
            discount,
            position_discount,
            sizes,
            items: parts.items.clone(),
            columns: columns(parts.items)?,
            actor_adam: Adam::new("lird_actor", online.actor_parameters.clone(), of_actor),
            critic_adam: Adam::new("lird_critic", online.critic_parameters.clone(), of_critic),
            online,
            target,
        })
    }

    /// Adds noise to the weights of the sessions that explore, `[B, K, D]`.
    fn explored(
        &self,
        weights: &Tensor,
        epsilon: f64,
        random: &mut RandomStream,
    ) -> Result<Tensor, RivalError> {
        let width = self.sizes.slate * self.sizes.dim;
        let mut values: Vec<f32> = weights.flatten_all()?.to_vec1()?;
        #[expect(clippy::cast_possible_truncation, reason = "weights are single precision")]
        let noise = self.config.noise as f32;
        for row in values.chunks_mut(width) {
            if random.random::<f64>() < epsilon {
                for value in row {
                    let drawn: f32 = StandardNormal.sample(random);
                    *value += noise * drawn;
                }
            }
        }
        Ok(Tensor::from_vec(values, weights.shape(), &Device::Cpu)?)
    }

    /// The items that the lists of the targets are chosen from.
    fn drawn(&self, random: &mut RandomStream) -> Vec<ItemIdx> {
        let (n_items, n_candidates) = (self.items.n_rows(), self.config.n_candidates);
        if n_candidates < n_items {
            let drawn = rand::seq::index::sample(random, n_items, n_candidates);
            drawn.into_iter().map(ItemIdx::from).collect()
        } else {
            (0..n_items).map(ItemIdx::from).collect()
        }
    }

    /// `Q'(s', a')` with the list `a'` that the target actor's weights choose out of the drawn items that are still
    /// candidates; 0 after the end or without any, `[B]`.
    fn next_values(&self, batch: &[&Experience], random: &mut RandomStream) -> Result<Vec<f32>, RivalError> {
        let drawn = self.drawn(random);
        let after = states(batch.iter().map(|it| it.after.liked.as_slice()), &self.items, self.sizes)?;
        let weights = self.target.actor.forward(&after)?;
        let values: Vec<f32> = drawn.iter().flat_map(|item| self.items.row(item.index())).copied().collect();
        let vectors = Tensor::from_vec(values, (drawn.len(), self.items.dim()), &Device::Cpu)?;
        let scores = list::scores(&weights, &vectors.t()?.contiguous()?)?;
        let chosen: Result<Vec<Vec<ItemIdx>>, RivalError> = batch
            .iter()
            .zip(&scores)
            .map(|(it, scores)| {
                let open = drawn.iter().enumerate().filter(|(_, item)| !it.recommended.contains(item));
                let open = ItemSet::from_items(drawn.len(), open.map(|(at, _)| ItemIdx::from(at)));
                let places =
                    list::choose(scores, &open, self.sizes.slate).map_err(|bad| not_finite(bad.score, 0))?;
                Ok(places.into_iter().map(|place| drawn[place.index()]).collect())
            })
            .collect();
        let chosen = chosen?;
        let next = lists(chosen.iter().map(Vec::as_slice), &self.items, self.sizes)?;
        let values: Vec<f32> = self.target.critic.forward(&after, &next)?.to_vec1()?;
        let rows = batch.iter().zip(&chosen).zip(values);
        Ok(rows
            .map(|((it, chosen), value)| if it.terminated || chosen.is_empty() { 0.0 } else { value })
            .collect())
    }

    /// `y = sum_k Gamma^(k-1) r_k + gamma Q'(s', a')` (Zhao et al. 2018), `[B]`.
    fn targets(&self, batch: &[&Experience], random: &mut RandomStream) -> Result<Tensor, RivalError> {
        let next =
            if self.discount > 0.0 { self.next_values(batch, random)? } else { vec![0.0; batch.len()] };
        let rewards = batch.iter().map(|it| list::reward(&it.rewards, self.position_discount));
        let values: Vec<f32> =
            rewards.zip(next).map(|(reward, next)| reward + self.discount * next).collect();
        Ok(Tensor::from_vec(values, batch.len(), &Device::Cpu)?)
    }
}

/// A score that is no number, in an environment step.
fn not_finite(value: f32, step: u64) -> RivalError {
    RivalError::NotFinite { what: "the score of an item", value: f64::from(value), update: 0, step }
}

impl System for Learner {
    fn slate(&self) -> usize {
        self.sizes.slate
    }

    fn act(
        &mut self,
        _world: &RivalWorld,
        sessions: &[Session<'_>],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Vec<Vec<ItemIdx>>, RivalError> {
        let liked = sessions.iter().map(|session| session.situation.liked.as_slice());
        let weights = self.online.actor.forward(&states(liked, &self.items, self.sizes)?)?;
        let weights = self.explored(&weights, self.exploration(step), random)?;
        let scores = list::scores(&weights, &self.columns)?;
        let rows = sessions.iter().zip(&scores);
        rows.map(|(session, scores)| {
            list::choose(scores, session.candidates, self.sizes.slate)
                .map_err(|bad| not_finite(bad.score, step))
        })
        .collect()
    }

    fn update(
        &mut self,
        _world: &RivalWorld,
        batch: &[&Experience],
        _step: u64,
        random: &mut RandomStream,
    ) -> Result<Report, RivalError> {
        let targets = self.targets(batch, random)?;
        let before = states(batch.iter().map(|it| it.before.liked.as_slice()), &self.items, self.sizes)?;
        let shown = lists(batch.iter().map(|it| it.items.as_slice()), &self.items, self.sizes)?;
        let errors = (targets - self.online.critic.forward(&before, &shown)?)?;
        let loss = errors.sqr()?.mean_all()?;
        self.critic_adam.step(&loss.backward()?)?;
        let weights = as_lists(&self.online.actor.forward(&before)?)?;
        let value = self.online.critic.detached().forward(&before, &weights)?.mean_all()?;
        self.actor_adam.step(&value.neg()?.backward()?)?;
        #[expect(clippy::cast_possible_truncation, reason = "parameters are single precision")]
        let tau = self.config.tau as f32;
        soft_update(&self.target.critic_parameters, &self.online.critic_parameters, tau)?;
        soft_update(&self.target.actor_parameters, &self.online.actor_parameters, tau)?;
        Ok(Report {
            loss: f64::from(loss.to_scalar::<f32>()?),
            td_error: f64::from(errors.abs()?.mean_all()?.to_scalar::<f32>()?),
            value: f64::from(value.to_scalar::<f32>()?),
        })
    }

    fn exploration(&self, step: u64) -> f64 {
        self.config.epsilon.at(step)
    }

    /// The target actor: it averages the online one over about `1 / tau` updates.
    fn served(&self) -> Result<Vec<NamedArray>, RivalError> {
        Ok(self.target.actor_parameters.to_arrays("")?)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = self.online.to_arrays("online.")?;
        arrays.extend(self.target.to_arrays("target.")?);
        arrays.extend(self.actor_adam.to_arrays());
        arrays.extend(self.critic_adam.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), RivalError> {
        self.online.load_arrays("online.", arrays)?;
        self.target.load_arrays("target.", arrays)?;
        self.actor_adam.load_arrays(arrays)?;
        Ok(self.critic_adam.load_arrays(arrays)?)
    }
}

#[cfg(test)]
mod tests;
