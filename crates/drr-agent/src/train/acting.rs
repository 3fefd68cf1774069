//! One step of every session that is under way: the part of the loop between two updates.

use super::DrrTrainee;
use crate::AgentError;
use crate::diagnostics::Round;
use drr_core::{Environment, ItemIdx, Observation, ScoredItem};
use drr_learn::{ListRequest, Served, Wiring};
use drr_replay::Transition;

impl DrrTrainee {
    /// Acts in every session with an observation, stores what followed, and leaves the next observations.
    pub(super) fn step_all<E: Environment>(
        &mut self,
        wiring: &Wiring<Self>,
        environments: &mut [E],
        observations: &mut [Option<Observation>],
        step: &mut u64,
        round: &mut Round,
    ) -> Result<(), AgentError> {
        let Wiring { config, world: tables, .. } = wiring;
        self.acting.clear();
        for observation in observations.iter().flatten() {
            self.acting.push_observation(observation, tables);
        }
        let mut outputs = self.learner.outputs(Served::Online, &self.acting, tables)?;
        round.own_outputs(&outputs);
        let dim = tables.dim();
        for output in outputs.chunks_exact_mut(dim) {
            config.exploration.explore(*step, output, &mut self.streams.exploration);
        }
        let lists = self.ranked(wiring, environments, observations, &outputs)?;
        let is_first = round.is_fresh();
        let mut executed: Vec<Vec<ItemIdx>> = Vec::with_capacity(lists.len());
        let under_way: Vec<usize> =
            (0..observations.len()).filter(|at| observations[*at].is_some()).collect();
        for ((at, list), output) in under_way.iter().zip(&lists).zip(outputs.chunks_exact(dim)) {
            let items = match observations[*at].take() {
                Some(observation) => {
                    let (items, next) = self.act(
                        wiring,
                        &mut environments[*at],
                        observation,
                        list,
                        output,
                        (*at, step, round),
                    )?;
                    observations[*at] = next;
                    items
                }
                None => Vec::new(),
            };
            executed.push(items);
        }
        if is_first {
            let values = self.learner.values(&self.acting, &outputs, &executed, tables)?;
            let rows = under_way.into_iter().zip(values).zip(&executed);
            let acted = rows.filter(|(_, items)| !items.is_empty());
            acted.for_each(|((at, value), _)| round.predicted(at, value));
        }
        Ok(())
    }

    /// The best candidates of every session under way for the actions made of `outputs` `[B, D]`.
    fn ranked<E: Environment>(
        &self,
        wiring: &Wiring<Self>,
        environments: &[E],
        observations: &[Option<Observation>],
        outputs: &[f32],
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        let under_way = environments.iter().zip(observations);
        let asked: Vec<_> = under_way
            .filter_map(|(environment, slot)| Some((slot.as_ref()?.user, environment.candidates())))
            .collect();
        let k = wiring.config.exploration.n_ranked(wiring.config.slate);
        let request = ListRequest { name: &wiring.name, rows: &asked, k };
        Ok(self.learner.ranked(Served::Online, &self.acting, outputs, &wiring.world, request)?)
    }

    /// Recommends one slate in session `at` and stores it as one transition. Returns its items, and the next observation unless the session has ended.
    fn act<E: Environment>(
        &mut self,
        wiring: &Wiring<Self>,
        environment: &mut E,
        observation: Observation,
        list: &[ScoredItem],
        output: &[f32],
        (at, n_steps, round): (usize, &mut u64, &mut Round),
    ) -> Result<(Vec<ItemIdx>, Option<Observation>), AgentError> {
        let (exploration, random) = (&wiring.config.exploration, &mut self.streams.exploration);
        let slate = wiring.config.slate;
        let chosen = exploration.choose(*n_steps, list, environment.candidates(), slate, random);
        round.own_items(list.iter().take(slate).map(|it| it.item));
        let (mut executed, mut rewards, mut last) = (Vec::new(), Vec::new(), None);
        for item in chosen {
            let next = environment.step(item)?;
            *n_steps += 1;
            round.step(item, next.reward);
            executed.push(item);
            rewards.push(next.reward);
            let ended = next.terminated || next.truncated;
            last = Some((item, next));
            if ended {
                break; // The rest of the slate is never seen.
            }
        }
        let Some((item, next)) = last else {
            return Ok((executed, None)); // No candidate: the session ended before it began.
        };
        let reward = wiring.config.slate_reward.of(&rewards);
        round.decision(at, output, reward);
        let ended = next.terminated || next.truncated;
        self.replay.push(&Transition {
            observation,
            item,
            action: output.to_vec(),
            reward,
            next_observation: next.observation.clone(),
            terminated: next.terminated,
            truncated: next.truncated,
            recommended: environment.recommended().to_vec(),
        })?;
        Ok((executed, (!ended).then_some(next.observation)))
    }
}

#[cfg(test)]
mod tests;
