//! How fast things are.
//!
//! Times on shared machines mean little: beside each figure stands the machine's own roofline of the same minute, against
//! peers both sides take turns and the ratio is what counts, and what CI holds is a count of instructions.

mod cli;
mod eval;
mod instructions;
mod peer;
mod speed;
mod work;

pub use cli::main;

use anyhow::{Context as _, Result};
use drr_agent::{AgentConfig, BenchSizes};
use serde::Deserialize;

/// What is updated: sizes and agent, read by the Python peer too.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateSetting {
    sizes: BenchSizes,
    agent: AgentConfig,
}

/// The file of the update that is measured, in the project.
const UPDATE: &str = "crates/drr-bench/peers/update.toml";

impl UpdateSetting {
    fn load(batch_size: usize) -> Result<Self> {
        let mut setting: Self =
            toml::from_str(include_str!("../peers/update.toml")).with_context(|| format!("in {UPDATE}"))?;
        setting.agent.batch_size = batch_size;
        Ok(setting)
    }
}

/// A file of this crate that a peer reads.
fn peer_file(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}

/// The middle of some times; they are sorted.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    if times.len().is_multiple_of(2) {
        f64::midpoint(times[middle - 1], times[middle])
    } else {
        times[middle]
    }
}

#[cfg(test)]
mod tests;
