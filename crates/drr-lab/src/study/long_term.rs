//! Whether the agent learns from later rewards at all: the long-term study.
//!
//! The agent and its twin with a discount of 0 are trained in the world of sweets and vegetables
//! ([`drr_env::long_term`]), where the greatest immediate reward is the wrong choice and the best return is known. Logs
//! of ratings can hardly tell the two apart; this world can, and shows by how much either misses the optimum.

mod world;

use crate::config::LongTermConfig;
use crate::failure::Interrupted;
use crate::fit::learner::Settings;
use crate::fit::train::Steps;
use crate::run::Work;
use crate::run::code::Kind;
use anyhow::{Context as _, Result, bail};
use drr_agent::Trainer;
use drr_core::{EmbeddingSpace, Form, Judgement, Outcome, Recommender, Seeds, TrainingHooks};
use drr_env::long_term::{LongTermConfig as Sizes, LongTermEnvironment};
use drr_learn::TrainingSetup;
use drr_rivals::{RivalTrainer, RivalWorld};
use drr_store::digest_of;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use world::Vectors;

/// Refuses learners with one name, and a world that cannot be.
///
/// # Errors
///
/// Names the learner, or the key of the world.
pub fn check(config: &LongTermConfig) -> Result<()> {
    let mut names: Vec<String> = learners(config)?.into_iter().map(|it| it.name).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        anyhow::bail!("lab.long_term names {} twice", pair[0]);
    }
    world_of(config).map(drop)
}

/// Everybody who is trained: each learner, then its twin with a discount of 0.
fn learners(config: &LongTermConfig) -> Result<Vec<LongTermLearner>> {
    let mut agents = vec![(config.agent.state.name().to_owned(), config.agent.clone())];
    for variant in &config.agents {
        agents.push((variant.name.clone(), variant.of(&config.agent)?));
    }
    let agents = agents.into_iter().map(|(name, agent)| (name, Settings::Drr(Box::new(agent))));
    let rivals = config.rivals.iter();
    let rivals = rivals.map(|it| (it.name().to_owned(), Settings::Rival(Box::new(it.clone()))));
    let pairs = agents.chain(rivals).flat_map(|(name, settings)| {
        let twin = format!("{name}{}", Form::Greedy.suffix());
        let greedy = settings.greedy();
        [LongTermLearner { name, settings }, LongTermLearner { name: twin, settings: greedy }]
    });
    Ok(pairs.collect())
}

fn world_of(config: &LongTermConfig) -> Result<LongTermEnvironment> {
    let LongTermConfig { items_per_kind, horizon, history_length, .. } = *config;
    LongTermEnvironment::new(Sizes { items_per_kind, horizon, history_length }).context("in lab.long_term")
}

/// Who is trained in the study.
struct LongTermLearner {
    name: String,
    settings: Settings,
}

/// How one training went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LongTermRun {
    /// The learner: "drr_ave", or "drr_ave_gamma_0" for the twin.
    pub agent: String,
    /// Which of the seeds, from 0.
    pub seed: u64,
    /// The return of a session without exploration after so many sessions of training, undiscounted.
    pub curve: Vec<(u64, f64)>,
}

impl LongTermRun {
    /// The return at the end of the training; nothing is chosen along the way.
    pub fn last(&self) -> f64 {
        self.curve.last().map_or(f64::NAN, |point| point.1)
    }
}

/// The study; returns are of a session of `T` steps, undiscounted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LongTermStudy {
    /// The best return of all.
    pub optimum: f64,
    /// The return of the best policy by the agent's discount that does not know when the session ends.
    pub discounted: f64,
    /// The agent's discount.
    pub discount: f64,
    /// Vegetables alone.
    pub patient: f64,
    /// Sweets alone: the greatest reward now.
    pub greedy: f64,
    /// The mean over [`N_RANDOM`] sessions of random items.
    pub random: f64,
    /// Every training.
    pub runs: Vec<LongTermRun>,
}

/// The sessions of random items.
pub const N_RANDOM: usize = 1000;

const FILE: &str = "long_term.json";
const STAGE: &str = "long-term";

/// Studies what the configuration asks for, unless that was done.
///
/// # Errors
///
/// Fails if a training or the disk does, and with [`Interrupted`] if the user asked to stop.
pub fn run(work: Work<'_>, config: &LongTermConfig, seed: u64) -> Result<()> {
    let inputs = digest_of(&(config, seed))?;
    let output = work.path(FILE);
    work.stage(STAGE, Kind::LongTerm).run(&inputs, std::slice::from_ref(&output), |made| {
        let n_trainings = learners(config)?.len() as u64 * config.n_seeds;
        let bar = work.bar("long-term reward", n_trainings);
        let seeds = Seeds(seed).child("long_term");
        let stops = || work.interrupted();
        let n_done = AtomicU64::new(0);
        let study = study(config, seeds, &stops, &|| bar.set(n_done.fetch_add(1, Ordering::Relaxed) + 1))?;
        bar.finish();
        made.write(&output, &serde_json::to_vec_pretty(&study)?)
    })
}

