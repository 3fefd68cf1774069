//! Who learns, where, and from which inputs.
//!
//! A plan takes a whole run apart: everything below this module sees only what it needs.

mod learners;
mod recommending;
mod sessions;
mod stages;
mod studies;

pub use learners::check;

use crate::config::{AblationConfig, ExperimentConfig};
use crate::fit::learner::{Job, Learner};
use crate::fit::sequential::SequentialModels;
use crate::fit::simulator::Simulators;
use crate::fit::spaces::Spaces;
use crate::fit::train::{Rules, Training};
use crate::judge::Bench;
use crate::judge::contestants::worlds;
use crate::report::Page;
use crate::run::{Run, Work};
use anyhow::{Context as _, Result};
use drr_core::Protocol;
use std::path::PathBuf;
use std::sync::Arc;

/// What is done in a run.
pub struct Plan<'a> {
    run: &'a Run<'a>,
    learners: Vec<Arc<Learner>>,
}

impl<'a> Plan<'a> {
    /// The plan of a run.
    ///
    /// # Errors
    ///
    /// Refuses a configuration whose parts do not go together.
    pub fn new(run: &'a Run<'a>) -> Result<Self> {
        Ok(Self { run, learners: learners::of(&run.config)? })
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &'a Run<'a> {
        self.run
    }

    fn config(&self) -> &'a ExperimentConfig {
        &self.run.config
    }

    fn work(&self) -> Work<'a> {
        self.run.work()
    }

    /// The spaces of one cut.
    #[must_use]
    pub fn spaces(&self, split: Protocol) -> Spaces<'a> {
        let others = self.config().lab.agents.iter().filter_map(|agent| agent.space).collect();
        Spaces { work: self.work(), cut: self.run.cut(split), config: &self.config().embedding, others }
    }

    /// The simulators, which are the run's own whatever seed a training has.
    #[must_use]
    pub fn simulators(&self) -> Simulators<'a> {
        let cut = self.run.cut(Protocol::Online).seeded(self.run.manifest.seed);
        Simulators { work: self.work(), cut, factors: &self.config().embedding.pmf }
    }

    /// The networks that read sequences, of one protocol.
    #[must_use]
    pub fn sequential(&self, protocol: Protocol) -> SequentialModels<'a> {
        let (work, cut) = (self.work(), self.run.cut(protocol));
        SequentialModels { work, cut, configs: &self.config().lab.sequential }
    }

    fn rules(&self) -> Rules<'a> {
        let config = self.config();
        Rules {
            environment: &config.environment,
            choose_on_validation: config.training.choose_on_validation,
            reference_duration: config.training.reference_duration.as_deref(),
            n_observed: config.evaluation.n_observed,
            n_online_steps: config.lab.online.n_steps,
        }
    }

    fn training(&self, job: Job, seed: u64) -> Training<'a> {
        Training {
            work: self.work(),
            cut: self.run.cut(job.split).seeded(seed),
            spaces: self.spaces(job.split),
            simulators: self.simulators(),
            rules: self.rules(),
            job,
        }
    }

    /// The trainings of one cut from a root seed, whose files lie in `folder`; the run's own agent first.
    fn trainings_from(&self, split: Protocol, seed: u64, folder: &std::path::Path) -> Vec<Training<'a>> {
        let of_world = |world| {
            let of_split = self.learners.iter().filter(|learner| learner.is_of(split));
            of_split.map(move |learner| Job {
                split,
                learner: Arc::clone(learner),
                world,
                folder: folder.to_owned(),
            })
        };
        let jobs = worlds(split).iter().flat_map(|world| of_world(*world));
        jobs.map(|job| self.training(job, seed)).collect()
    }

    /// The trainings of one cut, the run's own agent first.
    #[must_use]
    pub fn trainings(&self, split: Protocol) -> Vec<Training<'a>> {
        self.trainings_from(split, self.config().seed, &PathBuf::new())
    }

    /// All trainings.
    #[must_use]
    pub fn all_trainings(&self) -> Vec<Training<'a>> {
        self.run.splits().into_iter().flat_map(|split| self.trainings(split)).collect()
    }

    /// The training of the run's own agent under a protocol, in its first world.
    ///
    /// # Errors
    ///
    /// Fails if there is none, which would be a fault of the plan.
    pub fn main_training(&self, protocol: Protocol) -> Result<Training<'a>> {
        let mut trainings = self.trainings(protocol.split()).into_iter();
        trainings.next().with_context(|| format!("nobody is trained under {protocol}"))
    }

    /// What judges under a protocol.
    #[must_use]
    pub fn bench(&self, protocol: Protocol) -> Bench<'a> {
        let config = self.config();
        let judged = |training: &Training<'_>| {
            let protocols = &training.job.learner.protocols;
            protocols.is_empty() || protocols.contains(&protocol)
        };
        Bench {
            work: self.work(),
            cut: self.run.cut(protocol),
            spaces: self.spaces(protocol.split()),
            simulators: self.simulators(),
            sequential: self.sequential(protocol),
            trainings: self.trainings(protocol.split()).into_iter().filter(judged).collect(),
            agent: &config.agent,
            lab: &config.lab,
            evaluation: &config.evaluation,
            environment: &config.environment,
        }
    }

    /// The learners' own names, the run's agent first.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for learner in &self.learners {
            if !names.contains(&learner.name) {
                names.push(learner.name.clone());
            }
        }
        names
    }

    /// The run as its report sees it.
    ///
    /// # Errors
    ///
    /// Fails if the registry cannot be read.
    pub fn page(&self) -> Result<Page<'a>> {
        let run = self.run;
        let sessions = self.session_models()?.map(|models| self.session_trainings(&models, run.config.seed));
        let dataset = &run.dataset.manifest().dataset;
        Ok(Page {
            work: self.work(),
            manifest: &run.manifest,
            dataset: &run.dataset,
            protocols: run.protocols(),
            left_out: run.left_out(),
            cuts: run.splits().into_iter().map(|split| (self.spaces(split), self.trainings(split))).collect(),
            sessions: sessions.into_iter().flatten().collect(),
            official_md5: run.context.registry().load(dataset)?.md5,
        })
    }

    /// The study's section of the configuration.
    fn ablation_config(&self) -> Result<&'a AblationConfig> {
        self.config().study.ablation.as_ref().context(
            "the configuration has no section [study.ablation]: give it seeds = [..], and variants as [[lab.agents]]",
        )
    }
}
