//! The training loop: act, step, store, sample, update; round after round of sessions side by side.
//!
//! A round is one session in every environment. Validation, checkpoints and interruptions happen between rounds, where
//! no session is under way: so a checkpoint needs no state of an environment, and a resumed run goes on bit by bit.

mod acting;
mod saved;

use crate::diagnostics::{Collapse, Limits, Round};
use crate::online::{OnlineAgent, OnlineConfig, Shared};
use crate::policy::DrrPolicy;
use crate::update::Learner;
use crate::{AgentConfig, AgentError};
use drr_core::{
    EmbeddingSpace, Environment, MetricSink, Metrics, Observation, Outcome, RandomStream, Seeds,
    TrainingHooks, Validation,
};
use drr_learn::{LearnError, Rounds, Rows, StateFeatures, TrainingTables};
use drr_replay::{Batch, Replay, Sizes};
use std::path::Path;
use std::sync::Arc;

/// The random streams of a training, one per consumer.
#[derive(Debug, Clone)]
struct Streams {
    environments: RandomStream,
    exploration: RandomStream,
    replay: RandomStream,
}

/// A training under way.
pub struct Trainer<E> {
    config: AgentConfig,
    name: String,
    environments: Vec<E>,
    tables: TrainingTables,
    space: Arc<dyn EmbeddingSpace>,
    positive_rating: f32,
    learner: Learner,
    replay: Replay,
    /// The sampled transitions, their memory kept from update to update.
    batch: Batch,
    /// What the networks read of the sessions under way.
    acting: Rows,
    sizes: Sizes,
    streams: Streams,
    metrics: Metrics,
    validations: Vec<Validation>,
    collapse: Collapse,
    round: u64,
    step: u64,
}

impl<E: Environment> Trainer<E> {
    /// A training at its beginning. `horizon` is the greatest length of a session, T.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range, and tables and environments that do not fit together.
    #[expect(clippy::too_many_arguments, reason = "each is a separate thing that the caller made")]
    pub fn new(
        name: &str,
        config: &AgentConfig,
        environments: Vec<E>,
        horizon: usize,
        tables: TrainingTables,
        space: Arc<dyn EmbeddingSpace>,
        positive_rating: f32,
        seeds: Seeds,
    ) -> Result<Self, AgentError> {
        config.check()?;
        let Some(first) = environments.first().filter(|_| environments.len() == config.n_environments) else {
            let message =
                format!("{} environments for n_environments = {}", environments.len(), config.n_environments);
            return Err(LearnError::Tables(message).into());
        };
        if first.n_items() != tables.n_items() {
            let message =
                format!("the environment has {} items, the vectors {}", first.n_items(), tables.n_items());
            return Err(LearnError::Tables(message).into());
        }
        let history_length = first.history_length();
        let sizes = Sizes { history_length, action_dim: tables.dim(), max_recommended: horizon };
        let streams = Streams {
            environments: seeds.stream("environments"),
            exploration: seeds.stream("exploration"),
            replay: seeds.stream("replay"),
        };
        Ok(Self {
            learner: Learner::new(config, &tables, history_length, seeds.child("parameters"))?,
            replay: Replay::new(&config.replay, sizes)?,
            batch: Batch::default(),
            acting: Rows::new(history_length),
            config: config.clone(),
            name: name.to_owned(),
            environments,
            tables,
            space,
            positive_rating,
            sizes,
            streams,
            metrics: Metrics::default(),
            validations: Vec::new(),
            collapse: Collapse::default(),
            round: 0,
            step: 0,
        })
    }

    /// Goes on from the latest checkpoint in `folder`, if there is one. Returns the rounds done.
    ///
    /// # Errors
    ///
    /// Fails on a damaged checkpoint and on one of another configuration.
    pub fn resume(&mut self, folder: &Path) -> Result<u64, AgentError> {
        drr_learn::resume(self, folder)
    }

    /// Trains until round `n_rounds`, with checkpoints in `checkpoints` if a folder is given.
    ///
    /// # Errors
    ///
    /// Stops at the first value that is not finite, naming the step; and on failures of files and of validation.
    pub fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome, AgentError> {
        drr_learn::run(self, n_rounds, checkpoints, hooks)
    }

