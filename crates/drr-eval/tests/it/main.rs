//! Tests of the evaluator through its public interface.

mod canary;
mod contract;
mod evaluate;
mod gate;
mod golden;
mod guard;
mod protocol;
mod sessions;
mod statistics;

use drr_core::{
    Interaction, InteractionLog, ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, UserIdx,
    rank,
};

/// A log out of (user, item, rating), each user's rows in time order.
fn log(n_users: usize, n_items: usize, rows: &[(u32, u32, f32)]) -> InteractionLog {
    let rows: Vec<Interaction> = rows
        .iter()
        .zip(0..)
        .map(|((user, item, rating), timestamp)| Interaction {
            user: UserIdx(*user),
            item: ItemIdx(*item),
            rating: *rating,
            timestamp,
        })
        .collect();
    InteractionLog::new(n_users, n_items, &rows).expect("the rows are in range")
}

fn items(ids: &[u32]) -> Vec<ItemIdx> {
    ids.iter().copied().map(ItemIdx).collect()
}

/// Ranks by fixed scores.
struct Fixed {
    scores: Vec<f32>,
    origin: Option<RowOrigin>,
}

impl Fixed {
    fn new(scores: &[f32]) -> Self {
        Self { scores: scores.to_vec(), origin: None }
    }
}

impl Recommender for Fixed {
    fn name(&self) -> &str {
        "fixed"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.origin.as_ref()
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let not_finite = |query: &Query, bad: ScoredItem| RecommendError::NotFinite {
            recommender: "fixed".to_owned(),
            user: query.user,
            item: bad.item,
            score: bad.score,
        };
        queries
            .iter()
            .map(|query| rank(&self.scores, &query.allowed, k).map_err(|bad| not_finite(query, bad)))
            .collect()
    }
}

/// Gives the same list to everyone, allowed or not.
struct Stubborn(Vec<u32>);

impl Recommender for Stubborn {
    fn name(&self) -> &str {
        "stubborn"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], _k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let list: Vec<ScoredItem> =
            items(&self.0).into_iter().map(|item| ScoredItem { item, score: 0.0 }).collect();
        Ok(vec![list; queries.len()])
    }
}
