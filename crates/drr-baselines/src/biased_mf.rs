//! Matrix factorization of ratings as a ranker: recommends what the user is predicted to rate highest.

use crate::dense::dot;
use crate::ranking::rank_all;
use drr_core::{
    EmbeddingSpace, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds,
};
use drr_embed::{EmbedError, Pmf, PmfConfig};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The configuration of [`BiasedMf`].
///
/// A penalty that grows with the ratings leaves an item that one user has rated by 5 almost at 5, above all that many have
/// rated: such a model predicts well and ranks badly wherever every item may be recommended. With
/// [`BiasedMfConfig::fixed_l2`] few ratings move an item little, as in a damped mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BiasedMfConfig {
    /// The dimension of the vectors; at least 1.
    pub dim: usize,
    /// The weight of a vector's squared length, times its number of ratings unless `fixed_l2`; above 0.
    pub l2: f64,
    /// The weight of a bias's square, times its number of ratings unless `fixed_l2`; above 0.
    #[serde(skip_serializing_if = "is_default_bias_l2")]
    pub bias_l2: f64,
    /// Whether the weights are the same however many ratings there are.
    #[serde(skip_serializing_if = "is_false")]
    pub fixed_l2: bool,
    /// Passes over the ratings; at least 1.
    pub epochs: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_default_bias_l2(value: &f64) -> bool {
    *value == BiasedMfConfig::default().bias_l2
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) const fn is_false(value: &bool) -> bool {
    !*value
}

impl Default for BiasedMfConfig {
    fn default() -> Self {
        let PmfConfig { dim, l2, bias_l2, fixed_l2, epochs, .. } = BiasedMf::default_config();
        Self { dim, l2, bias_l2, fixed_l2, epochs }
    }
}

impl BiasedMfConfig {
    /// The factorization with these settings.
    #[must_use]
    pub fn factorization(self) -> PmfConfig {
        let Self { dim, l2, bias_l2, fixed_l2, epochs } = self;
        PmfConfig { dim, l2, bias_l2, fixed_l2, epochs, ..BiasedMf::default_config() }
    }
}

/// Ranks by `mu + b_u + b_i + p_u . q_i` (Koren, Bell & Volinsky 2009, eq. 4), where `b_u` and `p_u` are the ridge
/// solution for the query's history alone, whether the user was fitted on or not.
///
/// No history gives `mu + b_i`. Scores are not cut at the ends of the scale, where the best items would tie.
#[derive(Debug, Clone)]
pub struct BiasedMf {
    pmf: Arc<Pmf>,
}

impl BiasedMf {
    /// A configuration for ranking: few dimensions, chosen on rows held out of MovieLens 1M at random.
    #[must_use]
    pub fn default_config() -> PmfConfig {
        PmfConfig { dim: 20, l2: 0.08, epochs: 15, ..PmfConfig::default() }
    }

    /// Fits on all rows of `log`, for exactly `config.epochs` epochs.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range and on no ratings.
    pub fn fit(log: &InteractionLog, config: &PmfConfig, seeds: Seeds) -> Result<Self, EmbedError> {
        Ok(Self::new(Arc::new(Pmf::fit(log, None, config, seeds)?.pmf)))
    }

    /// Ranks by a fitted factorization.
    #[must_use]
    pub const fn new(pmf: Arc<Pmf>) -> Self {
        Self { pmf }
    }

    /// The factorization.
    #[must_use]
    pub fn pmf(&self) -> &Pmf {
        &self.pmf
    }

    /// The scores of all items, `[I]`.
    pub(crate) fn scores(&self, query: &Query) -> Vec<f32> {
        let user = self.pmf.fold_in_user(&query.history);
        #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
        let known = self.pmf.mean() as f32 + user.bias;
        let items = self.pmf.items();
        let biases = self.pmf.item_biases().iter().enumerate();
        biases.map(|(item, bias)| known + bias + dot(items.row(item), &user.vector)).collect()
    }
}

impl Recommender for BiasedMf {
    fn name(&self) -> &'static str {
        "biased_mf"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(self.pmf.origin())
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.pmf.items().n_rows(), queries, k, |query| self.scores(query))
    }

    fn n_parameters(&self) -> u64 {
        (self.pmf.items().values().len() + self.pmf.item_biases().len() + 1) as u64
    }
}
