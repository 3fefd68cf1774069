//! A gated recurrent unit over windows of items.

use crate::RivalError;
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};
use drr_core::Seeds;
use drr_nn::{Dense, Parameters};

/// The share of the update gate that an empty place gives: the gate is 1 in single precision, so the state stays.
const KEEP: f32 = 100.0;

/// Windows of item vectors to the final hidden state (Zhao et al. 2018, eq. 4-7).
#[derive(Debug, Clone)]
pub(super) struct Gru {
    inputs: Dense,
    /// The recurrent weights of reset, update and candidate, `[H, 3H]`.
    recurrent: Tensor,
    hidden: usize,
}

/// Windows of item vectors, the latest last, empty places in front.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    /// `[N B, D]`, step by step; zeros in empty places.
    pub vectors: Tensor,
    /// `[N B, 1]`: 1 where there is an item.
    pub masks: Tensor,
    /// N.
    pub n_steps: usize,
    /// B.
    pub n_rows: usize,
}

impl Gru {
    /// A unit from `dim` numbers to `hidden`.
    pub(super) fn new(
        parameters: &mut Parameters,
        name: &str,
        dim: usize,
        hidden: usize,
        seeds: Seeds,
    ) -> std::result::Result<Self, RivalError> {
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let bound = 1.0 / (hidden as f32).sqrt();
        let inputs = Dense::new(parameters, &format!("{name}.inputs"), dim, 3 * hidden, seeds)?;
        let shape = (hidden, 3 * hidden);
        let recurrent = parameters.uniform(&format!("{name}.recurrent.weight"), shape, bound, seeds)?;
        Ok(Self { inputs, recurrent, hidden })
    }

    /// The state after the last step, `[B, H]`; zeros for an empty window.
    pub(super) fn forward(&self, windows: &Windows) -> std::result::Result<Tensor, RivalError> {
        let Windows { vectors, masks, n_steps, n_rows } = windows;
        let (hidden, width) = (self.hidden, 3 * self.hidden);
        let mut keep = vec![0.0; width];
        keep[hidden..2 * hidden].fill(KEEP);
        let keep = Tensor::from_vec(keep, (1, width), &Device::Cpu)?;
        let empty = masks.affine(-1.0, 1.0)?.broadcast_mul(&keep)?;
        let gates = (self.inputs.forward(vectors)?.broadcast_mul(masks)? + empty)?;
        let gates = gates.reshape((*n_steps, *n_rows, width))?.contiguous()?;
        Ok(gates.apply_op2(&self.recurrent, GruScan)?)
    }
}

/// Runs a gated recurrent unit from a state of zeros and gives its last state.
///
/// Takes the inputs' share of the gates, `[N, B, 3H]` (reset, update, candidate), and the recurrent weights `[H, 3H]`;
/// gives `[B, H]`: `r = sigmoid(x_r + h U_r)`, `z = sigmoid(x_z + h U_z)`, `n = tanh(x_n + r * (h U_n))`,
/// `h' = (1 - z) n + z h`.
struct GruScan;

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The gates of one number of the state: reset, update, candidate.
fn gates(inputs: &[f32], recurrent: &[f32], at: usize, dim: usize) -> (f32, f32, f32) {
    let reset = sigmoid(inputs[at] + recurrent[at]);
    let update = sigmoid(inputs[dim + at] + recurrent[dim + at]);
    let candidate = (inputs[2 * dim + at] + reset * recurrent[2 * dim + at]).tanh();
    (reset, update, candidate)
}

/// The states before each step, `[N][B H]`, the shares of the gates that come from them, `[N][B 3H]`, and the last state.
struct Course {
    before: Vec<Vec<f32>>,
    recurrent: Vec<Vec<f32>>,
    last: Vec<f32>,
}

fn run(inputs: &[f32], n_rows: usize, weights: &Tensor) -> Result<Course> {
    let (dim, width) = weights.dims2()?;
    let mut course = Course { before: Vec::new(), recurrent: Vec::new(), last: vec![0.0; n_rows * dim] };
    for step in inputs.chunks_exact(n_rows * width) {
        course.before.push(course.last.clone());
        let state = Tensor::from_slice(&course.last, (n_rows, dim), &Device::Cpu)?;
        let recurrent = state.matmul(weights)?.flatten_all()?.to_vec1::<f32>()?;
        let rows = step.chunks_exact(width).zip(recurrent.chunks_exact(width));
        for ((inputs, recurrent), state) in rows.zip(course.last.chunks_exact_mut(dim)) {
            for (at, value) in state.iter_mut().enumerate() {
                let (_, update, candidate) = gates(inputs, recurrent, at, dim);
                *value = (1.0 - update) * candidate + update * *value;
            }
        }
        course.recurrent.push(recurrent);
    }
    Ok(course)
}

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((from, to)) = layout.contiguous_offsets() else {
        candle_core::bail!("the recurrent unit needs contiguous arrays")
    };
    Ok(&storage.as_slice::<f32>()?[from..to])
}

