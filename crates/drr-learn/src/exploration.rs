//! Exploration: noise on the actor's output, random items, or a draw among the best; and how much of it at which step.

use crate::{LearnError, Schedule};
use drr_core::{ItemIdx, ItemSet, MetricSink, RandomStream, ScoredItem};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// In what way the agent explores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExplorationKind {
    /// With probability epsilon, Gaussian noise on every coordinate of the actor's output.
    Gaussian {},
    /// With probability epsilon, a random allowed item in place of the best one.
    RandomItem {},
    /// Always a draw among the best `n_best` items: item `i` with probability in proportion to `exp(score_i / temperature)`.
    Softmax {
        /// How many items are drawn from; 10 where a configuration names no other number.
        #[serde(default = "n_best")]
        n_best: usize,
        /// The temperature, in units of the scores, by environment steps; 1 where a configuration names no other.
        #[serde(default)]
        temperature: Schedule,
    },
}

const fn n_best() -> usize {
    10
}

impl Default for ExplorationKind {
    fn default() -> Self {
        Self::Gaussian {}
    }
}

impl ExplorationKind {
    /// Whether it is what an agent has that names none.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How the agent explores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExplorationConfig {
    /// The probability of noise at the first step.
    pub epsilon_start: f64,
    /// The probability of noise that is never gone below.
    pub epsilon_end: f64,
    /// The number of environment steps from start to end, linearly.
    pub decay_steps: u64,
    /// The standard deviation of the Gaussian noise on each coordinate of the actor's output.
    pub noise: f32,
    /// In what way it explores.
    #[serde(skip_serializing_if = "ExplorationKind::is_default")]
    pub kind: ExplorationKind,
    /// The probability of exploring by environment steps, in place of the three numbers of epsilon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon_schedule: Option<Schedule>,
    /// The standard deviation by environment steps, in place of `noise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise_schedule: Option<Schedule>,
}

impl Default for ExplorationConfig {
    /// The shipped agent's: from noise in every session to noise in every other one.
    fn default() -> Self {
        Self::gaussian(1.0, 0.5, 40_000, 0.5)
    }
}

impl ExplorationConfig {
    /// Gaussian noise with an epsilon that falls linearly.
    #[must_use]
    pub const fn gaussian(epsilon_start: f64, epsilon_end: f64, decay_steps: u64, noise: f32) -> Self {
        let kind = ExplorationKind::Gaussian {};
        let (epsilon_schedule, noise_schedule) = (None, None);
        Self { epsilon_start, epsilon_end, decay_steps, noise, kind, epsilon_schedule, noise_schedule }
    }

    /// Checks what serde cannot; `learns_items` says whether the replay holds the item's vector, and not the actor's output.
    ///
    /// # Errors
    ///
    /// Names the first field out of its range, and refuses an exploration of items where the actor's output is learned from.
    pub fn check(&self, learns_items: bool) -> Result<(), LearnError> {
        let large = 1e9;
        Schedule::Constant { value: self.epsilon_start }.check("exploration.epsilon_start", 0.0, 1.0)?;
        Schedule::Constant { value: self.epsilon_end }.check("exploration.epsilon_end", 0.0, 1.0)?;
        Schedule::Constant { value: f64::from(self.noise) }.check("exploration.noise", 0.0, large)?;
        if let Some(schedule) = &self.epsilon_schedule {
            schedule.check("exploration.epsilon_schedule", 0.0, 1.0)?;
        }
        if let Some(schedule) = &self.noise_schedule {
            schedule.check("exploration.noise_schedule", 0.0, large)?;
        }
        if let ExplorationKind::Softmax { n_best, temperature } = &self.kind {
            temperature.check("exploration.kind.temperature", 1e-6, large)?;
            #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
            let n_best = *n_best as f64;
            Schedule::Constant { value: n_best }.check("exploration.kind.n_best", 1.0, 1e6)?;
        }
        if !matches!(self.kind, ExplorationKind::Gaussian {}) && !learns_items {
            return Err(LearnError::Settings(
                "an exploration that changes the item needs replay_action = \"item\": the actor's output did not choose it",
            ));
        }
        Ok(())
    }

