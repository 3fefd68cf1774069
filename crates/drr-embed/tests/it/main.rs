//! Both embeddings on made logs: what they learn, and what they refuse.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

mod co_occurrence;
mod continuation_factors;
mod ease_factors;
mod files;
mod neighbourhood;
mod pmf;
mod rating_factors;

use drr_core::{Interaction, InteractionLog, ItemIdx, Observed, Seeds, UserIdx};
use rand::Rng;

/// One rating.
fn row(user: u32, item: u32, rating: f32, timestamp: i64) -> Interaction {
    Interaction { user: UserIdx(user), item: ItemIdx(item), rating, timestamp }
}

/// One observed rating.
fn seen(item: u32, rating: f32) -> Observed {
    Observed { item: ItemIdx(item), rating, timestamp: 0 }
}

/// Two kinds of users and two kinds of items: a user rates items of the own kind 4 or 5 and the others 1 or 2. Item
/// `n_items - 1` has no rating.
fn two_tastes(n_users: u32, n_items: u32, share: f64) -> InteractionLog {
    let mut random = Seeds(5).stream("two tastes");
    let mut rows = Vec::new();
    for user in 0..n_users {
        for item in 0..n_items - 1 {
            if random.random_bool(share) {
                let low = if user % 2 == item % 2 { 4.0 } else { 1.0 };
                let timestamp = rows.len().try_into().unwrap();
                rows.push(row(user, item, low + f32::from(random.random_bool(0.5)), timestamp));
            }
        }
    }
    InteractionLog::new(n_users as usize, n_items as usize, &rows).unwrap()
}