impl CustomOp2 for GruScan {
    fn name(&self) -> &'static str {
        "gru-last"
    }

    fn cpu_fwd(
        &self,
        inputs: &CpuStorage,
        inputs_layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, n_rows, width) = inputs_layout.shape().dims3()?;
        let dim = width / 3;
        let weights = Tensor::from_slice(slice(weights, weights_layout)?, (dim, width), &Device::Cpu)?;
        let course = run(slice(inputs, inputs_layout)?, n_rows, &weights)?;
        Ok((CpuStorage::F32(course.last), Shape::from((n_rows, dim))))
    }

    fn bwd(
        &self,
        inputs: &Tensor,
        weights: &Tensor,
        _last: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (n_steps, n_rows, width) = inputs.dims3()?;
        let dim = width / 3;
        let weights = weights.detach();
        let transposed = weights.t()?.contiguous()?;
        let x = inputs.flatten_all()?.to_vec1::<f32>()?;
        let Course { before, recurrent, .. } = run(&x, n_rows, &weights)?;
        let (mut to_inputs, mut to_recurrent) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let mut carried = gradient.flatten_all()?.to_vec1::<f32>()?;
        for step in (0..n_steps).rev() {
            let from = step * n_rows * width;
            for row in 0..n_rows {
                let wide = from + row * width;
                let (x, recurrent) = (&x[wide..][..width], &recurrent[step][row * width..][..width]);
                for at in 0..dim {
                    let (reset, update, candidate) = gates(x, recurrent, at, dim);
                    let total = carried[row * dim + at];
                    let to_candidate = total * (1.0 - update) * (1.0 - candidate * candidate);
                    let to_update =
                        total * (before[step][row * dim + at] - candidate) * update * (1.0 - update);
                    let to_reset = to_candidate * recurrent[2 * dim + at] * reset * (1.0 - reset);
                    let parts =
                        [(to_reset, to_reset), (to_update, to_update), (to_candidate, to_candidate * reset)];
                    for (gate, (input, back)) in parts.into_iter().enumerate() {
                        to_inputs[wide + gate * dim + at] = input;
                        to_recurrent[wide + gate * dim + at] = back;
                    }
                    carried[row * dim + at] = total * update;
                }
            }
            let gates = &to_recurrent[from..][..n_rows * width];
            let gates = Tensor::from_slice(gates, (n_rows, width), &Device::Cpu)?;
            let through = gates.matmul(&transposed)?.flatten_all()?.to_vec1::<f32>()?;
            carried.iter_mut().zip(through).for_each(|(sum, more)| *sum += more);
        }
        let before = Tensor::from_vec(before.concat(), (n_steps * n_rows, dim), &Device::Cpu)?;
        let to_recurrent = Tensor::from_vec(to_recurrent, (n_steps * n_rows, width), &Device::Cpu)?;
        let to_weights = before.t()?.matmul(&to_recurrent)?;
        Ok((Some(Tensor::from_vec(to_inputs, inputs.shape(), &Device::Cpu)?), Some(to_weights)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    fn some(n: usize, from: usize) -> Vec<f32> {
        (0..n).map(|at| ((at * 7 + from * 3 + 1) as f32).sin()).collect()
    }

    /// A sum of the last state's numbers with unequal weights.
    fn loss(inputs: &Tensor, weights: &Tensor) -> Result<Tensor> {
        let last = inputs.apply_op2(weights, GruScan)?;
        (last.flatten_all()?
            * Tensor::from_vec(some(last.elem_count(), 5), last.elem_count(), &Device::Cpu)?)?
        .sum_all()
    }

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let inputs = Var::from_vec(some(3 * 2 * 6, 0), (3, 2, 6), &Device::Cpu)?;
        let weights = Var::from_vec(some(12, 1), (2, 6), &Device::Cpu)?;
        let gradients = loss(&inputs, &weights)?.backward()?;
        for variable in [&inputs, &weights] {
            let exact = gradients.get(variable.as_tensor()).unwrap().flatten_all()?.to_vec1::<f32>()?;
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            for (at, exact) in exact.into_iter().enumerate() {
                let moved = |by: f32| -> Result<f32> {
                    let mut values = values.clone();
                    values[at] += by;
                    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
                    loss(&inputs, &weights)?.to_scalar()
                };
                let difference = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
                variable.set(&Tensor::from_slice(&values, variable.shape(), &Device::Cpu)?)?;
                assert!((difference - exact).abs() < 2e-3, "{at}: {difference} {exact}");
            }
        }
        Ok(())
    }

    #[test]
    fn one_step_from_zeros_equals_the_formula() -> Result<()> {
        let inputs = Tensor::from_vec(vec![0.3_f32, -0.4, 0.8], (1, 1, 3), &Device::Cpu)?;
        let weights = Tensor::from_vec(vec![9.0_f32; 3], (1, 3), &Device::Cpu)?;
        let last = inputs.apply_op2(&weights, GruScan)?.to_vec2::<f32>()?[0][0];
        let update = 1.0 / (1.0 + 0.4_f32.exp());
        assert!((last - (1.0 - update) * 0.8_f32.tanh()).abs() < 1e-6, "{last}");
        Ok(())
    }

    #[test]
    fn empty_places_in_front_change_nothing() -> std::result::Result<(), RivalError> {
        let mut parameters = Parameters::new();
        let unit = Gru::new(&mut parameters, "unit", 2, 3, Seeds(1))?;
        let windows = |n_empty: usize| -> std::result::Result<Windows, RivalError> {
            let n_steps = n_empty + 1;
            let (mut vectors, mut masks) = (vec![0.0_f32; 2 * n_steps], vec![0.0_f32; n_steps]);
            vectors[2 * n_empty..].copy_from_slice(&[0.5, -1.0]);
            masks[n_empty] = 1.0;
            let vectors = Tensor::from_vec(vectors, (n_steps, 2), &Device::Cpu)?;
            let masks = Tensor::from_vec(masks, (n_steps, 1), &Device::Cpu)?;
            Ok(Windows { vectors, masks, n_steps, n_rows: 1 })
        };
        let last = |n_empty| unit.forward(&windows(n_empty)?)?.to_vec2::<f32>().map_err(RivalError::from);
        assert_eq!(last(0)?, last(4)?);
        assert_ne!(last(0)?, [[0.0, 0.0, 0.0]]);
        Ok(())
    }
}
