//! A Markov chain: what is liked soon after what.

use crate::ranking::rank_all;
use crate::{BaselineError, Popularity};
use drr_core::{InteractionLog, ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The configuration of [`MarkovChain`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarkovConfig {
    /// How many of the following items count, the nearer the more; at least 1.
    pub window: usize,
    /// What is added to the divisor of a transition's share, in transitions; at least 0.
    pub shrink: f64,
    /// How many of the latest items of a history are looked at; at least 1.
    pub n_latest: usize,
    /// The weight of each earlier one of them relative to the next later one, in `(0, 1]`.
    pub decay: f64,
}

impl Default for MarkovConfig {
    fn default() -> Self {
        Self { window: 5, shrink: 20.0, n_latest: 10, decay: 0.9 }
    }
}

impl MarkovConfig {
    fn check(&self) -> Result<(), BaselineError> {
        #[expect(clippy::cast_precision_loss, reason = "for a message alone")]
        for (field, value) in [("window", self.window as f64), ("n_latest", self.n_latest as f64)] {
            if value < 1.0 {
                return Err(BaselineError::Config { field, value, wanted: "at least 1" });
            }
        }
        if !self.shrink.is_finite() || self.shrink < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(BaselineError::Config { field: "shrink", value: self.shrink, wanted });
        }
        if !(self.decay > 0.0 && self.decay <= 1.0) {
            return Err(BaselineError::Config {
                field: "decay",
                value: self.decay,
                wanted: "above 0, at most 1",
            });
        }
        Ok(())
    }
}

/// Scores item `j` with `sum_n decay^n T(i_n, j)` over the latest positive items `i_0, i_1, ..` of the history, where
/// `T(i, j) = N_ij / (sum_k N_ik + shrink)` and `N_ij` adds up `1 / distance` wherever `j` follows `i` within the window in a
/// user's positive items (a first-order chain, as in Rendle et al. 2010, sec. 3, with skips).
///
/// A history without positives, or after whose items nothing ever followed, gives the popular items.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkovChain {
    config: MarkovConfig,
    positive: f32,
    /// For each item the items that follow it, ascending, with their shares.
    followers: Vec<Vec<(ItemIdx, f32)>>,
    fallback: Popularity,
}

impl MarkovChain {
    /// Counts on the ratings of `log` that are at least `positive`, in time order.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range.
    pub fn fit(log: &InteractionLog, config: MarkovConfig, positive: f32) -> Result<Self, BaselineError> {
        config.check()?;
        let mut counts: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); log.n_items()];
        for user in log.users() {
            let items: Vec<ItemIdx> = log.of_user(user).positives(positive).collect();
            for (at, item) in items.iter().enumerate() {
                let following = items[at + 1..].iter().take(config.window).zip(1_u32..);
                for (next, distance) in following.filter(|(next, _)| *next != item) {
                    *counts[item.index()].entry(next.0).or_default() += 1.0 / f64::from(distance);
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "scores are 32 bits wide")]
        let shares = |counts: BTreeMap<u32, f64>| {
            let total: f64 = counts.values().sum::<f64>() + config.shrink;
            counts.into_iter().map(|(item, count)| (ItemIdx(item), (count / total) as f32)).collect()
        };
        let followers = counts.into_iter().map(shares).collect();
        Ok(Self { config, positive, followers, fallback: Popularity::fit(log, positive) })
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Vec<f32> {
        let n_items = self.followers.len();
        let mut scores = vec![0.0; n_items];
        let latest = query.history.iter().rev();
        let latest = latest.filter(|it| it.rating >= self.positive && it.item.index() < n_items);
        let mut weight = 1.0_f32;
        for it in latest.take(self.config.n_latest) {
            for (item, share) in &self.followers[it.item.index()] {
                scores[item.index()] += weight * share;
            }
            #[expect(clippy::cast_possible_truncation, reason = "scores are 32 bits wide")]
            let decay = self.config.decay as f32;
            weight *= decay;
        }
        if query.allowed.iter().all(|item| scores[item.index()] == 0.0) {
            return self.fallback.counts().to_vec();
        }
        scores
    }
}

impl Recommender for MarkovChain {
    fn name(&self) -> &'static str {
        "markov"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.fallback.origin()
    }

    fn n_parameters(&self) -> u64 {
        self.followers.iter().map(|followers| followers.len() as u64).sum()
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(self.name(), self.followers.len(), queries, k, |query| self.scores(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemSet, Observed, UserIdx};

    #[test]
    fn what_follows_soon_and_the_latest_item_weigh_most() {
        // One user: 0, 1, 2, of which all are liked. T(0, 1) = 1 / 1.5, T(0, 2) = .5 / 1.5, T(1, 2) = 1.
        let row =
            |item, timestamp| Interaction { user: UserIdx(0), item: ItemIdx(item), rating: 5.0, timestamp };
        let log = InteractionLog::new(1, 4, &[row(0, 0), row(1, 1), row(2, 2)]).unwrap();
        let config = MarkovConfig { window: 5, shrink: 0.0, n_latest: 2, decay: 0.5 };
        let chain = MarkovChain::fit(&log, config, 4.0).unwrap();
        let seen = |item, rating| Observed { item: ItemIdx(item), rating, timestamp: 0 };
        let query = |history| Query { user: UserIdx(7), history, allowed: ItemSet::full(4) };
        let scores = chain.scores(&query(vec![seen(1, 5.0), seen(3, 1.0), seen(0, 4.0)]));
        // Latest liked: 0 with weight 1, then 1 with weight .5.
        let expected = [0.0, 2.0 / 3.0, 1.0 / 3.0 + 0.5, 0.0];
        assert!(scores.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{scores:?}");
        assert_eq!(chain.scores(&query(Vec::new())), [1.0, 1.0, 1.0, 0.0], "the popular items");
    }
}
