//! One user or item given all of the other side: a small regularized least squares problem.
//!
//! All threads share the rows, and no row is shared by two threads: each problem is summed up and solved in one fixed
//! order, so the numbers do not depend on the number of threads.

use super::PmfConfig;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, Par};

/// So many ratings are gathered at a time: the block stays in the cache.
const BLOCK: usize = 256;

/// The known side of a half-step: vectors `[n, D]` and, with biases, one bias each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factors {
    /// The vectors, row after row, `[n, D]`.
    pub vectors: Vec<f32>,
    /// The biases, `[n]`; all zero where the model has none.
    pub biases: Vec<f32>,
    /// The dimension `D`.
    pub dim: usize,
}

impl Factors {
    pub fn zeros(n_rows: usize, dim: usize) -> Self {
        Self { vectors: vec![0.0; n_rows * dim], biases: vec![0.0; n_rows], dim }
    }

    pub fn vector(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.dim..(row + 1) * self.dim]
    }
}

/// Solves one problem after another in the same memory.
pub(super) struct Ridge {
    biases: bool,
    l2: f32,
    bias_l2: f32,
    fixed_l2: bool,
    /// One gathered rating per column: the known vector, a one for the unknown bias, and the target, `[W + 1, BLOCK]`.
    block: Mat<f32>,
    /// The lower triangle of the block's products: the normal equations, with their right-hand side as the last row,
    /// `[W + 1, W + 1]`.
    gram: Mat<f32>,
    solution: Mat<f32>,
    memory: MemBuffer,
}

impl Ridge {
    pub fn new(config: &PmfConfig) -> Self {
        let n_unknowns = config.n_unknowns();
        let scratch = llt::factor::cholesky_in_place_scratch::<f32>(n_unknowns, Par::Seq, Default::default());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "weights need no more digits than 32-bit sums have"
        )]
        let (l2, bias_l2) = (config.l2 as f32, config.bias_l2 as f32);
        Self {
            biases: config.biases,
            l2,
            bias_l2,
            fixed_l2: config.fixed_l2,
            block: Mat::zeros(n_unknowns + 1, BLOCK),
            gram: Mat::zeros(n_unknowns + 1, n_unknowns + 1),
            solution: Mat::zeros(n_unknowns, 1),
            memory: MemBuffer::new(scratch),
        }
    }

    /// Minimizes `sum (target - bias_c - vector_c . x - b)^2 + n (l2 |x|^2 + bias_l2 b^2)` over the `n` ratings
    /// `(c, target)` of one row, with 1 in the place of `n` where the weights are fixed, and returns `x` and, with biases, `b` behind it, `[W]`. `None` if rounding has left no
    /// positive definite matrix.
    pub fn solve(&mut self, known: &Factors, ratings: &[(u32, f32)]) -> Option<&[f32]> {
        self.sum_up(known, ratings);
        let n_unknowns = self.solution.nrows();
        for at in 0..n_unknowns {
            self.solution[(at, 0)] = self.gram[(n_unknowns, at)];
            let weight = if at < known.dim { self.l2 } else { self.bias_l2 };
            #[expect(clippy::cast_precision_loss, reason = "no row has 2^24 ratings")]
            let ridge = if self.fixed_l2 { weight } else { weight * ratings.len() as f32 };
            self.gram[(at, at)] += ridge;
        }
        let mut matrix = self.gram.as_mut().submatrix_mut(0, 0, n_unknowns, n_unknowns);
        let memory = MemStack::new(&mut self.memory);
        let done = llt::factor::cholesky_in_place(
            matrix.as_mut(),
            Default::default(),
            Par::Seq,
            memory,
            Default::default(),
        );
        done.ok()?;
        llt::solve::solve_in_place(matrix.as_ref(), self.solution.as_mut(), Par::Seq, memory);
        let solution = self.solution.col_as_slice(0);
        solution.iter().all(|value| value.is_finite()).then_some(solution)
    }

    /// Adds up the products of all gathered columns.
    fn sum_up(&mut self, known: &Factors, ratings: &[(u32, f32)]) {
        self.gram.as_mut().fill(0.0);
        let height = self.block.nrows();
        for chunk in ratings.chunks(BLOCK) {
            for (at, (row, target)) in chunk.iter().enumerate() {
                let column = self.block.col_as_slice_mut(at);
                column[..known.dim].copy_from_slice(known.vector(*row as usize));
                if self.biases {
                    column[known.dim] = 1.0;
                }
                column[height - 1] = target - known.biases[*row as usize];
            }
            let block = self.block.as_ref().subcols(0, chunk.len());
            matmul(
                &mut self.gram,
                BlockStructure::TriangularLower,
                Accum::Add,
                block,
                BlockStructure::Rectangular,
                block.transpose(),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
    }
}
