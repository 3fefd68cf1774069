//! Who and what judges under one protocol, taken out of a run.

use crate::config::{EnvironmentConfig, EvaluationConfig, LabConfig};
use crate::fit::sequential::SequentialModels;
use crate::fit::simulator::Simulators;
use crate::fit::spaces::Spaces;
use crate::fit::train::Training;
use crate::run::{Cut, Work};
use anyhow::Result;
use drr_agent::AgentConfig;
use drr_core::{Part, SessionKind};
use drr_eval::{EpisodeConfig, EvaluationSet, SimulatedConfig};

/// What a protocol's judgement is made from.
#[derive(Debug, Clone)]
pub struct Bench<'a> {
    /// Where the run's files lie.
    pub work: Work<'a>,
    /// The data, as the protocol sees them.
    pub cut: Cut<'a>,
    /// The spaces of its cut.
    pub spaces: Spaces<'a>,
    /// The simulators of the run.
    pub simulators: Simulators<'a>,
    /// The networks that read sequences.
    pub sequential: SequentialModels<'a>,
    /// The trainings of its cut whose learners are judged under it.
    pub trainings: Vec<Training<'a>>,
    /// The run's own agent.
    pub agent: &'a AgentConfig,
    /// The laboratory.
    pub lab: &'a LabConfig,
    /// The evaluation.
    pub evaluation: &'a EvaluationConfig,
    /// The simulated users of the trainings.
    pub environment: &'a EnvironmentConfig,
}

impl Bench<'_> {
    /// Whether the protocol's sessions are with the users of the simulators.
    #[must_use]
    pub const fn is_simulated(&self) -> bool {
        matches!(self.cut.protocol.facts().sessions, SessionKind::Simulated)
    }

    /// The digests of the simulators, as inputs of what is judged; none where nobody meets their users.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing.
    pub fn simulator_digests(&self) -> Result<Vec<String>> {
        if self.is_simulated() { self.simulators.digests() } else { Ok(Vec::new()) }
    }

    /// The held-out cases of one part.
    ///
    /// # Errors
    ///
    /// Fails if there is no case.
    pub fn cases(&self, part: Part) -> Result<EvaluationSet> {
        self.cut.cases(part, self.evaluation.n_observed)
    }

    /// The sessions of "episodes".
    #[must_use]
    pub const fn episodes(&self) -> EpisodeConfig {
        let crate::config::EpisodesConfig { n_steps, slate, discount } = self.lab.episodes;
        EpisodeConfig { n_steps, slate, discount }
    }

    /// The sessions of "online".
    ///
    /// # Errors
    ///
    /// Fails if the data set's manifest names a scale that does not rise.
    pub fn simulated(&self) -> Result<SimulatedConfig> {
        self.cut.simulated(self.lab.online.n_steps)
    }
}
