//! What is trained in a run: which agent, under which cut, among which simulated users.

use super::Experiment;
use drr_agent::AgentConfig;
use drr_data::Protocol;
use std::path::PathBuf;

/// An agent to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// As configured.
    Agent,
    /// The same with a discount of 0: a greedy one-step model.
    Greedy,
}

impl Variant {
    /// The name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "drr_ave",
            Self::Greedy => "drr_ave_gamma_0",
        }
    }

    /// The agent's settings.
    pub fn config(self, agent: &AgentConfig) -> AgentConfig {
        match self {
            Self::Agent => agent.clone(),
            Self::Greedy => AgentConfig { discount: 0.0, ..agent.clone() },
        }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// The cut.
    pub split: Protocol,
    /// The agent.
    pub variant: Variant,
    /// The users.
    pub world: World,
}

impl Job {
    /// The job of an agent that the log answers.
    #[cfg(test)]
    pub const fn logged(split: Protocol, variant: Variant) -> Self {
        Self { split, variant, world: World::Logged }
    }

    /// The name in files and reports: `drr_ave_in_a`.
    pub fn name(self) -> String {
        format!("{}{}", self.variant.name(), self.world.suffix())
    }

    /// A file of the job: `policies/seed-drr_ave.safetensors`.
    pub fn file(self, folder: &str, ending: &str) -> PathBuf {
        PathBuf::from(format!("{folder}/{}-{}{ending}", self.split, self.name()))
    }

    /// The trained policy's file, or that of the same networks before training.
    pub fn policy(self, trained: bool) -> PathBuf {
        self.file("policies", if trained { ".safetensors" } else { "-untrained.safetensors" })
    }
}

/// The agents of an experiment.
pub fn variants(experiment: &Experiment<'_>) -> Vec<Variant> {
    let mut all = vec![Variant::Agent];
    if experiment.config.training.greedy_twin {
        all.push(Variant::Greedy);
    }
    all
}

/// The trainings of one cut.
pub fn of_split(experiment: &Experiment<'_>, split: Protocol) -> Vec<Job> {
    let worlds = if split == Protocol::Online { World::SIMULATED.to_vec() } else { vec![World::Logged] };
    let variants = variants(experiment);
    let pairs = worlds.into_iter().flat_map(|world| variants.iter().map(move |variant| (world, *variant)));
    pairs.map(|(world, variant)| Job { split, variant, world }).collect()
}

/// All trainings.
pub fn all(experiment: &Experiment<'_>) -> Vec<Job> {
    experiment.splits().into_iter().flat_map(|split| of_split(experiment, split)).collect()
}
