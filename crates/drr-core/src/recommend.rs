//! The border between recommenders of every kind and those who judge or serve them.

use crate::{ItemIdx, ItemSet, RowOrigin, UserIdx};

/// One rating that a recommender may look at when it is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// The rated item.
    pub item: ItemIdx,
    /// Its rating.
    pub rating: f32,
    /// Its time.
    pub timestamp: i64,
}

/// One question: what to recommend to this user now?
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The user, who may be in no training data: then the history is all that is known.
    pub user: UserIdx,
    /// What the user has rated so far, oldest first.
    pub history: Vec<Observed>,
    /// The items that may be recommended. The history is never among them.
    pub allowed: ItemSet,
}

/// A recommended item and the score that ranked it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredItem {
    /// The item.
    pub item: ItemIdx,
    /// Its score; only the order counts.
    pub score: f32,
}

/// What a user did with a recommendation, for recommenders that learn while they serve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feedback {
    /// The user.
    pub user: UserIdx,
    /// The recommended item.
    pub item: ItemIdx,
    /// The reward.
    pub reward: f32,
}

/// A reason why a recommender has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RecommendError {
    /// A score is infinite or NaN.
    #[error("{recommender} scored item {} of user {} with {score}, which is not finite", .item.0, .user.0)]
    NotFinite {
        /// Who scored.
        recommender: String,
        /// The query's user.
        user: UserIdx,
        /// The item.
        item: ItemIdx,
        /// The score.
        score: f32,
    },
    /// The recommender's own failure.
    #[error("{recommender} failed to recommend: {source}")]
    Failed {
        /// Who failed.
        recommender: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Anything that ranks items for users: popularity, random, matrix factorization, an agent, a file of lists.
pub trait Recommender: Send + Sync {
    /// A short name, unique in a report: `popularity`.
    fn name(&self) -> &str;

    /// The rows it was fitted on; `None` if it was fitted on none (random) or if nobody knows (lists from elsewhere).
    fn origin(&self) -> Option<&RowOrigin>;

    /// Ranks at most `k` of each query's allowed items, best first, equal scores by the smaller item.
    ///
    /// # Errors
    ///
    /// Fails on a score that is not finite, and where the implementation fails.
    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError>;

    /// The number of fitted numbers that it needs to recommend; 0 if it keeps none.
    fn n_parameters(&self) -> u64 {
        0
    }

    /// A copy that serves one session and learns from its feedback, with the parameters as they are now; `None` for those
    /// that do not learn while they serve, who see a session in the growing history of the queries alone.
    fn fork(&self) -> Option<Box<dyn Recommender>> {
        None
    }

    /// Begins a session; nothing to do for those that do not learn while they serve.
    fn start_session(&mut self, _user: UserIdx) {}

    /// Takes note of feedback; nothing to do for those that do not learn while they serve.
    fn observe(&mut self, _feedback: Feedback) {}
}

/// Orders scored items best first, equal scores by the smaller item.
fn before(left: &ScoredItem, right: &ScoredItem) -> std::cmp::Ordering {
    right.score.total_cmp(&left.score).then(left.item.cmp(&right.item))
}

/// The best `k` of the `allowed` items, by `scores` (`[I]`), best first, equal scores by the smaller item.
///
/// # Errors
///
/// Returns the first allowed item whose score is not finite.
pub fn rank(scores: &[f32], allowed: &ItemSet, k: usize) -> Result<Vec<ScoredItem>, ScoredItem> {
    let mut best: Vec<ScoredItem> = Vec::with_capacity(2 * k + 1);
    let mut threshold = f32::NEG_INFINITY;
    for item in allowed.iter() {
        // A score of -0.0 equals 0.0 for a reader, so it must for the tie rule.
        let score = scores[item.index()] + 0.0;
        if !score.is_finite() {
            return Err(ScoredItem { item, score });
        }
        // Items come in ascending order, so a later item that only equals the threshold is never better.
        if score > threshold || best.len() < k {
            best.push(ScoredItem { item, score });
            if best.len() == 2 * k {
                best.select_nth_unstable_by(k - 1, before);
                best.truncate(k);
                threshold = best.iter().map(|it| it.score).fold(f32::INFINITY, f32::min);
            }
        }
    }
    best.sort_unstable_by(before);
    best.truncate(k);
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_go_to_the_smaller_item_and_only_allowed_items_are_ranked() {
        let allowed = ItemSet::from_items(5, [0, 2, 3, 4].map(ItemIdx));
        let ranked = rank(&[1.0, 9.0, 2.0, 2.0, -0.0], &allowed, 3).unwrap();
        assert_eq!(ranked.iter().map(|it| it.item.0).collect::<Vec<_>>(), [2, 3, 0]);
    }

    #[test]
    fn a_nan_is_an_error_and_not_a_rank() {
        assert_eq!(rank(&[0.0, f32::NAN], &ItemSet::full(2), 1).unwrap_err().item, ItemIdx(1));
    }

    proptest! {
        #[test]
        fn ranking_equals_a_full_sort(scores in prop::collection::vec(0_i8..6, 1..200), k in 1_usize..12) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
            order.truncate(k);
            let ranked = rank(&scores, &ItemSet::full(scores.len()), k).unwrap();
            prop_assert_eq!(ranked.iter().map(|it| it.item.index()).collect::<Vec<_>>(), order);
        }
    }
}
