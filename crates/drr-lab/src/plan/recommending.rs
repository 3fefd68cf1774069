//! Who of a run recommends.

use super::Plan;
use super::sessions::MISSING;
use crate::config::nearest;
use crate::fit::sessions::SessionTraining;
use crate::judge::contestants::{self, Entry};
use crate::recommend::session::SessionBundle;
use crate::recommend::{Bundle, Source, Who};
use crate::report::meaning;
use crate::run::Phase;
use anyhow::{Context as _, Result, bail};
use drr_core::Protocol;
use drr_intake::shown;

impl<'a> Plan<'a> {
    /// The protocol that recommendations are made under where none is asked for: that of new users, else the run's first.
    #[must_use]
    pub fn usual_protocol(&self) -> Protocol {
        let of_run = self.run.protocols();
        let usual = Protocol::FirstRatings;
        if of_run.contains(&usual) { usual } else { of_run.first().copied().unwrap_or(usual) }
    }

    /// What recommends under a protocol: the recommender of a name, else the run's own agent. What the run keeps of it is
    /// read; of what it keeps nothing is fitted with the run's settings.
    ///
    /// # Errors
    ///
    /// Fails if nobody of that name is judged under the protocol, and if what the run keeps is missing or damaged.
    pub fn bundle(&self, protocol: Protocol, recommender: Option<&str>) -> Result<Bundle<'a>> {
        let of_run = self.run.protocols();
        if !of_run.iter().any(|it| it.split() == protocol.split()) {
            let names: Vec<&str> = of_run.iter().map(|it| it.name()).collect();
            bail!("the run has no agent for {protocol}: give --protocol one of {}", names.join(", "));
        }
        let (bench, config) = (self.bench(protocol), self.config());
        let agent = self.main_training(protocol)?.job.name();
        let entry = chosen(contestants::entries(&bench), recommender.unwrap_or(&agent), protocol)?;
        let who = Who {
            name: entry.name().to_owned(),
            meaning: meaning(entry.name(), entry.id().as_ref(), config.agent_name()),
            fitted_anew: entry.is_fitted_anew(),
        };
        let cut = self.run.cut(protocol);
        let fitted = cut.log(Phase::Final)?;
        let recommender = entry.make(&bench, &fitted)?.recommender;
        Ok(Bundle {
            cut,
            recommender,
            fitted,
            who,
            source: Source::of(self.run),
            n_observed: config.evaluation.n_observed,
            reward: config.environment.reward,
        })
    }

    /// What recommends in a session: the agent for long sessions, or its twin where that is named.
    ///
    /// # Errors
    ///
    /// Fails if the run has no long sessions, if no agent for them has that name, or if it is not trained.
    pub fn session_bundle(&self, recommender: Option<&str>) -> Result<SessionBundle<'a>> {
        let models = self.session_models()?.context(MISSING)?;
        let agents = self.session_trainings(&models, self.config().seed);
        let names = agents.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(" or ");
        let wanted = |it: &SessionTraining<'_>| recommender.is_none_or(|name| it.name == name);
        let agent = agents.into_iter().find(wanted).with_context(|| {
            let name = shown(recommender.unwrap_or_default());
            format!("--policy session has no agent {name}: give --recommender {names}, or leave --policy out for those who make lists")
        })?;
        let unusable = || {
            let name = self.work().name();
            format!("the run has no usable agent for long sessions: `drr pipeline --run {name}` trains it")
        };
        let items = models.items().with_context(unusable)?;
        let policy = agent.policy(true, &items).with_context(unusable)?;
        let meaning = if agent.config.discount == 0.0 {
            "the agent for long sessions, discount 0"
        } else {
            "the agent for long sessions"
        };
        let who = Who { name: agent.name, meaning, fitted_anew: false };
        Ok(SessionBundle { models, items, policy, who, source: Source::of(self.run) })
    }
}

/// Who of those judged under a protocol has this name.
fn chosen<'a, 'b>(entries: Vec<Entry<'a, 'b>>, name: &str, protocol: Protocol) -> Result<Entry<'a, 'b>> {
    let names: Vec<String> = entries.iter().map(|it| it.name().to_owned()).collect();
    entries.into_iter().find(|it| it.name() == name).with_context(|| {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let meant = nearest(name, &known).map_or_else(String::new, |it| format!("; did you mean {it}?"));
        format!(
            "--recommender {} is nobody whom the run judges under {protocol}{meant} (there are {}; the agents for long sessions \
             go with --policy session)",
            shown(name),
            known.join(", ")
        )
    })
}
