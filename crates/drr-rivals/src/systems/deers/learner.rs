//! How DEERS acts and learns.

use super::network::{Feedback, Network};
use super::{DeersConfig, table};
use crate::RivalError;
use crate::memory::Experience;
use crate::situation::{RivalWorld, Situation};
use crate::system::{Report, Session, System};
use crate::systems::Parts;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, RandomStream, Seeds};
use drr_nn::{Adam, Parameters, soft_update};
use drr_store::NamedArray;
use rand::Rng;

/// The online and the target network with their optimizer.
pub(super) struct Learner {
    config: DeersConfig,
    discount: f32,
    items: EmbeddingTable,
    /// The same, `[I, D]`.
    vectors: Tensor,
    history_length: usize,
    online: Network,
    parameters: Parameters,
    target: Network,
    target_parameters: Parameters,
    adam: Adam,
}

impl Learner {
    /// An untrained learner; the target network starts as a copy.
    pub(super) fn new(config: &DeersConfig, parts: Parts<'_>, seeds: Seeds) -> Result<Self, RivalError> {
        let (mut parameters, mut target_parameters) = (Parameters::new(), Parameters::new());
        let dim = parts.items.dim();
        let online = Network::new(&mut parameters, config, dim, seeds)?;
        let target = Network::new(&mut target_parameters, config, dim, seeds)?;
        #[expect(clippy::cast_possible_truncation, reason = "values are single precision")]
        let discount = parts.config.discount as f32;
        Ok(Self {
            config: config.clone(),
            discount,
            items: parts.items.clone(),
            vectors: table(parts.items)?,
            history_length: parts.history_length,
            online,
            adam: Adam::new("deers", parameters.clone(), parts.config.optimizer.clone()),
            parameters,
            target,
            target_parameters,
        })
    }

    fn feedback(&self, situations: &[&Situation]) -> Result<Feedback, RivalError> {
        let rows = situations.iter().map(|it| (it.liked.as_slice(), it.disliked.as_slice()));
        Feedback::new(rows, &self.items, self.history_length)
    }

    /// The vectors of some items, `[C, D]`.
    fn vectors_of(&self, items: &[ItemIdx]) -> Result<Tensor, RivalError> {
        let values: Vec<f32> = items.iter().flat_map(|item| self.items.row(item.index())).copied().collect();
        Ok(Tensor::from_vec(values, (items.len(), self.items.dim()), &Device::Cpu)?)
    }

    /// `max_a' Q'(s+', s-', a')` over the drawn items that are still candidates; 0 after the end or without any.
    fn next_values(&self, batch: &[&Experience], random: &mut RandomStream) -> Result<Vec<f32>, RivalError> {
        let after: Vec<_> = batch.iter().map(|it| &it.after).collect();
        let n_items = self.vectors.dim(0)?;
        let drawn: Vec<ItemIdx> = if self.config.n_candidates < n_items {
            let drawn = rand::seq::index::sample(random, n_items, self.config.n_candidates);
            drawn.into_iter().map(ItemIdx::from).collect()
        } else {
            (0..n_items).map(ItemIdx::from).collect()
        };
        let scorer = self.target.scorer(&self.vectors_of(&drawn)?)?;
        let scores = scorer.scores(&self.target.states(&self.feedback(&after)?)?)?;
        let rows = batch.iter().zip(scores);
        Ok(rows
            .map(|(it, scores)| {
                let open = drawn.iter().zip(scores).filter(|(item, _)| !it.recommended.contains(item));
                let best = open.map(|(_, score)| score).reduce(larger);
                best.filter(|_| !it.terminated).unwrap_or(0.0)
            })
            .collect())
    }
}

/// The larger of two values; NaN if one is, so that it is found.
fn larger(left: f32, right: f32) -> f32 {
    if left.is_nan() || left > right { left } else { right }
}

/// The competitor of an experience's item: of the items with the opposite feedback, in the session if there are any and
/// else in the window, the one most similar by cosine, the latest of equals.
fn competitor(it: &Experience, items: &EmbeddingTable) -> Option<ItemIdx> {
    let (item, reward) = (*it.items.first()?, *it.rewards.first()?);
    let opposite = if reward > 0.0 { &it.before.disliked } else { &it.before.liked };
    let in_session = |other: &&ItemIdx| it.recommended.contains(other);
    let any = opposite.iter().any(|other| in_session(&other));
    let own = items.row(item.index());
    let mut best: Option<(f32, ItemIdx)> = None;
    for other in opposite.iter().filter(|other| **other != item && (!any || in_session(other))) {
        let similarity = cosine(own, items.row(other.index()));
        if best.is_none_or(|(greatest, _)| similarity >= greatest) {
            best = Some((similarity, *other));
        }
    }
    best.map(|(_, other)| other)
}

fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let norms = (dot(left, left) * dot(right, right)).sqrt();
    if norms > 0.0 { dot(left, right) / norms } else { 0.0 }
}

