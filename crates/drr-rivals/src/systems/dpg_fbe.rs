//! DPG-FBE (Hu et al. 2018).

use super::Parts;
use crate::RivalError;
use crate::config::Within;
use crate::situation::RivalWorld;
use crate::system::{Ranker, System};
use drr_core::Seeds;
use drr_nn::NamedArray;
use serde::{Deserialize, Serialize};

/// The settings of DpgFbe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpgFbeConfig {
    /// The width of the hidden layers.
    pub hidden: usize,
}

impl DpgFbeConfig {
    /// Checks what serde cannot.
    pub(crate) fn check(&self, within: Within) -> Result<(), RivalError> {
        within.at_least_one("system.hidden", self.hidden as u64)
    }
}

/// The learning side.
pub(super) fn learner(
    _config: &DpgFbeConfig,
    _parts: Parts<'_>,
    _world: &RivalWorld,
    _seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Err(RivalError::Tables("dpg_fbe is not built".to_owned()))
}

/// The serving side.
pub(super) fn ranker(
    _config: &DpgFbeConfig,
    _parts: Parts<'_>,
    _arrays: &[NamedArray],
) -> Result<Box<dyn Ranker>, RivalError> {
    Err(RivalError::Tables("dpg_fbe is not built".to_owned()))
}
