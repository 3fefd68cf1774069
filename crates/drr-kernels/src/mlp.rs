//! A feed-forward network on flat parameters: dense layers, each with an optional normalization and an activation.
//!
//! The network is only a shape. Its parameters are a slice that the caller owns, so an optimizer can pass over them at
//! once; what one pass computes is in a [`Workspace`], made once and used again and again.

mod workspace;

pub use workspace::Workspace;

use crate::activation::Activation;
use crate::layer_norm;
use crate::matmul::{add_product, input_gradient, weight_gradient};
use crate::panels::{LANES, Panels};
use std::ops::Range;

/// The shape of one layer to be made.
#[derive(Debug, Clone, Copy)]
pub struct LayerShape {
    /// Features of its own that join the outputs of the layer before: an action that a critic reads halfway.
    pub n_joined: usize,
    /// The outputs.
    pub n_out: usize,
    /// Whether the products are normalized before the activation.
    pub normalized: bool,
    /// What follows.
    pub activation: Activation,
}

/// A layer, and where its parameters lie in the flat slice.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The inputs, those that join included.
    pub n_in: usize,
    /// The outputs.
    pub n_out: usize,
    /// `[in, out]`, row-major.
    pub weight: Range<usize>,
    /// `[out]`.
    pub bias: Range<usize>,
    /// The gain and the shift of the normalization, each `[out]`.
    pub norm: Option<(Range<usize>, Range<usize>)>,
    /// What follows.
    pub activation: Activation,
}

/// Which gradients a backward pass is to form.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those of the features that join at this layer.
    pub joined: Option<usize>,
    /// Those of these features of the network's inputs.
    pub inputs: Option<Range<usize>>,
}

/// A feed-forward network.
#[derive(Debug, Clone)]
pub struct Mlp {
    layers: Vec<Layer>,
}

impl Mlp {
    /// A network of `n_in` features whose parameters begin at `first` of the flat slice, layer after layer: weight, bias,
    /// gain, shift.
    #[must_use]
    pub fn new(n_in: usize, shapes: &[LayerShape], first: usize) -> Self {
        let mut end = first;
        let mut take = |n: usize| {
            end += n;
            end - n..end
        };
        let mut layers = Vec::new();
        let mut width = n_in;
        for shape in shapes {
            let (n_in, n_out) = (width + shape.n_joined, shape.n_out);
            let (weight, bias) = (take(n_in * n_out), take(n_out));
            let norm = shape.normalized.then(|| (take(n_out), take(n_out)));
            layers.push(Layer { n_in, n_out, weight, bias, norm, activation: shape.activation });
            width = n_out;
        }
        Self { layers }
    }

    /// The layers, from inputs to outputs.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Where the parameters end in the flat slice.
    #[must_use]
    pub fn end(&self) -> usize {
        self.layers
            .last()
            .map_or(0, |layer| layer.norm.as_ref().map_or(layer.bias.end, |(_, shift)| shift.end))
    }

    /// Maps the workspace's inputs to its outputs.
    pub fn forward(&self, parameters: &[f32], workspace: &mut Workspace) {
        for (nth, layer) in self.layers.iter().enumerate() {
            let (before, after) = workspace.activations.split_at_mut(nth + 1);
            let (inputs, outputs) = (&before[nth], &mut after[0]);
            let bias = &parameters[layer.bias.clone()];
            for at in 0..outputs.n_panels() {
                let rows = outputs.panel_mut(at).iter_mut();
                rows.zip(bias).for_each(|(row, bias)| *row = [*bias; LANES]);
            }
            add_product(&parameters[layer.weight.clone()], layer.n_out, inputs, outputs, 0);
            for at in 0..outputs.n_panels() {
                let outputs = &mut outputs.panel_mut(at)[..layer.n_out];
                if let Some((gain, shift)) = &layer.norm {
                    let kept = &mut workspace.normalized[nth];
                    let (gain, shift) = (&parameters[gain.clone()], &parameters[shift.clone()]);
                    kept.inverse[at] = layer_norm::forward(outputs, gain, shift, kept.values.panel_mut(at));
                }
                layer.activation.apply(outputs.as_flattened_mut());
            }
        }
    }

