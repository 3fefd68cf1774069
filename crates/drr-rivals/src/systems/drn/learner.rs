//! The learning side of DRN: major updates by double Q-learning, minor updates by the duel of a round.

use super::DrnConfig;
use super::activeness::ActivenessConfig;
use super::duel::{Direction, Duel, Side, interleave};
use super::network::{self, Network, item_tensor, rows_of};
use crate::RivalError;
use crate::memory::Experience;
use crate::situation::{ReturnTimes, RivalWorld, View};
use crate::system::{Report, Session, System};
use crate::systems::Parts;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, RandomStream, Seeds};
use drr_nn::{Adam, Parameters};
use drr_store::{NamedArray, Values};
use std::collections::VecDeque;
use std::sync::Arc;

/// A network with its parameters.
#[derive(Debug)]
struct Net {
    parameters: Parameters,
    network: Network,
}

impl Net {
    fn new(dim: usize, hidden: usize, seeds: Seeds) -> Result<Self, RivalError> {
        let mut parameters = Parameters::new();
        let network = Network::new(&mut parameters, dim, hidden, seeds)?;
        Ok(Self { parameters, network })
    }
}

/// The learning side.
pub(super) struct Drn {
    config: DrnConfig,
    discount: f64,
    history_length: usize,
    items: EmbeddingTable,
    /// All item vectors, `[I, D]`.
    all_items: Tensor,
    online: Net,
    target: Net,
    explore: Net,
    optimizer: Adam,
    activeness: Option<(ActivenessConfig, Arc<dyn ReturnTimes>)>,
    /// The direction of the round under way.
    direction: Option<Direction>,
    duel: Duel,
    /// Where the items of the decisions came from that are shown but not yet answered.
    shown: VecDeque<Vec<Side>>,
    n_updates: u64,
    n_decisions: u64,
}

impl Drn {
    /// Untrained networks, the target a copy.
    pub(super) fn new(
        config: &DrnConfig,
        parts: Parts<'_>,
        world: &RivalWorld,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        let net = || Net::new(parts.items.dim(), config.hidden, seeds);
        let online = net()?;
        let activeness = match (&config.activeness, world.returns()) {
            (None, _) => None,
            (Some(activeness), Some(returns)) => Some((activeness.clone(), Arc::clone(returns))),
            (Some(_), None) => {
                let message = "drn's activeness needs return times, and the world has none";
                return Err(RivalError::Tables(message.to_owned()));
            }
        };
        Ok(Self {
            optimizer: Adam::new("drn", online.parameters.clone(), parts.config.optimizer.clone()),
            config: config.clone(),
            discount: parts.config.discount,
            history_length: parts.history_length,
            all_items: item_tensor(parts.items)?,
            items: parts.items.clone(),
            online,
            target: net()?,
            explore: net()?,
            activeness,
            direction: None,
            duel: Duel::default(),
            shown: VecDeque::new(),
            n_updates: 0,
            n_decisions: 0,
        })
    }

    fn inputs(&self, views: &[View]) -> Result<network::Inputs, RivalError> {
        network::inputs(views, &self.items, self.history_length)
    }

