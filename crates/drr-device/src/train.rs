//! The training loop as two lists of launches: one step of all environments, and one update.
//!
//! It is the loop of `drr-agent` with sessions that follow on each other at once instead of in rounds. Nothing in it waits
//! for the host, which may look at the counters and the metrics whenever it likes.

mod config;
mod learner;

pub use config::{Exploration, TrainConfig, TrainTables};
pub use learner::Learner;

use crate::environment::Environments;
use crate::launch::arguments;
use crate::{Buffer, Counters, DeviceError, Executor, Kind, Launch, Memory, Network, Priorities};
use crate::{Ring, Search, StateModule, Values};
use drr_core::Seeds;
use rand::RngCore;

/// Threads of a row.
const THREADS: u32 = 128;

/// What a loop says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Steps, samples and updates so far.
    pub counters: Counters,
    /// The sum of all rewards so far.
    pub reward_sum: f64,
    /// The critic's loss at the last update.
    pub critic_loss: f64,
    /// The mean value of the actor's own actions at the last update.
    pub mean_value: f64,
}

/// Environments, replay and learner on one device.
#[derive(Debug, Clone)]
pub struct TrainLoop {
    /// Begins the first sessions; to be run once.
    pub begin: Vec<Launch>,
    /// One step of every environment, its transitions stored.
    pub collect: Vec<Launch>,
    /// One update of all networks from one batch. There must be transitions.
    pub update: Vec<Launch>,
    /// Networks and optimizers.
    pub learner: Learner,
    /// The environments.
    pub environments: Environments,
    /// The replay.
    pub ring: Ring,
    /// The replay's priorities.
    pub priorities: Priorities,
    /// The items recommended last, `[E]`.
    pub chosen: Buffer,
    /// The counters.
    pub counters: Buffer,
}

impl TrainLoop {
    /// A loop that begins with the given parameters: the actor's, and the critic's with the position weights behind them,
    /// as [`DrrShapes`](drr_kernels::DrrShapes) has them. The targets start as copies.
    ///
    /// # Errors
    ///
    /// Refuses sizes that the kernels cannot take.
    pub fn new(
        config: &TrainConfig,
        tables: &TrainTables<'_>,
        parameters: [Vec<f32>; 2],
        seeds: Seeds,
        memory: &mut Memory,
    ) -> Result<Self, DeviceError> {
        let seed = |name| seeds.stream(name).next_u64();
        config.check(tables, &parameters)?;
        let (dim, n_environments) = (tables.dim, config.n_environments);
        let environment = &tables.environment;
        let module = StateModule {
            dim,
            history_length: environment.config.history_length,
            additive: tables.additive,
            contexts: memory.add(Values::F32(tables.contexts.to_vec())),
            items: memory.add(Values::F32(tables.items.to_vec())),
        };
        let counters = Counters::default().place(memory);
        let environments =
            Environments::new(n_environments, environment, seed("device_environments"), counters, memory);
        let (window, horizon) = (environment.config.history_length, environment.config.horizon);
        let ring = Ring::new(config.replay.capacity, window, horizon, dim, memory);
        let priorities = Priorities::new(&config.replay.sampling, config.replay.capacity, counters, memory)?;
        let drawn = learner::Drawn { ring, priorities, counters, seed: seed("device_replay") };
        let n_items = environment.n_items;
        let (learner, update) = Learner::new(config, module, n_items, parameters, &drawn, memory)?;
        let mut this = Self {
            begin: vec![environments.begin()],
            collect: Vec::new(),
            update,
            learner,
            environments,
            ring,
            priorities,
            chosen: counters,
            counters,
        };
        this.collect = this.collecting(config, module, n_items, seed("device_exploration"), memory)?;
        Ok(this)
    }

    /// One step: encode, act, explore, choose, step, store.
    fn collecting(
        &mut self,
        config: &TrainConfig,
        module: StateModule,
        n_items: usize,
        seed: u64,
        memory: &mut Memory,
    ) -> Result<Vec<Launch>, DeviceError> {
        let (n, dim) = (config.n_environments, module.dim);
        let shapes = &self.learner.shapes;
        let states = memory.zeros(Kind::F32, n * 3 * dim);
        let actions = memory.zeros(Kind::F32, n * dim);
        let actor = Network::new(&shapes.actor, n, 1, memory)?;
        let search = Search::new(n, n_items, dim, 1, memory)?;
        let environments = &self.environments;
        let observed = [environments.contexts, environments.histories, environments.n_accepted];
        let position_weights = self.learner.critic.at(shapes.position_weights.start);
        let Exploration { epsilon_start, epsilon_end, decay_steps, noise } = config.exploration;
        let outputs = actor.outputs(0);
        let explored = arguments![
            dim,
            seed,
            self.counters,
            epsilon_start,
            epsilon_end,
            decay_steps as f64,
            noise,
            config.base_is_user,
            config.scale,
            states,
            outputs,
            actions,
        ];
        let mut launches = vec![
            module.forward(observed, position_weights, states),
            actor.forward(states.into(), states.into(), self.learner.actor),
            Launch::new("explore", n, THREADS, explored),
        ];
        launches.extend(search.launches(module.items, actions, environments.barred, self.counters));
        launches.push(environments.step(search.items, outputs, &self.ring));
        launches.push(self.priorities.enter(n));
        launches.push(environments.count(&self.ring));
        self.chosen = search.items;
        Ok(launches)
    }

    /// The list for `n_collected` steps of all environments and `n_updates` updates after them.
    #[must_use]
    pub fn round(&self, n_collected: usize, n_updates: usize) -> Vec<Launch> {
        let repeated = |list: &[Launch], times: usize| {
            list.iter().cycle().take(times * list.len()).cloned().collect::<Vec<_>>()
        };
        let mut launches = repeated(&self.collect, n_collected);
        launches.extend(repeated(&self.update, n_updates));
        launches
    }

    /// Counters and metrics as they are now.
    ///
    /// # Errors
    ///
    /// Fails if the kernels raised a status, or if the executor fails.
    pub fn metrics(&self, executor: &mut dyn Executor) -> Result<Metrics, DeviceError> {
        let counters = Counters::read(executor, self.counters)?;
        let mut first = |buffer| -> Result<f64, DeviceError> {
            Ok(executor.read(buffer)?.into_f64()?.first().copied().unwrap_or(f64::NAN))
        };
        let reward_sum = first(self.environments.reward_sum)?;
        let critic_loss = first(self.learner.critic_loss)?;
        Ok(Metrics { counters, reward_sum, critic_loss, mean_value: first(self.learner.mean_value)? })
    }
}
