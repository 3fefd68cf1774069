//! A session policy that serves as every recommender does: by queries whose history grows.

use crate::SessionPolicy;
use drr_core::{Query, RecommendError, Recommender, RowOrigin, ScoredItem, Shown};

/// A policy behind [`Recommender`]: the first ratings of a query's history are what was known before the session, all later
/// ones were shown in it and answered.
pub struct SessionRanker {
    policy: SessionPolicy,
    n_known: usize,
    /// The rating whose reward is 0, and the distance from it whose reward is 1.
    rewards: (f32, f32),
}

impl SessionRanker {
    /// The policy, with sessions that begin after `n_known` ratings; a rating of `middle` is worth 0, one of `middle +
    /// half_range` 1.
    #[must_use]
    pub const fn new(policy: SessionPolicy, n_known: usize, rewards: (f32, f32)) -> Self {
        Self { policy, n_known, rewards }
    }
}

impl Recommender for SessionRanker {
    fn name(&self) -> &str {
        &self.policy.header().name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.policy.header().origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let (middle, half_range) = self.rewards;
        let one = |query: &Query| {
            let (known, later) = query.history.split_at(self.n_known.min(query.history.len()));
            let reward = |rating: f32| ((rating - middle) / half_range).clamp(-1.0, 1.0);
            let shown: Vec<Shown> =
                later.iter().map(|it| Shown { item: it.item, reward: reward(it.rating) }).collect();
            let begun = Query { history: known.to_vec(), ..query.clone() };
            self.policy.ranked(&begun, &shown, k)
        };
        queries.iter().map(one).collect()
    }

    fn n_parameters(&self) -> u64 {
        self.policy.n_parameters()
    }
}
