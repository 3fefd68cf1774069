//! The systems, each with its networks, its way to act and its update rule in a module of its own.

mod deers;
mod dpg_fbe;
mod drn;
mod lird;

pub use deers::DeersConfig;
pub use dpg_fbe::DpgFbeConfig;
pub use drn::{ActivenessConfig, DrnConfig};
pub use lird::{LirdConfig, SimulatorConfig};

use crate::situation::RivalWorld;
use crate::system::{Ranker, System};
use crate::{RivalConfig, RivalError, SystemConfig};
use drr_core::{EmbeddingTable, Seeds};
use drr_store::NamedArray;

/// What a system is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// All settings.
    pub config: &'a RivalConfig,
    /// The item vectors, `[I, D]`, scaled to a mean square of 1.
    pub items: &'a EmbeddingTable,
    /// The window `N`.
    pub history_length: usize,
}

/// The learning side of the configured system, untrained.
pub(crate) fn learner(
    parts: Parts<'_>,
    world: &RivalWorld,
    seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Ok(match &parts.config.system {
        SystemConfig::Drn(config) => drn::learner(config, parts, world, seeds)?,
        SystemConfig::Lird(config) => lird::learner(config, parts, world, seeds)?,
        SystemConfig::Deers(config) => deers::learner(config, parts, world, seeds)?,
        SystemConfig::DpgFbe(config) => dpg_fbe::learner(config, parts, world, seeds)?,
    })
}

/// The serving side of the configured system, with the networks in `arrays`.
pub(crate) fn ranker(parts: Parts<'_>, arrays: &[NamedArray]) -> Result<Box<dyn Ranker>, RivalError> {
    Ok(match &parts.config.system {
        SystemConfig::Drn(config) => drn::ranker(config, parts, arrays)?,
        SystemConfig::Lird(config) => lird::ranker(config, parts, arrays)?,
        SystemConfig::Deers(config) => deers::ranker(config, parts, arrays)?,
        SystemConfig::DpgFbe(config) => dpg_fbe::ranker(config, parts, arrays)?,
    })
}
