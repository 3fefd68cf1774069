//! A training under way, whichever system is trained.

use anyhow::Result;
use drr_core::Metrics;
use drr_core::{Outcome, TrainingHooks, Validation};
use drr_learn::Rounds;
use drr_store::Written;
use std::path::Path;

/// What every training can do: the same calls for all systems.
pub trait Steps {
    /// Goes on from the latest checkpoint in `folder`, if there is one. Returns the rounds done.
    fn resume(&mut self, folder: &Path) -> Result<u64>;

    /// Trains until round `n_rounds`, with checkpoints in `checkpoints` if a folder is given.
    fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome>;

    /// Writes the current policy.
    fn save_policy(&self, path: &Path) -> Result<Written>;

    /// The validations so far; the first is of the untrained policy.
    fn validations(&self) -> &[Validation];

    /// The learning curves so far.
    fn metrics(&self) -> &Metrics;

    /// Updates done so far.
    fn n_updates(&self) -> u64;

    /// Which path carries out the updates.
    fn path_name(&self) -> &'static str;
}

impl<T: Rounds> Steps for T
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    fn resume(&mut self, folder: &Path) -> Result<u64> {
        Ok(drr_learn::resume(self, folder)?)
    }

    fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome> {
        Ok(drr_learn::run(self, n_rounds, checkpoints, hooks)?)
    }

    fn save_policy(&self, path: &Path) -> Result<Written> {
        Ok(Rounds::save_policy(self, path)?)
    }

    fn validations(&self) -> &[Validation] {
        Rounds::validations(self)
    }

    fn metrics(&self) -> &Metrics {
        Rounds::metrics(self)
    }

    fn n_updates(&self) -> u64 {
        Rounds::n_updates(self)
    }

    fn path_name(&self) -> &'static str {
        Rounds::path_name(self)
    }
}
