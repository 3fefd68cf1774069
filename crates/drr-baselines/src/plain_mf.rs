//! Matrix factorization of ratings without biases as a ranker: how good an item is must lie in its vector.

use crate::BiasedMf;
use crate::biased_mf::is_false;
use crate::dense::dot;
use crate::ranking::rank_all;
use drr_core::{
    EmbeddingSpace, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds,
};
use drr_embed::{EmbedError, Pmf, PmfConfig};
use serde::{Deserialize, Serialize};

/// The configuration of [`PlainMf`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlainMfConfig {
    /// The dimension of the vectors; at least 1.
    pub dim: usize,
    /// The weight of a vector's squared length, times its number of ratings unless `fixed_l2`; above 0.
    pub l2: f64,
    /// Whether the weight is the same however many ratings there are.
    #[serde(skip_serializing_if = "is_false")]
    pub fixed_l2: bool,
    /// Passes over the ratings; at least 1.
    pub epochs: usize,
}

impl Default for PlainMfConfig {
    fn default() -> Self {
        let PmfConfig { dim, l2, fixed_l2, epochs, .. } = BiasedMf::default_config();
        Self { dim, l2, fixed_l2, epochs }
    }
}

/// Ranks by `mu + p_u . q_i` (Salakhutdinov and Mnih 2007, eq. 1), where `p_u` is the ridge solution for the query's history
/// alone.
///
/// A user of whom nothing is known is taken for the mean of the fitted users, which puts the best rated items first.
#[derive(Debug, Clone)]
pub struct PlainMf {
    pmf: Pmf,
    /// The mean of the fitted users' vectors, `[D]`.
    anybody: Vec<f32>,
}

impl PlainMf {
    /// Fits on all rows of `log`, for exactly `config.epochs` epochs.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range and on no ratings.
    pub fn fit(log: &InteractionLog, config: PlainMfConfig, seeds: Seeds) -> Result<Self, EmbedError> {
        let PlainMfConfig { dim, l2, fixed_l2, epochs } = config;
        let config = PmfConfig { dim, l2, fixed_l2, epochs, biases: false, ..BiasedMf::default_config() };
        let pmf = Pmf::fit(log, None, &config, seeds)?.pmf;
        let mut anybody = vec![0.0_f32; dim];
        let mut n_users = 0.0_f32;
        for user in log.active_users() {
            anybody.iter_mut().zip(pmf.users().row(user.index())).for_each(|(sum, value)| *sum += value);
            n_users += 1.0;
        }
        anybody.iter_mut().for_each(|sum| *sum /= n_users.max(1.0));
        Ok(Self { pmf, anybody })
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Vec<f32> {
        let folded = self.pmf.fold_in_user(&query.history).vector;
        let is_known = folded.iter().any(|value| *value != 0.0);
        let vector = if is_known { &folded } else { &self.anybody };
        #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
        let mean = self.pmf.mean() as f32;
        let items = self.pmf.items();
        (0..items.n_rows()).map(|item| mean + dot(items.row(item), vector)).collect()
    }
}

impl Recommender for PlainMf {
    fn name(&self) -> &'static str {
        "pmf"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(self.pmf.origin())
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.pmf.items().n_rows(), queries, k, |query| self.scores(query))
    }

    fn n_parameters(&self) -> u64 {
        (self.pmf.items().values().len() + 1) as u64
    }
}
