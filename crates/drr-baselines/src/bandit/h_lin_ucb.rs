//! HLinUCB: LinUCB whose items have hidden features beside the observed ones, learned from the ratings.

use super::lin_ucb::{LinUcbConfig, with_intercept};
use super::linear::{LinearModel, PriorStrength, RewardScale};
use super::session::Session;
use crate::BaselineError;
use crate::dense::{Cholesky, add_outer};
use crate::ranking::rank_all;
use drr_core::{
    EmbeddingTable, Feedback, InteractionLog, Query, RecommendError, Recommender, RowOrigin, ScoredItem,
    Seeds, UserIdx,
};
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The configuration of [`HLinUcb`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HLinUcbConfig {
    /// The part that it has in common with [`super::LinUcb`].
    pub linear: LinUcbConfig,
    /// The number of hidden features, `H`; at least 1.
    pub n_hidden: usize,
    /// The precision of each hidden feature before any data; above 0.
    pub hidden_l2: f64,
    /// How many standard deviations of the hidden features' part are added; at least 0.
    pub hidden_alpha: f64,
    /// The rounds of fitting users and hidden features in turn.
    pub rounds: usize,
}

impl Default for HLinUcbConfig {
    fn default() -> Self {
        Self { linear: LinUcbConfig::default(), n_hidden: 5, hidden_l2: 1.0, hidden_alpha: 0.1, rounds: 5 }
    }
}

/// Scores an item with `theta . (x, v) + alpha sqrt((x, v)' A^-1 (x, v)) + alpha_v sqrt(theta_v' C^-1 theta_v)` (Wang, Wu & Wang
/// 2016, "Learning Hidden Features for Contextual Bandits", algorithm 1), with the item's observed `x` and hidden `v`.
///
/// The hidden features are fitted on the log by the paper's coordinate descent, all users and then all items in turn: a
/// user's `theta` is a ridge solution given `v`, and an item's `v = C^-1 sum theta_v (r - theta_x . x)` with
/// `C = l2 1 + sum theta_v theta_v'` one given its raters. A session learns its `theta`; `v` stays, since a session never
/// offers an item again after feedback that would change it. The prior of `theta` is that of [`super::LinUcb`].
#[derive(Debug, Clone)]
pub struct HLinUcb {
    config: HLinUcbConfig,
    scale: RewardScale,
    prior: Arc<LinearModel>,
    /// `C^-1` of each item, `[I, H, H]`.
    covariances: Arc<Vec<f64>>,
    origin: RowOrigin,
    session: Option<Session>,
}

impl HLinUcb {
    /// Fits the hidden features and the prior on `log`, with the vectors of its catalogue's `items`, `[I, D]`.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range and vectors of another catalogue.
    pub fn fit(
        log: &InteractionLog,
        items: &EmbeddingTable,
        config: &HLinUcbConfig,
        seeds: Seeds,
    ) -> Result<Self, BaselineError> {
        let scale = config.linear.check()?;
        if config.n_hidden == 0 {
            return Err(BaselineError::Config { field: "n_hidden", value: 0.0, wanted: "at least 1" });
        }
        for (field, value) in [("hidden_l2", config.hidden_l2), ("hidden_alpha", config.hidden_alpha)] {
            if !value.is_finite() || value < 0.0 || (field == "hidden_l2" && value == 0.0) {
                return Err(BaselineError::Config { field, value, wanted: "a finite number above 0" });
            }
        }
        let (query, fitted) = (log.n_items(), items.n_rows());
        if query != fitted {
            return Err(BaselineError::CatalogueMismatch { query, fitted });
        }
        let observed = if config.linear.intercept { with_intercept(items) } else { items.clone() };
        let (features, covariances) = hidden(log, &observed, config, scale, seeds)?;
        let strength = PriorStrength { l2: config.linear.l2, n_ratings: config.linear.prior_ratings };
        let prior = LinearModel::prior(Arc::new(features), log, scale, strength)?;
        Ok(Self {
            config: *config,
            scale,
            prior: Arc::new(prior),
            covariances: Arc::new(covariances),
            origin: log.origin().clone(),
            session: None,
        })
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, model: &LinearModel) -> Vec<f32> {
        let mut scores = model.upper_bounds(self.config.linear.alpha);
        let n_hidden = self.config.n_hidden;
        let theta = &model.theta()[model.theta().len() - n_hidden..];
        for (score, covariance) in scores.iter_mut().zip(self.covariances.chunks_exact(n_hidden * n_hidden)) {
            let rows = covariance.chunks_exact(n_hidden).zip(theta);
            let variance: f64 =
                rows.map(|(row, own)| own * row.iter().zip(theta).map(|(c, t)| c * t).sum::<f64>()).sum();
            #[expect(clippy::cast_possible_truncation, reason = "scores are 32 bits wide")]
            let bonus = (self.config.hidden_alpha * variance.max(0.0).sqrt()) as f32;
            *score += bonus;
        }
        scores
    }
}

/// The observed and the hidden features side by side, `[I, D + H]`, and each item's `C^-1`, `[I, H, H]`.
fn hidden(
    log: &InteractionLog,
    observed: &EmbeddingTable,
    config: &HLinUcbConfig,
    scale: RewardScale,
    seeds: Seeds,
) -> Result<(EmbeddingTable, Vec<f64>), BaselineError> {
    let (n_items, dim, n_hidden) = (log.n_items(), observed.dim(), config.n_hidden);
    let width = dim + n_hidden;
    let mut raters: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n_items];
    for row in log.iter() {
        raters[row.item.index()].push((row.user.index(), f64::from(scale.reward(row.rating))));
    }
    let mut random = seeds.stream("h_lin_ucb.hidden");
    let mut features: Vec<f64> = (0..n_items)
        .flat_map(|item| {
            let known: Vec<f64> = observed.row(item).iter().copied().map(f64::from).collect();
            let drawn: Vec<f64> = (0..n_hidden).map(|_| random.random_range(-0.1..0.1)).collect();
            known.into_iter().chain(drawn)
        })
        .collect();
    let mut covariances = Vec::new();
    let singular =
        |field, value| BaselineError::Config { field, value, wanted: "larger: a model has no inverse" };
    for _ in 0..config.rounds.max(1) {
        let users: Option<Vec<Vec<f64>>> = (0..log.n_users())
            .into_par_iter()
            .map(|user| {
                let of = log.of_user(UserIdx::from(user));
                let rated = of.items.iter().zip(of.ratings).map(|(item, rating)| {
                    let at = item.index() * width;
                    (&features[at..at + width], f64::from(scale.reward(*rating)))
                });
                ridge(rated, width, config.linear.l2).map(|(theta, _)| theta)
            })
            .collect();
        let users = users.ok_or_else(|| singular("l2", config.linear.l2))?;
        let solved: Option<Vec<(Vec<f64>, Cholesky)>> = (0..n_items)
            .into_par_iter()
            .map(|item| {
                let x = &features[item * width..item * width + dim];
                let rated = raters[item].iter().map(|(user, reward)| {
                    let (own, shared) = users[*user].split_at(dim);
                    (shared, reward - own.iter().zip(x).map(|(a, b)| a * b).sum::<f64>())
                });
                ridge(rated, n_hidden, config.hidden_l2)
            })
            .collect();
        let solved = solved.ok_or_else(|| singular("hidden_l2", config.hidden_l2))?;
        for (row, (vector, _)) in features.chunks_exact_mut(width).zip(&solved) {
            row[dim..].copy_from_slice(vector);
        }
        covariances = solved.iter().flat_map(|(_, factor)| factor.inverse()).collect();
    }
    #[expect(clippy::cast_possible_truncation, reason = "features are 32 bits wide")]
    let narrow = features.iter().map(|value| *value as f32).collect();
    let table = EmbeddingTable::new(n_items, width, narrow);
    Ok((table.map_err(|_| singular("hidden_l2", config.hidden_l2))?, covariances))
}

/// Minimizes `sum (r - x . theta)^2 + l2 |theta|^2` over the rows `(x, r)`; the solution and the factor of its matrix.
fn ridge<'rows>(
    rows: impl Iterator<Item = (&'rows [f64], f64)>,
    dim: usize,
    l2: f64,
) -> Option<(Vec<f64>, Cholesky)> {
    let (mut matrix, mut target) = (vec![0.0; dim * dim], vec![0.0; dim]);
    for (x, reward) in rows {
        add_outer(&mut matrix, x, 1.0);
        target.iter_mut().zip(x).for_each(|(sum, value)| *sum += reward * value);
    }
    (0..dim).for_each(|at| matrix[at * dim + at] += l2);
    let factor = Cholesky::new(matrix, dim)?;
    factor.solve(&mut target);
    Some((target, factor))
}

impl Recommender for HLinUcb {
    fn name(&self) -> &'static str {
        "hlin_ucb"
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
            self.scores(&Session::model_of(self.session.as_ref(), query, &self.prior, self.scale))
        })
    }

    fn n_parameters(&self) -> u64 {
        let hidden = self.prior.n_items() * self.config.n_hidden;
        self.prior.n_parameters() + (hidden + self.covariances.len()) as u64
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
