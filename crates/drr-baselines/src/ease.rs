//! EASE: one linear model from the items that a user likes to all others, in closed form.

use crate::ranking::{positives, rank_all};
use crate::{BaselineError, Popularity};
use drr_core::{InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The configuration of [`Ease`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EaseConfig {
    /// What is added to the diagonal of the items' common users; above 0.
    pub lambda: f64,
}

impl Default for EaseConfig {
    fn default() -> Self {
        Self { lambda: 3000.0 }
    }
}

/// Scores item `j` with `sum_{i in history} B_ij`, where with `G = X'X` of the binary positives and
/// `P = (G + lambda 1)^-1` the weights are `B_ij = -P_ij / P_jj` and `B_jj = 0` (Steck 2019, eq. 8).
///
/// A history without positives gives the popular items.
#[derive(Debug, Clone, PartialEq)]
pub struct Ease {
    positive: f32,
    /// The weights, `[I, I]`, a row for each item of the history.
    weights: Vec<f32>,
    n_items: usize,
    fallback: Popularity,
}

impl Ease {
    /// Fits on the ratings of `log` that are at least `positive`, a user's repeated item once.
    ///
    /// # Errors
    ///
    /// Refuses a `lambda` that is not above 0.
    pub fn fit(log: &InteractionLog, config: EaseConfig, positive: f32) -> Result<Self, BaselineError> {
        let out_of_range = BaselineError::Config {
            field: "lambda",
            value: config.lambda,
            wanted: "a finite number above 0",
        };
        if !config.lambda.is_finite() || config.lambda <= 0.0 {
            return Err(out_of_range);
        }
        let n_items = log.n_items();
        let counts = common_users(log, positive);
        #[expect(clippy::cast_possible_truncation, reason = "single precision halves time and memory")]
        let lambda = config.lambda as f32;
        let gram = Mat::from_fn(n_items, n_items, |row, column| {
            counts[row * n_items + column] + if row == column { lambda } else { 0.0 }
        });
        drop(counts);
        // The matrix is positive definite, so only an overflow can make this fail.
        let inverse = gram.llt(Side::Lower).map_err(|_| out_of_range)?.inverse();
        drop(gram);
        let mut weights = vec![0.0_f32; n_items * n_items];
        weights.par_chunks_mut(n_items.max(1)).enumerate().for_each(|(row, weights)| {
            for (column, weight) in weights.iter_mut().enumerate().filter(|(column, _)| *column != row) {
                *weight = -inverse[(row, column)] / inverse[(column, column)];
            }
        });
        Ok(Self { positive, weights, n_items, fallback: Popularity::fit(log, positive) })
    }

    /// The scores of all items, `[I]`.
    pub(crate) fn scores(&self, query: &Query) -> Vec<f32> {
        let history = positives(&query.history, self.positive, self.n_items);
        if history.is_empty() {
            return self.fallback.counts().to_vec();
        }
        let mut scores = vec![0.0; self.n_items];
        for item in history {
            let row = &self.weights[item.index() * self.n_items..][..self.n_items];
            for (score, weight) in scores.iter_mut().zip(row) {
                *score += weight;
            }
        }
        scores
    }
}

/// The number of users who like both items of each pair, `[I, I]`.
fn common_users(log: &InteractionLog, positive: f32) -> Vec<f32> {
    let n_items = log.n_items();
    let mut users_of: Vec<Vec<u32>> = vec![Vec::new(); n_items];
    let mut items_of: Vec<Vec<u32>> = Vec::with_capacity(log.n_users());
    for user in log.users() {
        let mut items: Vec<u32> = log.of_user(user).positives(positive).map(|item| item.0).collect();
        items.sort_unstable();
        items.dedup();
        for item in &items {
            users_of[*item as usize].push(user.0);
        }
        items_of.push(items);
    }
    let mut counts = vec![0.0_f32; n_items * n_items];
    counts.par_chunks_mut(n_items.max(1)).enumerate().for_each(|(item, counts)| {
        for user in &users_of[item] {
            for other in &items_of[*user as usize] {
                counts[*other as usize] += 1.0;
            }
        }
    });
    counts
}

impl Recommender for Ease {
    fn name(&self) -> &'static str {
        "ease"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.fallback.origin()
    }

    fn n_parameters(&self) -> u64 {
        self.weights.len() as u64
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.n_items, queries, k, |query| self.scores(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemIdx, UserIdx};

    #[test]
    fn two_items_have_the_weights_computed_by_hand() {
        // Users: {0, 1}, {0}. G = [2 1; 1 1], lambda 1: [3 1; 1 2], inverse [2 -1; -1 3] / 5.
        // B_01 = 1/3, B_10 = 1/2.
        let row =
            |user, item| Interaction { user: UserIdx(user), item: ItemIdx(item), rating: 5.0, timestamp: 0 };
        let log = InteractionLog::new(2, 2, &[row(0, 0), row(0, 1), row(1, 0)]).unwrap();
        let ease = Ease::fit(&log, EaseConfig { lambda: 1.0 }, 4.0).unwrap();
        let expected = [0.0, 1.0 / 3.0, 0.5, 0.0];
        assert!(ease.weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", ease.weights);
    }

    #[test]
    fn a_lambda_of_zero_is_refused() {
        let log = InteractionLog::new(1, 1, &[]).unwrap();
        let refused = Ease::fit(&log, EaseConfig { lambda: 0.0 }, 4.0);
        assert!(matches!(refused, Err(BaselineError::Config { field: "lambda", .. })));
    }
}
