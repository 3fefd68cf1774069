//! What a system says of itself to be trained: how it decides, learns, is served and is saved.

use crate::{LearnError, TrainingTables};
use drr_core::{EmbeddingSpace, Environment, ItemSet, Metrics, Observation, Recommender, Seeds};
use drr_nn::NnError;
use drr_store::{NamedArray, StoreError, Written};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;

/// How many environments step side by side, and how often a training pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Environments that step side by side.
    pub n_environments: usize,
    /// Rounds between two checkpoints, at least 1.
    pub checkpoint_every: u64,
    /// Rounds between two validations, at least 1.
    pub validate_every: u64,
}

/// What stays the same throughout a training: the settings, the world, and how long things are.
pub struct Wiring<T: Trainee> {
    /// The settings of the system.
    pub config: T::Config,
    /// The learner's name in files and reports.
    pub name: String,
    /// The vectors of items and users, with what else the system knows of the users.
    pub world: T::World,
    /// The space that the policy will be served in.
    pub space: Arc<dyn EmbeddingSpace>,
    /// The least rating that counts as positive.
    pub positive_rating: f32,
    /// The window `N`.
    pub history_length: usize,
    /// The greatest length of a session, T.
    pub horizon: usize,
}

/// A saved training, as a system takes it over.
pub struct SavedTraining<T: Trainee> {
    /// Networks, optimizers and memory.
    pub arrays: Vec<NamedArray>,
    /// Updates done.
    pub n_updates: u64,
    /// The system's random streams.
    pub streams: T::Streams,
    /// What else the system keeps.
    pub notes: T::Notes,
}

/// A system that is trained in rounds of sessions.
///
/// The trainer resets the environments from its own stream "environments"; all other draws are the system's, from streams of
/// its own.
pub trait Trainee: Sized {
    /// The settings.
    type Config: Clone + PartialEq + Serialize + DeserializeOwned;
    /// What the system knows of items and users.
    type World: AsRef<TrainingTables>;
    /// What it keeps of a session under way.
    type Session;
    /// What it notes of a round, for the curves.
    type Round;
    /// What remains after training.
    type Policy: Recommender;
    /// Why it may fail.
    type Error: From<LearnError> + From<NnError> + From<StoreError>;
    /// Its random streams; their fields stand beside those of the trainer in a checkpoint.
    type Streams: Serialize + DeserializeOwned;
    /// What else it keeps that is no array; its fields stand at the end of a checkpoint's state.
    type Notes: Serialize + DeserializeOwned;

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// Names the first that is out of its range.
    fn check(config: &Self::Config) -> Result<(), Self::Error>;

    /// How often the training pauses.
    fn rhythm(config: &Self::Config) -> Rhythm;

    /// Whether a training that was saved with one of the settings may go on with the other.
    fn goes_on(saved: &Self::Config, present: &Self::Config) -> bool {
        saved == present
    }

    /// The untrained system; `seeds` are the training's.
    ///
    /// # Errors
    ///
    /// Refuses parts that do not fit together.
    fn new(wiring: &Wiring<Self>, seeds: Seeds) -> Result<Self, Self::Error>;

    /// What carries out the updates, for logs and reports.
    fn path_name(&self) -> &'static str;

    /// Updates done so far.
    fn n_updates(&self) -> u64;

    /// Nothing yet of a round.
    fn begin_round(&self, wiring: &Wiring<Self>) -> Self::Round;

    /// A session that begins with `observation` among `candidates`; none if there is nothing to decide.
    fn begin_session(
        &self,
        wiring: &Wiring<Self>,
        observation: Observation,
        candidates: &ItemSet,
    ) -> Option<Self::Session>;

    /// One decision in every session under way: acts, remembers what followed, and leaves the sessions that go on. `step`
    /// counts the environment steps.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite, and if an environment refuses.
    fn decide<E: Environment>(
        &mut self,
        wiring: &Wiring<Self>,
        environments: &mut [E],
        sessions: &mut [Option<Self::Session>],
        step: &mut u64,
        round: &mut Self::Round,
    ) -> Result<(), Self::Error>;

    /// The updates that are due after the present decision.
    fn n_updates_due(&self, wiring: &Wiring<Self>) -> usize;

    /// One update from a batch of what is remembered.
    ///
    /// # Errors
    ///
    /// Stops at the first value that is not finite.
    fn update(
        &mut self,
        wiring: &Wiring<Self>,
        step: u64,
        round: &mut Self::Round,
    ) -> Result<(), Self::Error>;

    /// Records what the round was like at environment step `step`.
    fn end_round(&mut self, wiring: &Wiring<Self>, round: &Self::Round, step: u64, metrics: &mut Metrics);

    /// What happens between two rounds; `round` rounds are done.
    ///
    /// # Errors
    ///
    /// Fails on a value that is not finite.
    fn after_round(&mut self, _wiring: &Wiring<Self>, _round: u64) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The present policy, frozen.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor.
    fn policy(&self, wiring: &Wiring<Self>) -> Result<Self::Policy, Self::Error>;

    /// Writes a policy.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    fn save_policy(policy: &Self::Policy, path: &Path) -> Result<Written, Self::Error>;

    /// Networks, optimizers and memory as arrays.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor.
    fn to_arrays(&self) -> Result<Vec<NamedArray>, Self::Error>;

    /// The random streams as they are.
    fn streams(&self) -> Self::Streams;

    /// What else is kept.
    fn notes(&self) -> Self::Notes;

    /// Takes over a saved training.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another shape.
    fn restore(&mut self, wiring: &Wiring<Self>, saved: SavedTraining<Self>) -> Result<(), Self::Error>;
}