    /// epsilon after `step` environment steps: linear from start to end, then constant, unless a schedule is set.
    ///
    /// It decays with every step, whether that step explored or not.
    #[must_use]
    pub fn epsilon(&self, step: u64) -> f64 {
        let Self { epsilon_start: start, epsilon_end: end, decay_steps: steps, .. } = *self;
        self.epsilon_schedule.unwrap_or(Schedule::Linear { start, end, steps }).at(step)
    }

    /// The standard deviation of the noise after `step` environment steps.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "noise is single precision")]
    pub fn noise(&self, step: u64) -> f32 {
        self.noise_schedule.map_or(self.noise, |schedule| schedule.at(step) as f32)
    }

    /// Records what the schedules that are set say at `step`; epsilon always.
    pub fn record(&self, step: u64, sink: &mut dyn MetricSink) {
        sink.record(step, "epsilon", self.epsilon(step));
        if let Some(schedule) = &self.noise_schedule {
            sink.record(step, "noise", schedule.at(step));
        }
        if let ExplorationKind::Softmax { temperature, .. } = &self.kind {
            sink.record(step, "temperature", temperature.at(step));
        }
    }

    /// Adds noise to `output` (`[D]`) with probability epsilon, and clips it to `[-1, 1]`; nothing where it is the item that
    /// is explored.
    ///
    /// Always draws the same number of values, so that the stream's position tells nothing of the past.
    pub fn explore(&self, step: u64, output: &mut [f32], random: &mut RandomStream) {
        if !matches!(self.kind, ExplorationKind::Gaussian {}) {
            return;
        }
        let explores = random.random::<f64>() < self.epsilon(step);
        let deviation = self.noise(step);
        for value in output {
            let noise: f32 = StandardNormal.sample(random);
            if explores {
                *value = (*value + deviation * noise).clamp(-1.0, 1.0);
            }
        }
    }

    /// How many of the best items must be ranked to recommend `k`.
    #[must_use]
    pub fn n_ranked(&self, k: usize) -> usize {
        match self.kind {
            ExplorationKind::Softmax { n_best, .. } => n_best.max(k),
            ExplorationKind::Gaussian {} | ExplorationKind::RandomItem {} => k,
        }
    }

    /// The at most `k` items that are executed, out of the best ones in `ranked` and of all `candidates`.
    ///
    /// Draws as many values as `k` and the settings say, however many items there are.
    pub fn choose(
        &self,
        step: u64,
        ranked: &[ScoredItem],
        candidates: &ItemSet,
        k: usize,
        random: &mut RandomStream,
    ) -> Vec<ItemIdx> {
        let mut chosen: Vec<ItemIdx> = ranked.iter().take(k).map(|it| it.item).collect();
        match self.kind {
            ExplorationKind::Gaussian {} => {}
            ExplorationKind::RandomItem {} => {
                let epsilon = self.epsilon(step);
                for place in 0..k {
                    let (explores, share) = (random.random::<f64>() < epsilon, random.random::<f64>());
                    if explores && place < chosen.len() {
                        let free = |item: &ItemIdx| !chosen.contains(item) || chosen[place] == *item;
                        let n_free = candidates.len() - chosen.len() + 1;
                        let at = (share * n_free as f64) as usize;
                        if let Some(item) = candidates.iter().filter(free).nth(at) {
                            chosen[place] = item;
                        }
                    }
                }
            }
            ExplorationKind::Softmax { n_best, temperature } => {
                // The k greatest of score / temperature plus Gumbel noise are k draws without replacement.
                let temperature = temperature.at(step);
                let gumbel = |_| -(-random.random::<f64>().ln()).ln();
                let draws: Vec<f64> = (0..n_best.max(k)).map(gumbel).collect();
                let perturbed = |(it, draw): (&ScoredItem, &f64)| f64::from(it.score) / temperature + draw;
                let mut keyed: Vec<(f64, ItemIdx)> =
                    ranked.iter().zip(&draws).map(|pair| (perturbed(pair), pair.0.item)).collect();
                keyed.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
                chosen.iter_mut().zip(keyed).for_each(|(chosen, (_, item))| *chosen = item);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests;
