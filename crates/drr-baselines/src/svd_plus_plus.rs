//! SVD++: a factorization of ratings in which what a user has rated at all also says who the user is.
//!
//! Only the items' side is kept: a user is always read from the query's history, so that users who were fitted on and
//! those who were not are served alike.

mod config;
mod fit;

pub use config::SvdPlusPlusConfig;

use crate::BaselineError;
use crate::dense::{Cholesky, add_outer, dot};
use crate::ranking::rank_all;
use drr_core::{
    InteractionLog, ItemIdx, Observed, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds,
};

/// The items' side of the model: vectors `q` and `y` `[I, D]`, biases `[I]`.
#[derive(Debug, Clone, PartialEq)]
struct Items {
    vectors: Vec<f32>,
    implicit: Vec<f32>,
    biases: Vec<f32>,
    dim: usize,
}

impl Items {
    fn vector(&self, item: usize) -> &[f32] {
        &self.vectors[item * self.dim..(item + 1) * self.dim]
    }

    fn implicit(&self, item: usize) -> &[f32] {
        &self.implicit[item * self.dim..(item + 1) * self.dim]
    }

    /// `|N|^-1/2 sum_{j in N} y_j` over distinct items `N`, `[D]`.
    fn implicit_sum(&self, rated: &[u32]) -> Vec<f32> {
        let mut sum = vec![0.0_f32; self.dim];
        for item in rated {
            sum.iter_mut().zip(self.implicit(*item as usize)).for_each(|(sum, value)| *sum += value);
        }
        let norm = root(rated.len().max(1)).recip();
        sum.iter_mut().for_each(|value| *value *= norm);
        sum
    }
}

/// The square root of a count.
#[expect(clippy::cast_precision_loss, reason = "no user has 2^24 ratings")]
fn root(count: usize) -> f32 {
    (count as f32).sqrt()
}

/// A user as a history shows them: the whole vector, implicit part included, and the bias.
#[derive(Debug, Clone, PartialEq)]
struct FoldedUser {
    vector: Vec<f32>,
    bias: f32,
}

/// Predicts `r = mu + b_u + b_i + q_i . (p_u + |N(u)|^-1/2 sum_{j in N(u)} y_j)`, with the rated items `N(u)` (Koren 2008,
/// eq. 15), and ranks by it.
///
/// A user's `b_u` and `p_u` are a ridge solution for the history, given its implicit part. No history gives `mu + b_i`.
#[derive(Debug, Clone, PartialEq)]
pub struct SvdPlusPlus {
    config: SvdPlusPlusConfig,
    mean: f32,
    lowest: f32,
    highest: f32,
    items: Items,
    origin: RowOrigin,
}

impl SvdPlusPlus {
    /// Fits on all rows of `log` by stochastic gradient descent, users in an order drawn anew each epoch.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range, and a learning rate with which the numbers do not stay finite.
    pub fn fit(
        log: &InteractionLog,
        config: &SvdPlusPlusConfig,
        seeds: Seeds,
    ) -> Result<Self, BaselineError> {
        config.check()?;
        fit::fit(log, config, seeds)
    }

    /// The rating that a user who rated `history` gives `item`, within the range of the fitted ratings. Panics beyond the
    /// catalogue, which is a bug.
    #[must_use]
    pub fn predict(&self, history: &[Observed], item: ItemIdx) -> f32 {
        let user = self.fold_in(history);
        self.score(&user, item.index()).clamp(self.lowest, self.highest)
    }

    /// The ratings of all items, `[I]`; see [`SvdPlusPlus::predict`].
    #[must_use]
    pub fn predict_all(&self, history: &[Observed]) -> Vec<f32> {
        let scores = self.scores(history);
        scores.into_iter().map(|score| score.clamp(self.lowest, self.highest)).collect()
    }

    /// The unbounded scores of all items, `[I]`: ratings cut at the scale's ends would tie.
    fn scores(&self, history: &[Observed]) -> Vec<f32> {
        let user = self.fold_in(history);
        (0..self.items.biases.len()).map(|item| self.score(&user, item)).collect()
    }

    fn score(&self, user: &FoldedUser, item: usize) -> f32 {
        self.mean + user.bias + self.items.biases[item] + dot(self.items.vector(item), &user.vector)
    }

    /// Minimizes `sum (r - mu - b_i - q_i . s - b - q_i . p)^2 + (c + n l2) (b^2 + |p|^2)` over the history's `n` ratings,
    /// with its implicit part `s`.
    fn fold_in(&self, history: &[Observed]) -> FoldedUser {
        let n_items = self.items.biases.len();
        let rated: Vec<&Observed> =
            history.iter().filter(|it| it.item.index() < n_items && it.rating.is_finite()).collect();
        let mut distinct: Vec<u32> = rated.iter().map(|it| it.item.0).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut vector = self.items.implicit_sum(&distinct);
        if rated.is_empty() {
            return FoldedUser { vector, bias: 0.0 };
        }
        let n = self.items.dim + 1;
        let (mut matrix, mut solution) = (vec![0.0; n * n], vec![0.0; n]);
        let mut x = vec![1.0; n];
        for it in &rated {
            let item = it.item.index();
            let known = self.mean + self.items.biases[item] + dot(self.items.vector(item), &vector);
            x.iter_mut().zip(self.items.vector(item)).for_each(|(x, value)| *x = f64::from(*value));
            add_outer(&mut matrix, &x, 1.0);
            let error = f64::from(it.rating - known);
            solution.iter_mut().zip(&x).for_each(|(sum, value)| *sum += error * value);
        }
        #[expect(clippy::cast_precision_loss, reason = "no history has 2^53 ratings")]
        let ridge = self.config.fold_in_prior + self.config.fold_in_l2 * rated.len() as f64;
        for at in 0..n {
            matrix[at * n + at] += ridge;
        }
        let mut bias = 0.0;
        // The ridge makes the matrix positive definite, save for rounding: then the implicit part alone remains.
        if let Some(factor) = Cholesky::new(matrix, n) {
            factor.solve(&mut solution);
            #[expect(clippy::cast_possible_truncation, reason = "vectors are 32 bits wide")]
            let narrow: Vec<f32> = solution.iter().map(|value| *value as f32).collect();
            vector.iter_mut().zip(&narrow).for_each(|(sum, value)| *sum += value);
            bias = narrow[n - 1];
        }
        FoldedUser { vector, bias }
    }
}

impl Recommender for SvdPlusPlus {
    fn name(&self) -> &'static str {
        "svd_plus_plus"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let n_items = self.items.biases.len();
        rank_all(self.name(), n_items, queries, k, |query| self.scores(&query.history))
    }

    fn n_parameters(&self) -> u64 {
        let Items { vectors, implicit, biases, .. } = &self.items;
        (vectors.len() + implicit.len() + biases.len() + 1) as u64
    }
}
