//! The optional parts of the agent: what is not set changes nothing.

use super::within;
use crate::AgentError;
use serde::{Deserialize, Serialize};

const LARGE: f64 = 1e9;

/// Twin critics, a smoothed target and an actor that moves less often (TD3: Fujimoto et al. 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Td3Config {
    /// d: the actor and all targets move in every d-th update; 1 moves them in each.
    pub policy_delay: u64,
    /// The standard deviation of the noise on each coordinate of the target actor's output.
    pub target_noise: f32,
    /// c: that noise is cut at `[-c, c]`.
    pub target_noise_clip: f32,
}

impl Default for Td3Config {
    /// The numbers of Fujimoto et al. 2018, sec. 6.1.
    fn default() -> Self {
        Self { policy_delay: 2, target_noise: 0.2, target_noise_clip: 0.5 }
    }
}

impl Td3Config {
    pub(super) fn check(&self) -> Result<(), AgentError> {
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        within("td3.policy_delay", self.policy_delay as f64, 1.0, LARGE)?;
        within("td3.target_noise", f64::from(self.target_noise), 0.0, LARGE)?;
        within("td3.target_noise_clip", f64::from(self.target_noise_clip), 0.0, LARGE)
    }
}

/// A supervised anchor of the actor: a softmax over all items, on the positives that the log holds for later.
///
/// The value term of the actor's loss is then divided by the batch's mean `|Q|` (TD3+BC: Fujimoto and Gu 2021).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnchorConfig {
    /// The weight of the anchor in the actor's loss.
    pub weight: f32,
    /// What the scores `e_i . a` are divided by before the softmax; about the root of D keeps it from being one-hot.
    pub temperature: f32,
    /// The positives of a row in each update, drawn anew where the log has more.
    pub n_positives: usize,
    /// The weight of the value term; 0 makes the twin without TD learning: the critic then moves neither the actor nor
    /// the state that it reads, and the state module follows the anchor alone, with `actor_moves_state`.
    #[serde(skip_serializing_if = "is_one")]
    pub value_weight: f32,
}

impl Default for AnchorConfig {
    /// As the strong agent has it on MovieLens 1M.
    fn default() -> Self {
        Self { weight: 1.0, temperature: 15.0, n_positives: 16, value_weight: 1.0 }
    }
}

impl AnchorConfig {
    pub(super) fn check(&self) -> Result<(), AgentError> {
        within("anchor.weight", f64::from(self.weight), 0.0, LARGE)?;
        within("anchor.temperature", f64::from(self.temperature), 1e-6, LARGE)?;
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        within("anchor.n_positives", self.n_positives as f64, 1.0, LARGE)?;
        within("anchor.value_weight", f64::from(self.value_weight), 0.0, LARGE)
    }
}

/// The critic chooses among the items nearest to the action (Wolpertinger: Dulac-Arnold et al. 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefinementConfig {
    /// The items that the critic is asked about, as a share of the catalogue; at least one item.
    pub neighbours: f64,
    /// Whether the lists that are served are refined too, and not only what is recommended in training.
    #[serde(skip_serializing_if = "is_yes")]
    pub serve: bool,
    /// The share of the critic's standardized values in the order of the neighbours; the rest are the standardized
    /// products `e_i . a`. 1 is the paper's rule.
    #[serde(skip_serializing_if = "is_one")]
    pub weight: f32,
}

impl Default for RefinementConfig {
    /// The paper's rule among 2 % of the catalogue.
    fn default() -> Self {
        Self { neighbours: 0.02, serve: true, weight: 1.0 }
    }
}

impl RefinementConfig {
    /// The number of neighbours in a catalogue of `n_items`.
    #[must_use]
    pub fn n_neighbours(&self, n_items: usize) -> usize {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a catalogue is a small positive number"
        )]
        let n_near = (self.neighbours * n_items as f64).round() as usize;
        n_near.clamp(1, n_items.max(1))
    }

    pub(super) fn check(&self) -> Result<(), AgentError> {
        within("refinement.neighbours", self.neighbours, 0.0, 1.0)?;
        within("refinement.weight", f64::from(self.weight), 0.0, 1.0)
    }
}

/// A critic that is held down where the log says nothing (CQL: Kumar et al. 2020).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConservativeConfig {
    /// The weight of the term in the critic's loss.
    pub weight: f32,
    /// The items that are drawn at random for each update.
    pub n_items: usize,
}

impl Default for ConservativeConfig {
    /// A small weight on ten items.
    fn default() -> Self {
        Self { weight: 0.1, n_items: 10 }
    }
}

impl ConservativeConfig {
    pub(super) fn check(&self) -> Result<(), AgentError> {
        within("conservative.weight", f64::from(self.weight), 0.0, LARGE)?;
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        within("conservative.n_items", self.n_items as f64, 1.0, LARGE)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_one(value: &f32) -> bool {
    value.to_bits() == 1.0_f32.to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// For settings that are off unless named.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
pub(super) const fn is_off(value: &bool) -> bool {
    !*value
}
