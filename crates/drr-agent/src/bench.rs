//! Updating, acting and scoring on random numbers, for benchmarks.

use crate::update::Learner;
use crate::{AgentConfig, AgentError};
use candle_core::{Device, Tensor};
use drr_core::{
    ContextIdx, EmbeddingTable, ItemIdx, ItemSet, Observation, PartSet, RandomStream, RowDigest, RowOrigin,
    Seeds, UserIdx,
};
use drr_learn::{LearnError, ListRequest, Rows, Served, Side, TrainingTables};
use drr_replay::{Batch, Replay, Sizes, Transition};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// The sizes of a benchmark beside those of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
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

/// The number of batches that take turns where the replay is left out.
const N_PREPARED: usize = 64;
/// The positives of a user, for agents with a supervised anchor.
const N_POSITIVES: usize = 20;

/// A learner with a full replay of random transitions.
///
/// Losses on one fixed batch would go to zero, and with them the work: every step takes another.
pub struct UpdateBench {
    learner: Learner,
    replay: Replay,
    tables: TrainingTables,
    random: RandomStream,
    batch_size: usize,
    batch: Batch,
    prepared: Vec<Batch>,
    nth: usize,
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
            EmbeddingTable::new(n_rows, dim, values).map_err(|error| LearnError::Tables(error.to_string()))
        };
        let (items, contexts) = (table(n_items)?, table(n_contexts)?);
        let origin =
            RowOrigin { split: "random".into(), parts: PartSet::train(), digest: RowDigest::default() };
        let mut later = seeds.stream("positives");
        let positives = (0..n_contexts)
            .map(|_| (0..N_POSITIVES).map(|_| ItemIdx::from(later.random_range(0..n_items))).collect());
        let tables =
            TrainingTables::new(&items, &contexts, None, origin)?.with_positives(positives.collect())?;
        let mut replay =
            Replay::new(&config.replay, Sizes { history_length, action_dim: dim, max_recommended: 10 })?;
        for _ in 0..n_transitions {
            replay.push(&random_transition(sizes, &mut random))?;
        }
        let batch_size = config.batch_size;
        let prepared: Result<Vec<Batch>, _> =
            (0..N_PREPARED).map(|_| replay.sample(batch_size, &mut random)).collect();
        Ok(Self {
            learner: Learner::new(config, &tables, history_length, seeds)?,
            replay,
            tables,
            random,
            batch_size,
            batch: Batch::default(),
            prepared: prepared?,
            nth: 0,
        })
    }

    /// One update, the replay's sample and its new priorities included.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite.
    pub fn step(&mut self) -> Result<(), AgentError> {
        self.replay.sample_into(self.batch_size, &mut self.random, &mut self.batch)?;
        let report = self.learner.update(&self.batch, &self.tables, 0)?;
        Ok(self.replay.update_priorities(&self.batch.slots, &report.td_errors)?)
    }

    /// One update from a batch that was drawn before: learning alone, without the replay.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite.
    pub fn learn(&mut self) -> Result<(), AgentError> {
        self.nth = (self.nth + 1) % self.prepared.len();
        self.learner.update(&self.prepared[self.nth], &self.tables, 0)?;
        Ok(())
    }

    /// Acts on the states of a batch: the actor's output, and the best of all items for it.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite.
    pub fn act(&mut self) -> Result<usize, AgentError> {
        self.nth = (self.nth + 1) % self.prepared.len();
        let batch = &self.prepared[self.nth];
        let mut rows = Rows::new(batch.observations.history_length());
        rows.fill(batch, Side::Now, &self.tables);
        let outputs = self.learner.outputs(Served::Online, &rows, &self.tables)?;
        let candidates = ItemSet::full(self.tables.item_values().len() / self.tables.dim());
        let asked = vec![(UserIdx(0), &candidates); rows.len()];
        let request = ListRequest { name: "bench", rows: &asked, k: 1 };
        Ok(self.learner.ranked(Served::Online, &rows, &outputs, &self.tables, request)?.len())
    }
}

/// The way of tensors to the best items: a matrix of all scores, sorted. What the search in one pass is measured against.
pub struct ComposedScoring {
    items: Tensor,
    actions: Tensor,
}

impl ComposedScoring {
    /// The vectors of items `[I, D]` and actions `[B, D]`.
    ///
    /// # Errors
    ///
    /// Fails if the sizes are no whole rows.
    pub fn new(items: &[f32], actions: &[f32], dim: usize) -> Result<Self, AgentError> {
        let tensor = |values: &[f32]| Tensor::from_slice(values, (values.len() / dim, dim), &Device::Cpu);
        Ok(Self { items: tensor(items)?.t()?, actions: tensor(actions)? })
    }

    /// All scores, `[B, I]`, without more.
    ///
    /// # Errors
    ///
    /// Fails if Candle does.
    pub fn product(&self) -> Result<Tensor, AgentError> {
        Ok(self.actions.matmul(&self.items)?)
    }

    /// The best `k` items of each action, `[B, k]`.
    ///
    /// # Errors
    ///
    /// Fails if Candle does.
    pub fn top(&self, k: usize) -> Result<Tensor, AgentError> {
        let (_, items) = self.product()?.sort_last_dim(false)?;
        Ok(items.narrow(1, 0, k)?.contiguous()?)
    }
}

/// A transition of random numbers.
#[must_use]
pub fn random_transition(sizes: BenchSizes, random: &mut RandomStream) -> Transition {
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
