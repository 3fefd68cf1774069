//! The one trainer: act, remember, update; round after round of sessions side by side, whichever system is trained.
//!
//! A round is one session in every environment. Validation, checkpoints and interruptions happen between rounds, where
//! no session is under way: so a checkpoint needs no state of an environment, and a resumed run goes on bit by bit.

mod saved;
mod trainee;

pub use trainee::{Rhythm, SavedTraining, Trainee, Wiring};

use crate::rounds::{self, Rounds};
use crate::{LearnError, TrainingTables};
use drr_core::{
    EmbeddingSpace, Environment, Metrics, Outcome, RandomStream, Seeds, TrainingHooks, Validation,
};
use drr_store::Written;
use std::path::Path;
use std::sync::Arc;

/// What a training is made of, beside the settings of the system.
pub struct TrainingSetup<E, W = TrainingTables> {
    /// The learner's name in files and reports.
    pub name: String,
    /// The environments that step side by side, as many as the settings say.
    pub environments: Vec<E>,
    /// The greatest length of a session, T.
    pub horizon: usize,
    /// The vectors of items and users, with what else the system knows of the users.
    pub world: W,
    /// The space that the policy will be served in.
    pub space: Arc<dyn EmbeddingSpace>,
    /// The least rating that counts as positive.
    pub positive_rating: f32,
    /// The root of all draws.
    pub seeds: Seeds,
}

/// A training under way.
pub struct Trainer<E, T: Trainee> {
    trainee: T,
    wiring: Wiring<T>,
    environments: Vec<E>,
    stream: RandomStream,
    metrics: Metrics,
    validations: Vec<Validation>,
    round: u64,
    step: u64,
}

impl<E: Environment, T: Trainee> Trainer<E, T> {
    /// A training at its beginning; it logs the path that carries out its updates.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range, and tables and environments that do not fit together.
    pub fn new(config: &T::Config, setup: TrainingSetup<E, T::World>) -> Result<Self, T::Error> {
        T::check(config)?;
        let TrainingSetup { name, environments, horizon, world, space, positive_rating, seeds } = setup;
        let n_environments = T::rhythm(config).n_environments;
        let Some(first) = environments.first().filter(|_| environments.len() == n_environments) else {
            let message =
                format!("{} environments for n_environments = {n_environments}", environments.len());
            return Err(LearnError::Tables(message).into());
        };
        let (n_items, n_vectors) = (first.n_items(), world.as_ref().n_items());
        if n_items != n_vectors {
            let message = format!("the environment has {n_items} items, the vectors {n_vectors}");
            return Err(LearnError::Tables(message).into());
        }
        let history_length = first.history_length();
        let config = config.clone();
        let wiring = Wiring { config, name, world, space, positive_rating, history_length, horizon };
        let trainee = T::new(&wiring, seeds)?;
        tracing::info!(learner = wiring.name, path = trainee.path_name(), "updates run on this path");
        Ok(Self {
            trainee,
            wiring,
            environments,
            stream: seeds.stream("environments"),
            metrics: Metrics::default(),
            validations: Vec::new(),
            round: 0,
            step: 0,
        })
    }

    /// Goes on from the latest checkpoint in `folder`, if there is one. Returns the rounds done.
    ///
    /// # Errors
    ///
    /// Fails on a damaged checkpoint and on one of another configuration.
    pub fn resume(&mut self, folder: &Path) -> Result<u64, T::Error> {
        rounds::resume(self, folder)
    }

    /// Trains until round `n_rounds`, with checkpoints in `checkpoints` if a folder is given.
    ///
    /// # Errors
    ///
    /// Stops at the first value that is not finite, naming the step; and on failures of files and of validation.
    pub fn run(
        &mut self,
        n_rounds: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome, T::Error> {
        rounds::run(self, n_rounds, checkpoints, hooks)
    }

    /// The current policy, frozen.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor.
    pub fn policy(&self) -> Result<T::Policy, T::Error> {
        self.trainee.policy(&self.wiring)
    }

    /// The learning curves so far.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The validations so far; the first is of the untrained policy.
    #[must_use]
    pub fn validations(&self) -> &[Validation] {
        &self.validations
    }

    /// Updates done so far.
    #[must_use]
    pub fn n_updates(&self) -> u64 {
        self.trainee.n_updates()
    }

    /// Environment steps done so far.
    #[must_use]
    pub const fn n_steps(&self) -> u64 {
        self.step
    }

    /// Which path carries out the updates.
    #[must_use]
    pub fn path_name(&self) -> &'static str {
        self.trainee.path_name()
    }

    /// The system as it is now.
    #[must_use]
    pub const fn trainee(&self) -> &T {
        &self.trainee
    }

    /// The system as it is now, to be changed between two rounds.
    pub const fn trainee_mut(&mut self) -> &mut T {
        &mut self.trainee
    }

    /// The settings and the world of the training.
    #[must_use]
    pub const fn wiring(&self) -> &Wiring<T> {
        &self.wiring
    }

    /// One session in every environment, side by side, with the updates in between.
    fn play_round(&mut self) -> Result<(), T::Error> {
        let Self { trainee, wiring, environments, stream, step, .. } = self;
        let mut round = trainee.begin_round(wiring);
        let mut sessions: Vec<Option<T::Session>> = Vec::with_capacity(environments.len());
        for environment in &mut *environments {
            let observation = environment.reset(stream).map_err(LearnError::from)?;
            sessions.push(trainee.begin_session(wiring, observation, environment.candidates()));
        }
        while sessions.iter().any(Option::is_some) {
            trainee.decide(wiring, environments, &mut sessions, step, &mut round)?;
            for _ in 0..trainee.n_updates_due(wiring) {
                trainee.update(wiring, *step, &mut round)?;
            }
        }
        trainee.end_round(wiring, &round, *step, &mut self.metrics);
        self.round += 1;
        trainee.after_round(wiring, self.round)
    }
}

impl<E: Environment, T: Trainee> Rounds for Trainer<E, T> {
    type Error = T::Error;

    fn round(&self) -> u64 {
        self.round
    }

    fn rhythm(&self) -> (u64, u64) {
        let Rhythm { checkpoint_every, validate_every, .. } = T::rhythm(&self.wiring.config);
        (checkpoint_every, validate_every)
    }

    fn validations(&self) -> &[Validation] {
        &self.validations
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn n_updates(&self) -> u64 {
        self.trainee.n_updates()
    }

    fn path_name(&self) -> &'static str {
        self.trainee.path_name()
    }

    fn save_policy(&self, path: &Path) -> Result<Written, T::Error> {
        T::save_policy(&self.policy()?, path)
    }

    fn play(&mut self) -> Result<(), T::Error> {
        self.play_round()
    }

    fn validate(&mut self, hooks: &mut dyn TrainingHooks) -> Result<(), T::Error> {
        if let Some(judgement) = hooks.validate(&self.policy()?).map_err(LearnError::Validation)? {
            let when = (self.round, self.trainee.n_updates(), self.step);
            judgement.keep(when, &mut self.validations, &mut self.metrics);
        }
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<(), T::Error> {
        self.write(folder)
    }

    fn load(&mut self, path: &Path) -> Result<(), T::Error> {
        self.read(path)
    }
}
