//! DPG-FBE (Hu et al. 2018): a deterministic policy gradient whose critic learns from full backups.
//!
//! A model of the outcomes (conversion, continuation, abandonment, and the reward given each) learns from the same
//! memory. The critic's target weighs the next states by its probabilities, so the chance in what a user happened to
//! answer does not reach the critic.

mod backup;
mod learner;
mod networks;

use super::Parts;
use crate::RivalError;
use crate::config::Within;
use crate::situation::{RivalWorld, View};
use crate::system::{Ranker, System};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, Seeds};
use drr_learn::{ExplorationConfig, ExplorationKind};
use drr_nn::Parameters;
use drr_store::NamedArray;
use learner::DpgFbe;
use networks::Actor;
use serde::{Deserialize, Serialize};

/// The settings of DPG-FBE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DpgFbeConfig {
    /// The width of the hidden layers of all networks, at least 1.
    pub hidden: usize,
    /// tau, how far the target networks move with each update, in `[0, 1]`.
    pub tau: f64,
    /// The actor's learning rate, in `[0, 1]`; the critic and the model have the shared one.
    pub actor_learning_rate: f64,
    /// The actor's weight decay, at least 0: keeps its output from saturating.
    pub actor_l2: f64,
    /// c, the share of the user's vector in the weight vector, in `[0, 100]`: the actor starts near it. Absent: 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub base_scale: f64,
    /// Updates that the model of the outcomes has alone, before the critic and the actor begin.
    pub model_updates: u64,
    /// Gaussian noise on the weight vector.
    pub exploration: ExplorationConfig,
    /// Whether a session ends with a conversion, as a purchase does in the paper. Off, as a rating log goes on after it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ends_at_conversion: bool,
}

impl Default for DpgFbeConfig {
    /// As chosen on validation rows of MovieLens 1M.
    fn default() -> Self {
        Self {
            hidden: 128,
            tau: 0.005,
            actor_learning_rate: 3e-4,
            actor_l2: 1e-4,
            base_scale: 0.0,
            model_updates: 1000,
            exploration: ExplorationConfig::gaussian(1.0, 0.1, 200_000, 0.5),
            ends_at_conversion: false,
        }
    }
}

impl DpgFbeConfig {
    /// Checks what serde cannot.
    pub(crate) fn check(&self, within: Within) -> Result<(), RivalError> {
        if self.exploration.kind != (ExplorationKind::Gaussian {}) {
            let message =
                "dpg_fbe.system.exploration.kind must be gaussian: only noise on the weights is learned from";
            return Err(RivalError::Tables(message.to_owned()));
        }
        within.at_least_one("system.hidden", self.hidden as u64)?;
        within.check("system.tau", self.tau, 0.0, 1.0)?;
        within.check("system.actor_learning_rate", self.actor_learning_rate, 0.0, 1.0)?;
        within.check("system.actor_l2", self.actor_l2, 0.0, 1e9)?;
        within.check("system.base_scale", self.base_scale, 0.0, 100.0)?;
        within.check("system.exploration.epsilon_start", self.exploration.epsilon_start, 0.0, 1.0)?;
        within.check("system.exploration.epsilon_end", self.exploration.epsilon_end, 0.0, 1.0)?;
        within.check("system.exploration.noise", f64::from(self.exploration.noise), 0.0, 1e3)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// The width S of a state.
const fn state_dim(dim: usize) -> usize {
    3 * dim + 1
}

/// The states `[B, S]` of views.
fn states_of<'a>(
    views: impl Iterator<Item = &'a View>,
    items: &EmbeddingTable,
    window: usize,
) -> Result<Tensor, RivalError> {
    let mut values = Vec::new();
    views.for_each(|view| backup::push_state(view, items, window, &mut values));
    let width = state_dim(items.dim());
    let n_rows = values.len() / width;
    Ok(Tensor::from_vec(values, (n_rows, width), &Device::Cpu)?)
}

/// The learning side.
pub(super) fn learner(
    config: &DpgFbeConfig,
    parts: Parts<'_>,
    _world: &RivalWorld,
    seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Ok(Box::new(DpgFbe::new(config, parts, seeds)?))
}

/// The serving side.
pub(super) fn ranker(
    config: &DpgFbeConfig,
    parts: Parts<'_>,
    arrays: &[NamedArray],
) -> Result<Box<dyn Ranker>, RivalError> {
    let mut parameters = Parameters::new();
    let dim = parts.items.dim();
    let actor = Actor::new(&mut parameters, state_dim(dim), config, dim, Seeds(0))?;
    parameters.load_arrays("", arrays)?;
    let items_by_dim = transposed(parts.items)?;
    Ok(Box::new(Frozen { actor, items: parts.items.clone(), items_by_dim, window: parts.history_length }))
}

/// The item vectors as a tensor, `[D, I]`.
fn transposed(items: &EmbeddingTable) -> Result<Tensor, RivalError> {
    let tensor = Tensor::from_slice(items.values(), (items.n_rows(), items.dim()), &Device::Cpu)?;
    Ok(tensor.t()?.contiguous()?)
}

/// The frozen actor.
struct Frozen {
    actor: Actor,
    items: EmbeddingTable,
    items_by_dim: Tensor,
    window: usize,
}

impl Ranker for Frozen {
    fn scores(&self, views: &[View]) -> Result<Vec<Vec<f32>>, RivalError> {
        if views.is_empty() {
            return Ok(Vec::new());
        }
        let states = states_of(views.iter(), &self.items, self.window)?;
        Ok(self.actor.forward(&states)?.matmul(&self.items_by_dim)?.to_vec2()?)
    }
}
