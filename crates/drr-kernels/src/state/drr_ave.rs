//! DRR-ave: the state is the user, the pooled recent items, and their element-wise product.

use crate::panels::Panels;
use pulp::Arch;

/// The DRR-ave module (Liu et al. 2018, eq. 8-9): `g = mean_a(w_a i_a)`, state `[u, u * g, g]`.
///
/// Histories are oldest first; the latest item always has the last position weight.
#[derive(Debug, Clone)]
pub struct DrrAve {
    dim: usize,
    /// One example's pooled items, or their gradient, `[D]`.
    pooled: Vec<f32>,
    user: Vec<f32>,
}

impl DrrAve {
    /// A module for vectors of dimension `dim`.
    #[must_use]
    pub fn new(dim: usize) -> Self {
        Self { dim, pooled: vec![0.0; dim], user: vec![0.0; dim] }
    }

    /// The state's features, `3 D`.
    #[must_use]
    pub const fn state_dim(&self) -> usize {
        3 * self.dim
    }

    /// Writes example `row` of `states`: a `user`'s vector `[D]`, a `history` of at most `N` ids in the table `items`
    /// `[I, D]`, and the position weights `[N]`.
    pub fn forward(
        &mut self,
        items: &[f32],
        position_weights: &[f32],
        user: &[f32],
        history: &[u32],
        row: usize,
        states: &mut Panels,
    ) {
        let Self { dim, pooled, .. } = self;
        let weights = &position_weights[position_weights.len() - history.len()..];
        let share = 1.0 / history.len().max(1) as f32;
        Arch::new().dispatch(|| {
            pooled.fill(0.0);
            for (item, weight) in history.iter().zip(weights) {
                let vector = &items[*item as usize * *dim..][..*dim];
                let weight = weight * share;
                pooled.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
            }
        });
        states.write_row(row, 0, user);
        states.write_row(row, 2 * *dim, pooled);
        pooled.iter_mut().zip(user).for_each(|(value, user)| *value *= user);
        states.write_row(row, *dim, pooled);
    }

    /// Adds the gradient of the position weights `[N]` from example `row`, given the gradients of the state's last `2 D`
    /// features: the user's own have no parameter behind them.
    pub fn backward(
        &mut self,
        items: &[f32],
        states: &Panels,
        history: &[u32],
        row: usize,
        gradients: &Panels,
        of_position_weights: &mut [f32],
    ) {
        let Self { dim, pooled, user } = self;
        states.read_row(row, 0, user);
        gradients.read_row(row, 0, pooled);
        pooled.iter_mut().zip(&*user).for_each(|(value, user)| *value *= user);
        gradients.read_row(row, *dim, user);
        pooled.iter_mut().zip(&*user).for_each(|(value, add)| *value += add);
        let first = of_position_weights.len() - history.len();
        let share = 1.0 / history.len().max(1) as f32;
        Arch::new().dispatch(|| {
            for (item, sum) in history.iter().zip(&mut of_position_weights[first..]) {
                *sum += share * dot(pooled, &items[*item as usize * *dim..][..*dim]);
            }
        });
    }
}

/// The inner product, in eight running sums.
#[inline(always)]
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    for (left, right) in left.iter().zip(right) {
        for at in 0..8 {
            lanes[at] += left[at] * right[at];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: [f32; 6] = [1.0, 0.0, 3.0, 4.0, -2.0, 0.5];
    const USER: [f32; 2] = [2.0, 3.0];

    #[test]
    fn the_state_is_user_product_and_pool_and_an_empty_history_leaves_the_user_alone() {
        let mut states = Panels::zeros(3, 6);
        let mut module = DrrAve::new(2);
        module.forward(&ITEMS, &[1.0, 1.0], &USER, &[0, 1], 0, &mut states);
        module.forward(&ITEMS, &[1.0, 1.0], &USER, &[], 1, &mut states);
        module.forward(&ITEMS, &[9.0, 1.0], &USER, &[1], 2, &mut states);
        let rows = states.to_rows();
        assert_eq!(rows[..6], [2.0, 3.0, 4.0, 6.0, 2.0, 2.0]);
        assert_eq!(rows[6..12], [2.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(rows[12..], [2.0, 3.0, 6.0, 12.0, 3.0, 4.0], "the latest item has the last weight");
    }

    #[test]
    fn the_position_weights_receive_the_gradient_of_finite_differences() {
        // The loss is the sum of squares of the state.
        let loss = |weights: &[f32], history: &[u32]| {
            let mut states = Panels::zeros(1, 6);
            DrrAve::new(2).forward(&ITEMS, weights, &USER, history, 0, &mut states);
            let loss: f64 = states.values().iter().map(|value| f64::from(*value).powi(2)).sum();
            (loss, states)
        };
        for history in [&[0_u32, 1][..], &[2, 1, 0], &[1], &[]] {
            let weights = [1.0, 0.5, -0.75];
            let (_, states) = loss(&weights, history);
            let rows = states.to_rows();
            let gradients: Vec<f32> = rows[2..].iter().map(|value| 2.0 * value).collect();
            let mut gradient = [0.0; 3];
            let gradients = Panels::from_rows(&gradients, 4);
            DrrAve::new(2).backward(&ITEMS, &states, history, 0, &gradients, &mut gradient);
            for at in 0..3 {
                let moved = |shift: f32| {
                    let mut weights = weights;
                    weights[at] += shift;
                    loss(&weights, history).0
                };
                let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((f64::from(gradient[at]) - difference).abs() < 1e-2, "{gradient:?} {difference}");
            }
        }
    }
}
