//! Item-based nearest neighbours: recommends what is liked together with the history's items.

use crate::ranking::{positives, rank_all};
use crate::{BaselineError, Popularity};
use drr_core::{
    InteractionLog, ItemIdx, POSITIVE_RATING, Query, RecommendError, Recommender, RowOrigin, ScoredItem,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The configuration of [`ItemKnn`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ItemKnnConfig {
    /// How many neighbours of each item are kept, at least 1; all if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_neighbours: Option<usize>,
    /// What is added to the cosine's divisor, in users; at least 0.
    pub shrink: f64,
    /// The least rating that counts as positive.
    pub positive: f32,
}

impl Default for ItemKnnConfig {
    fn default() -> Self {
        Self { n_neighbours: None, shrink: 20.0, positive: POSITIVE_RATING }
    }
}

/// An item and how near it is.
type Neighbour = (ItemIdx, f32);

/// Scores an item with the sum of its similarities to the history's positive items (Deshpande & Karypis 2004), as far as
/// these are among the item's nearest neighbours.
///
/// The similarity is the cosine of the items' positive users (binary), shrunk where few users support it:
/// `C_ij = |U_i and U_j| / (sqrt(|U_i| |U_j|) + shrink)`. A history without positives, or whose items have no neighbours,
/// gives the popular items.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemKnn {
    name: String,
    config: ItemKnnConfig,
    /// For each item the items that it is a neighbour of, ascending: what a history's item adds to.
    supported: Vec<Vec<Neighbour>>,
    fallback: Popularity,
}

impl ItemKnn {
    /// Fits on the positive rows of `log`, a user's repeated item once.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range.
    pub fn fit(log: &InteractionLog, config: &ItemKnnConfig) -> Result<Self, BaselineError> {
        if config.n_neighbours == Some(0) {
            return Err(BaselineError::Config { field: "n_neighbours", value: 0.0, wanted: "at least 1" });
        }
        if !config.shrink.is_finite() || config.shrink < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(BaselineError::Config { field: "shrink", value: config.shrink, wanted });
        }
        let name = match config.n_neighbours {
            Some(n_neighbours) => format!("item_knn_{n_neighbours}"),
            None => "item_knn".to_owned(),
        };
        let neighbours = neighbours(log, config);
        // Similarity is symmetric, so with all neighbours kept each item supports just those that support it.
        let supported = if config.n_neighbours.is_some() { supported(&neighbours) } else { neighbours };
        Ok(Self { name, config: *config, supported, fallback: Popularity::fit(log, config.positive) })
    }

    /// The scores of all items, `[I]`.
    pub(crate) fn scores(&self, query: &Query) -> Vec<f32> {
        let mut scores = vec![0.0; self.supported.len()];
        for item in positives(&query.history, self.config.positive, scores.len()) {
            for (candidate, similarity) in &self.supported[item.index()] {
                scores[candidate.index()] += similarity;
            }
        }
        if query.allowed.iter().all(|item| scores[item.index()] == 0.0) {
            return self.fallback.counts().to_vec();
        }
        scores
    }
}

impl Recommender for ItemKnn {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.fallback.origin()
    }

    fn n_parameters(&self) -> u64 {
        self.supported.iter().map(|supported| supported.len() as u64).sum()
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(&self.name, self.supported.len(), queries, k, |query| self.scores(query))
    }
}

/// Turns "the neighbours of each item" into "the items that each item is a neighbour of", ascending.
fn supported(neighbours: &[Vec<Neighbour>]) -> Vec<Vec<Neighbour>> {
    let mut supported = vec![Vec::new(); neighbours.len()];
    for (item, nearest) in neighbours.iter().enumerate() {
        for (neighbour, similarity) in nearest {
            supported[neighbour.index()].push((ItemIdx::from(item), *similarity));
        }
    }
    supported
}

/// The nearest neighbours of every item.
fn neighbours(log: &InteractionLog, config: &ItemKnnConfig) -> Vec<Vec<Neighbour>> {
    let mut users_of: Vec<Vec<u32>> = vec![Vec::new(); log.n_items()];
    let mut items_of: Vec<Vec<u32>> = Vec::with_capacity(log.n_users());
    for user in log.users() {
        let mut items: Vec<u32> = log.of_user(user).positives(config.positive).map(|item| item.0).collect();
        items.sort_unstable();
        items.dedup();
        for item in &items {
            users_of[*item as usize].push(user.0);
        }
        items_of.push(items);
    }
    #[expect(clippy::cast_precision_loss, reason = "no item has 2^53 users")]
    let lengths: Vec<f64> = users_of.iter().map(|users| (users.len() as f64).sqrt()).collect();
    (0..log.n_items())
        .into_par_iter()
        .map_init(
            || vec![0_u32; log.n_items()],
            |counts, item| {
                counts.fill(0);
                for user in &users_of[item] {
                    for other in &items_of[*user as usize] {
                        counts[*other as usize] += 1;
                    }
                }
                nearest(item, counts, &lengths, config)
            },
        )
        .collect()
}

/// The nearest of the items that share a user with `item`, by the numbers of common users.
fn nearest(item: usize, counts: &[u32], lengths: &[f64], config: &ItemKnnConfig) -> Vec<Neighbour> {
    let mut nearest: Vec<Neighbour> = counts
        .iter()
        .enumerate()
        .filter(|(other, count)| **count > 0 && *other != item)
        .map(|(other, count)| {
            let cosine = f64::from(*count) / (lengths[item] * lengths[other] + config.shrink);
            #[expect(clippy::cast_possible_truncation, reason = "similarities are stored in 32 bits")]
            let similarity = cosine as f32;
            (ItemIdx::from(other), similarity)
        })
        .collect();
    if let Some(n_neighbours) = config.n_neighbours.filter(|n_neighbours| *n_neighbours < nearest.len()) {
        let before =
            |left: &Neighbour, right: &Neighbour| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0));
        nearest.select_nth_unstable_by(n_neighbours - 1, before);
        nearest.truncate(n_neighbours);
    }
    nearest.shrink_to_fit();
    nearest
}