    /// `gamma Q'(s', argmax_a Q(s', a))` of each experience, 0 after its end, and the mean of `max_a Q(s', a)`.
    fn bootstraps(
        &self,
        world: &RivalWorld,
        batch: &[&Experience],
        random: &mut RandomStream,
    ) -> Result<(Vec<f64>, f64), RivalError> {
        let n_items = self.items.n_rows();
        let drawn: Vec<ItemIdx> = if self.config.n_candidates >= n_items {
            (0..n_items).map(ItemIdx::from).collect()
        } else {
            let drawn = rand::seq::index::sample(random, n_items, self.config.n_candidates);
            drawn.iter().map(ItemIdx::from).collect()
        };
        let vectors = rows_of(&drawn, &self.items)?;
        let views: Vec<View> = batch.iter().map(|it| world.view(&it.after)).collect();
        let inputs = self.inputs(&views)?;
        let online = self.online.network.all_values(&inputs, &vectors)?;
        let target = self.target.network.all_values(&inputs, &vectors)?;
        let (mut total, mut n_values) = (0.0, 0.0_f64);
        let mut bootstraps = Vec::with_capacity(batch.len());
        for ((it, online), target) in batch.iter().zip(&online).zip(&target) {
            let best = if it.terminated { None } else { best_of(&drawn, online, &it.recommended) };
            if let Some(best) = best {
                total += f64::from(online[best]);
                n_values += 1.0;
            }
            bootstraps.push(best.map_or(0.0, |best| self.discount * f64::from(target[best])));
        }
        Ok((bootstraps, total / n_values.max(1.0)))
    }

    /// The list of a network's best candidates.
    fn list(&self, scores: &[f32], candidates: &ItemSet, step: u64) -> Result<Vec<ItemIdx>, RivalError> {
        let ranked = drr_core::rank(scores, candidates, self.config.list_length);
        let ranked = ranked.map_err(|bad| RivalError::NotFinite {
            what: "the score of an item",
            value: f64::from(bad.score),
            update: self.n_updates,
            step,
        })?;
        Ok(ranked.into_iter().map(|it| it.item).collect())
    }

    /// Items drawn uniformly, which take no part in the duel.
    fn act_at_random(&mut self, sessions: &[Session<'_>], random: &mut RandomStream) -> Vec<Vec<ItemIdx>> {
        let mut slates = Vec::with_capacity(sessions.len());
        for session in sessions {
            let all: Vec<ItemIdx> = session.candidates.iter().collect();
            let drawn = rand::seq::index::sample(random, all.len(), self.slate().min(all.len()));
            slates.push(drawn.iter().map(|at| all[at]).collect());
            self.shown.push_back(Vec::new());
        }
        slates
    }
}

/// Where the greatest value is among the items that were not recommended.
fn best_of(items: &[ItemIdx], values: &[f32], recommended: &[ItemIdx]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, item) in items.iter().enumerate() {
        let is_better = best.is_none_or(|best| values[at] > values[best]);
        if is_better && !recommended.contains(item) {
            best = Some(at);
        }
    }
    best
}

impl System for Drn {
    fn slate(&self) -> usize {
        self.config.slate
    }

