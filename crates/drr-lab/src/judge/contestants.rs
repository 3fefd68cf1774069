//! Everybody who is judged: fitted one after the other, so that each one's cost can be measured, agents last.
//!
//! One table has everybody by name, before anything is fitted: who judges makes all of them, who recommends makes one.

use super::bench::Bench;
use super::costs::{Cost, Meter};
use super::features::labelled_contexts;
use crate::config::{LabConfig, SpaceKind};
use crate::fit::spaces::Spaces;
use crate::fit::train::Training;
use crate::run::{Cut, Phase};
use anyhow::{Context as _, Result};
use drr_agent::{OnlineConfig, RewardModel, RewardModelConfig};
use drr_baselines::{BaselineConfig, FitInputs, FoldInRecommender, Popularity};
use drr_core::{
    Feedback, Form, InteractionLog, LearnerId, Mode, Query, RecommendError, Recommender, RowOrigin,
    ScoredItem, SessionKind, UserIdx, World,
};
use drr_data::Protocol;
use drr_sequential::SequentialConfig;

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
    made(bench, entries(bench))
}

/// Everybody who is judged and does without reinforcement learning, the oracle aside.
pub fn without_rl(bench: &Bench<'_>) -> Result<Vec<Contestant>> {
    made(bench, without_learners(bench))
}

fn made<'a>(bench: &Bench<'a>, entries: Vec<Entry<'a, '_>>) -> Result<Vec<Contestant>> {
    let log = bench.cut.log(Phase::Final)?;
    entries.into_iter().map(|entry| entry.make(bench, &log)).collect()
}

/// Somebody who is judged, before anything of them is fitted or read.
pub struct Entry<'a, 'b> {
    name: String,
    what: What<'a, 'b>,
}

