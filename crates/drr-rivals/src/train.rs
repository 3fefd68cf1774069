//! The training loop of every system: act, step, remember, update; round after round of sessions side by side.
//!
//! A round is one session in every environment. Validation, checkpoints and interruptions happen between rounds, where no
//! session is under way: so a checkpoint needs no state of an environment, and a resumed run goes on bit by bit.

mod round;
mod saved;

use crate::memory::{Experience, Memory};
use crate::policy::RivalPolicy;
use crate::situation::{RivalWorld, Situation};
use crate::system::{Session, System};
use crate::systems::{self, Parts};
use crate::{RivalConfig, RivalError};
use drr_core::{EmbeddingSpace, Environment, ItemIdx, Metrics, Observation, RandomStream, Seeds};
use drr_core::{Outcome, TrainingHooks, Validation};
use drr_learn::Rounds;
use round::Round;
use std::path::Path;
use std::sync::Arc;

/// The random streams of a training, one per consumer.
#[derive(Debug, Clone)]
struct Streams {
    environments: RandomStream,
    acting: RandomStream,
    memory: RandomStream,
    updates: RandomStream,
}

/// A training under way.
pub struct RivalTrainer<E> {
    config: RivalConfig,
    name: String,
    environments: Vec<E>,
    world: RivalWorld,
    space: Arc<dyn EmbeddingSpace>,
    positive_rating: f32,
    history_length: usize,
    system: Box<dyn System>,
    memory: Memory,
    streams: Streams,
    metrics: Metrics,
    validations: Vec<Validation>,
    round: u64,
    step: u64,
    n_updates: u64,
}

/// A session under way.
struct Running {
    situation: Situation,
}

impl<E: Environment> RivalTrainer<E> {
    /// A training at its beginning.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range, and tables and environments that do not fit together.
    pub fn new(
        name: &str,
        config: &RivalConfig,
        environments: Vec<E>,
        world: RivalWorld,
        space: Arc<dyn EmbeddingSpace>,
        positive_rating: f32,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        config.check()?;
        let n_environments = config.schedule.n_environments;
        let Some(first) = environments.first().filter(|_| environments.len() == n_environments) else {
            let message =
                format!("{} environments for n_environments = {n_environments}", environments.len());
            return Err(RivalError::Tables(message));
        };
        let (n_items, n_vectors) = (first.n_items(), world.tables.n_items());
        if n_items != n_vectors {
            let message = format!("the environment has {n_items} items, the vectors {n_vectors}");
            return Err(RivalError::Tables(message));
        }
        let history_length = first.history_length();
        let parts = Parts { config, items: world.tables.items(), history_length };
        let streams = Streams {
            environments: seeds.stream("environments"),
            acting: seeds.stream("acting"),
            memory: seeds.stream("memory"),
            updates: seeds.stream("updates"),
        };
        Ok(Self {
            system: systems::learner(parts, &world, seeds.child("parameters"))?,
            memory: Memory::new(config.schedule.capacity),
            config: config.clone(),
            name: name.to_owned(),
            environments,
            world,
            space,
            positive_rating,
            history_length,
            streams,
            metrics: Metrics::default(),
            validations: Vec::new(),
            round: 0,
            step: 0,
            n_updates: 0,
        })
    }

    /// Goes on from the latest checkpoint in `folder`, if there is one. Returns the rounds done.
    ///
    /// # Errors
    ///
    /// Fails on a damaged checkpoint and on one of another configuration.
    pub fn resume(&mut self, folder: &Path) -> Result<u64, RivalError> {
        drr_learn::resume(self, folder)
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
    ) -> Result<Outcome, RivalError> {
        drr_learn::run(self, n_rounds, checkpoints, hooks)
    }

