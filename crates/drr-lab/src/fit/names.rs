//! The names of agents in files and reports: `strong`, `strong_gamma_0`, `strong_untrained`, `strong_in_a`.
//!
//! A name is the learner's own, the form that it is in, the users it was trained among, and how it was judged, each but
//! the first left out where there is nothing to say.

use crate::config::ExperimentConfig;
use crate::fit::jobs::World;
use drr_agent::StateKind;
use serde::{Deserialize, Serialize};

/// What stands behind the names of recommenders whose history grows along a reranked list.
pub const ADAPTIVE: &str = "_adaptive";
/// What stands behind the name of an agent that learns within the sessions it serves.
const ONLINE: &str = "_online";

/// The forms of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As configured.
    Agent,
    /// The same with a discount of 0: a greedy one-step model.
    Greedy,
    /// The same without TD learning: the supervised part of its loss alone.
    Supervised,
    /// Before its first update.
    Untrained,
}

impl Form {
    /// The forms that differ from the agent by name.
    const OTHERS: [Self; 3] = [Self::Greedy, Self::Supervised, Self::Untrained];

    /// What stands behind the agent's name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Agent => "",
            Self::Greedy => "_gamma_0",
            Self::Supervised => "_no_td",
            Self::Untrained => "_untrained",
        }
    }
}

/// The learners of a run: which rows of a report are agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The agents, the main one first.
    pub agents: Vec<String>,
    /// The other systems with reinforcement learning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<String>,
}

impl Default for Names {
    /// Of runs with one agent, which is named after its state module.
    fn default() -> Self {
        Self { agents: StateKind::ALL.map(|state| state.name().to_owned()).to_vec(), rivals: Vec::new() }
    }
}

/// A name taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The agent's own name.
    pub learner: &'a str,
    /// Its form.
    pub form: Form,
    /// Where it was trained.
    pub world: World,
    /// Whether it learns within the sessions it serves.
    pub online: bool,
    /// Whether its history grows along a reranked list.
    pub adaptive: bool,
}

impl Parsed<'_> {
    /// The name of the same in another form. Before the first update it is the same wherever it will be trained, and it
    /// is judged in one way only.
    pub fn with(self, form: Form) -> String {
        if form == Form::Untrained {
            return format!("{}{}", self.learner, form.suffix());
        }
        let (world, online) = (self.world.suffix(), if self.online { ONLINE } else { "" });
        format!(
            "{}{}{world}{online}{}",
            self.learner,
            form.suffix(),
            if self.adaptive { ADAPTIVE } else { "" }
        )
    }

    /// Whether it speaks for its agent: trained, as configured, and judged like everybody.
    pub fn is_plain(self) -> bool {
        self.form == Form::Agent && !self.online && !self.adaptive
    }

    fn of<'a>(learner: &'a str, rest: &str) -> Option<Parsed<'a>> {
        let mut parsed =
            Parsed { learner, form: Form::Agent, world: World::Logged, online: false, adaptive: false };
        let mut rest = rest;
        for form in Form::OTHERS {
            if let Some(after) = rest.strip_prefix(form.suffix()) {
                (parsed.form, rest) = (form, after);
            }
        }
        for world in World::SIMULATED {
            if let Some(after) = rest.strip_prefix(world.suffix()) {
                (parsed.world, rest) = (world, after);
            }
        }
        for (flag, suffix) in [(&mut parsed.online, ONLINE), (&mut parsed.adaptive, ADAPTIVE)] {
            if let Some(after) = rest.strip_prefix(suffix) {
                (*flag, rest) = (true, after);
            }
        }
        rest.is_empty().then_some(parsed)
    }
}

impl Names {
    /// The learners of a configuration.
    pub fn of(config: &ExperimentConfig) -> Self {
        let lab = &config.lab;
        if config.training.name.is_none() && lab.agents.is_empty() && lab.rivals.is_empty() {
            return Self::default();
        }
        let others = lab.agents.iter().map(|it| it.name.clone());
        Self {
            agents: std::iter::once(config.agent_name().to_owned()).chain(others).collect(),
            rivals: lab.rivals.iter().map(|it| it.name().to_owned()).collect(),
        }
    }

    /// Whether nothing but the state module names the run's agent.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The name taken apart, if it is one of a learner.
    pub fn parse<'a>(&self, name: &'a str) -> Option<Parsed<'a>> {
        let learners = self.agents.iter().chain(&self.rivals);
        let found = learners.filter_map(|learner| {
            let rest = name.strip_prefix(learner.as_str())?;
            Parsed::of(&name[..learner.len()], rest)
        });
        found.max_by_key(|parsed| parsed.learner.len())
    }

    /// Whether `learner` is the agent that the run is about.
    pub fn is_main(&self, learner: &str) -> bool {
        if self.is_default() {
            return self.agents.iter().any(|it| it == learner);
        }
        self.agents.first().is_some_and(|it| it == learner)
    }

    /// Whether `learner` is another system.
    pub fn is_rival(&self, learner: &str) -> bool {
        self.rivals.iter().any(|it| it == learner)
    }

    /// The name of another form of the learner called `name`; none if it is no learner's.
    pub fn twin(&self, name: &str, form: Form) -> Option<String> {
        self.parse(name).map(|parsed| parsed.with(form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(agents: &[&str], rivals: &[&str]) -> Names {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Names { agents: owned(agents), rivals: owned(rivals) }
    }

    #[test]
    fn an_agents_names_are_told_from_those_of_others() {
        let names = Names::default();
        let parsed = names.parse("drr_ave_gamma_0_in_a").unwrap();
        assert_eq!((parsed.learner, parsed.form, parsed.world), ("drr_ave", Form::Greedy, World::A));
        assert!(!parsed.is_plain() && names.parse("drr_n").unwrap().is_plain());
        assert_eq!((names.parse("drr_average"), names.parse("popularity")), (None, None));
        assert_eq!(names.twin("drr_att_in_b", Form::Greedy).unwrap(), "drr_att_gamma_0_in_b");
        assert_eq!(names.twin("drr_p_in_a", Form::Untrained).unwrap(), "drr_p_untrained");
        assert_eq!(names.parse("drr_p_untrained").unwrap().form, Form::Untrained);
    }

    #[test]
    fn a_run_with_names_of_its_own_knows_no_others() {
        let names = names(&["strong", "strong_wide"], &["drn"]);
        assert_eq!(names.parse("strong_wide_no_td").unwrap().learner, "strong_wide");
        assert_eq!(names.parse("strong_no_td_adaptive").unwrap().with(Form::Agent), "strong_adaptive");
        assert_eq!(names.parse("strong_in_b_online").unwrap().world, World::B);
        assert_eq!((names.parse("drr_ave"), names.parse("strong_narrow")), (None, None));
        assert!(names.is_main("strong") && !names.is_main("strong_wide") && names.is_rival("drn"));
    }
}
