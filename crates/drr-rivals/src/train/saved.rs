//! A training's whole state on disk: the system, its memory, the random streams, the counts and the learning curves.

use super::{RivalTrainer, Streams};
use crate::memory::Memory;
use crate::{RivalConfig, RivalError};
use drr_agent::Validation;
use drr_core::{Environment, Metrics, RandomStream, RowOrigin, StreamState};
use drr_store::{Checkpoint, load_checkpoint, save_checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is no array.
#[derive(Serialize, Deserialize)]
struct State {
    config: RivalConfig,
    origin: RowOrigin,
    round: u64,
    step: u64,
    n_updates: u64,
    environments: StreamState,
    acting: StreamState,
    memory: StreamState,
    updates: StreamState,
    metrics: Vec<(u64, String, f64)>,
    validations: Vec<Validation>,
}

impl<E: Environment> RivalTrainer<E> {
    /// Writes a checkpoint of the present round.
    pub(super) fn write(&self, folder: &Path) -> Result<(), RivalError> {
        let state = State {
            config: self.config.clone(),
            origin: self.world.tables.origin().clone(),
            round: self.round,
            step: self.step,
            n_updates: self.n_updates,
            environments: self.streams.environments.state(),
            acting: self.streams.acting.state(),
            memory: self.streams.memory.state(),
            updates: self.streams.updates.state(),
            metrics: self.metrics.records.clone(),
            validations: self.validations.clone(),
        };
        let mut arrays = self.system.to_arrays()?;
        arrays.extend(self.memory.to_arrays());
        save_checkpoint(folder, self.round, &arrays, &state)?;
        Ok(())
    }

    /// Takes over a checkpoint's state.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), RivalError> {
        let Checkpoint { arrays, state }: Checkpoint<State> = load_checkpoint(path)?;
        if state.config != self.config {
            let message = format!("{} has another configuration of {}", path.display(), self.name);
            return Err(RivalError::OtherRun(message));
        }
        if &state.origin != self.world.tables.origin() {
            return Err(RivalError::OtherRun(format!("{} was trained on other rows", path.display())));
        }
        let stream = |state: &StreamState| {
            RandomStream::from_state(state).ok_or_else(|| {
                RivalError::OtherRun(format!("{} has a random stream without a position", path.display()))
            })
        };
        self.streams = Streams {
            environments: stream(&state.environments)?,
            acting: stream(&state.acting)?,
            memory: stream(&state.memory)?,
            updates: stream(&state.updates)?,
        };
        self.system.load_arrays(&arrays)?;
        self.memory = Memory::from_arrays(self.config.schedule.capacity, &arrays)?;
        self.metrics = Metrics { records: state.metrics };
        self.validations = state.validations;
        self.round = state.round;
        self.step = state.step;
        self.n_updates = state.n_updates;
        Ok(())
    }
}