/// What a contestant is made of.
enum What<'a, 'b> {
    /// A recommender without RL.
    Baseline(BaselineConfig),
    /// A space without anything on top.
    Space(SpaceKind),
    /// The reward model.
    RewardModel(&'b RewardModelConfig),
    /// A network that reads sequences.
    Sequence(&'a SequentialConfig),
    /// A learner before its first update.
    Untrained(&'b Training<'a>),
    /// A trained learner.
    Trained(&'b Training<'a>),
    /// The agent, learning while it serves.
    Online(&'b Training<'a>, OnlineConfig),
}

/// Everybody who is judged, in the order of the judgement, the agent itself last of the learners that only serve.
pub fn entries<'a, 'b>(bench: &'b Bench<'a>) -> Vec<Entry<'a, 'b>> {
    let mut all = without_learners(bench);
    all.extend(learners(bench));
    all
}

fn without_learners<'a, 'b>(bench: &'b Bench<'a>) -> Vec<Entry<'a, 'b>> {
    let protocol = bench.cut.protocol;
    let baseline = |it: BaselineConfig| Entry { name: it.kind_name().to_owned(), what: What::Baseline(it) };
    let configs = configured(bench.lab, protocol);
    let spaces = spaces(bench, &configs);
    let mut all: Vec<Entry<'a, 'b>> = configs.into_iter().map(baseline).collect();
    all.extend(
        spaces.into_iter().map(|(name, kind)| Entry { name: name.to_owned(), what: What::Space(kind) }),
    );
    if protocol.facts().sessions == SessionKind::Simulated {
        all.extend(bench.lab.online.bandits.iter().cloned().map(baseline));
    }
    if let Some(config) = &bench.lab.reward_model {
        all.push(Entry { name: REWARD_MODEL.to_owned(), what: What::RewardModel(config) });
    }
    let sequences = bench.sequential.wanted().iter();
    all.extend(
        sequences.map(|it| Entry { name: it.architecture.name().to_owned(), what: What::Sequence(it) }),
    );
    all
}

/// The learners: the untrained ones, then the trained, the agent itself last; of "online", those of both worlds.
fn learners<'a, 'b>(bench: &'b Bench<'a>) -> Vec<Entry<'a, 'b>> {
    let protocol = bench.cut.protocol;
    let first = worlds(protocol.split())[0];
    let of = |id: LearnerId, what| Entry { name: id.to_string(), what };
    let is_agent = |it: &&Training<'_>, world| it.job.learner.form == Form::Agent && it.job.world == world;
    let untrained = bench.trainings.iter().filter(|it| is_agent(it, first)).rev();
    let mut all: Vec<Entry<'a, 'b>> =
        untrained.map(|it| of(it.job.id().with(Form::Untrained), What::Untrained(it))).collect();
    all.extend(bench.trainings.iter().rev().map(|it| of(it.job.id(), What::Trained(it))));
    if let (SessionKind::Simulated, Some(learning)) = (protocol.facts().sessions, bench.lab.online.learning) {
        // The run's own agent is the first of its world.
        let of_world = |world| bench.trainings.iter().find(move |it| is_agent(it, world));
        let agents = World::SIMULATED.into_iter().filter_map(of_world);
        all.extend(agents.map(|it| of(it.job.id().serving(Mode::Online), What::Online(it, learning))));
    }
    all
}

impl Entry<'_, '_> {
    /// The name in tables and lists.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who it is, if it is a learner.
    #[must_use]
    pub fn id(&self) -> Option<LearnerId> {
        match &self.what {
            What::Untrained(training) => Some(training.job.id().with(Form::Untrained)),
            What::Trained(training) => Some(training.job.id()),
            What::Online(training, _) => Some(training.job.id().serving(Mode::Online)),
            What::Baseline(_) | What::Space(_) | What::RewardModel(_) | What::Sequence(_) => None,
        }
    }

    /// Whether the run keeps nothing of it, so that it is fitted whenever it is needed.
    #[must_use]
    pub const fn is_fitted_anew(&self) -> bool {
        matches!(self.what, What::Baseline(_) | What::RewardModel(_))
    }

    /// Fits it on `log`, the rows of the final phase, or reads what the run keeps of it.
    ///
    /// # Errors
    ///
    /// Fails if the fit does, and if what the run keeps is missing or damaged.
    pub fn make(self, bench: &Bench<'_>, log: &InteractionLog) -> Result<Contestant> {
        bench.work.stop_if_asked()?;
        let (cut, protocol) = (&bench.cut, bench.cut.protocol);
        if self.is_fitted_anew() {
            tracing::info!("{protocol}: fitting {}", self.name);
        }
        let (id, meter) = (self.id(), Meter::start(bench.work.watch));
        let (recommender, seconds): (Box<dyn Recommender>, Option<f64>) = match self.what {
            What::Baseline(config) => (fit_baseline(cut, &bench.spaces, log, &config, Phase::Final)?, None),
            What::Space(kind) => {
                let space = bench.spaces.load(Phase::Final, kind)?;
                let fallback = Popularity::fit(log, cut.positive());
                let seconds = bench.spaces.note()?.seconds_of(kind);
                (Box::new(FoldInRecommender::new(&self.name, space, fallback)?), Some(seconds))
            }
            What::RewardModel(config) => {
                let space = bench.spaces.own(Phase::Final)?;
                let contexts = labelled_contexts(cut, bench.environment, Phase::Final)?;
                let seeds = cut.seeds().child(REWARD_MODEL);
                (Box::new(RewardModel::fit(&contexts, space, config, cut.positive(), seeds)?), None)
            }
            What::Sequence(config) => {
                let (model, seconds) = bench.sequential.load(config)?;
                (Box::new(model), Some(seconds))
            }
            What::Untrained(training) => (renamed(policy(bench, training, false)?, self.name), None),
            What::Trained(training) => (policy(bench, training, true)?, Some(training.note()?.seconds[1])),
            What::Online(training, learning) => {
                (Box::new(training.online_agent(bench.agent, learning)?), None)
            }
        };
        let mut cost = meter.cost(&*recommender);
        cost.seconds = seconds.unwrap_or(cost.seconds);
        Ok(Contestant { id, recommender, cost })
    }
}

/// A learner's policy, trained or not.
fn policy(bench: &Bench<'_>, training: &Training<'_>, trained: bool) -> Result<Box<dyn Recommender>> {
    // What is missing, damaged or of other inputs is refused with its own remedy.
    training.policy(trained)?;
    training.load_policy(trained).with_context(|| {
        let run = bench.work.name();
        format!(
            "the run has no usable policy of {}: `drr pipeline --run {run} --force` makes it anew",
            training.job.name()
        )
    })
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
fn spaces(bench: &Bench<'_>, configs: &[BaselineConfig]) -> Vec<(&'static str, SpaceKind)> {
    let own = bench.spaces.own_kind();
    let is_taken = |kind: SpaceKind| configs.iter().any(|it| it.kind_name() == kind.name());
    let others = SpaceKind::ALWAYS.into_iter().filter(|kind| *kind != own && !is_taken(*kind));
    others.map(|kind| (kind.name(), kind)).chain([(NO_RL, own)]).collect()
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
