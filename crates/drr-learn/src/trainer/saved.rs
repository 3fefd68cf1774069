//! A training's whole state on disk: the system with its memory, the random streams, the counts (which schedules follow
//! from) and the learning curves.

use super::trainee::{SavedTraining, Trainee};
use super::{Trainer, Validation};
use crate::LearnError;
use drr_core::{Environment, Metrics, RandomStream, RowOrigin};
use drr_store::{Checkpoint, load_checkpoint, save_checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is no array. The system's own fields stand where they always did, so that a digest means the same training.
#[derive(Serialize, Deserialize)]
struct State<C, S, N> {
    config: C,
    origin: RowOrigin,
    round: u64,
    step: u64,
    n_updates: u64,
    environments: RandomStream,
    #[serde(flatten)]
    streams: S,
    metrics: Vec<(u64, String, f64)>,
    validations: Vec<Validation>,
    #[serde(flatten)]
    notes: N,
}

impl<E: Environment, T: Trainee> Trainer<E, T> {
    /// Writes a checkpoint of the present round.
    pub(super) fn write(&self, folder: &Path) -> Result<(), T::Error> {
        let state = State {
            config: self.wiring.config.clone(),
            origin: self.wiring.world.as_ref().origin().clone(),
            round: self.round,
            step: self.step,
            n_updates: self.trainee.n_updates(),
            environments: self.stream.clone(),
            streams: self.trainee.streams(),
            metrics: self.metrics.records.clone(),
            validations: self.validations.clone(),
            notes: self.trainee.notes(),
        };
        save_checkpoint(folder, self.round, &self.trainee.to_arrays()?, &state)?;
        Ok(())
    }

    /// Takes over a checkpoint's state.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), T::Error> {
        let Checkpoint { arrays, state }: Checkpoint<State<T::Config, T::Streams, T::Notes>> =
            load_checkpoint(path)?;
        if !T::goes_on(&state.config, &self.wiring.config) {
            let message = format!("{} has another configuration of {}", path.display(), self.wiring.name);
            return Err(LearnError::OtherRun(message).into());
        }
        if &state.origin != self.wiring.world.as_ref().origin() {
            let message = format!("{} was trained on other rows", path.display());
            return Err(LearnError::OtherRun(message).into());
        }
        let State { n_updates, streams, notes, .. } = state;
        self.trainee.restore(&self.wiring, SavedTraining { arrays, n_updates, streams, notes })?;
        self.stream = state.environments;
        self.metrics = Metrics { records: state.metrics };
        self.validations = state.validations;
        self.round = state.round;
        self.step = state.step;
        Ok(())
    }
}
