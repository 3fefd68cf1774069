//! The learners of a configuration: the agent, its twins, the other agents with theirs, the other systems.

use crate::config::{ExperimentConfig, check_name, supervised};
use crate::fit::learner::{Learner, Settings};
use crate::study::long_term;
use anyhow::{Result, bail};
use drr_agent::AgentConfig;
use drr_core::{Form, LearnerId, Mode, World};
use drr_data::Protocol;
use std::sync::Arc;

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
pub fn of(config: &ExperimentConfig) -> Result<Vec<Arc<Learner>>> {
    let mut all = with_twins(config, Some(&config.agent), &main_learner(config))?;
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
            all.extend(with_twins(config, Some(&agent), &learner)?);
        } else {
            all.push(learner);
        }
    }
    for variant in &config.lab.session_agents {
        let learner = Learner {
            name: variant.name.clone(),
            form: Form::Agent,
            settings: Settings::Session(Box::new(variant.settings())),
            protocols: vec![Protocol::Online],
            space: None,
        };
        all.extend(with_twins(config, None, &learner)?);
    }
    for rival in &config.lab.rivals {
        let name = rival.name().to_owned();
        let protocols = config.lab.rival_protocols.get(&name).cloned().unwrap_or_default();
        let settings = Settings::Rival(Box::new(rival.clone()));
        all.push(Learner { name, form: Form::Agent, settings, protocols, space: None });
    }
    Ok(all.into_iter().map(Arc::new).collect())
}

/// A learner and those of its twins that are wanted; `agent` is what the one without TD learning is made of.
fn with_twins(
    config: &ExperimentConfig,
    agent: Option<&AgentConfig>,
    learner: &Learner,
) -> Result<Vec<Learner>> {
    let twin = |form, settings| Learner { form, settings, ..learner.clone() };
    let mut all = vec![learner.clone()];
    if config.training.greedy_twin {
        all.push(twin(Form::Greedy, learner.settings.greedy()));
    }
    if let (true, Some(agent)) = (config.training.supervised_twin, agent) {
        let supervised = supervised(agent)?.map(|agent| Settings::Drr(Box::new(agent)));
        all.extend(supervised.map(|settings| twin(Form::Supervised, settings)));
    }
    Ok(all)
}

/// Refuses a configuration whose parts do not go together: names that could be mistaken for each other, and learners that
/// cannot be.
///
/// # Errors
///
/// Names the learner or the key, and what to do.
pub fn check(config: &ExperimentConfig) -> Result<()> {
    check_names(config)?;
    config.lab.long_term.as_ref().map_or(Ok(()), long_term::check)
}

/// Every way in which a learner may be named in a table.
fn shown_names(name: &str) -> Vec<String> {
    let forms = [Form::Agent, Form::Greedy, Form::Supervised, Form::Untrained];
    let worlds = [World::Logged, World::A, World::B];
    let modes = [Mode::Frozen, Mode::Online, Mode::Adaptive];
    let ids = forms.into_iter().flat_map(|form| worlds.map(|world| (form, world)));
    let ids = ids.flat_map(|(form, world)| modes.map(|mode| (form, world, mode)));
    ids.map(|(form, world, mode)| LearnerId { name: name.to_owned(), form, world, mode }.to_string())
        .collect()
}

/// Refuses names of learners that could be mistaken for each other, or for somebody else.
fn check_names(config: &ExperimentConfig) -> Result<()> {
    let kinds = drr_baselines::BaselineConfig::KINDS;
    let own = std::iter::once(config.agent_name());
    let agents = own.chain(config.lab.agents.iter().map(|agent| &*agent.name));
    let sessions = config.lab.session_agents.iter().map(|agent| &*agent.name);
    let rivals = config.lab.rivals.iter().map(|rival| rival.name());
    let names: Vec<&str> = agents.chain(sessions).chain(rivals).collect();
    for (at, name) in names.iter().enumerate() {
        check_name(name)?;
        if kinds.contains(name) {
            bail!("an agent cannot be named {name}: that is a recommender without RL");
        }
        let others = names.iter().enumerate().filter(|(other, _)| *other != at);
        for (_, other) in others {
            if name == other {
                bail!(
                    "two agents are named {name}, of `agent`, lab.agents, lab.session_agents and lab.rivals: give one another name"
                );
            }
            if shown_names(other).iter().any(|shown| shown == name) {
                bail!("the name {name} is also one of {other}: give it another");
            }
        }
    }
    of(config).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AgentVariant;

    fn variant(name: &str, twins: bool) -> AgentVariant {
        AgentVariant {
            name: name.to_owned(),
            protocols: vec![Protocol::Episodes],
            space: None,
            twins,
            changes: "discount = 0.5".parse().unwrap(),
        }
    }

    #[test]
    fn every_agent_has_its_twins_unless_it_wants_none() {
        let mut config = ExperimentConfig::preset("smoke").unwrap();
        config.lab.agents = vec![variant("patient", true), variant("alone", false)];
        config.training.name = Some("strong".to_owned());
        let learners = of(&config).unwrap();
        let names: Vec<String> = learners.iter().map(|it| it.id().to_string()).collect();
        assert_eq!(names, ["strong", "strong_gamma_0", "patient", "patient_gamma_0", "alone"]);
        let discount = |at: usize| match &learners[at].settings {
            Settings::Drr(agent) => agent.discount,
            Settings::Rival(rival) => rival.discount,
            Settings::Session(session) => session.agent.discount,
        };
        assert_eq!((discount(2), discount(3)), (0.5, 0.0));
        assert!(learners[2].is_of(Protocol::Holdout) && !learners[2].is_of(Protocol::Temporal));
        assert!(learners[0].is_of(Protocol::Temporal));
    }

    #[test]
    fn every_preset_goes_together() {
        for (name, _) in crate::shelf::PRESETS {
            check(&ExperimentConfig::preset(name).unwrap()).unwrap();
        }
    }

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        let refused = |names: &[&str]| {
            let mut config = ExperimentConfig::preset("smoke").unwrap();
            config.training.name = Some("strong".to_owned());
            config.lab.agents = names.iter().map(|name| variant(name, false)).collect();
            check(&config).err().map(|error| error.to_string())
        };
        assert_eq!(refused(&["strong_wide", "strongest"]), None);
        for (name, reason) in [
            ("strong_gamma_0", "is also one of strong"),
            ("strong_in_a", "is also one of strong"),
            ("strong_no_td_adaptive", "is also one of strong"),
            ("popularity", "without RL"),
            ("strong", "two agents are named strong"),
        ] {
            let error = refused(&[name]).unwrap_or_default();
            assert!(error.contains(reason), "{name}: {error}");
        }
    }
}
