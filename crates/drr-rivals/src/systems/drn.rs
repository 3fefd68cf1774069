//! DRN (Zheng et al. 2018): a double dueling Q-network over user, context, item and interaction features, which explores
//! by dueling bandit gradient descent.

mod activeness;
mod duel;
mod learner;
mod network;

pub use activeness::ActivenessConfig;

use super::Parts;
use crate::RivalError;
use crate::config::Within;
use crate::situation::{RivalWorld, View};
use crate::system::{Ranker, System};
use drr_core::{EmbeddingTable, Seeds};
use drr_nn::Parameters;
use drr_store::NamedArray;
use learner::Drn;
use network::{Network, item_tensor};
use serde::{Deserialize, Serialize};

/// The settings of DRN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrnConfig {
    /// H, the width of the hidden layer of `V` and of that of `A`, at least 1.
    pub hidden: usize,
    /// Updates between two copies of the online network to the target network, at least 1.
    pub target_every: u64,
    /// Items over which the maximum at the next state runs, drawn anew for each update, at least 1; all, if the catalogue
    /// has no more.
    pub n_candidates: usize,
    /// Decisions (of all sessions side by side) between two major updates, at least 1.
    pub major_every: u64,
    /// K, the items of one decision, at least 1.
    pub slate: usize,
    /// alpha, the size of the explore network's perturbation relative to the weights, in [0, 1].
    pub explore: f64,
    /// eta, the share of the perturbation that a minor update takes over, in [0, 1].
    pub exploit: f64,
    /// The items of each of the two lists that are interleaved, at least K.
    pub list_length: usize,
    /// The item at rank r of a list is drawn with a probability proportional to `r^-rank_exponent`, in [0, 100].
    pub rank_exponent: f64,
    /// Environment steps with items drawn uniformly at first: they stand for the log of the paper's offline stage.
    pub random_steps: u64,
    /// The user activeness in the reward; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activeness: Option<ActivenessConfig>,
}

impl Default for DrnConfig {
    /// As chosen on validation rows of MovieLens 1M.
    fn default() -> Self {
        Self {
            hidden: 32,
            target_every: 100,
            n_candidates: 200,
            major_every: 1,
            slate: 1,
            explore: 0.1,
            exploit: 0.05,
            list_length: 10,
            rank_exponent: 3.0,
            random_steps: 16_000,
            activeness: None,
        }
    }
}

impl DrnConfig {
    /// Checks what serde cannot.
    pub(crate) fn check(&self, within: Within) -> Result<(), RivalError> {
        within.at_least_one("system.hidden", self.hidden as u64)?;
        within.at_least_one("system.target_every", self.target_every)?;
        within.at_least_one("system.n_candidates", self.n_candidates as u64)?;
        within.at_least_one("system.major_every", self.major_every)?;
        within.at_least_one("system.slate", self.slate as u64)?;
        within.check("system.explore", self.explore, 0.0, 1.0)?;
        within.check("system.exploit", self.exploit, 0.0, 1.0)?;
        #[expect(clippy::cast_precision_loss, reason = "lengths of lists are small")]
        within.check("system.list_length", self.list_length as f64, self.slate as f64, 1e9)?;
        within.check("system.rank_exponent", self.rank_exponent, 0.0, 100.0)?;
        self.activeness.as_ref().map_or(Ok(()), |activeness| activeness.check(within))
    }
}

/// The learning side.
pub(super) fn learner(
    config: &DrnConfig,
    parts: Parts<'_>,
    world: &RivalWorld,
    seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Ok(Box::new(Drn::new(config, parts, world, seeds)?))
}

/// The frozen network with what it reads.
struct Frozen {
    network: Network,
    items: EmbeddingTable,
    history_length: usize,
}

impl Ranker for Frozen {
    fn scores(&self, views: &[View]) -> Result<Vec<Vec<f32>>, RivalError> {
        let inputs = network::inputs(views, &self.items, self.history_length)?;
        self.network.all_values(&inputs, &item_tensor(&self.items)?)
    }
}

/// The serving side.
pub(super) fn ranker(
    config: &DrnConfig,
    parts: Parts<'_>,
    arrays: &[NamedArray],
) -> Result<Box<dyn Ranker>, RivalError> {
    let mut parameters = Parameters::new();
    let network = Network::new(&mut parameters, parts.items.dim(), config.hidden, Seeds(0))?;
    parameters.load_arrays("", arrays)?;
    let items = parts.items.clone();
    Ok(Box::new(Frozen { network, items, history_length: parts.history_length }))
}
