//! iALS: factors of who likes what, by alternating least squares over all pairs.

use crate::dense::dot;
use crate::ranking::{positives, rank_all};
use crate::{BaselineError, Popularity};
use drr_core::{InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Steps of the conjugate gradient for one vector in training, where the last sweep's vector is a good start.
const TRAINING_STEPS: usize = 3;
/// The same for a folded-in user, who starts from nothing.
const FOLD_IN_STEPS: usize = 12;
/// A residual with a smaller squared length is solved.
const SOLVED: f32 = 1e-20;

/// The configuration of [`Ials`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IalsConfig {
    /// The dimension `D` of the vectors; at least 1.
    pub dim: usize,
    /// Sweeps over users and items.
    pub sweeps: usize,
    /// How much more a positive pair weighs than any other pair, which weighs 1; above 0. Programs that give the weight of
    /// a positive pair itself mean `1 + alpha`.
    pub alpha: f64,
    /// The weight of a vector's squared length; above 0.
    pub l2: f64,
}

impl Default for IalsConfig {
    fn default() -> Self {
        Self { dim: 64, sweeps: 15, alpha: 2.0, l2: 50.0 }
    }
}

impl IalsConfig {
    fn check(&self) -> Result<(), BaselineError> {
        if self.dim == 0 {
            return Err(BaselineError::Config { field: "dim", value: 0.0, wanted: "at least 1" });
        }
        for (field, value) in [("alpha", self.alpha), ("l2", self.l2)] {
            if !value.is_finite() || value <= 0.0 {
                return Err(BaselineError::Config { field, value, wanted: "a finite number above 0" });
            }
        }
        Ok(())
    }
}

/// Ranks by `p_u . q_i`, with factors that minimize `sum_{u,i} c_ui (x_ui - p_u . q_i)^2 + l2 (sum |p|^2 + sum |q|^2)` over
/// all pairs, `c = 1 + alpha` and `x = 1` for positives, `c = 1` and `x = 0` for all others (Hu, Koren & Volinsky 2008,
/// eq. 3). Each vector's system is solved by conjugate gradients (Takacs, Pilaszy & Tikk 2011).
///
/// Every user is folded in from the query's history, whether fitted on or not; without positives the popular items are
/// recommended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ials {
    config: IalsConfig,
    positive: f32,
    /// `[I, D]`.
    items: Vec<f32>,
    /// `Q'Q + l2 1`, `[D, D]`.
    gram: Vec<f32>,
    fallback: Popularity,
}

impl Ials {
    /// Fits on the ratings of `log` that are at least `positive`, a user's repeated item once.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range.
    pub fn fit(
        log: &InteractionLog,
        config: IalsConfig,
        positive: f32,
        seeds: Seeds,
    ) -> Result<Self, BaselineError> {
        config.check()?;
        let items_of: Vec<Vec<u32>> = log
            .users()
            .map(|user| {
                let mut items: Vec<u32> = log.of_user(user).positives(positive).map(|item| item.0).collect();
                items.sort_unstable();
                items.dedup();
                items
            })
            .collect();
        let mut users_of: Vec<Vec<u32>> = vec![Vec::new(); log.n_items()];
        for (user, items) in (0..).zip(&items_of) {
            for item in items {
                users_of[*item as usize].push(user);
            }
        }
        let mut random = seeds.stream("ials");
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a spread of a draw"
        )]
        let spread = (0.1 / (config.dim as f64).sqrt()) as f32;
        let mut draw = |n: usize| -> Vec<f32> {
            (0..n * config.dim)
                .map(|_| spread * Distribution::<f32>::sample(&StandardNormal, &mut random))
                .collect()
        };
        let (mut users, mut items) = (draw(log.n_users()), draw(log.n_items()));
        for _ in 0..config.sweeps {
            sweep(&mut users, &items, &items_of, &config);
            sweep(&mut items, &users, &users_of, &config);
        }
        let gram = gram(&items, &config);
        Ok(Self { config, positive, items, gram, fallback: Popularity::fit(log, positive) })
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Vec<f32> {
        let dim = self.config.dim;
        let history = positives(&query.history, self.positive, self.items.len() / dim);
        if history.is_empty() {
            return self.fallback.counts().to_vec();
        }
        let history: Vec<u32> = history.into_iter().map(|item| item.0).collect();
        let mut user = vec![0.0; dim];
        solve(&mut user, &self.items, &self.gram, &history, self.config.alpha, FOLD_IN_STEPS);
        self.items.chunks_exact(dim).map(|item| dot(item, &user)).collect()
    }
}

