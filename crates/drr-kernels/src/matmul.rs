//! The three products of a dense layer, on panels: outputs, gradient of the inputs, gradient of the weights.
//!
//! A tile of a few rows times sixteen examples stays in registers while a sum is formed, so each loaded number is used
//! many times. Weights are `[in, out]`, row-major, as everywhere in the workspace. The order of every sum follows from the
//! shapes alone, so results are the same in every run on one kind of processor.

use crate::panels::{LANES, Panels};
use pulp::{Arch, Simd, WithSimd, bytemuck};
use std::ops::Range;

/// Inputs in one pass over the outputs: so many rows of weights stay in the nearest cache while all panels pass.
const BLOCK: usize = 64;

/// Multiplications from which half a product is worth a thread of its own: some thirty microseconds of work.
const WORTH_A_THREAD: usize = 3 << 19;

/// Adds `W^T x` to the features of `outputs` from `at` on. `weights` are `[in, out]`, `inputs` have `in` features.
///
/// Panics if the sizes disagree, which is a bug.
pub fn add_product(weights: &[f32], n_out: usize, inputs: &Panels, outputs: &mut Panels, at: usize) {
    assert_eq!(
        weights.len(),
        inputs.n_features() * n_out,
        "the weights have another shape than their inputs"
    );
    assert_eq!(inputs.n_panels(), outputs.n_panels());
    let (n_in, n_into) = (inputs.n_features(), outputs.n_features());
    let (inputs, outputs) = (inputs.rows(), outputs.rows_mut());
    Product::Outputs { weights, n_out, inputs, n_in, outputs, n_into, at }.run();
}

/// Sets `into` to `W[rows] dy`: the gradient of the inputs `rows` of a layer with `weights` `[in, out]`, from the
/// gradient `deltas` of its outputs. With a table of vectors `[I, D]` as weights it gives the scores of its rows.
///
/// Panics if the sizes disagree, which is a bug.
pub fn input_gradient(weights: &[f32], rows: Range<usize>, deltas: &Panels, into: &mut Panels) {
    assert_eq!(rows.len(), into.n_features());
    assert_eq!(deltas.n_panels(), into.n_panels());
    let weights = &weights[rows.start * deltas.n_features()..rows.end * deltas.n_features()];
    let (n_out, n_into) = (deltas.n_features(), into.n_features());
    let (deltas, into) = (deltas.rows(), into.rows_mut());
    Product::Inputs { weights, deltas, n_out, into, n_into }.run();
}

/// Sets `into`, `[in, out]`, to `x dy^T`: the gradient of a layer's weights, summed over the batch.
///
/// Panics if the sizes disagree, which is a bug.
pub fn weight_gradient(inputs: &Panels, deltas: &DeltaRows, into: &mut [f32]) {
    assert_eq!(into.len(), inputs.n_features() * deltas.n_out);
    assert_eq!(deltas.blocks.len(), inputs.n_panels() * deltas.n_out.div_ceil(LANES));
    Product::Weights { inputs, deltas, first: 0, into }.run();
}

/// Sets `into` to the inner products of the rows of `items` `[I, D]` with sixteen `actions`, a panel `[D][16]`.
#[inline(always)]
pub(crate) fn score<S: Simd>(simd: S, items: &[f32], actions: &[[f32; LANES]], into: &mut [[f32; LANES]]) {
    let n_items = into.len();
    let product = &mut Inputs { weights: items, deltas: actions, into };
    match S::F32_LANES {
        16 => cover::<S, 1, 12>(simd, n_items, product),
        8 => cover::<S, 2, 6>(simd, n_items, product),
        4 => cover::<S, 4, 4>(simd, n_items, product),
        _ => cover::<S, LANES, 1>(simd, n_items, product),
    }
}

/// Sixteen examples of sixteen outputs, example by example.
type Block = [[f32; LANES]; LANES];

/// Gradients of outputs example by example, in blocks of sixteen outputs, the last block filled up with zeros.
#[derive(Debug, Clone, Default)]
pub struct DeltaRows {
    /// `[ceil(B / 16)][ceil(out / 16)]`.
    blocks: Vec<Block>,
    n_out: usize,
}

impl DeltaRows {
    /// Transposes `deltas`. Memory is only taken for the largest gradient so far.
    pub fn fill(&mut self, deltas: &Panels) {
        self.n_out = deltas.n_features();
        self.blocks.clear();
        for at in 0..deltas.n_panels() {
            let (whole, rest) = deltas.panel(at).as_chunks::<LANES>();
            self.blocks.extend(whole.iter().map(transposed));
            if !rest.is_empty() {
                let mut last = [[0.0; LANES]; LANES];
                last[..rest.len()].copy_from_slice(rest);
                self.blocks.push(transposed(&last));
            }
        }
    }
}

