//! A dense layer.

use crate::{NnError, Parameters};
use candle_core::Tensor;
use drr_core::Seeds;

/// `x W + b`, with `W` of shape `[in, out]`.
#[derive(Debug, Clone)]
pub struct Dense {
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// A layer whose weights and biases are drawn from `[-1/sqrt(in), 1/sqrt(in)]` (Lillicrap et al. 2016, sec. 7).
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make a tensor.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        n_in: usize,
        n_out: usize,
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let bound = 1.0 / (n_in as f32).sqrt();
        Self::with_bound(parameters, name, n_in, n_out, bound, seeds)
    }

    /// A layer drawn from `[-bound, bound]`: small for a last layer, so that its first outputs are near zero.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make a tensor.
    pub fn with_bound(
        parameters: &mut Parameters,
        name: &str,
        n_in: usize,
        n_out: usize,
        bound: f32,
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        Ok(Self {
            weight: parameters.uniform(&format!("{name}.weight"), (n_in, n_out), bound, seeds)?,
            bias: parameters.uniform(&format!("{name}.bias"), n_out, bound, seeds)?,
        })
    }

    /// Maps `[B, in]` to `[B, out]`.
    ///
    /// # Errors
    ///
    /// Fails if the width of `inputs` is not the layer's.
    pub fn forward(&self, inputs: &Tensor) -> Result<Tensor, NnError> {
        Ok(inputs.matmul(&self.weight)?.broadcast_add(&self.bias)?)
    }

    /// The weights, `[in, out]`.
    #[must_use]
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The biases, `[out]`.
    #[must_use]
    pub const fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// The same layer without gradients for its own parameters: for the critic inside the actor's loss.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { weight: self.weight.detach(), bias: self.bias.detach() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use drr_store::{NamedArray, Values};

    #[test]
    fn it_computes_the_product_and_the_bias() -> Result<(), NnError> {
        let mut parameters = Parameters::new();
        let layer = Dense::new(&mut parameters, "l", 2, 1, Seeds(0))?;
        let arrays = [
            NamedArray::new("l.weight", vec![2, 1], Values::F32(vec![2.0, 3.0])),
            NamedArray::new("l.bias", vec![1], Values::F32(vec![0.5])),
        ];
        parameters.load_arrays("", &arrays)?;
        let outputs = layer.forward(&Tensor::new(&[[1.0_f32, 10.0]], &Device::Cpu)?)?;
        assert_eq!(outputs.to_vec2::<f32>()?, [[32.5]]);
        Ok(())
    }

    #[test]
    fn a_detached_layer_gives_gradients_to_its_inputs_alone() -> Result<(), NnError> {
        let mut parameters = Parameters::new();
        let layer = Dense::new(&mut parameters, "l", 2, 1, Seeds(0))?;
        let mut inputs = Parameters::new();
        let input = inputs.filled("x.weight", (1, 2), 1.0)?;
        let gradients = layer.detached().forward(&input)?.sum_all()?.backward()?;
        assert!(gradients.get(&input).is_some() && gradients.get(&layer.weight).is_none());
        Ok(())
    }
}
