//! What `drr study` is told by a configuration.

use anyhow::{Result, bail};
use drr_core::Protocol;
use serde::{Deserialize, Serialize};

/// The studies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StudyConfig {
    /// Every agent of the run from several seeds, in one table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ablation: Option<AblationConfig>,
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