/// Solves the vectors of one side, each by itself, with the other side fixed.
fn sweep(own: &mut [f32], other: &[f32], partners: &[Vec<u32>], config: &IalsConfig) {
    let gram = gram(other, config);
    own.par_chunks_exact_mut(config.dim).zip(partners).for_each(|(vector, partners)| {
        if partners.is_empty() {
            vector.fill(0.0);
        } else {
            solve(vector, other, &gram, partners, config.alpha, TRAINING_STEPS);
        }
    });
}

/// `Y'Y + l2 1`, `[D, D]`.
fn gram(vectors: &[f32], config: &IalsConfig) -> Vec<f32> {
    let dim = config.dim;
    let rows: Vec<Vec<f32>> = (0..dim)
        .into_par_iter()
        .map(|row| {
            let mut sums = vec![0.0_f32; dim];
            for vector in vectors.chunks_exact(dim) {
                for (sum, value) in sums.iter_mut().zip(vector) {
                    *sum += vector[row] * value;
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for factors")]
            let l2 = config.l2 as f32;
            sums[row] += l2;
            sums
        })
        .collect();
    rows.concat()
}

/// Improves the solution of `(Y'Y + l2 1 + alpha sum_{i in partners} y_i y_i') x = (1 + alpha) sum y_i` by `steps` of the
/// conjugate gradient.
fn solve(x: &mut [f32], other: &[f32], gram: &[f32], partners: &[u32], alpha: f64, steps: usize) {
    let dim = x.len();
    #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for factors")]
    let alpha = alpha as f32;
    let vector = |partner: u32| &other[partner as usize * dim..][..dim];
    let times = |direction: &[f32]| -> Vec<f32> {
        let mut product: Vec<f32> = gram.chunks_exact(dim).map(|row| dot(row, direction)).collect();
        for partner in partners {
            let y = vector(*partner);
            let weight = alpha * dot(y, direction);
            product.iter_mut().zip(y).for_each(|(sum, value)| *sum += weight * value);
        }
        product
    };
    let mut residual: Vec<f32> = times(x).into_iter().map(|value| -value).collect();
    for partner in partners {
        residual.iter_mut().zip(vector(*partner)).for_each(|(sum, value)| *sum += (1.0 + alpha) * value);
    }
    let mut direction = residual.clone();
    let mut length = dot(&residual, &residual);
    for _ in 0..steps {
        if length < SOLVED {
            break;
        }
        let product = times(&direction);
        let step = length / dot(&direction, &product);
        x.iter_mut().zip(&direction).for_each(|(value, along)| *value += step * along);
        residual.iter_mut().zip(&product).for_each(|(value, along)| *value -= step * along);
        let next = dot(&residual, &residual);
        let kept = next / length;
        direction.iter_mut().zip(&residual).for_each(|(along, value)| *along = value + kept * *along);
        length = next;
    }
}

impl Recommender for Ials {
    fn name(&self) -> &'static str {
        "ials"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.fallback.origin()
    }

    fn n_parameters(&self) -> u64 {
        self.items.len() as u64
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.items.len() / self.config.dim, queries, k, |query| self.scores(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_steps_solve_the_normal_equations() {
        // Two partners (1, 0) and (1, 1), alpha 2, l2 1: A = Y'Y + 1 + 2 Y'Y = [7 3; 3 4], b = 3 (2, 1) = (6, 3).
        // x = A^-1 b = [4 -3; -3 7] (6, 3) / 19 = (15, 3) / 19.
        let other = [1.0, 0.0, 1.0, 1.0];
        let config = IalsConfig { dim: 2, sweeps: 1, alpha: 2.0, l2: 1.0 };
        let mut x = vec![0.0; 2];
        solve(&mut x, &other, &gram(&other, &config), &[0, 1], config.alpha, 5);
        assert!((x[0] - 15.0 / 19.0).abs() < 1e-5 && (x[1] - 3.0 / 19.0).abs() < 1e-5, "{x:?}");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for (config, named) in [
            (IalsConfig { alpha: 0.0, ..IalsConfig::default() }, "alpha"),
            (IalsConfig { l2: f64::NAN, ..IalsConfig::default() }, "l2"),
            (IalsConfig { dim: 0, ..IalsConfig::default() }, "dim"),
        ] {
            let error = config.check().unwrap_err();
            assert!(matches!(error, BaselineError::Config { field, .. } if field == named), "{error}");
        }
    }
}
