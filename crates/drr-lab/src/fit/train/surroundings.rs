//! What a learner is trained in: the sessions of the users, how they answer, and the space of the actions.

use super::{Steps, Training, rating, returns};
use crate::config::EnvironmentConfig;
use crate::fit::features;
use crate::fit::simulator::SimulatedRatings;
use crate::run::Phase;
use anyhow::Result;
use drr_agent::{AgentConfig, Trainer};
use drr_core::{ContextIdx, EmbeddingSpace, EmbeddingTable, InteractionLog, ItemIdx, ItemSet, Seeds, World};
use drr_env::{
    Answer, LoggedConfig, LoggedEnvironment, RatingModel, RewardConfig, Sessions, SimilarityConfig,
    SimilarityEnvironment, Unrated,
};
use drr_learn::{TrainingSetup, TrainingTables};
use drr_rivals::{RivalConfig, RivalTrainer, RivalWorld};
use std::sync::Arc;

/// What a learner is trained in: the users, their sessions, and the space of the actions.
pub struct Surroundings {
    /// The sessions.
    pub sessions: Arc<Sessions>,
    /// How users answer.
    pub environment: LoggedEnvironment,
    space: Arc<dyn EmbeddingSpace>,
    positive: f32,
    /// The root of all draws.
    pub seeds: Seeds,
}

impl Surroundings {
    /// The surroundings of a job in one phase.
    pub fn new(training: &Training<'_>, phase: Phase) -> Result<Self> {
        let cut = &training.cut;
        let positive = cut.positive();
        // Every learner of a cut has the same sessions, and agents with the same networks begin with the same values.
        let seeds = cut.seeds().child("agent");
        let log = cut.log(phase)?;
        let start = training.rules.environment.start(cut.protocol);
        let sessions = Arc::new(Sessions::new(&log, &start, positive, &mut seeds.stream("sessions"))?);
        let space = training.space(phase)?;
        let environment = environment(training, phase, &sessions)?;
        Ok(Self { sessions, environment, space, positive, seeds })
    }

    /// The training of an agent of the DRR family.
    pub fn trainer(
        &self,
        training: &Training<'_>,
        agent: &AgentConfig,
    ) -> Result<Trainer<LoggedEnvironment>> {
        let environments = vec![self.environment.clone(); agent.n_environments];
        let mut tables = tables(&*self.space, &self.sessions)?;
        if agent.features {
            tables = features::add(training.cut.dataset, tables, &self.sessions)?;
        }
        Ok(Trainer::new(agent, self.setup(training, environments, tables, self.seeds))?)
    }

    /// What a training in these surroundings is made of.
    fn setup<E, W>(
        &self,
        training: &Training<'_>,
        environments: Vec<E>,
        world: W,
        seeds: Seeds,
    ) -> TrainingSetup<E, W> {
        TrainingSetup {
            name: training.job.name(),
            environments,
            horizon: training.horizon(),
            world,
            space: Arc::clone(&self.space),
            positive_rating: self.positive,
            seeds,
        }
    }

    /// The training of another system, among the users that it is made for: those of the run, or its own simulator's.
    pub fn rival(
        &self,
        training: &Training<'_>,
        phase: Phase,
        rival: &RivalConfig,
    ) -> Result<Box<dyn Steps>> {
        let world = self.world(training, rival)?;
        let n = rival.schedule.n_environments;
        let seeds = self.seeds.child(rival.name());
        let Some(simulator) = rival.simulator() else {
            let users = vec![self.environment.clone(); n];
            let setup = self.setup(training, users, world, seeds);
            return Ok(Box::new(RivalTrainer::new(rival, setup)?));
        };
        let log = training.cut.log(phase)?;
        let similarity = SimilarityConfig {
            logged: logged_config(training, training.rules.environment.reward)?,
            alpha: simulator.alpha,
            answer: if simulator.expected { Answer::Expected } else { Answer::Drawn },
        };
        let (sessions, items) = (Arc::clone(&self.sessions), Arc::new(self.space.items().clone()));
        let users = vec![SimilarityEnvironment::new(sessions, items, similarity, catalogue(&log))?; n];
        let setup = self.setup(training, users, world, seeds);
        Ok(Box::new(RivalTrainer::new(rival, setup)?))
    }

    /// What a system other than an agent of the DRR family knows of the users.
    fn world(&self, training: &Training<'_>, rival: &RivalConfig) -> Result<RivalWorld> {
        let disliked = (0..self.sessions.n_contexts()).map(|context| {
            let observed = self.sessions.observed(ContextIdx::from(context));
            observed.iter().filter(|it| it.rating < self.positive).map(|it| it.item).collect::<Vec<ItemIdx>>()
        });
        let world = RivalWorld::new(tables(&*self.space, &self.sessions)?, disliked.collect())?;
        if !rival.needs_return_times() {
            return Ok(world);
        }
        let has_time = training.cut.dataset.manifest().has_time;
        Ok(world.with_returns(returns::of(Arc::clone(&self.sessions), has_time)?))
    }
}

/// The vectors of the items, and of the users as they were known when their sessions begin; what the users like later.
fn tables(space: &dyn EmbeddingSpace, sessions: &Sessions) -> Result<TrainingTables> {
    let dim = space.items().dim();
    let mut values = Vec::with_capacity(sessions.n_contexts() * dim);
    for context in (0..sessions.n_contexts()).map(ContextIdx::from) {
        values.extend(space.fold_in(&sessions.observed(context)));
    }
    let contexts = EmbeddingTable::new(sessions.n_contexts(), dim, values)?;
    let tables = TrainingTables::new(space.items(), &contexts, space.additions(), space.origin().clone())?;
    let later = |context| sessions.positives_after_cut(ContextIdx::from(context));
    Ok(tables.with_positives((0..sessions.n_contexts()).map(later).collect())?)
}

fn environment(training: &Training<'_>, phase: Phase, sessions: &Arc<Sessions>) -> Result<LoggedEnvironment> {
    let (cut, world) = (&training.cut, training.job.world);
    let config = training.rules.environment;
    let reward = match world {
        World::Logged => config.reward,
        World::A | World::B => RewardConfig { unrated: Unrated::Predicted {}, ..config.reward },
    };
    let logged = logged_config(training, reward)?;
    let log = cut.log(phase)?;
    let model: Option<Arc<dyn RatingModel>> = match (world, reward.unrated) {
        (World::Logged, Unrated::Constant { .. }) => None,
        (World::Logged, Unrated::Predicted {}) => {
            Some(Arc::new(rating::FoldedRatings::new(training.spaces.pmf(phase)?, sessions)))
        }
        (world, _) => {
            let simulator = training.simulators.of(world, &log)?;
            Some(Arc::new(SimulatedRatings::new(simulator, Arc::clone(sessions))))
        }
    };
    Ok(LoggedEnvironment::new(Arc::clone(sessions), logged, catalogue(&log), model)?)
}

fn logged_config(training: &Training<'_>, reward: RewardConfig) -> Result<LoggedConfig> {
    let EnvironmentConfig { history_length, .. } = *training.rules.environment;
    let horizon = training.horizon();
    Ok(LoggedConfig { horizon, history_length, reward, rating_scale: training.cut.scale()? })
}

/// The items that a session may recommend: those that somebody rated in the rows that are trained on.
fn catalogue(log: &InteractionLog) -> ItemSet {
    log.items_rated(1)
}
