//! Least squares with intervals that are robust to clusters.

use super::Estimate;

/// One observation.
#[derive(Debug, Clone, Copy)]
pub struct Row<const P: usize> {
    /// Observations of one cluster may depend on each other, and lie side by side.
    pub cluster: usize,
    /// What is known.
    pub inputs: [f64; P],
    /// What is explained.
    pub output: f64,
}

/// The coefficients of `output = sum_p inputs_p beta_p`, with 95 % intervals from the sandwich estimator over clusters (Liang
/// and Zeger 1986); none where the inputs do not tell them apart.
pub fn least_squares<const P: usize>(rows: &[Row<P>]) -> Option<[Estimate; P]> {
    let (mut products, mut right) = ([[0.0; P]; P], [0.0; P]);
    for row in rows {
        add_square(&mut products, &row.inputs);
        right.iter_mut().zip(&row.inputs).for_each(|(sum, input)| *sum += input * row.output);
    }
    let inverse = inverse(products)?;
    let beta = times(&inverse, &right);
    let mut meat = [[0.0; P]; P];
    for cluster in rows.chunk_by(|left, right| left.cluster == right.cluster) {
        let mut score = [0.0; P];
        for row in cluster {
            let fitted: f64 = row.inputs.iter().zip(&beta).map(|(input, beta)| input * beta).sum();
            for (score, input) in score.iter_mut().zip(&row.inputs) {
                *score += input * (row.output - fitted);
            }
        }
        add_square(&mut meat, &score);
    }
    Some(std::array::from_fn(|at| {
        let variance: f64 = inverse[at].iter().zip(times(&meat, &inverse[at])).map(|(a, b)| a * b).sum();
        let half = 1.96 * variance.max(0.0).sqrt();
        Estimate { value: beta[at], low: beta[at] - half, high: beta[at] + half }
    }))
}

/// Adds the products of all pairs of the vector's elements.
fn add_square<const P: usize>(sums: &mut [[f64; P]; P], vector: &[f64; P]) {
    for (row, left) in sums.iter_mut().zip(vector) {
        row.iter_mut().zip(vector).for_each(|(sum, right)| *sum += left * right);
    }
}

fn times<const P: usize>(matrix: &[[f64; P]; P], vector: &[f64; P]) -> [f64; P] {
    std::array::from_fn(|at| matrix[at].iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// By elimination with pivots; none for a matrix that has no inverse, to rounding.
fn inverse<const P: usize>(mut matrix: [[f64; P]; P]) -> Option<[[f64; P]; P]> {
    let size = matrix.iter().flatten().fold(0.0_f64, |size, it| size.max(it.abs()));
    let mut inverse: [[f64; P]; P] =
        std::array::from_fn(|at| std::array::from_fn(|beside| f64::from(u8::from(at == beside))));
    for at in 0..P {
        let pivot =
            (at..P).max_by(|left, right| matrix[*left][at].abs().total_cmp(&matrix[*right][at].abs()))?;
        if matrix[pivot][at].abs() <= 1e-12 * size {
            return None;
        }
        matrix.swap(at, pivot);
        inverse.swap(at, pivot);
        let scale = matrix[at][at];
        for row in [&mut matrix[at], &mut inverse[at]] {
            row.iter_mut().for_each(|value| *value /= scale);
        }
        for other in (0..P).filter(|other| *other != at) {
            let factor = matrix[other][at];
            for sides in [&mut matrix, &mut inverse] {
                let pivot = sides[at];
                sides[other].iter_mut().zip(pivot).for_each(|(value, pivot)| *value -= factor * pivot);
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_points_is_found_exactly_and_columns_that_are_the_same_are_not_told_apart() {
        let row = |cluster, x: f64| Row { cluster, inputs: [1.0, x], output: 3.0 - 2.0 * x };
        let rows: Vec<_> = (0..6_u8).map(|at| row(usize::from(at), f64::from(at))).collect();
        let [constant, slope] = least_squares(&rows).unwrap();
        assert!((constant.value - 3.0).abs() < 1e-12 && (slope.value + 2.0).abs() < 1e-12);
        assert!(slope.high - slope.low < 1e-9);
        let same: Vec<_> =
            rows.iter().map(|row| Row { cluster: row.cluster, inputs: [2.0, 1.0], output: 1.0 }).collect();
        assert_eq!(least_squares(&same), None);
    }

    #[test]
    fn the_interval_is_that_of_the_sandwich_over_clusters_computed_by_hand() {
        // The mean of 0, 0, 3, 3 in two clusters of two: scores -3 and 3, variance (9 + 9) / 16.
        let rows = [(0, 0.0), (0, 0.0), (1, 3.0), (1, 3.0)];
        let rows = rows.map(|(cluster, output)| Row { cluster, inputs: [1.0], output });
        let [mean] = least_squares(&rows).unwrap();
        assert_eq!(mean.value, 1.5);
        assert!((mean.high - mean.value - 1.96 * (18.0_f64 / 16.0).sqrt()).abs() < 1e-12);
    }
}
