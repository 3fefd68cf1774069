//! How fast things are.
//!
//! Times on shared machines mean little: beside each figure stands the machine's own roofline of the same minute, against
//! peers both sides take turns and the ratio is what counts, and what CI holds is a count of instructions.

mod eval;
mod instructions;
mod peer;
mod speed;
mod work;

pub use eval::eval;
pub use instructions::{Held, check as check_instructions, run_alone};
pub use speed::{Request, run as speed};

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
const UPDATE: &str = "xtask/bench/update.toml";

impl UpdateSetting {
    fn load(batch_size: usize) -> Result<Self> {
        let mut setting: Self = toml::from_str(include_str!("../../bench/update.toml"))
            .with_context(|| format!("in {UPDATE}"))?;
        setting.agent.batch_size = batch_size;
        Ok(setting)
    }
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
