//! A Bayesian linear model of one user's rewards, with the mean and the variance of every item at hand.
//!
//! With the precision `A` and the vector `theta`, an item `x` has the mean `theta . x` and the variance `x' A^-1 x`. A
//! reward `r` of item `a` changes both by one and the same direction, `z = A^-1 x_a` (Sherman & Morrison 1950):
//! `A^-1 <- A^-1 - z z' / c` and `theta <- theta + z (r - theta . x_a) / c` with `c = 1 + x_a . z`. So each item needs one
//! inner product, `x . z`, and a step costs `O(D^2 + I D)`.

use crate::BaselineError;
use crate::dense::{Cholesky, add_outer, dot};
use drr_core::{EmbeddingTable, InteractionLog, ItemIdx};
use std::sync::Arc;

/// What rewards the ratings of a log mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RewardScale {
    pub lowest: f32,
    pub highest: f32,
}

impl RewardScale {
    pub fn check(self) -> Result<Self, BaselineError> {
        if self.lowest.is_finite() && self.highest.is_finite() && self.lowest < self.highest {
            return Ok(self);
        }
        let (field, value) = ("highest", f64::from(self.highest));
        Err(BaselineError::Config { field, value, wanted: "a finite rating above a finite `lowest`" })
    }

    /// `(rating - middle) / half range`, within [-1, 1] (Liu et al. 2018, eq. 10).
    pub fn reward(self, rating: f32) -> f32 {
        let rating = rating.clamp(self.lowest, self.highest);
        (rating - f32::midpoint(self.lowest, self.highest)) / ((self.highest - self.lowest) / 2.0)
    }
}

/// How sure a session is at its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PriorStrength {
    /// The precision that does not come from data, per dimension.
    pub l2: f64,
    /// How many ratings of the log the prior is worth.
    pub n_ratings: f64,
}

/// A model of one user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinearModel {
    features: Arc<EmbeddingTable>,
    inverse: Vec<f64>,
    theta: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
}

impl LinearModel {
    /// The model of an unknown user. With the sums over the log's `n` ratings, `G = sum x x'` and `b = sum r x`, it has
    /// `theta_0 = (G + l2 1)^-1 b` and `A_0 = l2 1 + (m / n) G`, as if the user had already given `m` average ratings.
    pub fn prior(
        features: Arc<EmbeddingTable>,
        log: &InteractionLog,
        scale: RewardScale,
        strength: PriorStrength,
    ) -> Result<Self, BaselineError> {
        let (query, fitted) = (log.n_items(), features.n_rows());
        if query != fitted {
            return Err(BaselineError::CatalogueMismatch { query, fitted });
        }
        let mut sums = vec![(0.0_f64, 0.0_f64); fitted];
        for row in log.iter() {
            let (count, sum) = &mut sums[row.item.index()];
            *count += 1.0;
            *sum += f64::from(scale.reward(row.rating));
        }
        let dim = features.dim();
        let (mut gram, mut theta) = (vec![0.0; dim * dim], vec![0.0; dim]);
        for (item, (count, sum)) in sums.iter().enumerate().filter(|(_, (count, _))| *count > 0.0) {
            let x: Vec<f64> = features.row(item).iter().copied().map(f64::from).collect();
            add_outer(&mut gram, &x, *count);
            theta.iter_mut().zip(&x).for_each(|(target, value)| *target += sum * value);
        }
        let factor = |weight: f64| {
            let mut matrix: Vec<f64> = gram.iter().map(|value| weight * value).collect();
            (0..dim).for_each(|at| matrix[at * dim + at] += strength.l2);
            let wanted = "larger: the prior has no inverse";
            Cholesky::new(matrix, dim).ok_or(BaselineError::Config {
                field: "l2",
                value: strength.l2,
                wanted,
            })
        };
        factor(1.0)?.solve(&mut theta);
        #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
        let inverse = factor(strength.n_ratings / log.len().max(1) as f64)?.inverse();
        Ok(Self::new(features, inverse, theta))
    }

    /// The model with the given `A^-1` (`[D, D]`) and `theta` (`[D]`).
    fn new(features: Arc<EmbeddingTable>, inverse: Vec<f64>, theta: Vec<f64>) -> Self {
        let mut means = Vec::with_capacity(features.n_rows());
        let mut variances = Vec::with_capacity(features.n_rows());
        for item in 0..features.n_rows() {
            let x = features.row(item);
            means.push(x.iter().zip(&theta).map(|(x, theta)| f64::from(*x) * theta).sum());
            let projected = product(&inverse, x);
            variances.push(x.iter().zip(projected).map(|(x, z)| f64::from(*x) * z).sum());
        }
        Self { features, inverse, theta, means, variances }
    }

    /// The size of the catalogue.
    pub fn n_items(&self) -> usize {
        self.features.n_rows()
    }

    /// The weights `theta`, `[D]`.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// The number of fitted numbers: `A^-1` and `theta`.
    pub fn n_parameters(&self) -> u64 {
        (self.inverse.len() + self.features.dim()) as u64
    }

