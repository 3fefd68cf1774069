//! The rhythm of every training: rounds, with validation, checkpoints and interruptions in between.
//!
//! Between rounds no session is under way: so a checkpoint needs no state of an environment, and a resumed run goes on bit
//! by bit. The loop is the same for every system that is trained in rounds.

use drr_core::{MetricSink, Metrics};
use drr_store::{StoreError, latest_checkpoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a policy did on validation rows, and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Rounds done.
    pub round: u64,
    /// Updates done.
    pub n_updates: u64,
    /// The score; greater is better.
    pub score: f64,
}

/// What a judge says of a policy on validation rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// The score; greater is better.
    pub score: f64,
    /// The distinct items in all lists of ten, divided by the catalogue's size, where the judge made such lists.
    pub distinct_top10: Option<f64>,
}

impl From<f64> for Judgement {
    fn from(score: f64) -> Self {
        Self { score, distinct_top10: None }
    }
}

impl Judgement {
    /// Keeps the judgement of a policy after `round` rounds, `n_updates` updates and `step` environment steps.
    pub fn keep(
        self,
        (round, n_updates, step): (u64, u64, u64),
        validations: &mut Vec<Validation>,
        metrics: &mut Metrics,
    ) {
        let Self { score, distinct_top10 } = self;
        validations.push(Validation { round, n_updates, score });
        metrics.record(step, "validation", score);
        if let Some(share) = distinct_top10 {
            metrics.record(step, "distinct_top10", share);
        }
    }
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All rounds are done.
    Finished,
    /// It was asked to stop; the checkpoint is written.
    Interrupted,
}

/// What the loop asks its caller between rounds.
pub trait TrainingHooks {
    /// Rounds done, out of all.
    fn progress(&mut self, _round: u64, _n_rounds: u64) {}

    /// Judges a policy on validation rows; `None` if there is nothing to judge on.
    ///
    /// # Errors
    ///
    /// An error stops the training.
    fn validate(
        &mut self,
        _policy: &dyn drr_core::Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(None)
    }

    /// Whether to stop after this round.
    fn should_stop(&self) -> bool {
        false
    }
}

/// A training that goes on in rounds.
pub trait Rounds {
    /// Why it may fail.
    type Error: From<StoreError>;

    /// Rounds done so far.
    fn round(&self) -> u64;

    /// Rounds between two checkpoints, and between two validations; at least 1.
    fn rhythm(&self) -> (u64, u64);

    /// The validations so far.
    fn validations(&self) -> &[Validation];

    /// The learning curves so far.
    fn metrics(&self) -> &Metrics;

    /// Updates done so far.
    fn n_updates(&self) -> u64;

    /// Writes the present policy.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    fn save_policy(&self, path: &Path) -> Result<(), Self::Error>;

    /// Plays one more round and counts it.
    ///
    /// # Errors
    ///
    /// Fails on the first value that is not finite.
    fn play(&mut self) -> Result<(), Self::Error>;

    /// Has the present policy judged, and keeps the judgement.
    ///
    /// # Errors
    ///
    /// Fails if the judge does.
    fn validate(&mut self, hooks: &mut dyn TrainingHooks) -> Result<(), Self::Error>;

    /// Writes a checkpoint of the present round into `folder`.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    fn save(&self, folder: &Path) -> Result<(), Self::Error>;

    /// Takes over the checkpoint `path`.
    ///
    /// # Errors
    ///
    /// Fails on a damaged checkpoint and on one of another configuration.
    fn load(&mut self, path: &Path) -> Result<(), Self::Error>;
}

/// Goes on from the latest checkpoint in `folder`, if there is one. Returns the rounds done.
///
/// # Errors
///
/// Fails on a damaged checkpoint and on one of another configuration.
pub fn resume<T: Rounds>(training: &mut T, folder: &Path) -> Result<u64, T::Error> {
    if let Some(path) = latest_checkpoint(folder)? {
        training.load(&path)?;
    }
    Ok(training.round())
}

/// Trains until round `n_rounds`, with checkpoints in `checkpoints` if a folder is given.
///
/// # Errors
///
/// Stops at the first failure of a round, of the judge or of the disk.
pub fn run<T: Rounds>(
    training: &mut T,
    n_rounds: u64,
    checkpoints: Option<&Path>,
    hooks: &mut dyn TrainingHooks,
) -> Result<Outcome, T::Error> {
    let (checkpoint_every, validate_every) = training.rhythm();
    if training.round() == 0 && training.validations().is_empty() {
        training.validate(hooks)?;
    }
    while training.round() < n_rounds {
        training.play()?;
        let round = training.round();
        hooks.progress(round, n_rounds);
        let last = round == n_rounds;
        if last || round.is_multiple_of(validate_every) {
            training.validate(hooks)?;
        }
        let stops = hooks.should_stop() && !last;
        if let Some(folder) = checkpoints
            && (last || stops || round.is_multiple_of(checkpoint_every))
        {
            training.save(folder)?;
        }
        if stops {
            return Ok(Outcome::Interrupted);
        }
    }
    Ok(Outcome::Finished)
}
