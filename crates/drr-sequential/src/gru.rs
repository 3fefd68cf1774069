//! GRU4Rec: gated recurrent layers over the history (Hidasi et al. 2016).

use crate::dropout::Dropout;
use crate::layers::{Linear, glorot};
use crate::{SequentialConfig, SequentialError};
use candle_core::Tensor;
use drr_core::Seeds;
use drr_nn::Parameters;
use drr_nn::ops::gru::GruScan;

#[derive(Debug, Clone)]
struct Layer {
    inputs: Linear,
    recurrent: Tensor,
}

/// The recurrent layers.
#[derive(Debug, Clone)]
pub(crate) struct Gru {
    layers: Vec<Layer>,
}

impl Gru {
    pub(crate) fn new(
        parameters: &mut Parameters,
        config: &SequentialConfig,
        seeds: Seeds,
    ) -> Result<Self, SequentialError> {
        let dim = config.dim;
        let mut layers = Vec::new();
        for at in 0..config.n_blocks {
            let inputs = Linear::new(parameters, &format!("layer{at}.inputs"), dim, 3 * dim, seeds)?;
            let name = format!("layer{at}.recurrent.weight");
            let recurrent = parameters.uniform(&name, (dim, 3 * dim), glorot(dim, dim), seeds)?;
            layers.push(Layer { inputs, recurrent });
        }
        Ok(Self { layers })
    }

    /// Encodes `B` histories of `T` items, `[T * B, D]` step by step, into the states after each item, `[T * B, D]`.
    pub(crate) fn forward(
        &self,
        inputs: &Tensor,
        n_rows: usize,
        dropout: &mut Dropout,
    ) -> Result<Tensor, SequentialError> {
        let (n_positions, dim) = inputs.dims2()?;
        let mut states = inputs.clone();
        for layer in &self.layers {
            let gates = layer.inputs.forward(&states)?;
            let gates = gates.reshape((n_positions / n_rows, n_rows, 3 * dim))?;
            let scanned = gates.apply_op2(&layer.recurrent, GruScan)?.reshape((n_positions, dim))?;
            states = dropout.apply(&scanned)?;
        }
        Ok(states)
    }
}