    /// Learns from one reward; an item beyond the catalogue says nothing.
    pub fn learn(&mut self, item: ItemIdx, reward: f32) {
        if item.index() >= self.n_items() || !reward.is_finite() {
            return;
        }
        let x = self.features.row(item.index());
        let projected = product(&self.inverse, x);
        let own: f64 = x.iter().zip(&projected).map(|(x, z)| f64::from(*x) * z).sum();
        let divisor = 1.0 + own.max(0.0);
        let step = (f64::from(reward) - self.means[item.index()]) / divisor;
        #[expect(clippy::cast_possible_truncation, reason = "features are 32 bits wide")]
        let narrow: Vec<f32> = projected.iter().map(|z| *z as f32).collect();
        for other in 0..self.means.len() {
            let shared = f64::from(dot(self.features.row(other), &narrow));
            self.means[other] += shared * step;
            // Rounding must not leave less than no variance.
            self.variances[other] = (self.variances[other] - shared * shared / divisor).max(0.0);
        }
        self.theta.iter_mut().zip(&projected).for_each(|(theta, z)| *theta += z * step);
        for (row, z) in self.inverse.chunks_exact_mut(projected.len()).zip(&projected) {
            let scaled = z / divisor;
            row.iter_mut().zip(&projected).for_each(|(value, z)| *value -= scaled * z);
        }
    }

    /// `theta . x + alpha sqrt(x' A^-1 x)` of all items, `[I]` (Li et al. 2010, algorithm 1).
    pub fn upper_bounds(&self, alpha: f64) -> Vec<f32> {
        let items = self.means.iter().zip(&self.variances);
        #[expect(clippy::cast_possible_truncation, reason = "scores are 32 bits wide")]
        items.map(|(mean, variance)| (mean + alpha * variance.max(0.0).sqrt()) as f32).collect()
    }
}

/// `A x`, `[D]`.
fn product(matrix: &[f64], x: &[f32]) -> Vec<f64> {
    let rows = matrix.chunks_exact(x.len());
    rows.map(|row| row.iter().zip(x).map(|(value, x)| value * f64::from(*x)).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;
    use proptest::prelude::*;
    use rand::Rng;

    fn identity(dim: usize) -> Vec<f64> {
        (0..dim * dim).map(|at| f64::from(u8::from(at % (dim + 1) == 0))).collect()
    }

    #[test]
    fn one_reward_has_the_mean_and_the_variance_computed_by_hand() {
        let features = Arc::new(EmbeddingTable::new(3, 2, vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap());
        let mut model = LinearModel::new(features, identity(2), vec![0.0, 0.0]);
        assert_eq!(model.upper_bounds(1.0), [1.0, 1.0, 2.0_f32.sqrt()]);
        // A becomes diag(2, 1) and b becomes (1, 0): theta is (0.5, 0).
        model.learn(ItemIdx(0), 1.0);
        assert_eq!(model.upper_bounds(0.0), [0.5, 0.0, 0.5]);
        assert_eq!(model.variances, [0.5, 1.0, 1.5]);
        assert_eq!(model.theta(), [0.5, 0.0]);
        model.learn(ItemIdx(9), 1.0);
        assert_eq!(model.upper_bounds(0.0), [0.5, 0.0, 0.5]);
    }

    #[test]
    fn ratings_become_rewards_and_an_empty_scale_is_refused() {
        let scale = RewardScale { lowest: 1.0, highest: 5.0 };
        assert_eq!([1.0, 2.0, 4.0, 5.0, 9.0].map(|it| scale.reward(it)), [-1.0, -0.5, 0.5, 1.0, 1.0]);
        let error = RewardScale { lowest: 2.0, highest: 2.0 }.check().unwrap_err();
        assert!(matches!(error, BaselineError::Config { field: "highest", .. }), "{error}");
    }

    proptest! {
        #[test]
        fn small_steps_agree_with_solving_anew(seed in 0_u64..1_000, n_steps in 1_usize..20) {
            let (n_items, dim) = (12, 3);
            let mut random = Seeds(seed).stream("test");
            let values = (0..n_items * dim).map(|_| random.random_range(-1.0..1.0)).collect();
            let features = Arc::new(EmbeddingTable::new(n_items, dim, values).unwrap());
            let mut model = LinearModel::new(features.clone(), identity(dim), vec![0.0; 3]);
            let (mut precision, mut target) = (identity(dim), vec![0.0; dim]);
            for _ in 0..n_steps {
                let (item, reward) = (random.random_range(0..n_items), random.random_range(-1.0_f32..1.0));
                model.learn(ItemIdx::from(item), reward);
                let x: Vec<f64> = features.row(item).iter().copied().map(f64::from).collect();
                add_outer(&mut precision, &x, 1.0);
                target.iter_mut().zip(&x).for_each(|(sum, x)| *sum += f64::from(reward) * x);
            }
            let factor = Cholesky::new(precision, dim).unwrap();
            factor.solve(&mut target);
            let anew = LinearModel::new(features, factor.inverse(), target);
            for (one, other) in model.upper_bounds(0.7).iter().zip(anew.upper_bounds(0.7)) {
                prop_assert!((one - other).abs() < 1e-4);
            }
        }
    }
}
