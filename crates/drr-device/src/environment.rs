//! Simulated users on the device. The twin is [`drr_env::LoggedEnvironment`]: the same rewards, candidates, histories and
//! ends; only the users of new sessions are drawn otherwise, and a session that ends is followed by the next at once.

mod tables;

pub use tables::{EnvironmentConfig, EnvironmentTables, FactorModel, SessionSource};

use crate::launch::arguments;
use crate::{Buffer, Kind, Launch, Memory, Search};

/// Threads of a block: four environments.
const THREADS: u32 = 128;

/// The number of blocks for `n` warps.
pub(crate) const fn blocks_of_warps(n: usize) -> usize {
    n.div_ceil(THREADS as usize / 32)
}

/// Transitions in a ring, each array's first axis the slot.
#[derive(Debug, Clone, Copy)]
pub struct Ring {
    /// The number of slots.
    pub capacity: usize,
    /// Contexts, `[capacity]`.
    pub contexts: Buffer,
    /// Histories before the action, `[capacity, N]`.
    pub before: Buffer,
    /// Items accepted before it, `[capacity]`.
    pub n_before: Buffer,
    /// Histories after it, `[capacity, N]`.
    pub after: Buffer,
    /// Items accepted after it, `[capacity]`.
    pub n_after: Buffer,
    /// Recommended items, `[capacity]`.
    pub items: Buffer,
    /// The actor's outputs as executed, `[capacity, D]`.
    pub actions: Buffer,
    /// Rewards, `[capacity]`.
    pub rewards: Buffer,
    /// Whether no candidate remains, `[capacity]`, 0 or 1.
    pub terminated: Buffer,
    /// The session's items up to this one, `[capacity, T]`, padded with `u32::MAX`.
    pub recommended: Buffer,
}

impl Ring {
    /// An empty ring.
    #[must_use]
    pub fn new(
        capacity: usize,
        history_length: usize,
        horizon: usize,
        dim: usize,
        memory: &mut Memory,
    ) -> Self {
        let mut ids = |width: usize| memory.zeros(Kind::U32, capacity * width);
        let (contexts, before, n_before) = (ids(1), ids(history_length), ids(1));
        let (after, n_after, items) = (ids(history_length), ids(1), ids(1));
        let (terminated, recommended) = (ids(1), ids(horizon));
        let actions = memory.zeros(Kind::F32, capacity * dim);
        let rewards = memory.zeros(Kind::F32, capacity);
        Self {
            capacity,
            contexts,
            before,
            n_before,
            after,
            n_after,
            items,
            actions,
            rewards,
            terminated,
            recommended,
        }
    }
}

/// Environments side by side, each with a session under way.
#[derive(Debug, Clone)]
pub struct Environments {
    n: usize,
    tables: EnvironmentTables,
    seed: u64,
    counters: Buffer,
    n_left: Buffer,
    n_taken: Buffer,
    taken: Buffer,
    /// The sessions' contexts, `[E]`.
    pub contexts: Buffer,
    /// Their histories, `[E, N]`, oldest first, padded at the end with `u32::MAX`.
    pub histories: Buffer,
    /// How many items at the end of each history were accepted in its session, `[E]`.
    pub n_accepted: Buffer,
    /// The items that may not be recommended, one bit each, `[E, words]`.
    pub barred: Buffer,
    /// The rewards of the last step, `[E]`.
    pub rewards: Buffer,
    /// The sum of all rewards so far.
    pub reward_sum: Buffer,
}

impl Environments {
    /// `n` environments over the same tables; users are drawn by `seed`.
    #[must_use]
    pub fn new(
        n: usize,
        tables: &EnvironmentTables,
        seed: u64,
        counters: Buffer,
        memory: &mut Memory,
    ) -> Self {
        let mut ids = |width: usize| memory.zeros(Kind::U32, n * width);
        let (contexts, histories, n_accepted) = (ids(1), ids(tables.config.history_length), ids(1));
        let (n_left, n_taken, taken) = (ids(1), ids(1), ids(tables.config.horizon));
        let barred = ids(Search::n_words(tables.n_items));
        Self {
            n,
            tables: tables.clone(),
            seed,
            counters,
            n_left,
            n_taken,
            taken,
            contexts,
            histories,
            n_accepted,
            barred,
            rewards: memory.zeros(Kind::F32, n),
            reward_sum: memory.zeros(Kind::F64, 1),
        }
    }

    /// Begins a session in every environment.
    #[must_use]
    pub fn begin(&self) -> Launch {
        let tables = &self.tables;
        let arguments = arguments![
            self.n,
            tables.config.history_length,
            Search::n_words(tables.n_items),
            tables.n_contexts,
            self.seed,
            self.counters,
            tables.contexts,
            tables.first_histories,
            tables.logged_items,
            tables.beyond_catalogue,
            self.contexts,
            self.histories,
            self.n_accepted,
            self.n_left,
            self.n_taken,
            self.barred,
        ];
        Launch::new("environment_begin", blocks_of_warps(self.n), THREADS, arguments)
    }

    /// Recommends `chosen` `[E]`, whose actions were `outputs` `[E, D]`, writes the transitions into the ring, and begins
    /// the sessions that follow on those that ended. The counters stay as they are until [`Environments::count`].
    #[must_use]
    pub fn step(&self, chosen: Buffer, outputs: crate::Place, ring: &Ring) -> Launch {
        let EnvironmentTables { config, model, .. } = &self.tables;
        let tables = &self.tables;
        let mut arguments = arguments![
            self.n,
            config.history_length,
            config.horizon,
            Search::n_words(tables.n_items),
            tables.n_contexts,
            ring.capacity,
            ring.actions.len / ring.capacity,
            self.seed,
            self.counters,
            tables.contexts,
            tables.first_histories,
            tables.logged_items,
            tables.beyond_catalogue,
            tables.rated_items,
            tables.rated_positions,
            tables.rated_rewards,
        ];
        arguments.extend(model.arguments());
        arguments.extend(arguments![
            chosen,
            outputs,
            self.contexts,
            self.histories,
            self.n_accepted,
            self.n_left,
            self.n_taken,
            self.taken,
            self.barred,
            self.rewards,
            ring.contexts,
            ring.before,
            ring.n_before,
            ring.after,
            ring.n_after,
            ring.items,
            ring.actions,
            ring.rewards,
            ring.terminated,
            ring.recommended,
        ]);
        Launch::new("environment_step", blocks_of_warps(self.n), THREADS, arguments)
    }

    /// Moves the ring and the counters past a step, and adds up its rewards.
    #[must_use]
    pub fn count(&self, ring: &Ring) -> Launch {
        let arguments = arguments![self.n, ring.capacity, self.rewards, self.counters, self.reward_sum];
        Launch::new("environment_count", 1, THREADS, arguments)
    }
}
