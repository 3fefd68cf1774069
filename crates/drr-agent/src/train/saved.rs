//! A training's whole state on disk: networks, targets, both optimizers, the replay with its priorities, the random
//! streams, the schedules (which follow from the counts) and the learning curves.

use super::{Streams, Trainer, Validation};
use crate::diagnostics::Collapse;
use crate::{AgentConfig, AgentError};
use drr_core::{Environment, Metrics, RandomStream, RowOrigin, StreamState};
use drr_replay::{Replay, ReplayState};
use drr_store::{Checkpoint, NamedArray, load_checkpoint, save_checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

const REPLAY: &str = "replay.";

/// What is no array.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    config: AgentConfig,
    origin: RowOrigin,
    round: u64,
    step: u64,
    n_updates: u64,
    environments: StreamState,
    exploration: StreamState,
    replay: StreamState,
    metrics: Vec<(u64, String, f64)>,
    validations: Vec<Validation>,
    #[serde(default)]
    collapse: Collapse,
}

impl<E: Environment> Trainer<E> {
    /// Writes a checkpoint of the present round.
    pub(super) fn write(&self, folder: &Path) -> Result<(), AgentError> {
        let state = State {
            config: self.config.clone(),
            origin: self.tables.origin().clone(),
            round: self.round,
            step: self.step,
            n_updates: self.learner.n_updates(),
            environments: self.streams.environments.state(),
            exploration: self.streams.exploration.state(),
            replay: self.streams.replay.state(),
            metrics: self.metrics.records.clone(),
            validations: self.validations.clone(),
            collapse: self.collapse.clone(),
        };
        let mut arrays = self.learner.to_arrays()?;
        arrays.extend(self.replay.state().arrays.into_iter().map(to_named));
        save_checkpoint(folder, self.round, &arrays, &state)?;
        Ok(())
    }

    /// Takes over a checkpoint's state.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), AgentError> {
        let Checkpoint { arrays, state }: Checkpoint<State> = load_checkpoint(path)?;
        // Both paths of the update read and write the same state.
        if (AgentConfig { path: self.config.path, ..state.config.clone() }) != self.config {
            return Err(AgentError::OtherRun(format!("{} has another agent configuration", path.display())));
        }
        if &state.origin != self.tables.origin() {
            return Err(AgentError::OtherRun(format!("{} was trained on other rows", path.display())));
        }
        let stream = |state: &StreamState| {
            RandomStream::from_state(state).ok_or_else(|| {
                AgentError::OtherRun(format!("{} has a random stream without a position", path.display()))
            })
        };
        self.streams = Streams {
            environments: stream(&state.environments)?,
            exploration: stream(&state.exploration)?,
            replay: stream(&state.replay)?,
        };
        self.learner.load_arrays(&arrays, state.n_updates)?;
        let replay = ReplayState { arrays: arrays.into_iter().filter_map(from_named).collect() };
        self.replay = Replay::from_state(&self.config.replay, self.sizes, &replay)?;
        self.metrics = Metrics { records: state.metrics };
        self.validations = state.validations;
        self.collapse = state.collapse;
        self.round = state.round;
        self.step = state.step;
        Ok(())
    }
}

fn to_named(array: NamedArray) -> NamedArray {
    NamedArray { name: format!("{REPLAY}{}", array.name), ..array }
}

fn from_named(array: NamedArray) -> Option<NamedArray> {
    let name = array.name.strip_prefix(REPLAY)?.to_owned();
    Some(NamedArray { name, ..array })
}
