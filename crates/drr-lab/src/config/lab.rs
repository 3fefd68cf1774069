//! The laboratory's part of a configuration: who is judged beside the agent, and how the protocols with sessions are set.

use super::SessionsConfig;
use super::long_term::LongTermConfig;
use super::staleness::StalenessConfig;
use super::variants::AgentVariant;
use anyhow::{Context as _, Result, bail};
use drr_agent::{OnlineConfig as LearningConfig, RewardModelConfig};
use drr_baselines::BaselineConfig;
use drr_core::Protocol;
use drr_embed::PmfConfig;
use drr_rivals::RivalConfig;
use drr_sequential::SequentialConfig;
use drr_session::SessionAgentConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The laboratory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabConfig {
    /// The recommenders without RL, with the settings that hold where none were tuned.
    pub recommenders: Vec<BaselineConfig>,
    /// Settings chosen on validation rows, by protocol: each takes the place of the recommender of its kind.
    pub tuned: BTreeMap<Protocol, Vec<BaselineConfig>>,
    /// More agents, each written down as what it changes of the run's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentVariant>,
    /// Agents for sessions, trained in the simulators of "online" and judged there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub session_agents: Vec<SessionVariant>,
    /// Other systems with reinforcement learning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<RivalConfig>,
    /// Under which protocols a system is trained, by its name; all of the run where nothing is said.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rival_protocols: BTreeMap<String, Vec<Protocol>>,
    /// The supervised one-step model of the agent's networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reward_model: Option<RewardModelConfig>,
    /// Networks that read the history as a sequence, judged under "leave_one_out" and "temporal" alone.
    pub sequential: Vec<SequentialConfig>,
    /// Protocol "rerank".
    pub rerank: RerankConfig,
    /// Protocol "episodes".
    pub episodes: EpisodesConfig,
    /// Protocol "online".
    pub online: OnlineConfig,
    /// The study of models that grow stale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<StalenessConfig>,
    /// The study of later rewards, in a world whose optimum is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_term: Option<LongTermConfig>,
    /// Planted items for every judged user; 0 plants none.
    pub canaries_per_user: usize,
}

/// An agent for sessions under "online".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionVariant {
    /// Its name in files and reports.
    pub name: String,
    /// The factorization that it acts in, fitted for it alone, with the items' biases as one more coordinate: that says how
    /// good an item is.
    #[serde(default = "model")]
    pub model: PmfConfig,
    /// Whether it begins as the ranking of its space; else from nothing, with scores of 0.
    #[serde(default = "yes")]
    pub with_base: bool,
    /// The least number of ratings, among the rows that it is fitted on, of an item that it recommends: a simulator knows little
    /// of rare items, and what it believes of them is found and exploited.
    #[serde(default)]
    pub min_item_ratings: usize,
    /// The agent and its training. The number of iterations is kept as it is: no choice is made on validation rows.
    #[serde(default)]
    pub agent: SessionAgentConfig,
}

impl SessionVariant {
    /// How it is made.
    #[must_use]
    pub fn settings(&self) -> SessionSettings {
        let Self { model, with_base, min_item_ratings, ref agent, .. } = *self;
        SessionSettings { model, with_base, min_item_ratings, agent: agent.clone() }
    }
}

/// How an agent for sessions is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionSettings {
    /// The factorization that it acts in.
    pub model: PmfConfig,
    /// Whether it begins as the ranking of its space.
    pub with_base: bool,
    /// The least number of ratings of an item that it recommends.
    pub min_item_ratings: usize,
    /// The agent and its training.
    pub agent: SessionAgentConfig,
}

const fn yes() -> bool {
    true
}

fn model() -> PmfConfig {
    SessionsConfig::default().model
}

/// Protocol "rerank".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RerankConfig {
    /// The recommenders that are also judged with a history that grows along the list; agents always are.
    pub adaptive: Vec<String>,
}

/// Protocol "episodes".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EpisodesConfig {
    /// T.
    pub n_steps: usize,
    /// K, the items of one step.
    pub slate: usize,
    /// The discount of the return.
    pub discount: f64,
}

impl Default for EpisodesConfig {
    fn default() -> Self {
        Self { n_steps: 20, slate: 1, discount: 0.9 }
    }
}

/// Protocol "online".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnlineConfig {
    /// T, at most the environment's horizon.
    pub n_steps: usize,
    /// How the agent learns within a session; absent, it only serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning: Option<LearningConfig>,
    /// Bandits, who learn within a session too.
    pub bandits: Vec<BaselineConfig>,
}

impl Default for OnlineConfig {
    fn default() -> Self {
        Self { n_steps: 10, learning: None, bandits: Vec::new() }
    }
}

impl LabConfig {
    /// Checks what serde cannot.
    pub fn check(&self, horizon: usize) -> Result<()> {
        if self.online.n_steps == 0 || self.online.n_steps > horizon {
            bail!("lab.online.n_steps must be from 1 to environment.horizon = {horizon}");
        }
        if self.episodes.n_steps == 0 || self.episodes.slate == 0 {
            bail!("lab.episodes.n_steps and slate must be at least 1");
        }
        for rival in &self.rivals {
            rival.check()?;
        }
        let tuned = self.tuned.iter().map(|(protocol, list)| (format!("lab.tuned.{protocol}"), list));
        let lists = [
            ("lab.recommenders".to_owned(), &self.recommenders),
            ("lab.online.bandits".to_owned(), &self.online.bandits),
        ];
        for (place, list) in tuned.chain(lists) {
            for it in list {
                it.check().with_context(|| format!("in {place}, {}", it.kind_name()))?;
            }
        }
        for agent in &self.session_agents {
            agent.model.check().with_context(|| format!("in the session agent {}", agent.name))?;
            agent.agent.check().with_context(|| format!("in the session agent {}", agent.name))?;
        }
        if let Some(other) =
            self.rival_protocols.keys().find(|name| !self.rivals.iter().any(|it| it.name() == **name))
        {
            bail!("lab.rival_protocols names {other}, which is not one of lab.rivals");
        }
        if let Some(long_term) = &self.long_term {
            long_term.check()?;
        }
        let mut names: Vec<&str> = self.recommenders.iter().map(BaselineConfig::kind_name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("lab.recommenders names {} twice: its rows in the report could not be told apart", pair[0]);
        }
        Ok(())
    }

    /// The recommenders of a protocol, with the tuned settings where there are any.
    pub fn of(&self, protocol: Protocol) -> Vec<BaselineConfig> {
        let tuned = self.tuned.get(&protocol.split()).map_or(&[][..], Vec::as_slice);
        let settings = |it: &BaselineConfig| {
            tuned.iter().find(|tuned| tuned.kind_name() == it.kind_name()).unwrap_or(it).clone()
        };
        self.recommenders.iter().map(settings).collect()
    }
}