fn transposed(block: &Block) -> Block {
    std::array::from_fn(|lane| std::array::from_fn(|output| block[output][lane]))
}

/// A product to be formed, with the features of all its panels one behind the other.
enum Product<'a> {
    Outputs {
        weights: &'a [f32],
        n_out: usize,
        inputs: &'a [Row],
        n_in: usize,
        outputs: &'a mut [Row],
        n_into: usize,
        at: usize,
    },
    Inputs {
        weights: &'a [f32],
        deltas: &'a [Row],
        n_out: usize,
        into: &'a mut [Row],
        n_into: usize,
    },
    /// The rows of the gradient from `first` on.
    Weights {
        inputs: &'a Panels,
        deltas: &'a DeltaRows,
        first: usize,
        into: &'a mut [f32],
    },
}

/// A feature of sixteen examples.
type Row = [f32; LANES];

impl Product<'_> {
    /// Forms the product, on two threads where it is large and the caller's pool has two. Either half forms outputs of its
    /// own, so the numbers are the same.
    fn run(self) {
        if self.n_multiplications() < 2 * WORTH_A_THREAD || rayon::current_num_threads() == 1 {
            return Arch::new().dispatch(self);
        }
        let (left, right) = self.halves();
        rayon::join(|| Arch::new().dispatch(left), || Arch::new().dispatch(right));
    }

    fn n_multiplications(&self) -> usize {
        match self {
            Product::Outputs { n_out, inputs, .. } => n_out * inputs.len() * LANES,
            Product::Inputs { n_out, into, .. } => n_out * into.len() * LANES,
            Product::Weights { inputs, into, .. } => into.len() * inputs.n_panels() * LANES,
        }
    }

    fn halves(self) -> (Self, Self) {
        match self {
            Product::Outputs { weights, n_out, inputs, n_in, outputs, n_into, at } => {
                let half = outputs.len() / n_into / 2;
                let (first_outputs, outputs) = outputs.split_at_mut(half * n_into);
                let (first_inputs, inputs) = inputs.split_at(half * n_in);
                let part =
                    |inputs, outputs| Product::Outputs { weights, n_out, inputs, n_in, outputs, n_into, at };
                (part(first_inputs, first_outputs), part(inputs, outputs))
            }
            Product::Inputs { weights, deltas, n_out, into, n_into } => {
                let half = into.len() / n_into / 2;
                let (first_into, into) = into.split_at_mut(half * n_into);
                let (first_deltas, deltas) = deltas.split_at(half * n_out);
                let part = |deltas, into| Product::Inputs { weights, deltas, n_out, into, n_into };
                (part(first_deltas, first_into), part(deltas, into))
            }
            Product::Weights { inputs, deltas, first, into } => {
                // Whole tiles on the left, so that the rows fall into the same tiles as on one thread.
                let half = (into.len() / deltas.n_out / 2).next_multiple_of(12);
                let (left, right) = into.split_at_mut(half * deltas.n_out);
                let part = |first, into| Product::Weights { inputs, deltas, first, into };
                (part(first, left), part(first + half, right))
            }
        }
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Sixteen examples are one, two or four registers; the tile takes three quarters of all registers.
        match S::F32_LANES {
            16 => self.form::<S, 1, 12>(simd),
            8 => self.form::<S, 2, 6>(simd),
            4 => self.form::<S, 4, 4>(simd),
            _ => self.form::<S, LANES, 1>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn form<S: Simd, const V: usize, const MOST: usize>(self, simd: S) {
        match self {
            Product::Outputs { weights, n_out, inputs, n_in, outputs, n_into, at } => {
                for (block, weights) in weights.chunks(BLOCK * n_out).enumerate() {
                    let n_rows = weights.len() / n_out;
                    for (inputs, outputs) in inputs.chunks_exact(n_in).zip(outputs.chunks_exact_mut(n_into)) {
                        let (inputs, outputs) =
                            (&inputs[block * BLOCK..][..n_rows], &mut outputs[at..at + n_out]);
                        cover::<S, V, MOST>(simd, n_out, &mut Outputs { weights, n_out, inputs, outputs });
                    }
                }
            }
            Product::Inputs { weights, deltas, n_out, into, n_into } => {
                for (block, weights) in weights.chunks(BLOCK * n_out).enumerate() {
                    let n_rows = weights.len() / n_out;
                    for (deltas, into) in deltas.chunks_exact(n_out).zip(into.chunks_exact_mut(n_into)) {
                        let into = &mut into[block * BLOCK..][..n_rows];
                        cover::<S, V, MOST>(simd, n_rows, &mut Inputs { weights, deltas, into });
                    }
                }
            }
            Product::Weights { inputs, deltas, first, into } => {
                let n_rows = into.len() / deltas.n_out;
                cover::<S, V, MOST>(simd, n_rows, &mut Weights { inputs, deltas, first, into });
            }
        }
    }
}

/// A product that is formed tile by tile.
trait Tiled {
    /// Forms the rows `at..at + M`.
    fn tile<S: Simd, const V: usize, const M: usize>(&mut self, simd: S, at: usize);
}

/// Forms `n` rows in tiles of `MOST` rows, the rest in smaller tiles.
#[inline(always)]
fn cover<S: Simd, const V: usize, const MOST: usize>(simd: S, n: usize, product: &mut impl Tiled) {
    let mut at = 0;
    while at + MOST <= n {
        product.tile::<S, V, MOST>(simd, at);
        at += MOST;
    }
    if MOST > 6 && at + 6 <= n {
        product.tile::<S, V, 6>(simd, at);
        at += 6;
    }
    if MOST > 4 && at + 4 <= n {
        product.tile::<S, V, 4>(simd, at);
        at += 4;
    }
    if MOST > 2 && at + 2 <= n {
        product.tile::<S, V, 2>(simd, at);
        at += 2;
    }
    if MOST > 1 && at < n {
        product.tile::<S, V, 1>(simd, at);
    }
}

/// Sixteen numbers a row, as registers.
#[inline(always)]
fn registers<S: Simd, const V: usize>(rows: &[[f32; LANES]]) -> &[[S::f32s; V]] {
    S::as_simd_f32s(rows.as_flattened()).0.as_chunks().0
}

#[inline(always)]
fn registers_mut<S: Simd, const V: usize>(rows: &mut [[f32; LANES]]) -> &mut [[S::f32s; V]] {
    S::as_mut_simd_f32s(rows.as_flattened_mut()).0.as_chunks_mut().0
}

/// `sums[row] += factors[row] * vector`.
#[inline(always)]
fn multiply_add<S: Simd, const V: usize, const M: usize>(
    simd: S,
    sums: &mut [[S::f32s; V]; M],
    factors: [f32; M],
    vector: &[S::f32s; V],
) {
    for (sums, factor) in sums.iter_mut().zip(factors) {
        let factor = simd.splat_f32s(factor);
        for (sum, value) in sums.iter_mut().zip(vector) {
            *sum = simd.mul_add_e_f32s(factor, *value, *sum);
        }
    }
}

struct Outputs<'a> {
    weights: &'a [f32],
    n_out: usize,
    inputs: &'a [[f32; LANES]],
    outputs: &'a mut [[f32; LANES]],
}

