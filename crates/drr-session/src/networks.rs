//! Actor and critic on flat parameters: their shapes, their names in files, their first values.

use crate::{SessionAgentConfig, SessionError};
use candle_core::Tensor;
use drr_core::Seeds;
use drr_kernels::Activation;
use drr_kernels::mlp::{LayerShape, Mlp};
use drr_nn::{Dense, FlatLayout, Parameters};
use drr_store::NamedArray;
use std::ops::Range;

/// The shapes of actor and critic, and where their parameters lie.
#[derive(Debug, Clone)]
pub(crate) struct Shapes {
    /// State `[S]` to `z` `[D]`, without the skip.
    pub actor: Mlp,
    /// The skip's weights `[S, D]`, behind the actor's.
    pub skip: Range<usize>,
    /// State `[S]` to value.
    pub critic: Mlp,
    pub actor_layout: FlatLayout,
    pub critic_layout: FlatLayout,
    pub n_state: usize,
    pub dim: usize,
}

impl Shapes {
    /// The shapes for states of `n_state` numbers and actions of dimension `dim`.
    pub(crate) fn new(config: &SessionAgentConfig, n_state: usize, dim: usize) -> Self {
        let layer = |n_out, activation| LayerShape { n_joined: 0, n_out, normalized: false, activation };
        let network = |n_out| {
            let hidden = config.hidden.iter().map(|width| layer(*width, Activation::Relu));
            let layers: Vec<LayerShape> = hidden.chain([layer(n_out, Activation::Identity)]).collect();
            Mlp::new(n_state, &layers, 0)
        };
        let (actor, critic) = (network(dim), network(1));
        let skip = actor.end()..actor.end() + n_state * dim;
        let mut actor_layout = layout("actor", &actor);
        actor_layout.add(SKIP, &[n_state, dim], skip.clone());
        let critic_layout = layout("critic", &critic);
        Self { actor, skip, critic, actor_layout, critic_layout, n_state, dim }
    }
}

const SKIP: &str = "actor.skip.weight";

/// The name of a network's layer `nth`.
fn layer_name(network: &str, nth: usize, n_layers: usize) -> String {
    if nth + 1 == n_layers { format!("{network}.last") } else { format!("{network}.layer_{}", nth + 1) }
}

fn layout(name: &str, network: &Mlp) -> FlatLayout {
    let mut layout = FlatLayout::new();
    let layers = network.layers();
    for (nth, layer) in layers.iter().enumerate() {
        let name = layer_name(name, nth, layers.len());
        layout.add(format!("{name}.weight"), &[layer.n_in, layer.n_out], layer.weight.clone());
        layout.add(format!("{name}.bias"), &[layer.n_out], layer.bias.clone());
    }
    layout
}

/// The parameters of actor and critic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlatNetworks {
    pub actor: Vec<f32>,
    pub critic: Vec<f32>,
}

impl FlatNetworks {
    /// The parameters in `arrays`, their names behind `prefix`.
    pub(crate) fn from_arrays(
        shapes: &Shapes,
        prefix: &str,
        arrays: &[NamedArray],
    ) -> Result<Self, SessionError> {
        let mut actor = vec![0.0; shapes.actor_layout.n_values()];
        let mut critic = vec![0.0; shapes.critic_layout.n_values()];
        shapes.actor_layout.load_arrays(prefix, arrays, &mut actor)?;
        shapes.critic_layout.load_arrays(prefix, arrays, &mut critic)?;
        Ok(Self { actor, critic })
    }

    /// All parameters, their names behind `prefix`.
    pub(crate) fn to_arrays(&self, shapes: &Shapes, prefix: &str) -> Vec<NamedArray> {
        let mut arrays = shapes.actor_layout.to_arrays(prefix, &self.actor);
        arrays.extend(shapes.critic_layout.to_arrays(prefix, &self.critic));
        arrays
    }
}

/// Actor and critic as tensors; the first values of every path come from here.
///
/// The actor's last layer and its skip start at zero, so the first action is the base; all other layers are drawn from
/// `[-1/sqrt(in), 1/sqrt(in)]`, from streams of their names.
#[derive(Debug, Clone)]
pub(crate) struct TensorNetworks {
    actor: Vec<Dense>,
    skip: Tensor,
    critic: Vec<Dense>,
    pub actor_parameters: Parameters,
    pub critic_parameters: Parameters,
}

