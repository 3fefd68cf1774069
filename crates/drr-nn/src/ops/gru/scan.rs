//! A gated recurrent unit over all steps of a batch.

use crate::ops::{exp, numbers, slice, tensor};
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

/// Runs a gated recurrent unit from a state of zeros (Cho et al. 2014, eq. 5-8).
///
/// Takes the inputs' share of the gates, `[T, B, 3D]` (reset, update, candidate), and the recurrent weights `[D, 3D]`;
/// gives the states `[T, B, D]`: `r = sigmoid(x_r + h U_r)`, `z = sigmoid(x_z + h U_z)`,
/// `n = tanh(x_n + r * (h U_n))`, `h' = (1 - z) n + z h`.
#[derive(Debug, Clone, Copy)]
pub struct GruScan;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// The gates of one number of the state: reset, update, candidate.
fn gates(inputs: &[f32], hidden: &[f32], at: usize, dim: usize) -> (f32, f32, f32) {
    let reset = sigmoid(inputs[at] + hidden[at]);
    let update = sigmoid(inputs[dim + at] + hidden[dim + at]);
    let candidate = tanh(inputs[2 * dim + at] + reset * hidden[2 * dim + at]);
    (reset, update, candidate)
}

impl CustomOp2 for GruScan {
    fn name(&self) -> &'static str {
        "gru-scan"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (n_steps, n_rows, width) = inputs_layout.shape().dims3()?;
        let dim = width / 3;
        let weights = Tensor::from_slice(slice(weights, weights_layout)?, (dim, width), &Device::Cpu)?;
        let mut state = vec![0.0; n_rows * dim];
        let mut states = Vec::with_capacity(n_steps * n_rows * dim);
        for step in slice(inputs, inputs_layout)?.chunks_exact(n_rows * width) {
            let hidden =
                numbers(&Tensor::from_slice(&state, (n_rows, dim), &Device::Cpu)?.matmul(&weights)?)?;
            let rows = step.chunks_exact(width).zip(hidden.chunks_exact(width));
            for ((inputs, hidden), state) in rows.zip(state.chunks_exact_mut(dim)) {
                for (at, value) in state.iter_mut().enumerate() {
                    let (_, update, candidate) = gates(inputs, hidden, at, dim);
                    *value = (1.0 - update) * candidate + update * *value;
                }
            }
            states.extend_from_slice(&state);
        }
        Ok((CpuStorage::F32(states), Shape::from((n_steps, n_rows, dim))))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        weights: &Tensor,
        states: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (n_steps, n_rows, dim) = states.dims3()?;
        let (width, size) = (3 * dim, n_rows * dim);
        let weights = weights.detach();
        let mut before = vec![0.0; size];
        before.extend_from_slice(&numbers(states)?[..(n_steps - 1) * size]);
        let before_rows = Tensor::from_slice(&before, (n_steps * n_rows, dim), &Device::Cpu)?;
        let hidden = numbers(&before_rows.matmul(&weights)?)?;
        let (x, gradient) = (numbers(inputs)?, numbers(gradient)?);
        let (mut to_inputs, mut to_hidden) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut carried = vec![0.0; size];
        for step in (0..n_steps).rev() {
            for row in 0..n_rows {
                let (from, wide) = (step * size + row * dim, (step * n_rows + row) * width);
                let (x, hidden) = (&x[wide..][..width], &hidden[wide..][..width]);
                for at in 0..dim {
                    let (reset, update, candidate) = gates(x, hidden, at, dim);
                    let total = gradient[from + at] + carried[row * dim + at];
                    let to_candidate = total * (1.0 - update) * (1.0 - candidate * candidate);
                    let to_update = total * (before[from + at] - candidate) * update * (1.0 - update);
                    let to_reset = to_candidate * hidden[2 * dim + at] * reset * (1.0 - reset);
                    let parts =
                        [(to_reset, to_reset), (to_update, to_update), (to_candidate, to_candidate * reset)];
                    for (gate, (input, recurrent)) in parts.into_iter().enumerate() {
                        to_inputs[wide + gate * dim + at] = input;
                        to_hidden[wide + gate * dim + at] = recurrent;
                    }
                    carried[row * dim + at] = total * update;
                }
            }
            let gates = &to_hidden[step * n_rows * width..][..n_rows * width];
            let through = Tensor::from_slice(gates, (n_rows, width), &Device::Cpu)?.matmul(&weights.t()?)?;
            carried.iter_mut().zip(numbers(&through)?).for_each(|(sum, more)| *sum += more);
        }
        let to_weights = before_rows.t()?.matmul(&tensor(to_hidden, (n_steps * n_rows, width))?)?;
        Ok((Some(tensor(to_inputs, inputs.shape())?), Some(to_weights)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{check_gradients, some};
    use candle_core::Var;

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let inputs = Var::from_vec(some(3 * 2 * 6, 0), (3, 2, 6), &Device::Cpu)?;
        let weights = Var::from_vec(some(12, 1), (2, 6), &Device::Cpu)?;
        check_gradients(&[inputs.clone(), weights.clone()], || inputs.apply_op2(&weights, GruScan))
    }

    #[test]
    fn one_step_from_zeros_equals_the_formula() -> Result<()> {
        let inputs = tensor(vec![0.3, -0.4, 0.8], (1, 1, 3))?;
        let states = numbers(&inputs.apply_op2_no_bwd(&tensor(vec![9.0; 3], (1, 3))?, &GruScan)?)?;
        let update = 1.0 / (1.0 + 0.4_f32.exp());
        assert!((states[0] - (1.0 - update) * 0.8_f32.tanh()).abs() < 1e-6, "{states:?}");
        Ok(())
    }
}