    /// The current policy, frozen.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor.
    pub fn policy(&self) -> Result<RivalPolicy, RivalError> {
        RivalPolicy::freeze(
            &self.name,
            &self.config,
            self.system.served()?,
            self.history_length,
            Arc::clone(&self.space),
            self.positive_rating,
            self.n_updates,
        )
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
    pub const fn n_updates(&self) -> u64 {
        self.n_updates
    }

    /// One session in every environment, side by side, with the updates in between.
    fn play_round(&mut self) -> Result<(), RivalError> {
        let mut round = Round::default();
        let mut running: Vec<Option<Running>> = Vec::with_capacity(self.environments.len());
        for environment in &mut self.environments {
            let observation = environment.reset(&mut self.streams.environments)?;
            let disliked = self.world.disliked(observation.context, self.history_length);
            let begun = (!environment.candidates().is_empty())
                .then(|| Running { situation: Situation::new(&observation, &disliked) });
            running.push(begun);
        }
        while running.iter().any(Option::is_some) {
            self.decide_all(&mut running, &mut round)?;
            if self.memory.len() >= self.config.schedule.warmup.max(1) && self.system.learns_now() {
                for _ in 0..self.config.schedule.updates_per_step {
                    self.update(&mut round)?;
                }
            }
        }
        let exploration = self.system.exploration(self.step);
        round.record(self.step, self.environments.len(), exploration, &mut self.metrics);
        Ok(())
    }

    fn update(&mut self, round: &mut Round) -> Result<(), RivalError> {
        let batch = self.memory.sample(self.config.batch_size, &mut self.streams.memory);
        let report = self.system.update(&self.world, &batch, self.step, &mut self.streams.updates)?;
        for (what, value) in [("the loss", report.loss), ("the value of the policy", report.value)] {
            if !value.is_finite() {
                let (update, step) = (self.n_updates, self.step);
                return Err(RivalError::NotFinite { what, value, update, step });
            }
        }
        self.n_updates += 1;
        round.update(&report);
        Ok(())
    }

    fn finish_round(&mut self) -> Result<(), RivalError> {
        let (memory, random) = (&self.memory, &mut self.streams.memory);
        let mut sample = |n: usize| -> Vec<Experience> {
            if memory.len() == 0 {
                return Vec::new();
            }
            memory.sample(n, random).into_iter().cloned().collect()
        };
        self.system.after_round(&self.world, self.round, &mut sample)
    }

    /// One decision in every session that is still under way.
    fn decide_all(&mut self, running: &mut [Option<Running>], round: &mut Round) -> Result<(), RivalError> {
        let under_way = self.environments.iter().zip(running.iter());
        let sessions: Vec<Session<'_>> = under_way
            .filter_map(|(environment, slot)| {
                let situation = &slot.as_ref()?.situation;
                Some(Session { situation, candidates: environment.candidates() })
            })
            .collect();
        let slates = self.system.act(&self.world, &sessions, self.step, &mut self.streams.acting)?;
        let slots = self.environments.iter_mut().zip(running).filter(|(_, slot)| slot.is_some());
        for ((environment, slot), slate) in slots.zip(slates) {
            let Some(session) = slot.take() else { continue };
            let (mut experience, ended) = show(environment, session, &slate, self.history_length)?;
            self.step += experience.items.len() as u64;
            round.decision(&experience);
            let next = experience.after.clone();
            self.system.observe(&mut experience);
            self.memory.push(experience);
            *slot = (!ended).then_some(Running { situation: next });
        }
        Ok(())
    }
}

impl<E: Environment> Rounds for RivalTrainer<E> {
    type Error = RivalError;

    fn round(&self) -> u64 {
        self.round
    }

    fn rhythm(&self) -> (u64, u64) {
        (self.config.schedule.checkpoint_every, self.config.schedule.validate_every)
    }

    fn validations(&self) -> &[Validation] {
        &self.validations
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn n_updates(&self) -> u64 {
        self.n_updates
    }

    fn save_policy(&self, path: &Path) -> Result<(), RivalError> {
        self.policy()?.save(path)
    }

    fn play(&mut self) -> Result<(), RivalError> {
        self.play_round()?;
        self.round += 1;
        self.finish_round()
    }

    fn validate(&mut self, hooks: &mut dyn TrainingHooks) -> Result<(), RivalError> {
        if let Some(judgement) = hooks.validate(&self.policy()?).map_err(RivalError::Validation)? {
            let when = (self.round, self.n_updates, self.step);
            judgement.keep(when, &mut self.validations, &mut self.metrics);
        }
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<(), RivalError> {
        self.write(folder)
    }

    fn load(&mut self, path: &Path) -> Result<(), RivalError> {
        self.read(path)
    }
}

/// Shows the items of one decision one by one, until all are shown or the session ends. Returns whether it ended.
fn show<E: Environment>(
    environment: &mut E,
    session: Running,
    slate: &[ItemIdx],
    window: usize,
) -> Result<(Experience, bool), RivalError> {
    let mut disliked = session.situation.disliked.clone();
    let mut experience = Experience { before: session.situation, ..Experience::default() };
    let mut last: Option<(Observation, bool)> = None;
    for item in slate {
        let next = environment.step(*item)?;
        experience.items.push(*item);
        experience.rewards.push(next.reward);
        if next.reward <= 0.0 {
            disliked.push(*item);
            disliked.drain(..disliked.len().saturating_sub(window));
        }
        experience.terminated = next.terminated;
        let ended = next.terminated || next.truncated;
        last = Some((next.observation, ended));
        if ended {
            break;
        }
    }
    let Some((observation, ended)) = last else {
        return Err(RivalError::Tables("a system chose no item although there were candidates".to_owned()));
    };
    experience.after = Situation::new(&observation, &disliked);
    experience.recommended = environment.recommended().to_vec();
    Ok((experience, ended))
}