impl TensorNetworks {
    pub(crate) fn new(
        config: &SessionAgentConfig,
        n_state: usize,
        dim: usize,
        seeds: Seeds,
    ) -> Result<Self, SessionError> {
        let (mut actor_parameters, mut critic_parameters) = (Parameters::new(), Parameters::new());
        let actor = layers(&mut actor_parameters, "actor", config, (n_state, dim), Some(0.0), seeds)?;
        let skip = actor_parameters.filled(SKIP, (n_state, dim), 0.0)?;
        let critic = layers(&mut critic_parameters, "critic", config, (n_state, 1), None, seeds)?;
        Ok(Self { actor, skip, critic, actor_parameters, critic_parameters })
    }

    /// `z` `[B, D]` of states `[B, S]`.
    pub(crate) fn actor(&self, states: &Tensor) -> Result<Tensor, SessionError> {
        Ok((forward(&self.actor, states)? + states.matmul(&self.skip)?)?)
    }

    /// The values `[B]` of states `[B, S]`.
    pub(crate) fn critic(&self, states: &Tensor) -> Result<Tensor, SessionError> {
        Ok(forward(&self.critic, states)?.squeeze(1)?)
    }

    pub(crate) fn to_arrays(&self, prefix: &str) -> Result<Vec<NamedArray>, SessionError> {
        let mut arrays = self.actor_parameters.to_arrays(prefix)?;
        arrays.extend(self.critic_parameters.to_arrays(prefix)?);
        Ok(arrays)
    }

    pub(crate) fn load_arrays(&self, prefix: &str, arrays: &[NamedArray]) -> Result<(), SessionError> {
        self.actor_parameters.load_arrays(prefix, arrays)?;
        Ok(self.critic_parameters.load_arrays(prefix, arrays)?)
    }
}

fn layers(
    parameters: &mut Parameters,
    network: &str,
    config: &SessionAgentConfig,
    (n_in, n_out): (usize, usize),
    last_bound: Option<f32>,
    seeds: Seeds,
) -> Result<Vec<Dense>, SessionError> {
    let widths: Vec<usize> = [n_in].into_iter().chain(config.hidden.iter().copied()).chain([n_out]).collect();
    let n_layers = widths.len() - 1;
    let layer = |nth: usize| {
        let (name, n_in, n_out) = (layer_name(network, nth, n_layers), widths[nth], widths[nth + 1]);
        Ok(match last_bound.filter(|_| nth + 1 == n_layers) {
            Some(bound) => Dense::with_bound(parameters, &name, n_in, n_out, bound, seeds)?,
            None => Dense::new(parameters, &name, n_in, n_out, seeds)?,
        })
    };
    (0..n_layers).map(layer).collect()
}

fn forward(layers: &[Dense], inputs: &Tensor) -> Result<Tensor, SessionError> {
    let mut outputs = inputs.clone();
    for (nth, layer) in layers.iter().enumerate() {
        outputs = layer.forward(&outputs)?;
        if nth + 1 < layers.len() {
            outputs = outputs.relu()?;
        }
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_parameters_have_the_names_shapes_and_first_values_of_those_of_tensors() {
        let config = SessionAgentConfig { hidden: vec![5, 4, 3], ..SessionAgentConfig::default() };
        let shapes = Shapes::new(&config, 7, 2);
        let drawn = TensorNetworks::new(&config, 7, 2, Seeds(3)).unwrap().to_arrays("").unwrap();
        let flat = FlatNetworks::from_arrays(&shapes, "", &drawn).unwrap();
        assert_eq!(flat.to_arrays(&shapes, ""), drawn);
        let n_hidden = 7 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3;
        assert_eq!(flat.actor.len(), n_hidden + 3 * 2 + 2 + 7 * 2);
        assert_eq!(flat.critic.len(), n_hidden + 3 + 1);
        assert!(flat.actor[n_hidden..].iter().all(|value| *value == 0.0));
        assert!(flat.actor[..n_hidden].iter().chain(&flat.critic).all(|value| *value != 0.0));
    }
}
