//! The last state of a gated recurrent unit over windows that may begin with empty places.

use crate::ops::slice;
use crate::{Dense, NnError, Parameters};
use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use drr_core::Seeds;
use drr_kernels::Activation;
use std::sync::{Mutex, PoisonError};

/// Windows of item vectors to the final hidden state (Zhao et al. 2018).
#[derive(Debug, Clone)]
pub struct Gru {
    inputs: Dense,
    /// The recurrent weights of reset, update and candidate, `[H, 3H]`.
    recurrent: Tensor,
}

/// Windows of item vectors, the latest last, empty places in front.
#[derive(Debug, Clone)]
pub struct Windows {
    /// `[N B, D]`, step by step; zeros in empty places.
    pub vectors: Tensor,
    /// Whether there is an item, `[N B]`.
    pub present: Vec<bool>,
    /// N.
    pub n_steps: usize,
    /// B.
    pub n_rows: usize,
}

impl Gru {
    /// A unit from `dim` numbers to `hidden`.
    ///
    /// # Errors
    ///
    /// Fails if the names are taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        dim: usize,
        hidden: usize,
        seeds: Seeds,
    ) -> std::result::Result<Self, NnError> {
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let bound = 1.0 / (hidden as f32).sqrt();
        let inputs = Dense::new(parameters, &format!("{name}.inputs"), dim, 3 * hidden, seeds)?;
        let shape = (hidden, 3 * hidden);
        let recurrent = parameters.uniform(&format!("{name}.recurrent.weight"), shape, bound, seeds)?;
        Ok(Self { inputs, recurrent })
    }

    /// The state after the last step, `[B, H]`; zeros for an empty window.
    ///
    /// # Errors
    ///
    /// Fails on shapes that do not fit.
    pub fn forward(&self, windows: &Windows) -> std::result::Result<Tensor, NnError> {
        let scan = LastState { windows: windows.clone(), course: Mutex::new(None) };
        Ok(self.inputs.weight().apply_op3(self.inputs.bias(), &self.recurrent, scan)?)
    }
}

/// Runs a gated recurrent unit over windows from a state of zeros and gives its last state, in one operation.
///
/// Takes the input weights `W`, `[D, 3H]` (reset, update, candidate), the biases `b`, `[3H]`, and the recurrent weights
/// `U`, `[H, 3H]`; gives `[B, H]`: with `x` the step's inputs times `W` plus `b`, `r = sigmoid(x_r + h U_r)`,
/// `z = sigmoid(x_z + h U_z)`, `n = tanh(x_n + r * (h U_n))`, `h' = (1 - z) n + z h`. An empty place leaves the state.
struct LastState {
    windows: Windows,
    /// What the forward pass leaves to the backward pass.
    course: Mutex<Option<Course>>,
}

/// What happened in one step.
struct GruStep {
    /// The state before, `[B, H]`.
    before: Vec<f32>,
    /// The reset gate, the update gate and the candidate of each row, `[B, 3H]`; 0, 1 and 0 in an empty place.
    gates: Vec<f32>,
    /// The candidate's share from the state, before the reset gate, `[B, H]`.
    recalled: Vec<f32>,
}

/// All steps and the state after the last one, `[B, H]`.
struct Course {
    steps: Vec<GruStep>,
    last: Vec<f32>,
}

/// `sigmoid(x) = (1 + tanh(x / 2)) / 2`, for whole registers.
fn sigmoid(values: &mut [f32]) {
    values.iter_mut().for_each(|value| *value *= 0.5);
    Activation::Tanh.apply(values);
    values.iter_mut().for_each(|value| *value = 0.5 + 0.5 * *value);
}

/// One row of one step: turns `gates`, the inputs' share, into the gates, and moves the state on.
fn row_on(gates: &mut [f32], biases: &[f32], recurrent: &[f32], state: &mut [f32]) {
    let dim = state.len();
    gates.iter_mut().zip(biases).for_each(|(gate, bias)| *gate += bias);
    let (both, candidate) = gates.split_at_mut(2 * dim);
    both.iter_mut().zip(recurrent).for_each(|(gate, more)| *gate += more);
    sigmoid(both);
    let (reset, update) = both.split_at(dim);
    for ((candidate, recalled), reset) in candidate.iter_mut().zip(&recurrent[2 * dim..]).zip(reset) {
        *candidate += reset * recalled;
    }
    Activation::Tanh.apply(candidate);
    for ((state, candidate), update) in state.iter_mut().zip(&*candidate).zip(update) {
        *state = (1.0 - update) * candidate + update * *state;
    }
}

