//! What is trained in a run: which agent, under which cut, among which simulated users.

use super::Experiment;
use drr_agent::{AgentConfig, StateKind};
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
    /// What stands behind the agent's name in files and reports.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Agent => "",
            Self::Greedy => "_gamma_0",
        }
    }

    /// The name in files and reports of an agent with the state module `state`.
    pub fn name(self, state: StateKind) -> String {
        format!("{}{}", state.name(), self.suffix())
    }

    /// The agent's settings.
    pub fn config(self, agent: &AgentConfig) -> AgentConfig {
        match self {
            Self::Agent => agent.clone(),
            Self::Greedy => AgentConfig { discount: 0.0, ..agent.clone() },
        }
    }
}

/// What stands behind the agent's name before its first update.
const UNTRAINED: &str = "_untrained";

/// The agent's name and what stands behind it, if `name` is one of its names: `drr_ave` and `_gamma_0_in_a`.
pub fn agent_name(name: &str) -> Option<(&'static str, &str)> {
    let parts =
        StateKind::ALL.into_iter().filter_map(|state| Some((state.name(), name.strip_prefix(state.name())?)));
    parts.filter(|(_, rest)| rest.is_empty() || rest.starts_with('_')).max_by_key(|(agent, _)| agent.len())
}

/// The name of the twin with a discount of 0 of the agent called `name`.
pub fn twin_of(name: &str) -> String {
    agent_name(name)
        .map_or_else(String::new, |(agent, rest)| format!("{agent}{}{rest}", Variant::Greedy.suffix()))
}

/// The name before its first update of the agent called `name`.
pub fn untrained(name: &str) -> String {
    agent_name(name).map_or_else(String::new, |(agent, _)| format!("{agent}{UNTRAINED}"))
}

/// Whether `name` is that of an agent before its first update.
pub fn is_untrained(name: &str) -> bool {
    agent_name(name).is_some_and(|(_, rest)| rest == UNTRAINED)
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
    /// The agent's state module, which it is named after.
    pub state: StateKind,
    /// Which of the agent's forms.
    pub variant: Variant,
    /// The users.
    pub world: World,
}

impl Job {
    /// A training of the experiment's agent.
    pub fn of(experiment: &Experiment<'_>, split: Protocol, variant: Variant, world: World) -> Self {
        Self { split, state: experiment.config.agent.state, variant, world }
    }

    /// The job of an agent that the log answers.
    #[cfg(test)]
    pub const fn logged(split: Protocol, variant: Variant) -> Self {
        Self { split, state: StateKind::DrrAve, variant, world: World::Logged }
    }

    /// The name in files and reports: `drr_ave_in_a`.
    pub fn name(self) -> String {
        format!("{}{}", self.variant.name(self.state), self.world.suffix())
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
    pairs.map(|(world, variant)| Job::of(experiment, split, variant, world)).collect()
}

/// All trainings.
pub fn all(experiment: &Experiment<'_>) -> Vec<Job> {
    experiment.splits().into_iter().flat_map(|split| of_split(experiment, split)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_names_are_told_from_those_of_others() {
        assert_eq!(agent_name("drr_ave_gamma_0_in_a"), Some(("drr_ave", "_gamma_0_in_a")));
        assert_eq!(agent_name("drr_n"), Some(("drr_n", "")));
        assert_eq!(agent_name("drr_average"), None);
        assert_eq!(agent_name("popularity"), None);
        assert_eq!(twin_of("drr_att_in_b"), "drr_att_gamma_0_in_b");
        assert!(is_untrained(&untrained("drr_p_in_a")) && !is_untrained("drr_p"));
    }
}