/// The study of a run that has one.
///
/// # Errors
///
/// Fails if the file is damaged.
pub fn load(work: Work<'_>) -> Result<Option<LongTermStudy>> {
    if !work.path(FILE).exists() {
        return Ok(None);
    }
    Ok(Some(drr_store::read_json(&work.checked(STAGE, FILE)?, "run evaluate")?))
}

/// Trains everybody from every seed, side by side.
fn study(
    config: &LongTermConfig,
    seeds: Seeds,
    stops: &(dyn Fn() -> bool + Sync),
    done: &(dyn Fn() + Sync),
) -> Result<LongTermStudy> {
    let world = world_of(config)?;
    let learners = learners(config)?;
    let jobs: Vec<(&LongTermLearner, u64)> =
        learners.iter().flat_map(|it| (0..config.n_seeds).map(move |n| (it, n))).collect();
    let runs: Result<Vec<LongTermRun>> = jobs
        .into_par_iter()
        .map(|(learner, seed)| {
            let run = train(config, learner, seed, seeds, stops)?;
            done();
            Ok(run)
        })
        .collect();
    Ok(LongTermStudy {
        optimum: f64::from(world.optimal_return()),
        discounted: f64::from(world.discounted_return(config.agent.discount)),
        discount: config.agent.discount,
        patient: f64::from(world.patient_return()),
        greedy: f64::from(world.greedy_return()),
        random: world::random_return(&mut world.clone(), N_RANDOM, &mut seeds.stream("random"))?,
        runs: runs?,
    })
}

/// What a training in the world is made of; every rating counts as positive.
fn setup<W>(
    name: &str,
    environments: Vec<LongTermEnvironment>,
    config: &LongTermConfig,
    world: W,
    space: Arc<dyn EmbeddingSpace>,
    seeds: Seeds,
) -> TrainingSetup<LongTermEnvironment, W> {
    let (name, horizon) = (name.to_owned(), config.horizon);
    TrainingSetup { name, environments, horizon, world, space, positive_rating: 0.0, seeds }
}

/// One training, judged every `validate_every` rounds.
fn train(
    config: &LongTermConfig,
    learner: &LongTermLearner,
    seed: u64,
    seeds: Seeds,
    stops: &(dyn Fn() -> bool + Sync),
) -> Result<LongTermRun> {
    let LongTermLearner { name, settings } = learner;
    let world = world_of(config)?;
    let seeds = seeds.child(&format!("seed_{seed}"));
    let vectors = Arc::new(Vectors::new(config, &mut seeds.stream("vectors"))?);
    let space = Arc::clone(&vectors) as Arc<dyn EmbeddingSpace>;
    let environments = vec![world.clone(); settings.n_environments()];
    let mut training: Box<dyn Steps> = match settings {
        Settings::Drr(agent) => {
            let tables = vectors.tables()?;
            Box::new(Trainer::new(agent, setup(name, environments, config, tables, space, seeds))?)
        }
        Settings::Rival(rival) => {
            let world = RivalWorld::new(vectors.tables()?, vec![Vec::new()])?;
            Box::new(RivalTrainer::new(rival, setup(name, environments, config, world, space, seeds))?)
        }
        Settings::Session(_) => bail!("lab.long_term has no agents for sessions: name others"),
    };
    let mut hooks = Hooks { world, stops };
    if training.run(settings.n_rounds(), None, &mut hooks)? == Outcome::Interrupted {
        return Err(Interrupted.into());
    }
    let sessions = settings.n_environments() as u64;
    let curve = training.validations().iter().map(|it| (it.round * sessions, it.score)).collect();
    Ok(LongTermRun { agent: name.clone(), seed, curve })
}

struct Hooks<'a> {
    world: LongTermEnvironment,
    stops: &'a (dyn Fn() -> bool + Sync),
}

impl TrainingHooks for Hooks<'_> {
    fn validate(
        &mut self,
        policy: &dyn Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Some(world::return_of(policy, &mut self.world)?.into()))
    }

    fn should_stop(&self) -> bool {
        (self.stops)()
    }
}

#[cfg(test)]
mod tests;