fn run(windows: &Windows, weights: &Tensor, biases: &[f32], recurrent: &Tensor) -> Result<Course> {
    let (dim, width) = recurrent.dims2()?;
    let n_rows = windows.n_rows;
    let projected = windows.vectors.matmul(weights)?.flatten_all()?.to_vec1::<f32>()?;
    let mut course = Course { steps: Vec::with_capacity(windows.n_steps), last: vec![0.0; n_rows * dim] };
    for (at, step) in projected.chunks_exact(n_rows * width).enumerate() {
        let before = course.last.clone();
        let state = Tensor::from_slice(&before, (n_rows, dim), &Device::Cpu)?;
        let shares = state.matmul(recurrent)?.flatten_all()?.to_vec1::<f32>()?;
        let (mut gates, mut recalled) = (step.to_vec(), Vec::with_capacity(n_rows * dim));
        let rows = gates.chunks_exact_mut(width).zip(shares.chunks_exact(width));
        let rows = rows.zip(course.last.chunks_exact_mut(dim)).zip(&windows.present[at * n_rows..]);
        for (((gates, shares), state), present) in rows {
            if *present {
                row_on(gates, biases, shares, state);
            } else {
                gates.fill(0.0);
                gates[dim..2 * dim].fill(1.0);
            }
            recalled.extend_from_slice(&shares[2 * dim..]);
        }
        course.steps.push(GruStep { before, gates, recalled });
    }
    Ok(course)
}

/// The gradients of one row of one step: turns `carried`, that of the state after it, into the part of that before it
/// which passes by the gates, and fills those of the inputs' and of the recurrent share of the gates.
fn row_back(
    (gates, before, recalled): (&[f32], &[f32], &[f32]),
    carried: &mut [f32],
    to_inputs: &mut [f32],
    to_recurrent: &mut [f32],
) {
    let dim = carried.len();
    let (reset, update, candidate) = (&gates[..dim], &gates[dim..2 * dim], &gates[2 * dim..][..dim]);
    let (before, recalled) = (&before[..dim], &recalled[..dim]);
    let (to_both, to_candidate) = to_inputs.split_at_mut(2 * dim);
    let (to_reset, to_update) = to_both.split_at_mut(dim);
    let (to_candidate, to_recalled) = (&mut to_candidate[..dim], &mut to_recurrent[2 * dim..][..dim]);
    for at in 0..dim {
        let (total, reset, update, candidate) = (carried[at], reset[at], update[at], candidate[at]);
        let own = total * (1.0 - update) * (1.0 - candidate * candidate);
        to_candidate[at] = own;
        to_recalled[at] = own * reset;
        to_update[at] = total * (before[at] - candidate) * update * (1.0 - update);
        to_reset[at] = own * recalled[at] * reset * (1.0 - reset);
        carried[at] = total * update;
    }
    to_recurrent[..2 * dim].copy_from_slice(to_both);
}

/// The gradients of the inputs' and of the recurrent share of the gates, both `[N B, 3H]`, from that of the last state.
fn back(course: &Course, transposed: &Tensor, mut carried: Vec<f32>) -> Result<(Vec<f32>, Vec<f32>)> {
    let (width, dim) = transposed.dims2()?;
    let n_rows = carried.len() / dim;
    let n_values = course.steps.len() * n_rows * width;
    let (mut to_inputs, mut to_recurrent) = (vec![0.0; n_values], vec![0.0; n_values]);
    for (at, step) in course.steps.iter().enumerate().rev() {
        let whole = at * n_rows * width..(at + 1) * n_rows * width;
        let wide = to_inputs[whole.clone()].chunks_exact_mut(width);
        let wide = wide.zip(to_recurrent[whole.clone()].chunks_exact_mut(width));
        let rows = wide.zip(carried.chunks_exact_mut(dim)).enumerate();
        for (row, ((to_inputs, to_recurrent), carried)) in rows {
            let of_state = row * dim..(row + 1) * dim;
            let gates = &step.gates[row * width..][..width];
            let known = (gates, &step.before[of_state.clone()], &step.recalled[of_state]);
            row_back(known, carried, to_inputs, to_recurrent);
        }
        let gates = Tensor::from_slice(&to_recurrent[whole], (n_rows, width), &Device::Cpu)?;
        let through = gates.matmul(transposed)?.flatten_all()?.to_vec1::<f32>()?;
        carried.iter_mut().zip(through).for_each(|(sum, more)| *sum += more);
    }
    Ok((to_inputs, to_recurrent))
}

