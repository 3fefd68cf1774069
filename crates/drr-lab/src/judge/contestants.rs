//! Everybody who is judged: fitted one after the other, so that each one's cost can be measured, agents last.

use super::bench::Bench;
use super::costs::{Cost, Meter};
use super::features::labelled_contexts;
use crate::config::{LabConfig, SpaceKind};
use crate::fit::spaces::Spaces;
use crate::run::{Cut, Phase};
use anyhow::{Context as _, Result};
use drr_agent::RewardModel;
use drr_baselines::{BaselineConfig, FitInputs, FoldInRecommender, Popularity};
use drr_core::{
    Feedback, Form, InteractionLog, LearnerId, Mode, Query, RecommendError, Recommender, RowOrigin,
    ScoredItem, SessionKind, UserIdx, World,
};
use drr_data::Protocol;

/// The agent without RL: its own space's user vector is the action.
pub const NO_RL: &str = "no_rl";
/// The greedy one-step model of the reward, learned without reinforcement.
pub const REWARD_MODEL: &str = "reward_model";

/// One of those who are judged.
pub struct Contestant {
    /// Who it is, if it is a learner.
    pub id: Option<LearnerId>,
    /// What recommends.
    pub recommender: Box<dyn Recommender>,
    /// What it took to fit.
    pub cost: Cost,
}

impl Contestant {
    /// Somebody who is no learner.
    fn of(meter: Meter, recommender: Box<dyn Recommender>) -> Self {
        let cost = meter.cost(&*recommender);
        Self { id: None, recommender, cost }
    }

    /// A learner.
    fn learner(meter: Meter, id: LearnerId, recommender: Box<dyn Recommender>) -> Self {
        Self { id: Some(id), ..Self::of(meter, recommender) }
    }
}

/// The worlds in which a cut's learners are trained, the first of which speaks for all where they are alike.
#[must_use]
pub const fn worlds(split: Protocol) -> &'static [World] {
    match split.facts().sessions {
        SessionKind::Simulated => &World::SIMULATED,
        SessionKind::None | SessionKind::Logged => &[World::Logged],
    }
}

/// Everybody who is judged, the oracle aside.
pub fn all(bench: &Bench<'_>) -> Result<Vec<Contestant>> {
    let mut all = without_rl(bench)?;
    all.extend(learners(bench)?);
    Ok(all)
}

/// Everybody who is judged and does without reinforcement learning, the oracle aside.
pub fn without_rl(bench: &Bench<'_>) -> Result<Vec<Contestant>> {
    let (cut, protocol) = (&bench.cut, bench.cut.protocol);
    let log = cut.log(Phase::Final)?;
    let configs = configured(bench.lab, protocol);
    let mut all = fitted(bench, &log, &configs)?;
    all.extend(spaces(bench, &log, &configs)?);
    if protocol.facts().sessions == SessionKind::Simulated {
        all.extend(fitted(bench, &log, &bench.lab.online.bandits)?);
    }
    if let Some(config) = &bench.lab.reward_model {
        tracing::info!("{protocol}: fitting {REWARD_MODEL}");
        let meter = Meter::start(bench.work.watch);
        let space = bench.spaces.own(Phase::Final)?;
        let contexts = labelled_contexts(cut, bench.environment, Phase::Final)?;
        let seeds = cut.seeds().child(REWARD_MODEL);
        let model = RewardModel::fit(&contexts, space, config, cut.positive(), seeds)?;
        all.push(Contestant::of(meter, Box::new(model)));
    }
    all.extend(sequences(bench)?);
    Ok(all)
}

/// The recommenders of the configuration; without a laboratory, the lines that every figure is read by.
#[must_use]
pub fn configured(lab: &LabConfig, protocol: Protocol) -> Vec<BaselineConfig> {
    let of_lab = lab.of(protocol);
    if of_lab.is_empty() {
        let least = ["random", "popularity", "item_knn"];
        return least.iter().filter_map(|kind| BaselineConfig::default_of(kind)).collect();
    }
    of_lab
}

fn fitted(bench: &Bench<'_>, log: &InteractionLog, configs: &[BaselineConfig]) -> Result<Vec<Contestant>> {
    let mut all = Vec::new();
    for config in configs {
        bench.work.stop_if_asked()?;
        tracing::info!("{}: fitting {}", bench.cut.protocol, config.kind_name());
        let meter = Meter::start(bench.work.watch);
        all.push(Contestant::of(meter, fit_baseline(&bench.cut, &bench.spaces, log, config, Phase::Final)?));
    }
    Ok(all)
}

