//! What is trained in a run: which learner, under which cut, among which simulated users.

use crate::config::{ExperimentConfig, SpaceKind, check_name, supervised};
use crate::fit::names::{Form, Names};
use crate::fit::pretrain;
use crate::run::experiment::{Phase, Run};
use anyhow::{Context as _, Result, bail};
use drr_agent::{AgentConfig, DrrPolicy};
use drr_core::{EmbeddingSpace, Recommender, SessionKind};
use drr_data::Protocol;
use drr_rivals::{RivalConfig, RivalPolicy};
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is trained, whatever the cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Learner {
    /// The agent's own name.
    pub name: String,
    /// Which of its forms.
    pub form: Form,
    /// How it is made.
    pub settings: Settings,
    /// Under which protocols; all of the run where none is named.
    pub protocols: Vec<Protocol>,
    /// The space of its actions; else the run's.
    pub space: Option<SpaceKind>,
}

/// The settings of a learner.
#[derive(Debug, Clone, PartialEq)]
pub enum Settings {
    /// An agent of the DRR family.
    Drr(Box<AgentConfig>),
    /// Another system.
    Rival(Box<RivalConfig>),
}

impl Serialize for Settings {
    /// The system's own settings and nothing else.
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Drr(agent) => agent.serialize(serializer),
            Self::Rival(rival) => rival.serialize(serializer),
        }
    }
}

impl Settings {
    /// The rounds of a whole training.
    pub fn n_rounds(&self) -> u64 {
        match self {
            Self::Drr(agent) => agent.n_rounds(),
            Self::Rival(rival) => rival.n_rounds(),
        }
    }

    /// Environments side by side: the sessions of one round.
    pub fn n_environments(&self) -> usize {
        match self {
            Self::Drr(agent) => agent.n_environments,
            Self::Rival(rival) => rival.schedule.n_environments,
        }
    }

    /// The greatest number of updates of a whole training with sessions of `horizon` steps.
    pub fn max_updates(&self, horizon: usize) -> u64 {
        let (decisions, updates) = match self {
            Self::Drr(agent) => (horizon.div_ceil(agent.slate), agent.updates_per_step),
            Self::Rival(rival) => (horizon, rival.schedule.updates_per_step),
        };
        self.n_rounds() * (decisions * updates) as u64
    }

    /// The same with a discount of 0.
    pub fn greedy(&self) -> Self {
        match self {
            Self::Drr(agent) => Self::Drr(Box::new(AgentConfig { discount: 0.0, ..(**agent).clone() })),
            Self::Rival(rival) => Self::Rival(Box::new(RivalConfig { discount: 0.0, ..(**rival).clone() })),
        }
    }

    /// Reads a policy that was trained with such settings.
    pub fn load_policy(&self, path: &Path, space: Arc<dyn EmbeddingSpace>) -> Result<Box<dyn Recommender>> {
        Ok(match self {
            Self::Drr(_) => Box::new(DrrPolicy::load(path, space)?),
            Self::Rival(_) => Box::new(RivalPolicy::load(path, space)?),
        })
    }
}

impl Learner {
    /// The name of this form in files and reports.
    pub fn full_name(&self) -> String {
        format!("{}{}", self.name, self.form.suffix())
    }

    fn is_of(&self, split: Protocol) -> bool {
        self.protocols.is_empty() || self.protocols.iter().any(|protocol| protocol.split() == split)
    }
}

/// The users among whom an agent is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// They answer as the configuration says.
    Logged,
    /// What the log does not tell is predicted by the first simulator.
    A,
    /// The same by the second simulator.
    B,
}

impl World {
    /// Both simulators.
    pub const SIMULATED: [Self; 2] = [Self::A, Self::B];

    /// The worlds in which a cut's learners are trained.
    pub const fn of(split: Protocol) -> &'static [Self] {
        match split.facts().sessions {
            SessionKind::Simulated => &Self::SIMULATED,
            _ => &[Self::Logged],
        }
    }

    /// What stands behind the names of agents trained in it.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Logged => "",
            Self::A => "_in_a",
            Self::B => "_in_b",
        }
    }
}

/// One training.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The cut.
    pub split: Protocol,
    /// Who is trained.
    pub learner: Arc<Learner>,
    /// The users.
    pub world: World,
    /// The folder in the run's folder that the job's files lie in; empty for the run's own.
    pub folder: PathBuf,
}

impl Job {
    /// The training of the experiment's own agent.
    pub fn main(experiment: &Run<'_>, split: Protocol, world: World) -> Self {
        let learner = Arc::new(main_learner(&experiment.config));
        Self { split, learner, world, folder: PathBuf::new() }
    }

    /// The name in files and reports: `drr_ave_in_a`.
    pub fn name(&self) -> String {
        format!("{}{}", self.learner.full_name(), self.world.suffix())
    }

    /// A file of the job: `policies/first_ratings-drr_ave.safetensors`.
    pub fn file(&self, folder: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{folder}/{}-{}{ending}", self.split, self.name()))
    }

    /// The trained policy's file, or that of the same networks before training.
    pub fn policy(&self, trained: bool) -> PathBuf {
        self.file("policies", if trained { ".safetensors" } else { "-untrained.safetensors" })
    }

    /// Which space the learner acts in.
    pub fn space_kind(&self, experiment: &Run<'_>) -> SpaceKind {
        self.learner.space.unwrap_or_else(|| experiment.config.embedding.space_of(self.split))
    }

