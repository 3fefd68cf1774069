//! The leading eigenpairs of a symmetric matrix, by block Lanczos iteration with full reorthogonalization.
//!
//! A block of random vectors is multiplied by the matrix again and again, and each product, made orthogonal to all before
//! it, joins a basis. The eigenpairs of the matrix seen in that basis (Rayleigh-Ritz; Golub & Van Loan 2013, sec. 10.3.6)
//! converge from both ends of the spectrum; the basis grows until the leading ones have, at worst to the whole space. Work
//! is split into tasks of fixed size, each computed in one order, so that any number of threads gives the same bits.

use drr_core::RandomStream;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rand::Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// The number of vectors that a step adds.
const BLOCK: usize = 32;
/// The rows of a product that one task computes.
const ROWS: usize = 128;
/// A pair has converged when its residual is below this, relative to the greatest eigenvalue.
const TOLERANCE: f64 = 1e-7;

/// Eigenvalues, greatest first, and their eigenvectors.
pub(crate) struct Leading {
    /// `[k]`.
    pub values: Vec<f64>,
    /// One column of length 1 per value, `[n, k]`, its coordinate of greatest size positive.
    pub vectors: Mat<f64>,
}

/// The `k` greatest eigenvalues of the symmetric `matrix` (`[n, n]`, `k <= n`). `None` if its values are not finite.
pub(crate) fn leading(matrix: &Mat<f64>, k: usize, random: &mut RandomStream) -> Option<Leading> {
    let n = matrix.nrows();
    let mut basis = Basis { n, blocks: Vec::new() };
    let mut projected = Mat::<f64>::zeros(0, 0);
    let mut next = basis.orthonormal(draw(n, BLOCK.min(n), random), random);
    let mut check_at = 2 * k;
    loop {
        let product = multiply(matrix.as_ref(), next.as_ref());
        basis.blocks.push(next);
        let (rest, overlap) = basis.project_out(product);
        let (size, width) = (overlap.nrows(), overlap.ncols());
        projected.resize_with(size, size, |_, _| 0.0);
        projected.as_mut().submatrix_mut(0, size - width, size, width).copy_from(&overlap);
        if size >= check_at.min(n) {
            let (values, vectors) = eigen(&projected)?;
            let tail = vectors.as_ref().submatrix(size - width, size - k, width, k);
            let error = greatest_norm(product_of(rest.as_ref(), tail).as_ref());
            tracing::debug!(size, error, "eigenvalues of the co-occurrence matrix");
            if size == n || error <= TOLERANCE * values[size - 1].abs() {
                let chosen = vectors.as_ref().subcols(size - k, k);
                return Some(basis.combine(&values[size - k..], chosen));
            }
            check_at = size + size / 4;
        }
        let width = BLOCK.min(n - size);
        next = basis.orthonormal(rest.as_ref().subcols(0, width).to_owned(), random);
    }
}

/// Orthonormal vectors, in blocks of columns.
struct Basis {
    n: usize,
    blocks: Vec<Mat<f64>>,
}

impl Basis {
    fn size(&self) -> usize {
        self.blocks.iter().map(Mat::ncols).sum()
    }

    /// Takes the basis out of `vectors` (`[n, b]`), twice since once leaves rounding errors behind, and returns what is
    /// left and what was taken, `[size, b]`.
    fn project_out(&self, mut vectors: Mat<f64>) -> (Mat<f64>, Mat<f64>) {
        let mut taken = Mat::<f64>::zeros(self.size(), vectors.ncols());
        for _ in 0..2 {
            let overlaps: Vec<Mat<f64>> =
                self.blocks.par_iter().map(|block| product_of(block.transpose(), vectors.as_ref())).collect();
            let mut from = 0;
            for overlap in &overlaps {
                let mut rows = taken.as_mut().subrows_mut(from, overlap.nrows());
                rows += overlap;
                from += overlap.nrows();
            }
            let width = vectors.ncols();
            vectors.par_row_chunks_mut(ROWS).enumerate().for_each(|(chunk, mut rows)| {
                let height = rows.nrows();
                for (block, overlap) in self.blocks.iter().zip(&overlaps) {
                    let part = block.as_ref().submatrix(chunk * ROWS, 0, height, block.ncols());
                    let rows = rows.as_mut().submatrix_mut(0, 0, height, width);
                    matmul(rows, Accum::Add, part, overlap.as_ref(), -1.0, Par::Seq);
                }
            });
        }
        (vectors, taken)
    }

    /// Makes `vectors` (`[n, b]`), which are orthogonal to the basis but for rounding, orthonormal.
    fn orthonormal(&self, vectors: Mat<f64>, random: &mut RandomStream) -> Mat<f64> {
        // A column that was short is mostly rounding error at full length: the basis is taken out once more.
        let lengthened = self.independent(vectors, random);
        self.independent(self.project_out(lengthened).0, random)
    }

    /// Makes the columns orthonormal among themselves; a column that depends on those before it is drawn anew.
    fn independent(&self, mut vectors: Mat<f64>, random: &mut RandomStream) -> Mat<f64> {
        let scale = greatest_norm(vectors.as_ref());
        for at in 0..vectors.ncols() {
            let before = Self { n: self.n, blocks: vec![vectors.as_ref().subcols(0, at).to_owned()] };
            let mut column = vectors.as_ref().subcols(at, 1).to_owned();
            let mut floor = scale * 1e-10;
            loop {
                column = before.project_out(column).0;
                let length = greatest_norm(column.as_ref());
                if length > floor {
                    vectors.as_mut().subcols_mut(at, 1).copy_from(column * faer::Scale(1.0 / length));
                    break;
                }
                column = self.project_out(draw(self.n, 1, random)).0;
                floor = 1e-10;
            }
        }
        vectors
    }

