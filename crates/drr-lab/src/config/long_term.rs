//! The study of later rewards.

use super::variants::{AgentVariant, check_name};
use anyhow::Result;
use drr_agent::AgentConfig;
use drr_rivals::RivalConfig;
use serde::{Deserialize, Serialize};

/// What is studied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LongTermConfig {
    /// The number of sweets, and as many vegetables; at least the horizon.
    pub items_per_kind: usize,
    /// T, the steps of a session.
    pub horizon: usize,
    /// N, the latest items that make the mood, which are also those that the agent sees.
    pub history_length: usize,
    /// D, the dimension of the item vectors, at least 2.
    pub dim: usize,
    /// The standard deviation of what tells items of a kind apart, beside a 1 that tells the kind.
    pub item_noise: f32,
    /// How often each agent is trained, every time from another seed.
    pub n_seeds: u64,
    /// The agent; its twin is the same with a discount of 0.
    pub agent: AgentConfig,
    /// More agents, each written down as what it changes of the agent, and each with a twin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<AgentVariant>,
    /// Other systems with reinforcement learning, each with a twin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<RivalConfig>,
}

impl LongTermConfig {
    /// Checks what serde cannot, but for what the study itself refuses.
    ///
    /// # Errors
    ///
    /// Names the key that is out of its range.
    pub fn check(&self) -> Result<()> {
        if self.dim < 2 || self.n_seeds == 0 || !(0.0..=1.0).contains(&self.item_noise) {
            anyhow::bail!("lab.long_term: dim must be at least 2, n_seeds at least 1, item_noise in [0, 1]");
        }
        self.agent.check()?;
        for variant in &self.agents {
            check_name(&variant.name)?;
        }
        for rival in &self.rivals {
            rival.check()?;
        }
        Ok(())
    }
}
