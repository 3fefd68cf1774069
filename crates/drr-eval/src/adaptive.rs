//! The adaptive form of "rerank": one item at a time, with the logged rating of each joined to the history (Liu et al.
//! 2018, Algorithm 2).
//!
//! A recommender whose order does not depend on what happens along the list gets the same figures from both forms.

use crate::evaluate::{ask, judge_lists, longest};
use crate::{EvalError, Evaluation, EvaluationSet, check_origin};
use drr_core::{Observed, Query, Recommender, ScoredItem};

/// Judges `recommender` by lists that grow item by item, at each length of `ks`: after each item its logged rating is
/// appended to the history, whatever it is, and the item leaves the candidates. An item without a logged rating only
/// leaves the candidates.
///
/// # Errors
///
/// As [`crate::evaluate`].
pub fn evaluate_adaptive(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    ks: &[usize],
) -> Result<Evaluation, EvalError> {
    let k_max = longest(ks)?;
    let provenance = check_origin(recommender, set)?;
    let mut queries: Vec<Query> = set.cases.iter().map(|case| case.query.clone()).collect();
    let mut lists: Vec<Vec<ScoredItem>> = vec![Vec::with_capacity(k_max); queries.len()];
    for _ in 0..k_max {
        let open: Vec<usize> = (0..queries.len()).filter(|at| !queries[*at].allowed.is_empty()).collect();
        let asked: Vec<&Query> = open.iter().map(|at| &queries[*at]).collect();
        let answers = ask(recommender, &asked, 1)?;
        for (at, answer) in open.into_iter().zip(answers) {
            let Some(best) = answer.first() else { continue };
            lists[at].push(*best);
            accept(&mut queries[at], best, set.cases[at].rating(best.item));
        }
    }
    judge_lists(recommender, set, provenance, lists, ks)
}

/// Takes a recommended item out of the candidates, and into the history if it has a rating. Its time is that of the latest
/// rating: the session happens now.
pub(crate) fn accept(query: &mut Query, recommended: &ScoredItem, rating: Option<f32>) {
    query.allowed.remove(recommended.item);
    if let Some(rating) = rating {
        let timestamp = query.history.last().map_or(0, |it| it.timestamp);
        query.history.push(Observed { item: recommended.item, rating, timestamp });
    }
}
