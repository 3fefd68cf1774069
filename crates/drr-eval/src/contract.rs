//! The contract of [`Recommender`], as a test that any implementation can be put through.

use drr_core::{ItemSet, Query, RecommendError, Recommender, ScoredItem, UserIdx};
use std::collections::BTreeSet;
use std::fmt;

/// A breach of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractViolation {
    /// The query, by its place among those asked.
    pub query: usize,
    /// The length of list that was asked for.
    pub k: usize,
    /// What is wrong.
    pub rule: &'static str,
}

impl fmt::Display for ContractViolation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "query {} at k = {}: {}", self.query, self.k, self.rule)
    }
}

/// Asks `queries`, and harder ones made from the first of them, and returns every breach of the contract found; none is a
/// pass.
///
/// The harder ones are: no history, a user nobody knows, fewer items allowed than asked for, and none allowed. A list must
/// be as long as `k` where enough items are allowed, so finished lists from elsewhere need not pass.
///
/// # Errors
///
/// Fails where the recommender fails on a legal query.
pub fn check_recommender(
    recommender: &dyn Recommender,
    queries: &[Query],
) -> Result<Vec<ContractViolation>, RecommendError> {
    let mut violations = Vec::new();
    let queries: Vec<Query> =
        queries.iter().cloned().chain(queries.first().map(harder).into_iter().flatten()).collect();
    let mut shorter: Option<Vec<Vec<ScoredItem>>> = None;
    for k in [1, 3, 10] {
        let lists = recommender.recommend(&queries, k)?;
        if lists.len() != queries.len() {
            let rule = "each query gets one list";
            violations.push(ContractViolation { query: lists.len(), k, rule });
            break;
        }
        let same = recommender.recommend(&queries, k)? == lists;
        let mut expect = |holds: bool, query, rule| {
            if !holds {
                violations.push(ContractViolation { query, k, rule });
            }
        };
        expect(same, 0, "the same queries get the same lists");
        for (at, (query, list)) in queries.iter().zip(&lists).enumerate() {
            for (holds, rule) in rules(query, list, k) {
                expect(holds, at, rule);
            }
            if let Some(shorter) = &shorter {
                let is_prefix = list.len() >= shorter[at].len()
                    && list.iter().zip(&shorter[at]).all(|(one, other)| one.item == other.item);
                expect(is_prefix, at, "a longer list begins with the shorter one");
            }
        }
        shorter = Some(lists);
    }
    if !recommender.recommend(&[], 10)?.is_empty() {
        violations.push(ContractViolation { query: 0, k: 10, rule: "no queries get no lists" });
    }
    Ok(violations)
}

/// What holds of each list.
fn rules(query: &Query, list: &[ScoredItem], k: usize) -> [(bool, &'static str); 5] {
    let distinct: BTreeSet<_> = list.iter().map(|scored| scored.item).collect();
    let in_order = list.windows(2).all(|pair| {
        pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].item < pair[1].item)
    });
    [
        (list.iter().all(|scored| query.allowed.contains(scored.item)), "only allowed items are recommended"),
        (distinct.len() == list.len(), "no item is recommended twice"),
        (list.len() == k.min(query.allowed.len()), "a list has k items, or all that are allowed"),
        (list.iter().all(|scored| scored.score.is_finite()), "scores are finite"),
        (in_order, "items come best first, equal scores by the smaller item"),
    ]
}

/// Queries at the edges of what is legal.
fn harder(query: &Query) -> Vec<Query> {
    let n_items = query.allowed.n_items();
    let few = ItemSet::from_items(n_items, query.allowed.iter().take(2));
    vec![
        Query { history: Vec::new(), ..query.clone() },
        Query { user: UserIdx(u32::MAX - 1), ..query.clone() },
        Query { allowed: few, ..query.clone() },
        Query { allowed: ItemSet::empty(n_items), ..query.clone() },
    ]
}