    /// The space that the learner acts in.
    pub fn space(&self, experiment: &Run<'_>, phase: Phase) -> Result<Arc<dyn EmbeddingSpace>> {
        pretrain::space(experiment, self.split, phase, self.space_kind(experiment))
    }

    /// The trained policy, or that of the same networks before training.
    pub fn load_policy(&self, experiment: &Run<'_>, trained: bool) -> Result<Box<dyn Recommender>> {
        let space = self.space(experiment, Phase::Final)?;
        self.learner.settings.load_policy(&experiment.path(self.policy(trained)), space).with_context(|| {
            format!(
                "{} is not trained under {}: add it to evaluation.protocols and run the pipeline",
                self.name(),
                self.split
            )
        })
    }
}

fn main_learner(config: &ExperimentConfig) -> Learner {
    Learner {
        name: config.agent_name().to_owned(),
        form: Form::Agent,
        settings: Settings::Drr(Box::new(config.agent.clone())),
        protocols: Vec::new(),
        space: None,
    }
}

/// Everybody who learns in an experiment: the agent, its twins, then the other agents, each with its own, then the other
/// systems.
pub fn learners(config: &ExperimentConfig) -> Result<Vec<Arc<Learner>>> {
    let mut all = with_twins(config, &config.agent, &main_learner(config))?;
    for variant in &config.lab.agents {
        let agent = variant.of(&config.agent)?;
        let learner = Learner {
            name: variant.name.clone(),
            form: Form::Agent,
            settings: Settings::Drr(Box::new(agent.clone())),
            protocols: variant.protocols.clone(),
            space: variant.space,
        };
        if variant.twins {
            all.extend(with_twins(config, &agent, &learner)?);
        } else {
            all.push(learner);
        }
    }
    for rival in &config.lab.rivals {
        let name = rival.name().to_owned();
        let protocols = config.lab.rival_protocols.get(&name).cloned().unwrap_or_default();
        let settings = Settings::Rival(Box::new(rival.clone()));
        all.push(Learner { name, form: Form::Agent, settings, protocols, space: None });
    }
    Ok(all.into_iter().map(Arc::new).collect())
}

/// The agent and those of its twins that are wanted.
fn with_twins(config: &ExperimentConfig, agent: &AgentConfig, learner: &Learner) -> Result<Vec<Learner>> {
    let twin = |form, settings| Learner { form, settings, ..learner.clone() };
    let mut all = vec![learner.clone()];
    if config.training.greedy_twin {
        all.push(twin(Form::Greedy, learner.settings.greedy()));
    }
    if config.training.supervised_twin {
        let supervised = supervised(agent)?.map(|agent| Settings::Drr(Box::new(agent)));
        all.extend(supervised.map(|settings| twin(Form::Supervised, settings)));
    }
    Ok(all)
}

/// The trainings of one cut.
pub fn of_split(experiment: &Run<'_>, split: Protocol) -> Result<Vec<Job>> {
    let learners = learners(&experiment.config)?;
    let jobs = World::of(split).iter().flat_map(|world| {
        let of_split = learners.iter().filter(|learner| learner.is_of(split));
        of_split.map(|learner| Job {
            split,
            learner: Arc::clone(learner),
            world: *world,
            folder: PathBuf::new(),
        })
    });
    Ok(jobs.collect())
}

/// All trainings.
pub fn all(experiment: &Run<'_>) -> Result<Vec<Job>> {
    let splits = experiment.splits().into_iter().map(|split| of_split(experiment, split));
    Ok(splits.collect::<Result<Vec<_>>>()?.concat())
}

/// Refuses names of agents that could be mistaken for each other, or for somebody else.
pub fn check_names(config: &ExperimentConfig) -> Result<()> {
    let names = Names::of(config);
    let kinds = drr_baselines::BaselineConfig::KINDS;
    for (at, name) in names.agents.iter().chain(&names.rivals).enumerate() {
        check_name(name)?;
        if kinds.contains(&&**name) {
            bail!("an agent cannot be named {name}: that is a recommender without RL");
        }
        let others = names.agents.iter().chain(&names.rivals).enumerate().filter(|(other, _)| *other != at);
        let others: Vec<String> = others.map(|(_, name)| name.clone()).collect();
        let others = Names { agents: others, rivals: Vec::new() };
        if let Some(parsed) = others.parse(name) {
            bail!("the name {name} is also one of {}: give it another", parsed.learner);
        }
    }
    learners(config).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AgentVariant;

    #[test]
    fn every_agent_has_its_twins_unless_it_wants_none() {
        let mut config = ExperimentConfig::preset("smoke").unwrap();
        let variant = |name: &str, twins| AgentVariant {
            name: name.to_owned(),
            protocols: vec![Protocol::Episodes],
            space: None,
            twins,
            changes: "discount = 0.5".parse().unwrap(),
        };
        config.lab.agents = vec![variant("patient", true), variant("alone", false)];
        config.training.name = Some("strong".to_owned());
        let learners = learners(&config).unwrap();
        let names: Vec<String> = learners.iter().map(|it| it.full_name()).collect();
        assert_eq!(names, ["strong", "strong_gamma_0", "patient", "patient_gamma_0", "alone"]);
        let discount = |at: usize| match &learners[at].settings {
            Settings::Drr(agent) => agent.discount,
            Settings::Rival(rival) => rival.discount,
        };
        assert_eq!((discount(2), discount(3)), (0.5, 0.0));
        assert!(learners[2].is_of(Protocol::Holdout) && !learners[2].is_of(Protocol::FirstRatings));
        assert!(learners[0].is_of(Protocol::FirstRatings));
    }
}