    /// The current policy, frozen.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor.
    pub fn policy(&self) -> Result<DrrPolicy, AgentError> {
        let (name, space) = (&self.name, Arc::clone(&self.space));
        let mut arrays = self.learner.served_arrays()?;
        let features = self.tables.features(self.config.features)?;
        arrays.extend(features.into_iter().flat_map(StateFeatures::to_arrays));
        DrrPolicy::freeze(
            name,
            &self.config,
            arrays,
            self.sizes.history_length,
            space,
            self.positive_rating,
            self.learner.n_updates(),
        )
    }

    /// The agent as it is now, to go on learning within the sessions that it serves.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor, and if there is nothing to rehearse.
    pub fn online_agent(&self, online: OnlineConfig, seeds: Seeds) -> Result<OnlineAgent, AgentError> {
        let rehearsal = self.replay.rehearsal(
            &self.config.replay,
            online.n_rehearsed,
            self.sizes.max_recommended,
            &mut seeds.stream("rehearsal"),
        )?;
        OnlineAgent::new(Shared {
            name: format!("{}_online", self.name),
            config: self.config.clone(),
            online,
            arrays: self.learner.to_arrays()?,
            n_updates: self.learner.n_updates(),
            policy: self.policy()?,
            tables: self.tables.clone(),
            space: Arc::clone(&self.space),
            positive_rating: self.positive_rating,
            rehearsal,
            seeds,
        })
    }

    /// The learning curves so far.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The validations so far; the first is of the untrained policy.
    #[must_use]
    pub fn validations(&self) -> &[Validation] {
        &self.validations
    }

    /// Updates done so far.
    #[must_use]
    pub const fn n_updates(&self) -> u64 {
        self.learner.n_updates()
    }

    /// One session in every environment, side by side, with the updates in between.
    fn play_round(&mut self) -> Result<(), AgentError> {
        let mut round = Round::new(self.environments.len(), self.config.discount);
        let mut observations: Vec<Option<Observation>> = Vec::with_capacity(self.environments.len());
        for environment in &mut self.environments {
            observations.push(Some(environment.reset(&mut self.streams.environments)?));
        }
        while observations.iter().any(Option::is_some) {
            self.step_all(&mut observations, &mut round)?;
            if self.replay.len() >= self.config.warmup_transitions.max(self.config.batch_size) {
                for _ in 0..self.config.updates_per_step {
                    let (n, random) = (self.config.batch_size, &mut self.streams.replay);
                    self.replay.sample_into(n, random, &mut self.batch)?;
                    let report = self.learner.update(&self.batch, &self.tables, self.step)?;
                    self.replay.update_priorities(&self.batch.slots, &report.td_errors)?;
                    round.update(report);
                }
            }
        }
        let n_items = self.tables.n_items();
        round.record(self.step, n_items, &mut self.metrics);
        let limits = Limits::new(self.sizes.max_recommended, n_items, self.config.action.base);
        let collapsed = self.collapse.note(&round, limits, &self.name);
        self.metrics.record(self.step, "collapsed", f64::from(u8::from(collapsed)));
        self.config.exploration.record(self.step, &mut self.metrics);
        self.learner.record_rates(self.step, &mut self.metrics);
        Ok(())
    }
}

impl<E: Environment> Rounds for Trainer<E> {
    type Error = AgentError;

    fn round(&self) -> u64 {
        self.round
    }

    fn rhythm(&self) -> (u64, u64) {
        (self.config.checkpoint_every, self.config.validate_every)
    }

    fn validations(&self) -> &[Validation] {
        &self.validations
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn n_updates(&self) -> u64 {
        self.learner.n_updates()
    }

    fn save_policy(&self, path: &Path) -> Result<(), AgentError> {
        self.policy()?.save(path)
    }

    fn play(&mut self) -> Result<(), AgentError> {
        self.play_round()?;
        self.round += 1;
        Ok(())
    }

    fn validate(&mut self, hooks: &mut dyn TrainingHooks) -> Result<(), AgentError> {
        if let Some(judgement) = hooks.validate(&self.policy()?).map_err(LearnError::Validation)? {
            let when = (self.round, self.learner.n_updates(), self.step);
            judgement.keep(when, &mut self.validations, &mut self.metrics);
        }
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<(), AgentError> {
        self.write(folder)
    }

    fn load(&mut self, path: &Path) -> Result<(), AgentError> {
        self.read(path)
    }
}
