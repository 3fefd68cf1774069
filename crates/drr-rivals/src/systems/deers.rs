//! DEERS (Zhao et al. 2018, pairwise): a Q network over a state of what was liked and one of what was not.

mod learner;
mod network;

use super::Parts;
use crate::RivalError;
use crate::config::Within;
use crate::situation::{RivalWorld, View};
use crate::system::{Ranker, System};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, Seeds};
use drr_learn::Schedule;
use drr_nn::Parameters;
use drr_store::NamedArray;
use learner::Learner;
use network::{Feedback, Network, Scorer};
use serde::{Deserialize, Serialize};

/// The settings of DEERS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeersConfig {
    /// H, the numbers in the positive and in the negative state; at least 1.
    pub state_hidden: usize,
    /// W, the width of the hidden layers of the Q network; at least 1.
    pub hidden: usize,
    /// Items drawn for the maximum of the target, all if there are no more; at least 1.
    pub n_candidates: usize,
    /// alpha, the weight of the pairwise term, in `[0, 1]`; 0 turns it off.
    pub pairwise_weight: f64,
    /// The difference of values beyond which the pairwise term pulls no further, in `[0, 1000]`.
    pub pairwise_margin: f64,
    /// tau, the step of the target network towards the online one, in `[0, 1]`.
    pub tau: f64,
    /// The probability of a random item, in `[0, 1]`, by environment steps.
    pub epsilon: Schedule,
}

impl Default for DeersConfig {
    /// As chosen on validation rows of MovieLens 1M.
    fn default() -> Self {
        Self {
            state_hidden: 32,
            hidden: 32,
            n_candidates: 256,
            pairwise_weight: 0.05,
            pairwise_margin: 0.5,
            tau: 0.005,
            epsilon: Schedule::Linear { start: 0.3, end: 0.05, steps: 10_000 },
        }
    }
}

impl DeersConfig {
    /// Checks what serde cannot.
    pub(crate) fn check(&self, within: Within) -> Result<(), RivalError> {
        within.at_least_one("system.state_hidden", self.state_hidden as u64)?;
        within.at_least_one("system.hidden", self.hidden as u64)?;
        within.at_least_one("system.n_candidates", self.n_candidates as u64)?;
        within.check("system.pairwise_weight", self.pairwise_weight, 0.0, 1.0)?;
        within.check("system.pairwise_margin", self.pairwise_margin, 0.0, 1000.0)?;
        within.check("system.tau", self.tau, 0.0, 1.0)?;
        Ok(self.epsilon.check("system.epsilon", 0.0, 1.0)?)
    }
}

/// The learning side.
pub(super) fn learner(
    config: &DeersConfig,
    parts: Parts<'_>,
    _world: &RivalWorld,
    seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Ok(Box::new(Learner::new(config, parts, seeds)?))
}

/// The serving side.
pub(super) fn ranker(
    config: &DeersConfig,
    parts: Parts<'_>,
    arrays: &[NamedArray],
) -> Result<Box<dyn Ranker>, RivalError> {
    let mut parameters = Parameters::new();
    let network = Network::new(&mut parameters, config, parts.items.dim(), Seeds(0))?;
    parameters.load_arrays("", arrays)?;
    let scorer = network.scorer(&table(parts.items)?)?;
    Ok(Box::new(Served { network, scorer, items: parts.items.clone(), history_length: parts.history_length }))
}

/// All item vectors, `[I, D]`.
fn table(items: &EmbeddingTable) -> Result<Tensor, RivalError> {
    let dim = items.dim();
    let n_items = items.values().len() / dim;
    Ok(Tensor::from_slice(items.values(), (n_items, dim), &Device::Cpu)?)
}

/// The frozen network.
struct Served {
    network: Network,
    scorer: Scorer,
    items: EmbeddingTable,
    history_length: usize,
}

impl Ranker for Served {
    fn scores(&self, views: &[View]) -> Result<Vec<Vec<f32>>, RivalError> {
        let rows = views.iter().map(|view| (view.liked.as_slice(), view.disliked.as_slice()));
        let feedback = Feedback::new(rows, &self.items, self.history_length)?;
        self.scorer.scores(&self.network.states(&feedback)?)
    }
}
