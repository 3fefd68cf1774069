//! Good recommenders pass the contract, and bad ones are seen.

use crate::{Fixed, Stubborn, items};
use drr_core::{ItemSet, Observed, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx};
use drr_eval::check_recommender;
use std::sync::atomic::{AtomicU32, Ordering};

fn queries() -> Vec<Query> {
    let observed = |item| Observed { item, rating: 4.0, timestamp: 0 };
    (0..3)
        .map(|user| {
            let history = items(&[user, user + 1]);
            let mut allowed = ItemSet::full(20);
            history.iter().for_each(|item| allowed.remove(*item));
            Query { user: UserIdx(user), history: history.into_iter().map(observed).collect(), allowed }
        })
        .collect()
}

#[test]
fn a_recommender_that_ranks_by_scores_passes() {
    let scores: Vec<f32> = (0..20).map(|item| (item % 4) as f32).collect();
    assert_eq!(check_recommender(&Fixed::new(&scores), &queries()).unwrap(), []);
}

#[test]
fn items_that_are_not_allowed_repeats_and_short_lists_are_seen() {
    let rules: Vec<&str> = check_recommender(&Stubborn(vec![1, 1]), &queries())
        .unwrap()
        .into_iter()
        .map(|violation| violation.rule)
        .collect();
    for rule in [
        "only allowed items are recommended",
        "no item is recommended twice",
        "a list has k items, or all that are allowed",
        "items come best first, equal scores by the smaller item",
    ] {
        assert!(rules.contains(&rule), "{rule}");
    }
}

/// Reverses its order with every call, and ties by the greater item.
struct Moody(AtomicU32);

impl Recommender for Moody {
    fn name(&self) -> &str {
        "moody"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let is_even = self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        let list = |query: &Query| {
            let mut list: Vec<ScoredItem> =
                query.allowed.iter().map(|item| ScoredItem { item, score: 0.0 }).collect();
            if is_even {
                list.reverse();
            }
            list.truncate(k);
            list
        };
        Ok(queries.iter().map(list).collect())
    }
}

#[test]
fn moods_and_wrong_ties_are_seen() {
    let violations = check_recommender(&Moody(AtomicU32::new(0)), &queries()).unwrap();
    for rule in
        ["the same queries get the same lists", "items come best first, equal scores by the smaller item"]
    {
        assert!(violations.iter().any(|violation| violation.rule == rule), "{rule}");
    }
    assert!(violations[0].to_string().starts_with("query 0 at k = 1: "));
}
