//! Long sessions with simulated users who have a memory.

use anyhow::{Context as _, Result, bail};
use drr_embed::PmfConfig;
use drr_env::worlds::Dynamics;
use drr_session::SessionAgentConfig;
use serde::{Deserialize, Serialize};

/// The protocol of long sessions: who is held out, who is known by what, and what happens in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsConfig {
    /// The share of the users who are held out for the test, and of those held out for validation.
    pub held_out_fraction: f64,
    /// The first ratings of a user that a recommender is told.
    pub n_known: usize,
    /// The least number of ratings, among the rows that recommenders are fitted on, of an item that may be shown. Without it
    /// the greater of 5 and 1 % of those rows' users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_item_ratings: Option<usize>,
    /// The factorization: of what recommenders know, of the simulator to train in, and of the judge, each of its own rows.
    pub model: PmfConfig,
    /// What happens in a session.
    pub dynamics: Dynamics,
    /// The number of clusters of item vectors that stand for categories where the items have none.
    pub n_clusters: usize,
    /// The agent.
    pub agent: SessionAgentConfig,
    /// The iterations of its twin with a discount of 0, which learns faster.
    pub twin_iterations: u64,
    /// Whether the agent's item vectors have the categories.
    pub with_categories: bool,
    /// Whether the agent begins as the greedy policy of the factorization; else it begins from nothing, with scores of 0.
    pub with_base: bool,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            held_out_fraction: 0.1,
            n_known: 10,
            min_item_ratings: None,
            model: PmfConfig {
                dim: 16,
                l2: 8.0,
                bias_l2: 3.0,
                fixed_l2: true,
                epochs: 10,
                ..PmfConfig::default()
            },
            dynamics: Dynamics::growing_taste(),
            n_clusters: 18,
            agent: SessionAgentConfig::default(),
            twin_iterations: 60,
            with_categories: true,
            with_base: true,
        }
    }
}

impl SessionsConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// Names the key that is out of its range.
    pub fn check(&self) -> Result<()> {
        if !(self.held_out_fraction > 0.0 && self.held_out_fraction <= 0.4) {
            bail!(
                "sessions.held_out_fraction = {} must be above 0 and at most 0.4: so many users are held out twice, and three \
                 models need the rest",
                self.held_out_fraction
            );
        }
        if self.n_known == 0 || self.n_clusters < 2 || self.min_item_ratings == Some(0) {
            bail!("sessions.n_known and min_item_ratings must be at least 1, n_clusters at least 2");
        }
        self.agent.check().context("in sessions.agent")?;
        self.model.check().context("in sessions.model")?;
        self.dynamics.check().context("in sessions.dynamics")
    }
}