    /// From the gradient of the workspace's outputs to those wanted. `gradients`, of the parameters' length, is
    /// overwritten; without it the network is only a passage for the gradient of its inputs.
    pub fn backward(
        &self,
        parameters: &[f32],
        workspace: &mut Workspace,
        mut gradients: Option<&mut [f32]>,
        wanted: &Wanted,
    ) {
        for (nth, layer) in self.layers.iter().enumerate().rev() {
            self.before_activation(nth, parameters, workspace, gradients.as_deref_mut());
            if let Some(gradients) = &mut gradients {
                for (at, bias) in layer.bias.clone().enumerate() {
                    let panels = 0..workspace.deltas[nth].n_panels();
                    gradients[bias] =
                        panels.map(|panel| workspace.deltas[nth].panel(panel)[at].iter().sum::<f32>()).sum();
                }
                workspace.rows.fill(&workspace.deltas[nth]);
                let into = &mut gradients[layer.weight.clone()];
                weight_gradient(&workspace.activations[nth], &workspace.rows, into);
            }
            let weights = &parameters[layer.weight.clone()];
            let n_before = if nth == 0 { 0 } else { self.layers[nth - 1].n_out };
            let (below, deltas) = workspace.deltas.split_at_mut(nth);
            if wanted.joined == Some(nth) {
                input_gradient(weights, n_before..layer.n_in, &deltas[0], &mut workspace.of_joined);
            }
            let deeper = gradients.is_some()
                || wanted.inputs.is_some()
                || wanted.joined.is_some_and(|joined| joined < nth);
            match below.last_mut() {
                Some(below) if deeper => input_gradient(weights, 0..n_before, &deltas[0], below),
                Some(_) => return,
                None => {
                    if let Some(rows) = &wanted.inputs {
                        workspace.of_inputs.reshape(deltas[0].n_rows(), rows.len());
                        input_gradient(weights, rows.clone(), &deltas[0], &mut workspace.of_inputs);
                    }
                }
            }
        }
    }

    /// Turns the gradient of a layer's outputs into that of its products, in place.
    fn before_activation(
        &self,
        nth: usize,
        parameters: &[f32],
        workspace: &mut Workspace,
        mut gradients: Option<&mut [f32]>,
    ) {
        let layer = &self.layers[nth];
        if let (Some((gain, shift)), Some(gradients)) = (&layer.norm, &mut gradients) {
            gradients[gain.start..shift.end].fill(0.0);
        }
        for at in 0..workspace.deltas[nth].n_panels() {
            let deltas = workspace.deltas[nth].panel_mut(at);
            let outputs = &workspace.activations[nth + 1].panel(at)[..layer.n_out];
            layer.activation.multiply_derivative(outputs.as_flattened(), deltas.as_flattened_mut());
            if let Some((gain, shift)) = &layer.norm {
                let kept = &workspace.normalized[nth];
                let into = gradients.as_deref_mut().map(|gradients| {
                    let (of_gain, of_shift) = gradients[gain.start..shift.end].split_at_mut(gain.len());
                    (of_gain, of_shift)
                });
                let gain = &parameters[gain.clone()];
                layer_norm::backward(deltas, kept.values.panel(at), &kept.inverse[at], gain, into);
            }
        }
    }

    /// Arrays for the passes of this network.
    #[must_use]
    pub fn workspace(&self) -> Workspace {
        Workspace::new(&self.layers)
    }

    /// The outputs of the last layer in `workspace`.
    #[must_use]
    pub fn outputs<'a>(&self, workspace: &'a Workspace) -> &'a Panels {
        &workspace.activations[self.layers.len()]
    }
}

#[cfg(test)]
mod tests;
