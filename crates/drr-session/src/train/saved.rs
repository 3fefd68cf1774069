//! A training's whole state on disk: networks and optimizers, streams, sessions under way, counts, curves.

use super::{SessionTrainer, Streams};
use crate::slots::{SavedSession, Slot};
use crate::watch::Warning;
use crate::{SessionAgentConfig, SessionError};
use drr_core::{Environment, Metrics, RowOrigin, Validation};
use drr_store::{Checkpoint, load_checkpoint, save_checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is no array.
#[derive(Serialize, Deserialize)]
struct State {
    config: SessionAgentConfig,
    horizon: usize,
    origin: RowOrigin,
    /// The digest of the space.
    space: String,
    iteration: u64,
    step: u64,
    n_updates: u64,
    streams: Streams,
    sessions: Vec<SavedSession>,
    metrics: Vec<(u64, String, f64)>,
    validations: Vec<Validation>,
    warnings: Vec<Warning>,
}

impl<E: Environment> SessionTrainer<E> {
    /// Writes a checkpoint of the present iteration.
    pub(super) fn write(&self, folder: &Path) -> Result<(), SessionError> {
        let state = State {
            config: self.config.clone(),
            horizon: self.horizon,
            origin: self.tables.origin().clone(),
            space: self.space_digest.clone(),
            iteration: self.iteration,
            step: self.step,
            n_updates: self.n_updates,
            streams: self.streams.clone(),
            sessions: self.slots.iter().map(Slot::saved).collect(),
            metrics: self.metrics.records.clone(),
            validations: self.validations.clone(),
            warnings: self.warnings.clone(),
        };
        save_checkpoint(folder, self.iteration, &self.path.to_arrays()?, &state)?;
        Ok(())
    }

    /// Takes over a checkpoint's state.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), SessionError> {
        let Checkpoint { arrays, state }: Checkpoint<State> = load_checkpoint(path)?;
        let refuse = |what: &str| Err(SessionError::OtherRun(format!("{} {what}", path.display())));
        if !state.config.goes_on(&self.config) || state.horizon != self.horizon {
            return refuse(&format!("has another configuration of {}", self.name));
        }
        if &state.origin != self.tables.origin() || state.space != self.space_digest {
            return refuse("was trained in another space");
        }
        if state.sessions.len() != self.slots.len() {
            return refuse("has another number of sessions");
        }
        self.path.load_arrays(&arrays)?;
        for (slot, saved) in self.slots.iter_mut().zip(&state.sessions) {
            slot.restore(&self.shape, &self.tables, saved)?;
        }
        self.streams = state.streams;
        self.metrics = Metrics { records: state.metrics };
        self.validations = state.validations;
        self.warnings = state.warnings;
        self.iteration = state.iteration;
        self.step = state.step;
        self.n_updates = state.n_updates;
        Ok(())
    }
}
