//! Matrix factorization of ratings as a ranker: recommends what the user is predicted to rate highest.

use crate::dense::dot;
use crate::ranking::rank_all;
use drr_core::{
    EmbeddingSpace, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds,
};
use drr_embed::{EmbedError, Pmf, PmfConfig};
use std::sync::Arc;

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
