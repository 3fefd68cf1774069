//! From scores to lists, many queries side by side.

use crate::BaselineError;
use drr_core::{ItemIdx, Observed, Query, RecommendError, ScoredItem, rank};
use rayon::prelude::*;

/// Ranks each query by the scores (`[I]`) that `score` gives it. Each query is computed by one thread alone, and the
/// first failure in query order is the one returned.
pub(crate) fn rank_all(
    recommender: &str,
    n_items: usize,
    queries: &[Query],
    k: usize,
    score: impl Fn(&Query) -> Vec<f32> + Sync,
) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
    let answers: Vec<Result<Vec<ScoredItem>, RecommendError>> = queries
        .par_iter()
        .map(|query| {
            if query.allowed.n_items() != n_items {
                let source =
                    BaselineError::CatalogueMismatch { query: query.allowed.n_items(), fitted: n_items };
                let recommender = recommender.to_owned();
                return Err(RecommendError::Failed { recommender, source: Box::new(source) });
            }
            rank(&score(query), &query.allowed, k).map_err(|bad| RecommendError::NotFinite {
                recommender: recommender.to_owned(),
                user: query.user,
                item: bad.item,
                score: bad.score,
            })
        })
        .collect();
    answers.into_iter().collect()
}

/// The history's items rated at least `positive`, ascending, each once; items beyond the catalogue say nothing.
pub(crate) fn positives(history: &[Observed], positive: f32, n_items: usize) -> Vec<ItemIdx> {
    let mut items: Vec<ItemIdx> = history
        .iter()
        .filter(|it| it.rating >= positive && it.item.index() < n_items)
        .map(|it| it.item)
        .collect();
    items.sort_unstable();
    items.dedup();
    items
}
