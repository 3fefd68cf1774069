//! Small dense linear algebra: inner products, and symmetric positive definite systems of a few hundred unknowns.

/// The inner product, in eight running sums so that the compiler can use vector instructions.
pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left_blocks, left_rest) = left.as_chunks::<8>();
    let (right_blocks, right_rest) = right.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in left_blocks.iter().zip(right_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Adds `weight x x'` to the lower triangle of `matrix` (`[n, n]`).
pub(crate) fn add_outer(matrix: &mut [f64], x: &[f64], weight: f64) {
    let n = x.len();
    for row in 0..n {
        let scaled = weight * x[row];
        for (sum, value) in matrix[row * n..=row * n + row].iter_mut().zip(x) {
            *sum += scaled * value;
        }
    }
}

/// The Cholesky factor `L` of a symmetric positive definite matrix, `A = L L'`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    factor: Vec<f64>,
    n: usize,
}

impl Cholesky {
    /// Factors the matrix with the lower triangle given in `matrix` (`[n, n]`); `None` if it is not positive definite.
    pub fn new(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        for row in 0..n {
            for column in 0..=row {
                let (of_column, of_row) = (column * n, row * n);
                let known: f64 = (0..column).map(|at| matrix[of_row + at] * matrix[of_column + at]).sum();
                let rest = matrix[of_row + column] - known;
                if column < row {
                    matrix[of_row + column] = rest / matrix[of_column + column];
                } else if rest > 0.0 && rest.is_finite() {
                    matrix[of_row + row] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Self { factor: matrix, n })
    }

    /// Replaces `values` (`[n]`) with the solution of `A x = values`.
    pub fn solve(&self, values: &mut [f64]) {
        let (factor, n) = (&self.factor, self.n);
        for row in 0..n {
            let known: f64 = (0..row).map(|at| factor[row * n + at] * values[at]).sum();
            values[row] = (values[row] - known) / factor[row * n + row];
        }
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|at| factor[at * n + row] * values[at]).sum();
            values[row] = (values[row] - known) / factor[row * n + row];
        }
    }

    /// The whole inverse, `[n, n]`.
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverse = vec![0.0; self.n * self.n];
        for row in 0..self.n {
            let values = &mut inverse[row * self.n..(row + 1) * self.n];
            values[row] = 1.0;
            self.solve(values);
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_product_counts_the_blocks_and_the_rest() {
        let ones_to_ten: Vec<f32> = (1..=10_u8).map(f32::from).collect();
        assert_eq!(dot(&ones_to_ten, &ones_to_ten), 385.0);
        assert_eq!(dot(&ones_to_ten[..3], &[1.0, 1.0, 1.0]), 6.0);
    }

    #[test]
    fn a_system_of_two_has_the_solution_computed_by_hand() {
        // [[4, 2], [2, 3]] x = [8, 8] has the solution (1, 2), and the determinant is 8.
        let factor = Cholesky::new(vec![4.0, 0.0, 2.0, 3.0], 2).unwrap();
        let mut values = [8.0, 8.0];
        factor.solve(&mut values);
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 2.0).abs() < 1e-12);
        let expected = [3.0 / 8.0, -2.0 / 8.0, -2.0 / 8.0, 4.0 / 8.0];
        assert!(factor.inverse().iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12));
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_no_factor() {
        assert_eq!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2), None);
        assert_eq!(Cholesky::new(vec![f64::NAN], 1), None);
    }

    #[test]
    fn outer_products_fill_the_lower_triangle() {
        let mut matrix = vec![0.0; 4];
        add_outer(&mut matrix, &[1.0, 3.0], 2.0);
        assert_eq!(matrix, [2.0, 0.0, 6.0, 18.0]);
    }
}