impl Tiled for Outputs<'_> {
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize>(&mut self, simd: S, at: usize) {
        let outputs = registers_mut::<S, V>(&mut self.outputs[at..at + M]);
        let mut sums: [[S::f32s; V]; M] = std::array::from_fn(|row| outputs[row]);
        let rows = self.weights.chunks_exact(self.n_out);
        for (weights, input) in rows.zip(registers::<S, V>(self.inputs)) {
            let Some(weights) = weights[at..].first_chunk::<M>() else { return };
            multiply_add(simd, &mut sums, *weights, input);
        }
        outputs.copy_from_slice(&sums);
    }
}

struct Inputs<'a> {
    weights: &'a [f32],
    deltas: &'a [[f32; LANES]],
    into: &'a mut [[f32; LANES]],
}

impl Tiled for Inputs<'_> {
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize>(&mut self, simd: S, at: usize) {
        let deltas = registers::<S, V>(self.deltas);
        let n_out = deltas.len();
        let rows: [&[f32]; M] = std::array::from_fn(|row| &self.weights[(at + row) * n_out..][..n_out]);
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for (output, delta) in deltas.iter().enumerate() {
            multiply_add(simd, &mut sums, std::array::from_fn(|row| rows[row][output]), delta);
        }
        registers_mut::<S, V>(&mut self.into[at..at + M]).copy_from_slice(&sums);
    }
}

struct Weights<'a> {
    inputs: &'a Panels,
    deltas: &'a DeltaRows,
    first: usize,
    into: &'a mut [f32],
}

