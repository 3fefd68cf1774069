//! Tests of the simulated users through their public interface.

mod contract;
mod logged;
mod long_term;
mod sessions;
mod similarity;
mod worlds;

use drr_core::{Interaction, InteractionLog, ItemIdx, RandomStream, Seeds, UserIdx};

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

fn random() -> RandomStream {
    Seeds(3).stream("test")
}

fn items(ids: &[u32]) -> Vec<ItemIdx> {
    ids.iter().copied().map(ItemIdx).collect()
}
