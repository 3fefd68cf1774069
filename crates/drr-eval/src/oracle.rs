//! The best possible recommender: it knows the answers.
//!
//! No method reaches more than the oracle, so its line says how much room a protocol leaves; with fewer relevant items
//! than places even the oracle's precision is below 1.

use crate::EvaluationSet;
use drr_core::{ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx};
use std::collections::BTreeMap;

/// Recommends the relevant items first, then any other, each group by the smaller item.
#[derive(Debug, Clone)]
pub struct Oracle {
    relevant: BTreeMap<UserIdx, Vec<ItemIdx>>,
}

impl Oracle {
    /// The oracle of one evaluation set.
    #[must_use]
    pub fn new(set: &EvaluationSet) -> Self {
        Self { relevant: set.cases.iter().map(|case| (case.query.user, case.relevant.clone())).collect() }
    }

    fn list(&self, query: &Query, k: usize) -> Vec<ScoredItem> {
        let relevant = self.relevant.get(&query.user).map_or(&[][..], Vec::as_slice);
        let scored = |score| move |item| ScoredItem { item, score };
        let right = relevant.iter().copied().filter(|item| query.allowed.contains(*item));
        let others = query.allowed.iter().filter(|item| relevant.binary_search(item).is_err());
        right.map(scored(1.0)).chain(others.map(scored(0.0))).take(k).collect()
    }
}

impl Recommender for Oracle {
    fn name(&self) -> &str {
        "oracle"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        Ok(queries.iter().map(|query| self.list(query, k)).collect())
    }
}
