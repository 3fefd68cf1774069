//! A training under way, whichever system is trained.

use anyhow::Result;
use drr_agent::{Outcome, Trainer, TrainingHooks, Validation};
use drr_core::{Environment, Metrics};
use drr_rivals::RivalTrainer;
use std::path::Path;

/// What every training can do: the same calls for all systems.
pub trait Training {
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
    fn save_policy(&self, path: &Path) -> Result<()>;

    /// The validations so far; the first is of the untrained policy.
    fn validations(&self) -> &[Validation];

    /// The learning curves so far.
    fn metrics(&self) -> &Metrics;

    /// Updates done so far.
    fn n_updates(&self) -> u64;
}

impl<E: Environment> Training for Trainer<E> {
    fn resume(&mut self, folder: &Path) -> Result<u64> {
        Ok(Self::resume(self, folder)?)
    }

    fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome> {
        Ok(Self::run(self, n_rounds, checkpoints, hooks)?)
    }

    fn save_policy(&self, path: &Path) -> Result<()> {
        Ok(self.policy()?.save(path)?)
    }

    fn validations(&self) -> &[Validation] {
        Self::validations(self)
    }

    fn metrics(&self) -> &Metrics {
        Self::metrics(self)
    }

    fn n_updates(&self) -> u64 {
        Self::n_updates(self)
    }
}

impl<E: Environment> Training for RivalTrainer<E> {
    fn resume(&mut self, folder: &Path) -> Result<u64> {
        Ok(Self::resume(self, folder)?)
    }

    fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome> {
        Ok(Self::run(self, n_rounds, checkpoints, hooks)?)
    }

    fn save_policy(&self, path: &Path) -> Result<()> {
        Ok(self.policy()?.save(path)?)
    }

    fn validations(&self) -> &[Validation] {
        Self::validations(self)
    }

    fn metrics(&self) -> &Metrics {
        Self::metrics(self)
    }

    fn n_updates(&self) -> u64 {
        Self::n_updates(self)
    }
}