impl CustomOp3 for LastState {
    fn name(&self) -> &'static str {
        "gru-last"
    }

    fn cpu_fwd(
        &self,
        weights: &CpuStorage,
        weights_layout: &Layout,
        biases: &CpuStorage,
        biases_layout: &Layout,
        recurrent: &CpuStorage,
        recurrent_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let weights =
            Tensor::from_slice(slice(weights, weights_layout)?, weights_layout.shape(), &Device::Cpu)?;
        let recurrent = slice(recurrent, recurrent_layout)?;
        let recurrent = Tensor::from_slice(recurrent, recurrent_layout.shape(), &Device::Cpu)?;
        let course = run(&self.windows, &weights, slice(biases, biases_layout)?, &recurrent)?;
        let last = course.last.clone();
        *self.course.lock().unwrap_or_else(PoisonError::into_inner) = Some(course);
        Ok((CpuStorage::F32(last), Shape::from((self.windows.n_rows, recurrent.dim(0)?))))
    }

    fn bwd(
        &self,
        weights: &Tensor,
        biases: &Tensor,
        recurrent: &Tensor,
        _last: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let recurrent = recurrent.detach();
        let (dim, width) = recurrent.dims2()?;
        let kept = self.course.lock().unwrap_or_else(PoisonError::into_inner).take();
        let course = match kept {
            Some(course) => course,
            None => run(&self.windows, &weights.detach(), &biases.to_vec1::<f32>()?, &recurrent)?,
        };
        let carried = gradient.flatten_all()?.to_vec1::<f32>()?;
        let (to_inputs, to_recurrent) = back(&course, &recurrent.t()?.contiguous()?, carried)?;
        let mut to_biases = vec![0.0_f32; width];
        for row in to_inputs.chunks_exact(width) {
            to_biases.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let n_places = to_inputs.len() / width;
        let before: Vec<f32> = course.steps.into_iter().flat_map(|step| step.before).collect();
        let before = Tensor::from_vec(before, (n_places, dim), &Device::Cpu)?;
        let to_inputs = Tensor::from_vec(to_inputs, (n_places, width), &Device::Cpu)?;
        let to_recurrent = Tensor::from_vec(to_recurrent, (n_places, width), &Device::Cpu)?;
        Ok((
            Some(self.windows.vectors.t()?.matmul(&to_inputs)?),
            Some(Tensor::from_vec(to_biases, width, &Device::Cpu)?),
            Some(before.t()?.matmul(&to_recurrent)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    fn some(n: usize, from: usize) -> Vec<f32> {
        (0..n).map(|at| ((at * 7 + from * 3 + 1) as f32).sin()).collect()
    }

    /// Three steps of two rows of two numbers; the second row begins with an empty place.
    fn windows() -> Windows {
        let vectors = Tensor::from_vec(some(12, 0), (6, 2), &Device::Cpu).unwrap();
        Windows { vectors, present: vec![true, false, true, true, true, true], n_steps: 3, n_rows: 2 }
    }

    fn last(windows: Windows, [weights, biases, recurrent]: [&Tensor; 3]) -> Result<Tensor> {
        weights.apply_op3(biases, recurrent, LastState { windows, course: Mutex::new(None) })
    }

    /// A sum of the last state's numbers with unequal weights.
    fn loss(parameters: [&Tensor; 3]) -> Result<Tensor> {
        let last = last(windows(), parameters)?.flatten_all()?;
        (&last * Tensor::from_vec(some(last.elem_count(), 5), last.elem_count(), &Device::Cpu)?)?.sum_all()
    }

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let weights = Var::from_vec(some(12, 1), (2, 6), &Device::Cpu)?;
        let biases = Var::from_vec(some(6, 2), 6, &Device::Cpu)?;
        let recurrent = Var::from_vec(some(12, 3), (2, 6), &Device::Cpu)?;
        let all = [weights.as_tensor(), biases.as_tensor(), recurrent.as_tensor()];
        let gradients = loss(all)?.backward()?;
        for variable in [&weights, &biases, &recurrent] {
            let exact = gradients.get(variable.as_tensor()).unwrap().flatten_all()?.to_vec1::<f32>()?;
            let values = variable.flatten_all()?.to_vec1::<f32>()?;
            for (at, exact) in exact.into_iter().enumerate() {
                let moved = |by: f32| -> Result<f32> {
                    let mut values = values.clone();
                    values[at] += by;
                    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu)?)?;
                    loss(all)?.to_scalar()
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
        let vectors = Tensor::new(&[[1.0_f32]], &Device::Cpu)?;
        let windows = Windows { vectors, present: vec![true], n_steps: 1, n_rows: 1 };
        let weights = Tensor::new(&[[0.3_f32, -0.6, 0.7]], &Device::Cpu)?;
        let biases = Tensor::new(&[0.0_f32, 0.2, 0.1], &Device::Cpu)?;
        let recurrent = Tensor::new(&[[9.0_f32, 9.0, 9.0]], &Device::Cpu)?;
        let last = last(windows, [&weights, &biases, &recurrent])?.to_vec2::<f32>()?[0][0];
        let update = 1.0 / (1.0 + 0.4_f32.exp());
        assert!((last - (1.0 - update) * 0.8_f32.tanh()).abs() < 1e-6, "{last}");
        Ok(())
    }

    #[test]
    fn empty_places_in_front_change_nothing() -> std::result::Result<(), NnError> {
        let mut parameters = Parameters::new();
        let unit = Gru::new(&mut parameters, "unit", 2, 3, Seeds(1))?;
        let last = |n_empty: usize| -> std::result::Result<_, NnError> {
            let n_steps = n_empty + 1;
            let (mut vectors, mut present) = (vec![0.0_f32; 2 * n_steps], vec![false; n_steps]);
            vectors[2 * n_empty..].copy_from_slice(&[0.5, -1.0]);
            present[n_empty] = true;
            let vectors = Tensor::from_vec(vectors, (n_steps, 2), &Device::Cpu)?;
            let windows = Windows { vectors, present, n_steps, n_rows: 1 };
            Ok(unit.forward(&windows)?.to_vec2::<f32>()?)
        };
        assert_eq!(last(0)?, last(4)?);
        assert_ne!(last(0)?, [[0.0, 0.0, 0.0]]);
        Ok(())
    }
}
