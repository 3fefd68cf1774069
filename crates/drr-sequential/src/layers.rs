//! Layers on the fused operations.

use crate::SequentialError;
use candle_core::Tensor;
use drr_core::Seeds;
use drr_nn::Parameters;
use drr_nn::ops::{AddBias, LayerNormOp};

/// `x W + b` with `W` of shape `[in, out]`, drawn from `[-sqrt(6 / (in + out)), ..]` (Glorot and Bengio 2010, eq. 16).
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub(crate) fn new(
        parameters: &mut Parameters,
        name: &str,
        n_in: usize,
        n_out: usize,
        seeds: Seeds,
    ) -> Result<Self, SequentialError> {
        let bound = glorot(n_in, n_out);
        Ok(Self {
            weight: parameters.uniform(&format!("{name}.weight"), (n_in, n_out), bound, seeds)?,
            bias: parameters.filled(&format!("{name}.bias"), n_out, 0.0)?,
        })
    }

    /// Maps `[P, in]` to `[P, out]`.
    pub(crate) fn forward(&self, inputs: &Tensor) -> Result<Tensor, SequentialError> {
        Ok(inputs.matmul(&self.weight)?.apply_op2(&self.bias, AddBias)?)
    }
}

/// The bound of Glorot's uniform distribution.
#[expect(clippy::cast_precision_loss, reason = "layers and catalogues are far below 2^24")]
pub(crate) fn glorot(n_in: usize, n_out: usize) -> f32 {
    (6.0 / (n_in + n_out) as f32).sqrt()
}

/// Layer normalization with a gain of ones and a bias of zeros at first.
#[derive(Debug, Clone)]
pub(crate) struct LayerNorm {
    gain: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    pub(crate) fn new(parameters: &mut Parameters, name: &str, dim: usize) -> Result<Self, SequentialError> {
        Ok(Self {
            // Only names that end with `.weight` decay, and a gain should not.
            gain: parameters.filled(&format!("{name}.gain.bias"), dim, 1.0)?,
            bias: parameters.filled(&format!("{name}.bias"), dim, 0.0)?,
        })
    }

    /// Normalizes each row of `[P, D]`.
    pub(crate) fn forward(&self, inputs: &Tensor) -> Result<Tensor, SequentialError> {
        Ok(inputs.contiguous()?.apply_op3(&self.gain, &self.bias, LayerNormOp)?)
    }
}
