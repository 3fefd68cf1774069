//! Everybody who is judged: fitted one after the other, so that each one's cost can be measured, agents last.

use super::costs::{Cost, Meter};
use super::sets::labelled_contexts;
use crate::config::{LabConfig, SpaceKind};
use crate::fit::jobs::{self, Job, World};
use crate::fit::names::Form;
use crate::fit::pretrain;
use crate::fit::sequential;
use crate::fit::train;
use crate::run::experiment::Phase;
use crate::run::experiment::Run;
use anyhow::{Context as _, Result};
use drr_agent::RewardModel;
use drr_baselines::{BaselineConfig, FitInputs, FoldInRecommender, Popularity};
use drr_core::{
    Feedback, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem, SessionKind, UserIdx,
};
use drr_data::Protocol;

/// The agent without RL: its own space's user vector is the action.
pub const NO_RL: &str = "no_rl";
/// The greedy one-step model of the reward, learned without reinforcement.
pub const REWARD_MODEL: &str = "reward_model";

/// One of those who are judged.
pub struct Contestant {
    /// Who it is.
    pub recommender: Box<dyn Recommender>,
    /// What it took to fit.
    pub cost: Cost,
}

/// Everybody who is judged under `protocol`, the oracle aside.
pub fn all(experiment: &Run<'_>, protocol: Protocol) -> Result<Vec<Contestant>> {
    let mut all = without_rl(experiment, protocol)?;
    all.extend(agents(experiment, protocol)?);
    Ok(all)
}

/// Everybody who is judged under `protocol` and does without reinforcement learning, the oracle aside.
pub fn without_rl(experiment: &Run<'_>, protocol: Protocol) -> Result<Vec<Contestant>> {
    let log = experiment.log(protocol, Phase::Final)?;
    let mut all = baselines(experiment, protocol, &log)?;
    all.extend(spaces(experiment, protocol, &log)?);
    if protocol.facts().sessions == SessionKind::Simulated {
        all.extend(fitted(experiment, protocol, &log, &experiment.config.lab.online.bandits)?);
    }
    if let Some(config) = &experiment.config.lab.reward_model {
        tracing::info!("{protocol}: fitting {REWARD_MODEL}");
        let meter = Meter::start(&experiment.context.watch);
        let space = pretrain::own_space(experiment, protocol, Phase::Final)?;
        let contexts = labelled_contexts(experiment, protocol, Phase::Final)?;
        let seeds = experiment.seeds(protocol).child(REWARD_MODEL);
        let model = RewardModel::fit(&contexts, space, config, experiment.positive(protocol), seeds)?;
        all.push(meter.contestant(Box::new(model)));
    }
    all.extend(sequences(experiment, protocol)?);
    Ok(all)
}

fn baselines(experiment: &Run<'_>, protocol: Protocol, log: &InteractionLog) -> Result<Vec<Contestant>> {
    fitted(experiment, protocol, log, &configured(&experiment.config.lab, protocol))
}

/// The recommenders of the configuration; without a laboratory, the lines that every figure is read by.
pub fn configured(lab: &LabConfig, protocol: Protocol) -> Vec<BaselineConfig> {
    let of_lab = lab.of(protocol);
    if of_lab.is_empty() {
        let least = ["random", "popularity", "item_knn"];
        return least.iter().filter_map(|kind| BaselineConfig::default_of(kind)).collect();
    }
    of_lab
}

fn fitted(
    experiment: &Run<'_>,
    protocol: Protocol,
    log: &InteractionLog,
    configs: &[BaselineConfig],
) -> Result<Vec<Contestant>> {
    let mut all = Vec::new();
    for config in configs {
        experiment.context.stop_if_asked()?;
        tracing::info!("{protocol}: fitting {}", config.kind_name());
        let meter = Meter::start(&experiment.context.watch);
        let recommender = fit_baseline(experiment, protocol, log, config, Phase::Final)?;
        all.push(meter.contestant(recommender));
    }
    Ok(all)
}