/// Fits one recommender without RL on the rows of `log`.
///
/// # Errors
///
/// Fails if the fit does.
pub fn fit_baseline(
    cut: &Cut<'_>,
    spaces: &Spaces<'_>,
    log: &InteractionLog,
    config: &BaselineConfig,
    phase: Phase,
) -> Result<Box<dyn Recommender>> {
    let seeds = cut.seeds().child(config.kind_name());
    let space = if config.needs_item_vectors() { Some(spaces.own(phase)?) } else { None };
    let inputs = FitInputs {
        log,
        positive: cut.positive(),
        rating_scale: cut.dataset.manifest().rating_scale,
        item_vectors: space.as_ref().map(|space| space.items()),
    };
    let fitted = config.fit(&inputs, seeds);
    fitted.with_context(|| format!("failed to fit {} under {}", config.kind_name(), cut.protocol))
}

/// The embedding spaces without anything on top, but for one whose name a configured recommender has.
fn spaces(bench: &Bench<'_>, log: &InteractionLog, configs: &[BaselineConfig]) -> Result<Vec<Contestant>> {
    let own = bench.spaces.own_kind();
    let is_taken = |kind: SpaceKind| configs.iter().any(|it| it.kind_name() == kind.name());
    let others = SpaceKind::ALWAYS.into_iter().filter(|kind| *kind != own && !is_taken(*kind));
    let mut all = Vec::new();
    for (name, kind) in others.map(|kind| (kind.name(), kind)).chain([(NO_RL, own)]) {
        let meter = Meter::start(bench.work.watch);
        let space = bench.spaces.load(Phase::Final, kind)?;
        let fallback = Popularity::fit(log, bench.cut.positive());
        let recommender = Box::new(FoldInRecommender::new(name, space, fallback)?);
        let mut contestant = Contestant::of(meter, recommender);
        contestant.cost.seconds = bench.spaces.note()?.seconds_of(kind);
        all.push(contestant);
    }
    Ok(all)
}

/// The networks that read histories as sequences, of the protocols that they were fitted for.
fn sequences(bench: &Bench<'_>) -> Result<Vec<Contestant>> {
    let mut all = Vec::new();
    for (model, seconds) in bench.sequential.load()? {
        let mut contestant = Contestant::of(Meter::start(bench.work.watch), Box::new(model));
        contestant.cost.seconds = seconds;
        all.push(contestant);
    }
    Ok(all)
}

/// The learners: the untrained ones, then the trained, the agent itself last; of "online", those of both worlds.
fn learners(bench: &Bench<'_>) -> Result<Vec<Contestant>> {
    let (watch, protocol) = (bench.work.watch, bench.cut.protocol);
    let first = worlds(protocol.split())[0];
    let mut all = Vec::new();
    let untrained = bench
        .trainings
        .iter()
        .filter(|training| training.job.learner.form == Form::Agent && training.job.world == first);
    for training in untrained.rev() {
        let meter = Meter::start(watch);
        let id = training.job.id().with(Form::Untrained);
        let recommender = renamed(training.load_policy(false)?, id.to_string());
        all.push(Contestant::learner(meter, id, recommender));
    }
    for training in bench.trainings.iter().rev() {
        let meter = Meter::start(watch);
        let mut contestant = Contestant::learner(meter, training.job.id(), training.load_policy(true)?);
        contestant.cost.seconds = training.note()?.seconds[1];
        all.push(contestant);
    }
    if let (SessionKind::Simulated, Some(learning)) = (protocol.facts().sessions, bench.lab.online.learning) {
        for world in World::SIMULATED {
            let of_world = |training: &&crate::fit::train::Training<'_>| {
                training.job.learner.form == Form::Agent && training.job.world == world
            };
            // The run's own agent is the first of its world.
            let Some(training) = bench.trainings.iter().find(of_world) else { continue };
            let meter = Meter::start(watch);
            let agent = training.online_agent(bench.agent, learning)?;
            let id = training.job.id().serving(Mode::Online);
            all.push(Contestant::learner(meter, id, Box::new(agent)));
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
