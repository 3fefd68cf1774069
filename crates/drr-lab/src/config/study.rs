//! What `drr study` is told by a configuration.

use super::{SessionsConfig, check_name};
use anyhow::{Context as _, Result, bail};
use drr_core::Protocol;
use drr_env::worlds::Dynamics;
use serde::{Deserialize, Serialize};

/// The studies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyConfig {
    /// Every agent of the run from several seeds, in one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ablation: Option<AblationConfig>,
    /// The agent in long sessions from several seeds, beside others, and in other worlds.
    #[serde(skip_serializing_if = "is_default")]
    pub long_session: LongSessionStudyConfig,
}

fn is_default(config: &LongSessionStudyConfig) -> bool {
    *config == LongSessionStudyConfig::default()
}

/// The study of long sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LongSessionStudyConfig {
    /// The seeds of the trainings of the agent and of its twin with a discount of 0, fixed beforehand.
    pub seeds: Vec<u64>,
    /// Discounts between 0 and the agent's own: one training of each, from the first seed.
    pub discounts: Vec<f64>,
    /// Of how many test users, the first ones, a bound is searched by rollouts.
    pub rollout_users: usize,
    /// How many items each rule proposes at each step of a rollout.
    pub rollout_candidates: usize,
    /// Worlds in which agents are trained and judged too, from the same seeds.
    pub worlds: Vec<TrainedWorld>,
}

/// A world in which the session agent is trained and judged, beside that of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainedWorld {
    /// Its name: small letters, digits and _.
    pub name: String,
    /// What happens in a session.
    pub dynamics: Dynamics,
    /// Whether the agent begins as the greedy policy; else from nothing.
    #[serde(default = "yes")]
    pub with_base: bool,
}

const fn yes() -> bool {
    true
}

impl TrainedWorld {
    /// The long sessions of the run, in this world.
    #[must_use]
    pub fn of(&self, sessions: &SessionsConfig) -> SessionsConfig {
        SessionsConfig { dynamics: self.dynamics, with_base: self.with_base, ..sessions.clone() }
    }
}

impl Default for LongSessionStudyConfig {
    fn default() -> Self {
        Self {
            seeds: vec![11, 12, 13, 14, 15],
            discounts: vec![0.5, 0.9, 0.95],
            rollout_users: 24,
            rollout_candidates: 16,
            worlds: vec![
                TrainedWorld { name: "boredom".to_owned(), dynamics: Dynamics::boredom(), with_base: true },
                TrainedWorld { name: "plain".to_owned(), dynamics: Dynamics::plain(10), with_base: false },
            ],
        }
    }
}

impl LongSessionStudyConfig {
    fn check(&self) -> Result<()> {
        let mut seeds = self.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        if seeds.is_empty() || seeds.len() != self.seeds.len() {
            bail!("study.long_session.seeds = {:?} must name at least one seed, and none twice", self.seeds);
        }
        for (at, discount) in self.discounts.iter().enumerate() {
            if !(*discount > 0.0 && *discount <= 1.0) || self.discounts[..at].contains(discount) {
                bail!(
                    "study.long_session.discounts = {:?}: each must be above 0 and at most 1, and none there twice; the twin has 0",
                    self.discounts
                );
            }
        }
        for (key, value) in
            [("rollout_users", self.rollout_users), ("rollout_candidates", self.rollout_candidates)]
        {
            if value == 0 {
                bail!("study.long_session.{key} = 0 must be at least 1");
            }
        }
        for (at, world) in self.worlds.iter().enumerate() {
            check_name(&world.name)?;
            if self.worlds[..at].iter().any(|other| other.name == world.name) {
                bail!("study.long_session.worlds names {} twice: give one another name", world.name);
            }
            world
                .dynamics
                .check()
                .with_context(|| format!("in study.long_session.worlds, {}", world.name))?;
        }
        Ok(())
    }
}

/// The study of variants. The variants are the run's agents, their twins, and the other systems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AblationConfig {
    /// The seeds of the trainings, fixed beforehand. The embeddings and the recommenders without RL are the run's own.
    pub seeds: Vec<u64>,
    /// Under which protocols; all of the run where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<Protocol>,
    /// From how many of the seeds, the first ones, other systems are trained.
    pub rival_seeds: usize,
    /// The greatest number of updates of one training that is not refused.
    pub max_updates: u64,
    /// The agents and systems that take part, by their own names and with their twins; all where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
}

impl Default for AblationConfig {
    /// Everybody from the five seeds of the shipped studies.
    fn default() -> Self {
        Self {
            seeds: vec![11, 12, 13, 14, 15],
            protocols: Vec::new(),
            rival_seeds: 1,
            max_updates: 60_000,
            variants: Vec::new(),
        }
    }
}

impl StudyConfig {
    /// Checks what serde cannot.
    pub fn check(&self) -> Result<()> {
        self.long_session.check()?;
        let Some(ablation) = &self.ablation else { return Ok(()) };
        let mut seeds = ablation.seeds.clone();
        seeds.sort_unstable();
        seeds.dedup();
        if seeds.is_empty() || seeds.len() != ablation.seeds.len() {
            bail!("study.ablation.seeds must name at least one seed, and none twice");
        }
        if ablation.rival_seeds == 0 || ablation.rival_seeds > seeds.len() {
            bail!("study.ablation.rival_seeds must be from 1 to the number of seeds, {}", seeds.len());
        }
        Ok(())
    }
}
