//! The systems in the trainer: act, remember, update.
//!
//! The loop itself, its checkpoints and its validations are `drr-learn`'s.

mod round;

use crate::memory::{Experience, Memory};
use crate::policy::RivalPolicy;
use crate::situation::{RivalWorld, Situation};
use crate::system::{Session, System};
use crate::systems::{self, Parts};
use crate::{RivalConfig, RivalError, ScheduleConfig};
use drr_core::{Environment, ItemIdx, ItemSet, Metrics, Observation, RandomStream, Seeds};
use drr_learn::{LearnError, Rhythm, SavedTraining, Trainee, Wiring};
use drr_store::{NamedArray, Written};
use round::Round;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A training of a system under way.
pub type RivalTrainer<E> = drr_learn::Trainer<E, RivalTrainee>;

/// The random streams of a system, one per consumer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Streams {
    acting: RandomStream,
    memory: RandomStream,
    updates: RandomStream,
}

/// Nothing: all that a system keeps is in its arrays.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct NoNotes {}

/// A system as it is trained, with its memory.
pub struct RivalTrainee {
    system: Box<dyn System>,
    memory: Memory,
    streams: Streams,
    n_updates: u64,
}

impl Trainee for RivalTrainee {
    type Config = RivalConfig;
    type World = RivalWorld;
    type Session = Situation;
    type Round = Round;
    type Policy = RivalPolicy;
    type Error = RivalError;
    type Streams = Streams;
    type Notes = NoNotes;

    fn check(config: &RivalConfig) -> Result<(), RivalError> {
        config.check()
    }

    fn rhythm(config: &RivalConfig) -> Rhythm {
        let ScheduleConfig { n_environments, checkpoint_every, validate_every, .. } = config.schedule;
        Rhythm { n_environments, checkpoint_every, validate_every }
    }

    fn new(wiring: &Wiring<Self>, seeds: Seeds) -> Result<Self, RivalError> {
        let Wiring { config, world, history_length, .. } = wiring;
        let parts = Parts { config, items: world.tables.items(), history_length: *history_length };
        let streams = Streams {
            acting: seeds.stream("acting"),
            memory: seeds.stream("memory"),
            updates: seeds.stream("updates"),
        };
        Ok(Self {
            system: systems::learner(parts, world, seeds.child("parameters"))?,
            memory: Memory::new(config.schedule.capacity),
            streams,
            n_updates: 0,
        })
    }

    /// All systems are written in tensor operations.
    fn path_name(&self) -> &'static str {
        "composed"
    }

    fn n_updates(&self) -> u64 {
        self.n_updates
    }

    fn begin_round(&self, _: &Wiring<Self>) -> Round {
        Round::default()
    }

    fn begin_session(
        &self,
        wiring: &Wiring<Self>,
        observation: Observation,
        candidates: &ItemSet,
    ) -> Option<Situation> {
        let disliked = wiring.world.disliked(observation.context, wiring.history_length);
        (!candidates.is_empty()).then(|| Situation::new(&observation, &disliked))
    }

    fn decide<E: Environment>(
        &mut self,
        wiring: &Wiring<Self>,
        environments: &mut [E],
        situations: &mut [Option<Situation>],
        step: &mut u64,
        round: &mut Round,
    ) -> Result<(), RivalError> {
        let under_way = environments.iter().zip(situations.iter());
        let sessions: Vec<Session<'_>> = under_way
            .filter_map(|(environment, slot)| {
                Some(Session { situation: slot.as_ref()?, candidates: environment.candidates() })
            })
            .collect();
        let slates = self.system.act(&wiring.world, &sessions, *step, &mut self.streams.acting)?;
        let slots = environments.iter_mut().zip(situations).filter(|(_, slot)| slot.is_some());
        for ((environment, slot), slate) in slots.zip(slates) {
            let Some(situation) = slot.take() else { continue };
            let (mut experience, ended) = show(environment, situation, &slate, wiring.history_length)?;
            *step += experience.items.len() as u64;
            round.decision(&experience);
            let next = experience.after.clone();
            self.system.observe(&mut experience);
            self.memory.push(experience);
            *slot = (!ended).then_some(next);
        }
        Ok(())
    }

    fn n_updates_due(&self, wiring: &Wiring<Self>) -> usize {
        let ScheduleConfig { warmup, updates_per_step, .. } = wiring.config.schedule;
        let is_due = self.memory.len() >= warmup.max(1) && self.system.learns_now();
        if is_due { updates_per_step } else { 0 }
    }

    fn update(&mut self, wiring: &Wiring<Self>, step: u64, round: &mut Round) -> Result<(), RivalError> {
        let batch = self.memory.sample(wiring.config.batch_size, &mut self.streams.memory);
        let report = self.system.update(&wiring.world, &batch, step, &mut self.streams.updates)?;
        for (what, value) in [("the loss", report.loss), ("the value of the policy", report.value)] {
            if !value.is_finite() {
                return Err(RivalError::NotFinite { what, value, update: self.n_updates, step });
            }
        }
        self.n_updates += 1;
        round.update(&report);
        Ok(())
    }

    fn end_round(&mut self, wiring: &Wiring<Self>, round: &Round, step: u64, metrics: &mut Metrics) {
        let n_environments = wiring.config.schedule.n_environments;
        round.record(step, n_environments, self.system.exploration(step), metrics);
    }

    fn after_round(&mut self, wiring: &Wiring<Self>, round: u64) -> Result<(), RivalError> {
        let (memory, random) = (&self.memory, &mut self.streams.memory);
        let mut sample = |n: usize| -> Vec<Experience> {
            if memory.len() == 0 {
                return Vec::new();
            }
            memory.sample(n, random).into_iter().cloned().collect()
        };
        self.system.after_round(&wiring.world, round, &mut sample)
    }

    fn policy(&self, wiring: &Wiring<Self>) -> Result<RivalPolicy, RivalError> {
        RivalPolicy::freeze(wiring, self.system.served()?, self.n_updates)
    }

    fn save_policy(policy: &RivalPolicy, path: &Path) -> Result<Written, RivalError> {
        policy.save(path)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError> {
        let mut arrays = self.system.to_arrays()?;
        arrays.extend(self.memory.to_arrays());
        Ok(arrays)
    }

    fn streams(&self) -> Streams {
        self.streams.clone()
    }

    fn notes(&self) -> NoNotes {
        NoNotes {}
    }

    fn restore(&mut self, wiring: &Wiring<Self>, saved: SavedTraining<Self>) -> Result<(), RivalError> {
        self.system.load_arrays(&saved.arrays)?;
        self.memory = Memory::from_arrays(wiring.config.schedule.capacity, &saved.arrays)?;
        self.streams = saved.streams;
        self.n_updates = saved.n_updates;
        Ok(())
    }
}

/// Shows the items of one decision one by one, until all are shown or the session ends. Returns whether it ended.
fn show<E: Environment>(
    environment: &mut E,
    situation: Situation,
    slate: &[ItemIdx],
    window: usize,
) -> Result<(Experience, bool), RivalError> {
    let mut disliked = situation.disliked.clone();
    let mut experience = Experience { before: situation, ..Experience::default() };
    let mut last: Option<(Observation, bool)> = None;
    for item in slate {
        let next = environment.step(*item).map_err(LearnError::from)?;
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
