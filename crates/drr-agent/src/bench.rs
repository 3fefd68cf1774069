//! One update on random numbers, for benchmarks: sample from the replay, learn, set the priorities.

use crate::tables::TrainingTables;
use crate::update::Learner;
use crate::{AgentConfig, AgentError};
use drr_core::{
    ContextIdx, EmbeddingTable, ItemIdx, Observation, PartSet, RandomStream, RowDigest, RowOrigin, Seeds,
};
use drr_replay::{Replay, Sizes, Transition};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The sizes of a benchmark beside those of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BenchSizes {
    /// I, the catalogue.
    pub n_items: usize,
    /// The users' vectors.
    pub n_contexts: usize,
    /// D, the dimension of the vectors.
    pub dim: usize,
    /// N, the window.
    pub history_length: usize,
    /// Transitions in the replay.
    pub n_transitions: usize,
}

/// A learner with a full replay of random transitions.
///
/// Losses on one fixed batch would go to zero, and with them the work: every step draws another.
pub struct UpdateBench {
    learner: Learner,
    replay: Replay,
    tables: TrainingTables,
    random: RandomStream,
    batch_size: usize,
}

impl UpdateBench {
    /// Random vectors and transitions, all from `seed`.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range.
    pub fn new(config: &AgentConfig, sizes: BenchSizes, seed: u64) -> Result<Self, AgentError> {
        config.check()?;
        let BenchSizes { n_items, n_contexts, dim, history_length, n_transitions } = sizes;
        let seeds = Seeds(seed);
        let mut random = seeds.stream("bench");
        let mut table = |n_rows: usize| {
            let values = (0..n_rows * dim).map(|_| StandardNormal.sample(&mut random)).collect();
            EmbeddingTable::new(n_rows, dim, values).map_err(|error| AgentError::Tables(error.to_string()))
        };
        let (items, contexts) = (table(n_items)?, table(n_contexts)?);
        let origin =
            RowOrigin { split: "random".into(), parts: PartSet::train(), digest: RowDigest::default() };
        let tables = TrainingTables::new(&items, &contexts, false, origin)?;
        let mut replay =
            Replay::new(&config.replay, Sizes { history_length, action_dim: dim, max_recommended: 10 })?;
        for _ in 0..n_transitions {
            replay.push(&transition(sizes, &mut random))?;
        }
        let learner = Learner::new(config, &tables, history_length, seeds)?;
        Ok(Self { learner, replay, tables, random, batch_size: config.batch_size })
    }

    /// One update, the replay's sample and its new priorities included.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite.
    pub fn step(&mut self) -> Result<(), AgentError> {
        let batch = self.replay.sample(self.batch_size, &mut self.random)?;
        let report = self.learner.update(&batch, &self.tables, 0)?;
        Ok(self.replay.update_priorities(&batch.slots, &report.td_errors)?)
    }
}

fn transition(sizes: BenchSizes, random: &mut RandomStream) -> Transition {
    let mut items = |n: usize| -> Vec<ItemIdx> {
        (0..n).map(|_| ItemIdx::from(random.random_range(0..sizes.n_items))).collect()
    };
    let (history, next, recommended) = (items(sizes.history_length), items(sizes.history_length), items(5));
    let context = ContextIdx::from(random.random_range(0..sizes.n_contexts));
    let observation = |history| Observation { context, history, ..Observation::default() };
    Transition {
        observation: observation(history),
        item: recommended[recommended.len() - 1],
        action: (0..sizes.dim).map(|_| random.random_range(-1.0..1.0)).collect(),
        reward: random.random_range(-1.0..1.0),
        next_observation: observation(next),
        terminated: random.random_bool(0.1),
        truncated: false,
        recommended,
    }
}
