//! LinUCB: the reward is linear in the item's vector, and what is uncertain gets the benefit of the doubt.

use super::linear::{LinearModel, PriorStrength, RewardScale};
use super::session::Session;
use crate::BaselineError;
use crate::ranking::rank_all;
use drr_core::{
    EmbeddingTable, Feedback, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem,
    UserIdx,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The configuration of [`LinUcb`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinUcbConfig {
    /// How many standard deviations are added to the mean; at least 0. Without any, nothing is explored.
    pub alpha: f64,
    /// The precision of each dimension before any data; above 0.
    pub l2: f64,
    /// How many ratings of its own an unknown user's model is worth; at least 0.
    pub prior_ratings: f64,
    /// Whether a feature that is always 1 joins the item's vector.
    pub intercept: bool,
    /// The least rating of the scale, whose reward is -1.
    pub lowest: f32,
    /// The greatest rating of the scale, whose reward is 1.
    pub highest: f32,
}

impl Default for LinUcbConfig {
    fn default() -> Self {
        Self { alpha: 0.1, l2: 1.0, prior_ratings: 10.0, intercept: true, lowest: 1.0, highest: 5.0 }
    }
}

impl LinUcbConfig {
    pub(super) fn check(&self) -> Result<RewardScale, BaselineError> {
        for (field, value) in [("alpha", self.alpha), ("prior_ratings", self.prior_ratings)] {
            if !value.is_finite() || value < 0.0 {
                return Err(BaselineError::Config { field, value, wanted: "a finite number of at least 0" });
            }
        }
        if !self.l2.is_finite() || self.l2 <= 0.0 {
            let wanted = "a finite number above 0";
            return Err(BaselineError::Config { field: "l2", value: self.l2, wanted });
        }
        RewardScale { lowest: self.lowest, highest: self.highest }.check()
    }
}

/// Scores an item `x` with `theta . x + alpha sqrt(x' A^-1 x)` (Li et al. 2010, algorithm 1 with the arms' features and one
/// model per user).
///
/// Every user starts from the same prior, fitted on the log: with `G = sum x x'` over its `n` ratings and `b = sum r x`,
/// `theta_0 = (G + l2 1)^-1 b` and `A_0 = l2 1 + (prior_ratings / n) G`. The rewards of ratings are
/// `(rating - middle) / half range`, in [-1, 1]; feedback brings its own.
#[derive(Debug, Clone)]
pub struct LinUcb {
    alpha: f64,
    scale: RewardScale,
    prior: Arc<LinearModel>,
    origin: RowOrigin,
    session: Option<Session>,
}

impl LinUcb {
    /// Fits the prior on `log`, with the vectors of its catalogue's `items`, `[I, D]`, which must have been fitted on the
    /// same rows or on none.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range and vectors of another catalogue.
    pub fn fit(
        log: &InteractionLog,
        items: &EmbeddingTable,
        config: &LinUcbConfig,
    ) -> Result<Self, BaselineError> {
        let scale = config.check()?;
        let features = Arc::new(if config.intercept { with_intercept(items) } else { items.clone() });
        let strength = PriorStrength { l2: config.l2, n_ratings: config.prior_ratings };
        let prior = LinearModel::prior(features, log, scale, strength)?;
        Ok(Self {
            alpha: config.alpha,
            scale,
            prior: Arc::new(prior),
            origin: log.origin().clone(),
            session: None,
        })
    }
}

/// The vectors with a 1 behind each, `[I, D + 1]`.
pub(super) fn with_intercept(items: &EmbeddingTable) -> EmbeddingTable {
    let rows = (0..items.n_rows()).flat_map(|item| items.row(item).iter().copied().chain([1.0]));
    let dim = items.dim() + 1;
    EmbeddingTable::new(items.n_rows(), dim, rows.collect()).expect("finite rows of one more dimension")
}

impl Recommender for LinUcb {
    fn name(&self) -> &'static str {
        "lin_ucb"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        // The first query begins the session, whichever thread is the quickest.
        if let (Some(session), Some(query)) = (&self.session, queries.first()) {
            session.begin(query, &self.prior, self.scale);
        }
        rank_all(self.name(), self.prior.n_items(), queries, k, |query| {
            let model = Session::model_of(self.session.as_ref(), query, &self.prior, self.scale);
            model.upper_bounds(self.alpha)
        })
    }

    fn n_parameters(&self) -> u64 {
        self.prior.n_parameters()
    }

    fn fork(&self) -> Option<Box<dyn Recommender>> {
        Some(Box::new(Self { session: Some(Session::default()), ..self.clone() }))
    }

    fn start_session(&mut self, _user: UserIdx) {
        self.session = Some(Session::default());
    }

    fn observe(&mut self, feedback: Feedback) {
        if let Some(session) = &mut self.session {
            session.observe(feedback);
        }
    }
}