    /// The eigenvectors in the whole space, greatest value first, from their coordinates in the basis, `[size, k]`.
    fn combine(&self, values: &[f64], coordinates: MatRef<'_, f64>) -> Leading {
        let k = values.len();
        let mut vectors = Mat::<f64>::zeros(self.n, k);
        vectors.par_row_chunks_mut(ROWS).enumerate().for_each(|(chunk, mut rows)| {
            let height = rows.nrows();
            let mut from = 0;
            for block in &self.blocks {
                let part = block.as_ref().submatrix(chunk * ROWS, 0, height, block.ncols());
                let weights = coordinates.subrows(from, block.ncols());
                matmul(rows.as_mut(), Accum::Add, part, weights, 1.0, Par::Seq);
                from += block.ncols();
            }
        });
        let mut ordered = Mat::<f64>::zeros(self.n, k);
        for (at, from) in (0..k).rev().enumerate() {
            let column = vectors.col_as_slice(from);
            let greatest =
                column.iter().fold(0.0_f64, |best, it| if it.abs() > best.abs() { *it } else { best });
            let sign = if greatest < 0.0 { -1.0 } else { 1.0 };
            ordered.col_as_slice_mut(at).iter_mut().zip(column).for_each(|(to, it)| *to = sign * it);
        }
        Leading { values: values.iter().rev().copied().collect(), vectors: ordered }
    }
}

/// Standard normal numbers, `[n, width]`.
fn draw(n: usize, width: usize, random: &mut RandomStream) -> Mat<f64> {
    let mut vectors = Mat::zeros(n, width);
    for at in 0..width {
        vectors.col_as_slice_mut(at).fill_with(|| random.sample(StandardNormal));
    }
    vectors
}

/// The product of two small matrices, in one order.
fn product_of(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(left.nrows(), right.ncols());
    matmul(&mut product, Accum::Replace, left, right, 1.0, Par::Seq);
    product
}

/// The product of the symmetric `matrix` and a block, by tasks of [`ROWS`] rows.
fn multiply(matrix: MatRef<'_, f64>, block: MatRef<'_, f64>) -> Mat<f64> {
    // The matrix is symmetric, and its columns lie together in memory.
    transposed_product(matrix, block)
}

/// `left' right`, by tasks of [`ROWS`] rows.
pub(crate) fn transposed_product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::<f64>::zeros(left.ncols(), right.ncols());
    product.par_row_chunks_mut(ROWS).enumerate().for_each(|(chunk, rows)| {
        let part = left.subcols(chunk * ROWS, rows.nrows()).transpose();
        matmul(rows, Accum::Replace, part, right, 1.0, Par::Seq);
    });
    product
}

/// The length of the longest column.
fn greatest_norm(vectors: MatRef<'_, f64>) -> f64 {
    vectors
        .col_iter()
        .map(|column| column.iter().map(|value| value * value).sum::<f64>().sqrt())
        .fold(0.0, f64::max)
}

/// All eigenpairs of the symmetric matrix whose upper triangle is given, smallest first.
fn eigen(upper: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let n = upper.nrows();
    let symmetric = Mat::from_fn(n, n, |row, column| upper[(row.min(column), row.max(column))]);
    let mut values = faer::diag::Diag::<f64>::zeros(n);
    let mut vectors = Mat::<f64>::zeros(n, n);
    let scratch =
        evd::self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, Par::Seq, Default::default());
    evd::self_adjoint_evd(
        symmetric.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    )
    .ok()?;
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    values.iter().all(|value| value.is_finite()).then_some((values, vectors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    /// A symmetric matrix with a spectrum of both signs.
    fn symmetric(n: usize) -> Mat<f64> {
        let half = draw(n, n, &mut Seeds(3).stream("matrix"));
        &half + half.transpose()
    }

    #[test]
    fn the_leading_pairs_equal_those_of_the_whole_spectrum() {
        let matrix = symmetric(300);
        let (values, _) = eigen(&matrix).unwrap();
        let found = leading(&matrix, 7, &mut Seeds(1).stream("start")).unwrap();
        for at in 0..7 {
            assert!((found.values[at] - values[299 - at]).abs() < 1e-9);
            let vector = found.vectors.as_ref().subcols(at, 1);
            let residual = &matrix * vector - vector * faer::Scale(found.values[at]);
            assert!(greatest_norm(residual.as_ref()) < 1e-4);
            assert!((greatest_norm(vector) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_matrix_of_low_rank_and_a_tiny_one_are_solved_too() {
        // Rank 1: the block's later columns all depend on the first, and the rest of the space is drawn.
        let ones = Mat::from_fn(50, 50, |_, _| 1.0);
        let found = leading(&ones, 3, &mut Seeds(1).stream("start")).unwrap();
        assert!((found.values[0] - 50.0).abs() < 1e-9 && found.values[1].abs() < 1e-9);
        assert!((found.vectors[(7, 0)] - 50.0_f64.sqrt().recip()).abs() < 1e-9);
        let diagonal = Mat::from_fn(3, 3, |row, column| if row == column { row as f64 } else { 0.0 });
        let found = leading(&diagonal, 2, &mut Seeds(1).stream("start")).unwrap();
        assert!((found.values[0] - 2.0).abs() < 1e-12 && (found.values[1] - 1.0).abs() < 1e-12);
    }
}