    fn act(
        &mut self,
        world: &RivalWorld,
        sessions: &[Session<'_>],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Vec<Vec<ItemIdx>>, RivalError> {
        self.n_decisions += 1;
        self.shown.clear();
        if step < self.config.random_steps {
            return Ok(self.act_at_random(sessions, random));
        }
        let direction = match self.direction.take() {
            Some(direction) => direction,
            None => Direction::draw(&self.online.parameters, self.config.explore, random)?,
        };
        direction.apply(&self.online.parameters, &self.explore.parameters, 1.0)?;
        self.direction = Some(direction);
        let views: Vec<View> = sessions.iter().map(|session| world.view(session.situation)).collect();
        let inputs = self.inputs(&views)?;
        let current = self.online.network.all_values(&inputs, &self.all_items)?;
        let explore = self.explore.network.all_values(&inputs, &self.all_items)?;
        let mut slates = Vec::with_capacity(sessions.len());
        for ((session, current), explore) in sessions.iter().zip(&current).zip(&explore) {
            let current = self.list(current, session.candidates, step)?;
            let explore = self.list(explore, session.candidates, step)?;
            let slate = interleave([&current, &explore], self.slate(), self.config.rank_exponent, random);
            slates.push(slate.iter().map(|(item, _)| *item).collect());
            self.shown.push_back(slate.into_iter().map(|(_, side)| side).collect());
        }
        Ok(slates)
    }

    fn observe(&mut self, experience: &mut Experience) {
        if let Some(sides) = self.shown.pop_front() {
            self.duel.note(&sides, &experience.rewards);
        }
        if let Some((activeness, returns)) = &self.activeness {
            activeness.add_to(experience, &**returns);
        }
    }

    fn learns_now(&self) -> bool {
        self.n_decisions.is_multiple_of(self.config.major_every)
    }

    fn update(
        &mut self,
        world: &RivalWorld,
        batch: &[&Experience],
        _step: u64,
        random: &mut RandomStream,
    ) -> Result<Report, RivalError> {
        let later = if self.discount > 0.0 { Some(self.bootstraps(world, batch, random)?) } else { None };
        let (mut views, mut items, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (at, it) in batch.iter().enumerate() {
            let view = world.view(&it.before);
            let bootstrap = later.as_ref().map_or(0.0, |(bootstraps, _)| bootstraps[at]);
            for (item, reward) in it.items.iter().zip(&it.rewards) {
                views.push(view.clone());
                items.push(*item);
                #[expect(clippy::cast_possible_truncation, reason = "targets are single precision")]
                targets.push((f64::from(*reward) + bootstrap) as f32);
            }
        }
        let n_targets = targets.len();
        let targets = Tensor::from_vec(targets, n_targets, &Device::Cpu)?;
        let values = self.online.network.values(&self.inputs(&views)?, &rows_of(&items, &self.items)?)?;
        let errors = (&targets - &values)?;
        let loss = errors.sqr()?.mean_all()?;
        let td_error = f64::from(errors.detach().abs()?.mean_all()?.to_scalar::<f32>()?);
        let own = f64::from(values.detach().mean_all()?.to_scalar::<f32>()?);
        let report = Report {
            loss: f64::from(loss.to_scalar::<f32>()?),
            td_error,
            value: later.map_or(own, |(_, value)| value),
        };
        if report.loss.is_finite() {
            self.optimizer.step(&loss.backward()?)?;
            self.n_updates += 1;
            if self.n_updates.is_multiple_of(self.config.target_every) {
                self.target.parameters.copy_from(&self.online.parameters)?;
            }
        }
        Ok(report)
    }

    fn after_round(
        &mut self,
        _world: &RivalWorld,
        _round: u64,
        _sample: &mut dyn FnMut(usize) -> Vec<Experience>,
    ) -> Result<(), RivalError> {
        let duel = std::mem::take(&mut self.duel);
        if let Some(direction) = self.direction.take()
            && duel.explore_won()
        {
            direction.apply(&self.online.parameters, &self.online.parameters, self.config.exploit)?;
        }
        Ok(())
    }

    /// Half of the items come from the explore network, once the uniform ones are over.
    fn exploration(&self, step: u64) -> f64 {
        if step < self.config.random_steps { 1.0 } else { 0.5 }
    }

    fn served(&self) -> Result<Vec<NamedArray>, RivalError> {
        Ok(self.online.parameters.to_arrays("")?)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = self.online.parameters.to_arrays("online.")?;
        arrays.extend(self.target.parameters.to_arrays("target.")?);
        arrays.extend(self.optimizer.to_arrays());
        let counts = Values::U64(vec![self.n_updates, self.n_decisions]);
        arrays.push(NamedArray::new("drn.counts", vec![2], counts));
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), RivalError> {
        self.online.parameters.load_arrays("online.", arrays)?;
        self.target.parameters.load_arrays("target.", arrays)?;
        self.optimizer.load_arrays(arrays)?;
        let counts = NamedArray::u64(arrays, "drn.counts", 2)?;
        (self.n_updates, self.n_decisions) = (counts[0], counts[1]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_item_is_none_that_was_recommended() {
        let items = [ItemIdx(4), ItemIdx(2), ItemIdx(7)];
        assert_eq!(best_of(&items, &[1.0, 3.0, 2.0], &[ItemIdx(2)]), Some(2));
        assert_eq!(best_of(&items, &[1.0, 3.0, 2.0], &items), None);
    }
}
