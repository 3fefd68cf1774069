//! The agent in the trainer: how it acts and what it remembers, learns, serves and saves.
//!
//! The loop itself, its checkpoints and its validations are `drr-learn`'s.

mod acting;
mod saved;

use crate::diagnostics::{Collapse, Limits, Round};
use crate::policy::DrrPolicy;
use crate::update::Learner;
use crate::{AgentConfig, AgentError};
use drr_core::{Environment, ItemSet, MetricSink, Metrics, Observation, RandomStream, Seeds};
use drr_learn::{Rhythm, Rows, SavedTraining, StateFeatures, Trainee, TrainingTables, Updater, Wiring};
use drr_replay::{Batch, Replay, Sizes};
use drr_store::{NamedArray, Written};
use saved::{Notes, from_named, to_named};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A training of the agent under way.
pub type Trainer<E> = drr_learn::Trainer<E, DrrTrainee>;

/// The random streams of the agent, one per consumer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Streams {
    exploration: RandomStream,
    replay: RandomStream,
}

/// The agent as it is trained: networks, replay, exploration.
pub struct DrrTrainee {
    pub(crate) learner: Learner,
    pub(crate) replay: Replay,
    /// The sampled transitions, their memory kept from update to update.
    batch: Batch,
    /// What the networks read of the sessions under way.
    acting: Rows,
    pub(crate) sizes: Sizes,
    streams: Streams,
    collapse: Collapse,
}

impl DrrTrainee {
    /// Goes on with the updates on another path, from the present networks, targets and optimizers: on a device, say.
    ///
    /// # Errors
    ///
    /// Fails if the path has other arrays.
    pub fn change_path(&mut self, updater: Box<dyn Updater>) -> Result<(), AgentError> {
        Ok(self.learner.change_path(updater)?)
    }
}

impl Trainee for DrrTrainee {
    type Config = AgentConfig;
    type World = TrainingTables;
    type Session = Observation;
    type Round = Round;
    type Policy = DrrPolicy;
    type Error = AgentError;
    type Streams = Streams;
    type Notes = Notes;

    fn check(config: &AgentConfig) -> Result<(), AgentError> {
        config.check()
    }

    fn rhythm(config: &AgentConfig) -> Rhythm {
        let AgentConfig { n_environments, checkpoint_every, validate_every, .. } = *config;
        Rhythm { n_environments, checkpoint_every, validate_every }
    }

    fn goes_on(saved: &AgentConfig, present: &AgentConfig) -> bool {
        // Both paths of the update read and write the same state.
        AgentConfig { path: present.path, ..saved.clone() } == *present
    }

    fn new(wiring: &Wiring<Self>, seeds: Seeds) -> Result<Self, AgentError> {
        let Wiring { config, world: tables, history_length, horizon, .. } = wiring;
        let (history_length, max_recommended) = (*history_length, *horizon);
        let sizes = Sizes { history_length, action_dim: tables.dim(), max_recommended };
        Ok(Self {
            learner: Learner::new(config, tables, history_length, seeds.child("parameters"))?,
            replay: Replay::new(&config.replay, sizes)?,
            batch: Batch::default(),
            acting: Rows::new(history_length),
            sizes,
            streams: Streams { exploration: seeds.stream("exploration"), replay: seeds.stream("replay") },
            collapse: Collapse::default(),
        })
    }

    fn path_name(&self) -> &'static str {
        self.learner.path_name()
    }

    fn n_updates(&self) -> u64 {
        self.learner.n_updates()
    }

    fn begin_round(&self, wiring: &Wiring<Self>) -> Round {
        Round::new(wiring.config.n_environments, wiring.config.discount)
    }

    fn begin_session(&self, _: &Wiring<Self>, observation: Observation, _: &ItemSet) -> Option<Observation> {
        Some(observation)
    }

    fn decide<E: Environment>(
        &mut self,
        wiring: &Wiring<Self>,
        environments: &mut [E],
        sessions: &mut [Option<Observation>],
        step: &mut u64,
        round: &mut Round,
    ) -> Result<(), AgentError> {
        self.step_all(wiring, environments, sessions, step, round)
    }

    fn n_updates_due(&self, wiring: &Wiring<Self>) -> usize {
        let AgentConfig { warmup_transitions, batch_size, updates_per_step, .. } = wiring.config;
        if self.replay.len() >= warmup_transitions.max(batch_size) { updates_per_step } else { 0 }
    }

    fn update(&mut self, wiring: &Wiring<Self>, step: u64, round: &mut Round) -> Result<(), AgentError> {
        self.replay.sample_into(wiring.config.batch_size, &mut self.streams.replay, &mut self.batch)?;
        let report = self.learner.update(&self.batch, &wiring.world, step)?;
        self.replay.update_priorities(&self.batch.slots, &report.td_errors)?;
        round.update(report);
        Ok(())
    }

    fn end_round(&mut self, wiring: &Wiring<Self>, round: &Round, step: u64, metrics: &mut Metrics) {
        let (config, n_items) = (&wiring.config, wiring.world.n_items());
        round.record(step, n_items, metrics);
        let limits = Limits::new(wiring.horizon, n_items, config.action.base);
        let collapsed = self.collapse.note(round, limits, &wiring.name);
        metrics.record(step, "collapsed", f64::from(u8::from(collapsed)));
        config.exploration.record(step, metrics);
        self.learner.record_rates(step, metrics);
    }

    fn policy(&self, wiring: &Wiring<Self>) -> Result<DrrPolicy, AgentError> {
        let mut arrays = self.learner.served_arrays()?;
        let features = wiring.world.features(wiring.config.features)?;
        arrays.extend(features.into_iter().flat_map(StateFeatures::to_arrays));
        DrrPolicy::freeze(wiring, arrays, self.learner.n_updates())
    }

    fn save_policy(policy: &DrrPolicy, path: &Path) -> Result<Written, AgentError> {
        policy.save(path)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, AgentError> {
        let mut arrays = self.learner.to_arrays()?;
        arrays.extend(self.replay.state().arrays.into_iter().map(to_named));
        Ok(arrays)
    }

    fn streams(&self) -> Streams {
        self.streams.clone()
    }

    fn notes(&self) -> Notes {
        Notes { collapse: self.collapse.clone() }
    }

    fn restore(&mut self, wiring: &Wiring<Self>, saved: SavedTraining<Self>) -> Result<(), AgentError> {
        let SavedTraining { arrays, n_updates, streams, notes } = saved;
        self.learner.load_arrays(&arrays, n_updates)?;
        self.replay = Replay::from_state(&wiring.config.replay, self.sizes, &from_named(arrays))?;
        self.streams = streams;
        self.collapse = notes.collapse;
        Ok(())
    }
}
