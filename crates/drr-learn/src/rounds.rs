//! The rhythm of every training: rounds, with validation, checkpoints and interruptions in between.
//!
//! Between rounds no session is under way: so a checkpoint needs no state of an environment, and a resumed run goes on bit
//! by bit. The loop is the same for every system that is trained in rounds.

use drr_core::{Metrics, Outcome, TrainingHooks, Validation};
use drr_store::{StoreError, Written, load_latest};
use serde::de::IgnoredAny;
use std::path::Path;

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

    /// Which path carries out the updates, for logs and reports.
    fn path_name(&self) -> &'static str;

    /// Writes the present policy.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    fn save_policy(&self, path: &Path) -> Result<Written, Self::Error>;

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
/// Fails on a checkpoint of another configuration, and where all are damaged. A damaged one is passed over, with a warning, for a
/// whole one before it.
pub fn resume<T: Rounds>(training: &mut T, folder: &Path) -> Result<u64, T::Error> {
    let latest = load_latest::<IgnoredAny>(folder)?;
    let Some(found) = latest.found else {
        // Where there is something, but nothing whole, only the user can say that it may be dropped.
        return latest
            .skipped
            .into_iter()
            .next()
            .map_or_else(|| Ok(training.round()), |it| Err(it.error.into()));
    };
    for damaged in &latest.skipped {
        tracing::warn!("{}; the training goes on from the checkpoint before it", damaged.error);
    }
    training.load(&found.path)?;
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
