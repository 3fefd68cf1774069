//! Fused operations with hand-written gradients: Candle's own normalization and softmax give none, and composed ones are
//! several times slower.

pub mod gru;

mod add_bias;
mod causal_softmax;
mod layer_norm;
mod softmax_loss;

pub use add_bias::AddBias;
pub use causal_softmax::CausalSoftmax;
pub use layer_norm::LayerNormOp;
pub use softmax_loss::SoftmaxLoss;

use candle_core::{CpuStorage, Device, Layout, Result, Shape, Tensor};

/// The numbers of a contiguous operand.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("a fused operation takes contiguous tensors only"),
    }
}

/// A copy of a tensor's numbers, row after row.
///
/// # Errors
///
/// Fails if the tensor is not of single precision.
pub fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

/// A tensor of computed numbers.
pub(crate) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape.into(), &Device::Cpu)
}

/// `e^x` to a relative error of about 1e-7, in arithmetic that compilers turn into vector instructions.
///
/// `x = n ln 2 + r` with a whole `n`, and `e^r` by its Taylor polynomial; `x` is cut to `[-87, 88]`.
#[expect(
    clippy::excessive_precision,
    reason = "the two parts of ln 2 must add up to more than single precision"
)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4;
    let series = 1.0 / 720.0 * r + 1.0 / 120.0;
    let series = ((((series * r + 1.0 / 24.0) * r + 1.0 / 6.0) * r + 0.5) * r + 1.0) * r + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127).wrapping_shl(23);
    series * f32::from_bits(power)
}

/// A sum in eight lanes, in a fixed order that compilers turn into vector instructions.
pub(crate) fn sum(values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for chunk in values.chunks(8) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    lanes.iter().sum()
}

/// The largest value, in eight lanes.
pub(crate) fn max(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 8];
    for chunk in values.chunks(8) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = if value > lane { *value } else { *lane };
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

/// A dot product in eight lanes.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for (left, right) in left.chunks(8).zip(right.chunks(8)) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    lanes.iter().sum()
}

/// Turns `row` into `e^(row - max)` and returns the maximum and the sum.
pub(crate) fn exponentials(row: &mut [f32]) -> (f32, f32) {
    let largest = max(row);
    for value in row.iter_mut() {
        *value = exp(*value - largest);
    }
    (largest, sum(row))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use candle_core::Var;

    /// Compares the gradient of `sum(weights * f(inputs))` with central differences.
    pub(crate) fn check_gradients(inputs: &[Var], f: impl Fn() -> Result<Tensor>) -> Result<()> {
        let probe = f()?;
        let weights: Vec<f32> =
            (0..probe.elem_count()).map(|at| ((at * 7 % 11) as f32 - 5.0) / 5.0).collect();
        let weights = tensor(weights, probe.shape())?;
        let objective = || (f()? * &weights)?.sum_all();
        let gradients = objective()?.backward()?;
        for input in inputs {
            let found = numbers(gradients.get(input).expect("a gradient"))?;
            let before = numbers(input)?;
            for at in 0..before.len() {
                let moved = |step: f32| -> Result<f32> {
                    let mut values = before.clone();
                    values[at] += step;
                    input.set(&tensor(values, input.shape())?)?;
                    objective()?.to_scalar::<f32>()
                };
                let difference = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
                input.set(&tensor(before.clone(), input.shape())?)?;
                assert!(
                    (difference - found[at]).abs() < 2e-3 + 0.02 * difference.abs(),
                    "{at}: {difference} {}",
                    found[at]
                );
            }
        }
        Ok(())
    }

    /// Numbers without a pattern in `[-1, 1]`.
    pub(crate) fn some(n: usize, salt: usize) -> Vec<f32> {
        (0..n).map(|at| ((at * 37 + salt * 11 + at * at * 5) % 41) as f32 / 20.5 - 1.0).collect()
    }

    #[test]
    fn the_exponential_agrees_with_the_standard_library() {
        for at in -870..880 {
            let x = at as f32 / 10.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 5e-7, "{x}: {} {}", exp(x), x.exp());
        }
        assert!(exp(-1e9) < 1e-37);
    }
}
