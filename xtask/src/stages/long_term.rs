//! Whether the agent learns from later rewards at all: the long-term study.
//!
//! The agent and its twin with a discount of 0 are trained in the world of sweets and vegetables
//! ([`drr_env::long_term`]), where the greatest immediate reward is the wrong choice and the best return is known. Logs
//! of ratings can hardly tell the two apart; this world can, and shows by how much either misses the optimum.

mod world;

use super::Experiment;
use super::jobs::Settings;
use super::names::Form;
use super::train::Training;
use crate::cache::digest_of;
use crate::config::{AgentVariant, check_name};
use crate::files::read_json;
use anyhow::{Context as _, Result};
use drr_agent::{AgentConfig, Judgement, Outcome, Trainer, TrainingHooks};
use drr_core::{EmbeddingSpace, Recommender, Seeds};
use drr_env::long_term::{LongTermConfig as Sizes, LongTermEnvironment};
use drr_rivals::{RivalConfig, RivalTrainer, RivalWorld};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use world::Vectors;

/// What is studied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LongTermConfig {
    /// The number of sweets, and as many vegetables; at least the horizon.
    pub items_per_kind: usize,
    /// T, the steps of a session.
    pub horizon: usize,
    /// N, the latest items that make the mood, which are also those that the agent sees.
    pub history_length: usize,
    /// D, the dimension of the item vectors, at least 2.
    pub dim: usize,
    /// The standard deviation of what tells items of a kind apart, beside a 1 that tells the kind.
    pub item_noise: f32,
    /// How often each agent is trained, every time from another seed.
    pub n_seeds: u64,
    /// The agent; its twin is the same with a discount of 0.
    pub agent: AgentConfig,
    /// More agents, each written down as what it changes of the agent, and each with a twin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentVariant>,
    /// Other systems with reinforcement learning, each with a twin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<RivalConfig>,
}

impl LongTermConfig {
    /// Checks what serde cannot.
    pub fn check(&self) -> Result<()> {
        if self.dim < 2 || self.n_seeds == 0 || !(0.0..=1.0).contains(&self.item_noise) {
            anyhow::bail!("lab.long_term: dim must be at least 2, n_seeds at least 1, item_noise in [0, 1]");
        }
        self.agent.check()?;
        for variant in &self.agents {
            check_name(&variant.name)?;
        }
        for rival in &self.rivals {
            rival.check()?;
        }
        let mut names: Vec<String> = self.learners()?.into_iter().map(|it| it.name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            anyhow::bail!("lab.long_term names {} twice", pair[0]);
        }
        self.world().map(|_| ())
    }

    /// Everybody who is trained: each learner, then its twin with a discount of 0.
    fn learners(&self) -> Result<Vec<LongTermLearner>> {
        let mut agents = vec![(self.agent.state.name().to_owned(), self.agent.clone())];
        for variant in &self.agents {
            agents.push((variant.name.clone(), variant.of(&self.agent)?));
        }
        let agents = agents.into_iter().map(|(name, agent)| (name, Settings::Drr(Box::new(agent))));
        let rivals = self.rivals.iter();
        let rivals = rivals.map(|it| (it.name().to_owned(), Settings::Rival(Box::new(it.clone()))));
        let pairs = agents.chain(rivals).flat_map(|(name, settings)| {
            let twin = format!("{name}{}", Form::Greedy.suffix());
            let greedy = settings.greedy();
            [LongTermLearner { name, settings }, LongTermLearner { name: twin, settings: greedy }]
        });
        Ok(pairs.collect())
    }

    fn world(&self) -> Result<LongTermEnvironment> {
        let Self { items_per_kind, horizon, history_length, .. } = *self;
        LongTermEnvironment::new(Sizes { items_per_kind, horizon, history_length })
            .context("in lab.long_term")
    }
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

/// Studies what the configuration asks for, unless that was done.
pub fn run(experiment: &Experiment<'_>) -> Result<()> {
    let Some(config) = &experiment.config.lab.long_term else { return Ok(()) };
    let stage = experiment.stage("long-term");
    let inputs = digest_of(&(config, experiment.config.seed))?;
    let output = experiment.path(FILE);
    stage.run(&inputs, std::slice::from_ref(&output), || {
        let n_trainings = config.learners()?.len() as u64 * config.n_seeds;
        let bar = experiment.context.bar("long-term reward", n_trainings);
        let seeds = Seeds(experiment.config.seed).child("long_term");
        let stops = || experiment.context.interrupted();
        let n_done = AtomicU64::new(0);
        let study = study(config, seeds, &stops, &|| bar.set(n_done.fetch_add(1, Ordering::Relaxed) + 1))?;
        bar.finish();
        crate::files::write(&output, &serde_json::to_vec_pretty(&study)?)
    })
}

/// The study of a run that has one.
pub fn load(experiment: &Experiment<'_>) -> Result<Option<LongTermStudy>> {
    let path = experiment.path(FILE);
    if experiment.config.lab.long_term.is_none() || !path.exists() {
        return Ok(None);
    }
    read_json(&path, "run evaluate").map(Some)
}

/// Trains everybody from every seed, side by side.
fn study(
    config: &LongTermConfig,
    seeds: Seeds,
    stops: &(dyn Fn() -> bool + Sync),
    done: &(dyn Fn() + Sync),
) -> Result<LongTermStudy> {
    let world = config.world()?;
    let learners = config.learners()?;
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

/// One training, judged every `validate_every` rounds.
fn train(
    config: &LongTermConfig,
    learner: &LongTermLearner,
    seed: u64,
    seeds: Seeds,
    stops: &(dyn Fn() -> bool + Sync),
) -> Result<LongTermRun> {
    let LongTermLearner { name, settings } = learner;
    let world = config.world()?;
    let seeds = seeds.child(&format!("seed_{seed}"));
    let vectors = Arc::new(Vectors::new(config, &mut seeds.stream("vectors"))?);
    let space = Arc::clone(&vectors) as Arc<dyn EmbeddingSpace>;
    let (horizon, environments) = (config.horizon, vec![world.clone(); settings.n_environments()]);
    let mut training: Box<dyn Training> = match settings {
        Settings::Drr(agent) => {
            let tables = vectors.tables()?;
            Box::new(Trainer::new(name, agent, environments, horizon, tables, space, 0.0, seeds)?)
        }
        Settings::Rival(rival) => {
            let world = RivalWorld::new(vectors.tables()?, vec![Vec::new()])?;
            Box::new(RivalTrainer::new(name, rival, environments, world, space, 0.0, seeds)?)
        }
    };
    let mut hooks = Hooks { world, stops };
    if training.run(settings.n_rounds(), None, &mut hooks)? == Outcome::Interrupted {
        return Err(crate::exit::Interrupted.into());
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
