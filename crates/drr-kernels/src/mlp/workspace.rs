//! What one pass through a network computes.

use super::Layer;
use crate::matmul::DeltaRows;
use crate::panels::{LANES, Panels};

/// The arrays of a network's passes. Memory is only taken when the batch outgrows every one before.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The inputs of each layer, those that join behind the outputs of the layer before; then the network's outputs.
    pub(super) activations: Vec<Panels>,
    /// The gradients of each layer's outputs.
    pub(super) deltas: Vec<Panels>,
    /// What each layer's normalization keeps; empty without one.
    pub(super) normalized: Vec<Normalized>,
    pub(super) rows: DeltaRows,
    pub(super) of_joined: Panels,
    pub(super) of_inputs: Panels,
}

/// What a normalization keeps for its gradient.
#[derive(Debug, Clone)]
pub(super) struct Normalized {
    pub values: Panels,
    pub inverse: Vec<[f32; LANES]>,
}

impl Workspace {
    pub(super) fn new(layers: &[Layer]) -> Self {
        let mut activations: Vec<Panels> = layers.iter().map(|layer| Panels::zeros(0, layer.n_in)).collect();
        let n_out = layers.last().map_or(0, |layer| layer.n_out);
        activations.push(Panels::zeros(0, n_out));
        let widths = layers.windows(2).map(|pair| pair[1].n_in - pair[0].n_out);
        let kept = |layer: &Layer| Normalized {
            values: Panels::zeros(0, layer.norm.as_ref().map_or(0, |_| layer.n_out)),
            inverse: Vec::new(),
        };
        Self {
            activations,
            deltas: layers.iter().map(|layer| Panels::zeros(0, layer.n_out)).collect(),
            normalized: layers.iter().map(kept).collect(),
            rows: DeltaRows::default(),
            of_joined: Panels::zeros(0, widths.max().unwrap_or(0)),
            of_inputs: Panels::zeros(0, 0),
        }
    }

    /// Prepares for a batch of `n_rows`.
    pub fn resize(&mut self, n_rows: usize) {
        if self.activations[0].n_rows() == n_rows {
            return;
        }
        for panels in self.activations.iter_mut().chain(&mut self.deltas) {
            panels.resize(n_rows);
        }
        for kept in &mut self.normalized {
            kept.values.resize(n_rows);
            kept.inverse.resize(n_rows.div_ceil(LANES), [0.0; LANES]);
        }
        self.of_joined.resize(n_rows);
    }

    /// The features that enter layer `nth`: those of layer 0 are the network's inputs; in later ones what joins is behind
    /// the outputs of the layer before.
    pub fn inputs_mut(&mut self, nth: usize) -> &mut Panels {
        &mut self.activations[nth]
    }

    /// The features that entered layer `nth`.
    #[must_use]
    pub fn inputs(&self, nth: usize) -> &Panels {
        &self.activations[nth]
    }

    /// The gradient of the outputs, to be set before a backward pass; zero beyond the batch.
    pub fn output_gradient_mut(&mut self) -> &mut Panels {
        let last = self.deltas.len() - 1;
        &mut self.deltas[last]
    }

    /// The gradient of what joins, where it was wanted.
    #[must_use]
    pub const fn joined_gradient(&self) -> &Panels {
        &self.of_joined
    }

    /// The gradient of the network's inputs, of the features that were wanted.
    #[must_use]
    pub const fn input_gradient(&self) -> &Panels {
        &self.of_inputs
    }
}
