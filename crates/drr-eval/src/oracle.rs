//! The best possible recommender: it knows the answers.
//!
//! No method reaches more than the oracle, so its line says how much room a protocol leaves; with fewer relevant items
//! than places even the oracle's precision is below 1.

use crate::{Case, EvaluationSet, UserSimulator};
use drr_core::{ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx, rank};
use std::collections::BTreeMap;

/// Recommends the relevant items first, then other rated ones, then the rest; the better rated before the others of a
/// group, equal ratings by the smaller item.
#[derive(Debug, Clone)]
pub struct Oracle {
    /// Each user's rated items and their scores, by item.
    rated: BTreeMap<UserIdx, Vec<(ItemIdx, f32)>>,
}

/// What lifts any relevant item above all others: far beyond every rating.
const RELEVANT: f32 = 1e4;

/// The oracle of "online": it asks the simulator before it recommends, so each step is the best that is left.
pub struct SimulatorOracle<'a>(pub &'a dyn UserSimulator);

impl Recommender for SimulatorOracle<'_> {
    fn name(&self) -> &str {
        "oracle"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let list = |query: &Query| {
            let n_items = query.allowed.n_items();
            let scores: Vec<f32> =
                (0..n_items).map(|item| self.0.rating(query.user, ItemIdx::from(item))).collect();
            ranked(self.name(), &scores, query, k)
        };
        queries.iter().map(list).collect()
    }
}

impl Oracle {
    /// The oracle of one evaluation set.
    #[must_use]
    pub fn new(set: &EvaluationSet) -> Self {
        let scores = |case: &Case| {
            let score = |(item, rating): &(ItemIdx, f32)| {
                let is_relevant = case.relevant.binary_search(item).is_ok();
                (*item, if is_relevant { RELEVANT + rating } else { rating / RELEVANT })
            };
            case.rated.iter().map(score).collect()
        };
        Self { rated: set.cases.iter().map(|case| (case.query.user, scores(case))).collect() }
    }

    fn scores(&self, query: &Query) -> Vec<f32> {
        // Below any rated item that is not relevant, whose rating may be negative.
        let mut scores = vec![-1.0; query.allowed.n_items()];
        for (item, score) in self.rated.get(&query.user).into_iter().flatten() {
            scores[item.index()] = *score;
        }
        scores
    }
}

/// Ranks by scores that are finite: ratings are.
fn ranked(name: &str, scores: &[f32], query: &Query, k: usize) -> Result<Vec<ScoredItem>, RecommendError> {
    rank(scores, &query.allowed, k).map_err(|bad| RecommendError::NotFinite {
        recommender: name.to_owned(),
        user: query.user,
        item: bad.item,
        score: bad.score,
    })
}

impl Recommender for Oracle {
    fn name(&self) -> &str {
        "oracle"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        queries.iter().map(|query| ranked(self.name(), &self.scores(query), query, k)).collect()
    }
}
