//! One step of every session that is under way: the part of the loop between two updates.

use super::Trainer;
use crate::action::Request;
use crate::diagnostics::Round;
use crate::{AgentError, Served};
use drr_core::{Environment, ItemIdx, Observation, ScoredItem};
use drr_replay::Transition;

impl<E: Environment> Trainer<E> {
    /// Acts in every session with an observation, stores what followed, and leaves the next observations.
    pub(super) fn step_all(
        &mut self,
        observations: &mut [Option<Observation>],
        round: &mut Round,
    ) -> Result<(), AgentError> {
        self.acting.clear();
        for observation in observations.iter().flatten() {
            self.acting.push_observation(observation, &self.tables);
        }
        let mut outputs = self.learner.outputs(Served::Online, &self.acting, &self.tables)?;
        round.own_outputs(&outputs);
        let dim = self.tables.dim();
        for output in outputs.chunks_exact_mut(dim) {
            self.config.exploration.explore(self.step, output, &mut self.streams.exploration);
        }
        let lists = self.ranked(observations, &outputs)?;
        let is_first = round.is_fresh();
        let mut executed: Vec<Vec<ItemIdx>> = Vec::with_capacity(lists.len());
        let under_way: Vec<usize> =
            (0..observations.len()).filter(|at| observations[*at].is_some()).collect();
        for ((at, list), output) in under_way.iter().zip(&lists).zip(outputs.chunks_exact(dim)) {
            let items = match observations[*at].take() {
                Some(observation) => {
                    let (items, next) = self.act(*at, observation, list, output, round)?;
                    observations[*at] = next;
                    items
                }
                None => Vec::new(),
            };
            executed.push(items);
        }
        if is_first {
            let values = self.learner.values(&self.acting, &outputs, &executed, &self.tables)?;
            let rows = under_way.into_iter().zip(values).zip(&executed);
            let acted = rows.filter(|(_, items)| !items.is_empty());
            acted.for_each(|((at, value), _)| round.predicted(at, value));
        }
        Ok(())
    }

    /// The best candidates of every session under way for the actions made of `outputs` `[B, D]`.
    fn ranked(
        &self,
        observations: &[Option<Observation>],
        outputs: &[f32],
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        let under_way = self.environments.iter().zip(observations);
        let asked: Vec<_> = under_way
            .filter_map(|(environment, slot)| Some((slot.as_ref()?.user, environment.candidates())))
            .collect();
        let k = self.config.exploration.n_ranked(self.config.slate);
        let request = Request { name: &self.name, rows: &asked, k };
        Ok(self.learner.ranked(Served::Online, &self.acting, outputs, &self.tables, request)?)
    }

    /// Recommends one slate in session `at` and stores it as one transition. Returns its items, and the next observation unless the session has ended.
    fn act(
        &mut self,
        at: usize,
        observation: Observation,
        list: &[ScoredItem],
        output: &[f32],
        round: &mut Round,
    ) -> Result<(Vec<ItemIdx>, Option<Observation>), AgentError> {
        let environment = &mut self.environments[at];
        let (exploration, random) = (&self.config.exploration, &mut self.streams.exploration);
        let slate = self.config.slate;
        let chosen = exploration.choose(self.step, list, environment.candidates(), slate, random);
        round.own_items(list.iter().take(slate).map(|it| it.item));
        let (mut executed, mut rewards, mut last) = (Vec::new(), Vec::new(), None);
        for item in chosen {
            let next = environment.step(item)?;
            self.step += 1;
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
        let reward = self.config.slate_reward.of(&rewards);
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