impl Tiled for Weights<'_> {
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize>(&mut self, simd: S, at: usize) {
        let DeltaRows { blocks, n_out } = self.deltas;
        let first_row = self.first + at;
        let n_blocks = n_out.div_ceil(LANES);
        for nth in 0..n_blocks {
            let mut sums = [[simd.splat_f32s(0.0); V]; M];
            for (panel, block) in blocks[nth..].iter().step_by(n_blocks).enumerate() {
                let inputs: [&[f32; LANES]; M] =
                    std::array::from_fn(|input| &self.inputs.panel(panel)[first_row + input]);
                for (lane, delta) in registers::<S, V>(block).iter().enumerate().take(LANES) {
                    multiply_add(simd, &mut sums, std::array::from_fn(|input| inputs[input][lane]), delta);
                }
            }
            let first = nth * LANES;
            let n = (*n_out - first).min(LANES);
            for (input, sums) in sums.iter().enumerate() {
                let into = &mut self.into[(at + input) * n_out + first..][..n];
                into.copy_from_slice(&bytemuck::cast_slice(sums)[..n]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_products_are_the_same_on_one_thread_and_on_two() {
        let (n_rows, n_in, n_out) = (272, 301, 131);
        let inputs = Panels::from_rows(&numbers(n_rows * n_in, 2), n_in);
        let deltas = Panels::from_rows(&numbers(n_rows * n_out, 3), n_out);
        let weights = numbers(n_in * n_out, 1);
        let all = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let mut outputs = Panels::zeros(n_rows, n_out + 1);
                add_product(&weights, n_out, &inputs, &mut outputs, 1);
                let mut of_inputs = Panels::zeros(n_rows, n_in - 7);
                input_gradient(&weights, 7..n_in, &deltas, &mut of_inputs);
                let mut rows = DeltaRows::default();
                rows.fill(&deltas);
                let mut gradient = vec![9.0; n_in * n_out];
                weight_gradient(&inputs, &rows, &mut gradient);
                (outputs, of_inputs, gradient)
            })
        };
        assert!(n_rows * n_in * n_out > 2 * WORTH_A_THREAD, "too small to be divided");
        assert_eq!(all(1), all(2));
    }

    /// Numbers without a pattern.
    fn numbers(n: usize, salt: usize) -> Vec<f32> {
        (0..n).map(|at| ((at * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
    }

    fn near(ours: f32, exact: f64) {
        assert!((f64::from(ours) - exact).abs() < 1e-4 * exact.abs().max(1.0), "{ours} {exact}");
    }

    #[test]
    fn all_three_products_equal_their_sums_for_any_shape() {
        for (n_rows, n_in, n_out) in
            [(1, 1, 1), (3, 5, 2), (16, 64, 16), (17, 65, 19), (40, 130, 33), (33, 7, 101)]
        {
            let (weights, x) = (numbers(n_in * n_out, 1), numbers(n_rows * n_in, 2));
            let dy = numbers(n_rows * n_out, 3);
            let w = |input: usize, output: usize| f64::from(weights[input * n_out + output]);
            let inputs = Panels::from_rows(&x, n_in);
            let mut outputs = Panels::zeros(n_rows, n_out + 2);
            outputs.values_mut().fill(1.0);
            add_product(&weights, n_out, &inputs, &mut outputs, 1);
            for (row, outputs) in outputs.to_rows().chunks_exact(n_out + 2).enumerate() {
                assert_eq!((outputs[0], outputs[n_out + 1]), (1.0, 1.0));
                for output in 0..n_out {
                    let sum = |input: usize| f64::from(x[row * n_in + input]) * w(input, output);
                    near(outputs[output + 1], 1.0 + (0..n_in).map(sum).sum::<f64>());
                }
            }
            let deltas = Panels::from_rows(&dy, n_out);
            let from = n_in / 2;
            let mut into = Panels::zeros(n_rows, n_in - from);
            input_gradient(&weights, from..n_in, &deltas, &mut into);
            for (row, into) in into.to_rows().chunks_exact(n_in - from).enumerate() {
                for (input, value) in into.iter().enumerate() {
                    let sum = |output: usize| f64::from(dy[row * n_out + output]) * w(from + input, output);
                    near(*value, (0..n_out).map(sum).sum());
                }
            }
            let mut rows = DeltaRows::default();
            rows.fill(&deltas);
            let mut gradient = vec![9.0; n_in * n_out];
            weight_gradient(&inputs, &rows, &mut gradient);
            for (at, value) in gradient.iter().enumerate() {
                let (input, output) = (at / n_out, at % n_out);
                let sum = |row: usize| f64::from(x[row * n_in + input]) * f64::from(dy[row * n_out + output]);
                near(*value, (0..n_rows).map(sum).sum());
            }
        }
    }
}
