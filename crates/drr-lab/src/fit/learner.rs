//! A learner: its settings, its files, and its policy once it is trained.

use crate::config::{SessionSettings, SpaceKind};
use drr_agent::AgentConfig;
use drr_core::{Form, LearnerId, World};
use drr_data::Protocol;
use drr_rivals::RivalConfig;
use drr_session::SessionAgentConfig;
use serde::{Serialize, Serializer};
use std::path::PathBuf;
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
    /// An agent for sessions with simulated users.
    Session(Box<SessionSettings>),
}

impl Serialize for Settings {
    /// The system's own settings and nothing else.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Drr(agent) => agent.serialize(serializer),
            Self::Rival(rival) => rival.serialize(serializer),
            Self::Session(session) => session.serialize(serializer),
        }
    }
}

impl Settings {
    /// The rounds of a whole training.
    pub fn n_rounds(&self) -> u64 {
        match self {
            Self::Drr(agent) => agent.n_rounds(),
            Self::Rival(rival) => rival.n_rounds(),
            Self::Session(session) => session.agent.n_iterations,
        }
    }

    /// Environments side by side.
    pub fn n_environments(&self) -> usize {
        match self {
            Self::Drr(agent) => agent.n_environments,
            Self::Rival(rival) => rival.schedule.n_environments,
            Self::Session(session) => session.agent.n_sessions,
        }
    }

    /// The sessions of one round, each of `horizon` steps. An agent for sessions plays so many steps, whatever they begin or
    /// end.
    pub fn sessions_of_a_round(&self, horizon: usize) -> usize {
        match self {
            Self::Drr(_) | Self::Rival(_) => self.n_environments(),
            Self::Session(session) => session.agent.n_sessions * session.agent.n_steps / horizon.max(1),
        }
    }

    /// Whether the number of rounds may be chosen on validation rows. An agent for sessions has a step size that falls until a
    /// last round which is set.
    pub const fn may_choose_rounds(&self) -> bool {
        !matches!(self, Self::Session(_))
    }

    /// The greatest number of updates of a whole training with sessions of `horizon` steps.
    pub fn max_updates(&self, horizon: usize) -> u64 {
        let (decisions, updates) = match self {
            Self::Drr(agent) => (horizon.div_ceil(agent.slate), agent.updates_per_step),
            Self::Rival(rival) => (horizon, rival.schedule.updates_per_step),
            Self::Session(session) => {
                let SessionAgentConfig { n_sessions, n_steps, minibatch_size, n_epochs, .. } = session.agent;
                ((n_sessions * n_steps).div_ceil(minibatch_size), n_epochs)
            }
        };
        self.n_rounds() * (decisions * updates) as u64
    }

    /// The same with a discount of 0.
    pub fn greedy(&self) -> Self {
        match self {
            Self::Drr(agent) => Self::Drr(Box::new(AgentConfig { discount: 0.0, ..(**agent).clone() })),
            Self::Rival(rival) => Self::Rival(Box::new(RivalConfig { discount: 0.0, ..(**rival).clone() })),
            Self::Session(session) => {
                let mut twin = session.clone();
                twin.agent.discount = 0.0;
                Self::Session(twin)
            }
        }
    }
}

impl Learner {
    /// Who it is.
    #[must_use]
    pub fn id(&self) -> LearnerId {
        LearnerId::new(&self.name).with(self.form)
    }

    /// Whether it is trained on a cut.
    #[must_use]
    pub fn is_of(&self, split: Protocol) -> bool {
        self.protocols.is_empty() || self.protocols.iter().any(|protocol| protocol.split() == split)
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
    /// Who is trained, as it is named in files and reports.
    #[must_use]
    pub fn id(&self) -> LearnerId {
        LearnerId { world: self.world, ..self.learner.id() }
    }

    /// The name in files and reports: `drr_ave_in_a`.
    pub fn name(&self) -> String {
        self.id().to_string()
    }

    /// A file of the job: `policies/seed-drr_ave.safetensors`.
    pub fn file(&self, folder: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{folder}/{}-{}{ending}", self.split, self.name()))
    }

    /// The trained policy's file, or that of the same networks before training.
    pub fn policy(&self, trained: bool) -> PathBuf {
        self.file("policies", if trained { ".safetensors" } else { "-untrained.safetensors" })
    }
}