/// Fits one recommender without RL on the rows of `log`.
pub fn fit_baseline(
    experiment: &Run<'_>,
    protocol: Protocol,
    log: &InteractionLog,
    config: &BaselineConfig,
    phase: Phase,
) -> Result<Box<dyn Recommender>> {
    let seeds = experiment.seeds(protocol).child(config.kind_name());
    let space = if config.needs_item_vectors() {
        Some(pretrain::own_space(experiment, protocol, phase)?)
    } else {
        None
    };
    let inputs = FitInputs {
        log,
        positive: experiment.positive(protocol),
        rating_scale: experiment.dataset.manifest().rating_scale,
        item_vectors: space.as_ref().map(|space| space.items()),
    };
    let fitted = config.fit(&inputs, seeds);
    fitted.with_context(|| format!("failed to fit {} under {protocol}", config.kind_name()))
}

/// The embedding spaces without anything on top.
fn spaces(experiment: &Run<'_>, protocol: Protocol, log: &InteractionLog) -> Result<Vec<Contestant>> {
    let own = experiment.config.embedding.space_of(protocol);
    let others = SpaceKind::ALWAYS.into_iter().filter(|kind| *kind != own);
    let mut all = Vec::new();
    for (name, kind) in others.map(|kind| (kind.name(), kind)).chain([(NO_RL, own)]) {
        let meter = Meter::start(&experiment.context.watch);
        let space = pretrain::space(experiment, protocol.split(), Phase::Final, kind)?;
        let fallback = Popularity::fit(log, experiment.positive(protocol));
        let mut contestant = meter.contestant(Box::new(FoldInRecommender::new(name, space, fallback)?));
        contestant.cost.seconds = pretrain::note(experiment, protocol.split())?.seconds_of(kind);
        all.push(contestant);
    }
    Ok(all)
}

/// The networks that read histories as sequences, of the protocols that they were fitted for.
fn sequences(experiment: &Run<'_>, protocol: Protocol) -> Result<Vec<Contestant>> {
    let mut all = Vec::new();
    for (model, seconds) in sequential::load(experiment, protocol)? {
        let mut contestant = Meter::start(&experiment.context.watch).contestant(Box::new(model));
        contestant.cost.seconds = seconds;
        all.push(contestant);
    }
    Ok(all)
}

/// The learners of a protocol: the untrained ones, then the trained, the agent itself last; of "online", those of both
/// worlds.
fn agents(experiment: &Run<'_>, protocol: Protocol) -> Result<Vec<Contestant>> {
    let split = protocol.split();
    let jobs: Vec<Job> = jobs::of_split(experiment, split)?
        .into_iter()
        .filter(|job| job.learner.protocols.is_empty() || job.learner.protocols.contains(&protocol))
        .collect();
    let mut all = Vec::new();
    let untrained =
        jobs.iter().filter(|job| job.learner.form == Form::Agent && job.world == World::of(split)[0]);
    for job in untrained.rev() {
        let meter = Meter::start(&experiment.context.watch);
        let inner = job.load_policy(experiment, false)?;
        let name = format!("{}{}", job.learner.name, Form::Untrained.suffix());
        all.push(meter.contestant(renamed(inner, name)));
    }
    for job in jobs.iter().rev() {
        let meter = Meter::start(&experiment.context.watch);
        let mut contestant = meter.contestant(job.load_policy(experiment, true)?);
        contestant.cost.seconds = train::note(experiment, job)?.seconds[1];
        all.push(contestant);
    }
    if let (SessionKind::Simulated, Some(learning)) =
        (protocol.facts().sessions, experiment.config.lab.online.learning)
    {
        for world in World::SIMULATED {
            let meter = Meter::start(&experiment.context.watch);
            all.push(meter.contestant(Box::new(train::online_agent(experiment, split, world, learning)?)));
        }
    }
    Ok(all)
}

/// The recommender under another name.
pub fn renamed(inner: Box<dyn Recommender>, name: String) -> Box<dyn Recommender> {
    Box::new(Renamed { inner, name })
}

struct Renamed {
    inner: Box<dyn Recommender>,
    name: String,
}

impl Recommender for Renamed {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.inner.origin()
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        self.inner.recommend(queries, k)
    }

    fn n_parameters(&self) -> u64 {
        self.inner.n_parameters()
    }

    fn fork(&self) -> Option<Box<dyn Recommender>> {
        self.inner.fork()
    }

    fn start_session(&mut self, user: UserIdx) {
        self.inner.start_session(user);
    }

    fn observe(&mut self, feedback: Feedback) {
        self.inner.observe(feedback);
    }
}