/// `mean((y - Q)^2 - alpha min((Q - Q_E)^2, margin^2))` (Zhao et al. 2018, bounded); all `[B]`, `present` is 1 where
/// there is a competitor.
fn loss(
    targets: &Tensor,
    values: &Tensor,
    competitors: &Tensor,
    present: &Tensor,
    config: &DeersConfig,
) -> Result<Tensor, RivalError> {
    let square = config.pairwise_margin * config.pairwise_margin;
    let missing = (values - competitors)?.sqr()?.affine(-1.0, square)?.relu()?;
    // min(x, m) = m - relu(m - x); times the mask.
    let apart = (missing.affine(-1.0, square)? * present)?;
    let errors = (targets - values)?.sqr()?;
    Ok((errors - (apart * config.pairwise_weight)?)?.mean_all()?)
}

impl System for Learner {
    fn act(
        &mut self,
        _world: &RivalWorld,
        sessions: &[Session<'_>],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Vec<Vec<ItemIdx>>, RivalError> {
        let epsilon = self.exploration(step);
        let explored: Vec<Option<ItemIdx>> = sessions
            .iter()
            .map(|session| {
                let explores = random.random::<f64>() < epsilon;
                let at = explores.then(|| random.random_range(0..session.candidates.len()))?;
                session.candidates.iter().nth(at)
            })
            .collect();
        let greedy = sessions.iter().zip(&explored).filter(|(_, item)| item.is_none());
        let situations: Vec<_> = greedy.map(|(session, _)| session.situation).collect();
        let scores = if situations.is_empty() {
            Vec::new()
        } else {
            let states = self.online.states(&self.feedback(&situations)?)?;
            self.online.scorer(&self.vectors)?.scores(&states)?
        };
        let mut scores = scores.into_iter();
        let choose = |(session, explored): (&Session<'_>, Option<ItemIdx>)| {
            let item = explored.or_else(|| best(&scores.next()?, session.candidates.iter()));
            item.into_iter().collect()
        };
        Ok(sessions.iter().zip(explored).map(choose).collect())
    }

    fn update(
        &mut self,
        _world: &RivalWorld,
        batch: &[&Experience],
        _step: u64,
        random: &mut RandomStream,
    ) -> Result<Report, RivalError> {
        let next =
            if self.discount > 0.0 { self.next_values(batch, random)? } else { vec![0.0; batch.len()] };
        let rewards = batch.iter().map(|it| it.rewards.first().copied().unwrap_or(0.0));
        let targets: Vec<f32> =
            rewards.zip(&next).map(|(reward, next)| reward + self.discount * next).collect();
        let items: Vec<ItemIdx> = batch.iter().filter_map(|it| it.items.first().copied()).collect();
        let rivals: Vec<_> = batch.iter().map(|it| competitor(it, &self.items)).collect();
        let present: Vec<f32> = rivals.iter().map(|it| f32::from(u8::from(it.is_some()))).collect();
        let rivals: Vec<ItemIdx> =
            rivals.into_iter().zip(&items).map(|(it, own)| it.unwrap_or(*own)).collect();
        let before: Vec<_> = batch.iter().map(|it| &it.before).collect();
        let states = self.online.states(&self.feedback(&before)?)?;
        let values = self.online.values(&states, &self.vectors_of(&items)?)?;
        let competitors = self.online.values(&states, &self.vectors_of(&rivals)?)?;
        let n_rows = batch.len();
        let wanted = Tensor::from_slice(&targets, n_rows, &Device::Cpu)?;
        let present = Tensor::from_vec(present, n_rows, &Device::Cpu)?;
        let loss = loss(&wanted, &values, &competitors, &present, &self.config)?;
        let td_error = (wanted - &values)?.abs()?.mean_all()?.to_scalar::<f32>()?;
        self.adam.step(&loss.backward()?)?;
        #[expect(clippy::cast_possible_truncation, reason = "parameters are single precision")]
        soft_update(&self.target_parameters, &self.parameters, self.config.tau as f32)?;
        let value = values.mean_all()?.to_scalar::<f32>()?;
        Ok(Report {
            loss: f64::from(loss.to_scalar::<f32>()?),
            td_error: f64::from(td_error),
            value: f64::from(value),
        })
    }

    fn exploration(&self, step: u64) -> f64 {
        self.config.epsilon.at(step)
    }

    fn served(&self) -> Result<Vec<NamedArray>, RivalError> {
        Ok(self.parameters.to_arrays("")?)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = self.parameters.to_arrays("online.")?;
        arrays.extend(self.target_parameters.to_arrays("target.")?);
        arrays.extend(self.adam.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), RivalError> {
        self.parameters.load_arrays("online.", arrays)?;
        self.target_parameters.load_arrays("target.", arrays)?;
        Ok(self.adam.load_arrays(arrays)?)
    }
}

/// The allowed item with the greatest score, the first of equals.
fn best(scores: &[f32], allowed: impl Iterator<Item = ItemIdx>) -> Option<ItemIdx> {
    allowed.reduce(|best, item| if scores[item.index()] > scores[best.index()] { item } else { best })
}

#[cfg(test)]
mod tests;
