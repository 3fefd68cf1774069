//! Layer normalization.
//!
//! It stands apart from the kernels' `layer_norm`, which works on panels of sixteen examples and adds 1e-5 to the variance, and
//! from the critic's, which is made of Candle's basic operations: another order of sums or another constant would move every
//! training that has one.

use super::{dot, numbers, slice, sum, tensor};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

const EPSILON: f32 = 1e-6;

/// `gain * (x - mean) / sqrt(variance + epsilon) + bias` over the last dimension (Ba et al. 2016).
#[derive(Debug, Clone, Copy)]
pub struct LayerNormOp;

/// Writes a normalized copy of `row` and returns one over its deviation.
#[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
fn normalize(row: &[f32], normalized: &mut [f32]) -> f32 {
    let n = row.len() as f32;
    let mean = sum(row) / n;
    normalized.iter_mut().zip(row).for_each(|(to, from)| *to = from - mean);
    let inverse = 1.0 / (dot(normalized, normalized) / n + EPSILON).sqrt();
    normalized.iter_mut().for_each(|value| *value *= inverse);
    inverse
}

impl CustomOp3 for LayerNormOp {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        gain: &CpuStorage,
        gain_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let rows = slice(rows, rows_layout)?;
        let (gain, bias) = (slice(gain, gain_layout)?, slice(bias, bias_layout)?);
        let mut outputs = vec![0.0; rows.len()];
        for (row, output) in rows.chunks_exact(gain.len()).zip(outputs.chunks_exact_mut(gain.len())) {
            normalize(row, output);
            for ((value, gain), bias) in output.iter_mut().zip(gain).zip(bias) {
                *value = *value * gain + bias;
            }
        }
        Ok((CpuStorage::F32(outputs), rows_layout.shape().clone()))
    }

    fn bwd(
        &self,
        rows: &Tensor,
        gain: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (inputs, gains, mut gradients) = (numbers(rows)?, numbers(gain)?, numbers(gradient)?);
        let n = gains.len();
        let (mut to_gain, mut to_bias, mut normalized) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let share = 1.0 / n as f32;
        for (row, gradient) in inputs.chunks_exact(n).zip(gradients.chunks_exact_mut(n)) {
            let inverse = normalize(row, &mut normalized);
            for at in 0..n {
                to_gain[at] += gradient[at] * normalized[at];
                to_bias[at] += gradient[at];
                gradient[at] *= gains[at];
            }
            let mean = sum(gradient) * share;
            let along = dot(gradient, &normalized) * share;
            for (value, normalized) in gradient.iter_mut().zip(&normalized) {
                *value = inverse * (*value - mean - normalized * along);
            }
        }
        let to_rows = tensor(gradients, rows.shape())?;
        Ok((Some(to_rows), Some(tensor(to_gain, gain.shape())?), Some(tensor(to_bias, bias.shape())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradients, some};
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let rows = Var::from_vec(some(10, 0), (2, 5), &Device::Cpu)?;
        let gain = Var::from_vec(some(5, 1), 5, &Device::Cpu)?;
        let bias = Var::from_vec(some(5, 2), 5, &Device::Cpu)?;
        check_gradients(&[rows.clone(), gain.clone(), bias.clone()], || {
            rows.apply_op3(&gain, &bias, LayerNormOp)
        })
    }

    #[test]
    fn a_row_gets_mean_zero_and_deviation_one() -> Result<()> {
        let rows = tensor(vec![1.0, 3.0], (1, 2))?;
        let (gain, bias) = (tensor(vec![2.0, 2.0], 2)?, tensor(vec![0.5, 0.0], 2)?);
        let outputs = numbers(&rows.apply_op3_no_bwd(&gain, &bias, &LayerNormOp)?)?;
        assert!((outputs[0] + 1.5).abs() < 1e-5 && (outputs[1] - 2.0).abs() < 1e-5, "{outputs:?}");
        Ok(())
    }
}
