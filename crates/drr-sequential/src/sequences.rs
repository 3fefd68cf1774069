//! From a log to windows of items, batches, and the shards of a batch.

use drr_core::{InteractionLog, ItemIdx, RandomStream};
use rand::Rng;
use rand::seq::SliceRandom;

/// The positions of a shard, padding included: enough for efficient products, few enough for the caches.
const SHARD_POSITIONS: usize = 1_024;

/// The positively rated items of each user with at least two of them, in time order.
pub(crate) struct Sequences(Vec<Vec<ItemIdx>>);

/// Windows of a batch whose gradient is computed as one.
pub(crate) struct Shard<'a> {
    /// At least two items each, the longest first.
    pub(crate) windows: Vec<&'a [ItemIdx]>,
}

impl Sequences {
    pub(crate) fn new(log: &InteractionLog, positive: f32) -> Self {
        let all = log.users().map(|user| log.of_user(user).positives(positive).collect::<Vec<_>>());
        Self(all.filter(|items| items.len() > 1).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// One window of at most `longest` items of each user, in a random order.
    pub(crate) fn windows(&self, longest: usize, stream: &mut RandomStream) -> Vec<&[ItemIdx]> {
        let cut = |items: &'_ Vec<ItemIdx>, stream: &mut RandomStream| {
            let last = items.len().saturating_sub(longest);
            let start =
                if last > 0 && stream.random::<bool>() { stream.random_range(0..=last) } else { last };
            start..items.len().min(start + longest)
        };
        let mut windows: Vec<&[ItemIdx]> = self.0.iter().map(|items| &items[cut(items, stream)]).collect();
        windows.shuffle(stream);
        windows
    }
}

/// Cuts a batch into shards of windows of similar lengths.
pub(crate) fn shards<'a>(batch: &[&'a [ItemIdx]]) -> Vec<Shard<'a>> {
    let mut windows = batch.to_vec();
    windows.sort_by_key(|window| std::cmp::Reverse(window.len()));
    let mut shards: Vec<Shard<'a>> = Vec::new();
    for window in windows {
        match shards.last_mut() {
            Some(shard) if (shard.windows.len() + 1) * shard.windows[0].len() <= SHARD_POSITIONS => {
                shard.windows.push(window);
            }
            _ => shards.push(Shard { windows: vec![window] }),
        }
    }
    shards
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, Seeds, UserIdx};

    fn log() -> InteractionLog {
        let row = |user, item, rating, timestamp| Interaction {
            user: UserIdx(user),
            item: ItemIdx(item),
            rating,
            timestamp,
        };
        let mut rows: Vec<Interaction> = (0..9).map(|at| row(0, at, 5.0, i64::from(at))).collect();
        rows.extend([row(1, 3, 5.0, 1), row(1, 4, 1.0, 2), row(2, 8, 4.0, 9), row(2, 7, 4.0, 3)]);
        InteractionLog::new(3, 9, &rows).unwrap()
    }

    #[test]
    fn sequences_are_the_positive_items_in_time_order_of_users_with_two() {
        let sequences = Sequences::new(&log(), 4.0);
        assert_eq!(sequences.len(), 2);
        assert_eq!(sequences.0[1], [ItemIdx(7), ItemIdx(8)]);
    }

    #[test]
    fn windows_are_runs_of_at_most_that_many_items_and_half_are_the_last() {
        let sequences = Sequences::new(&log(), 4.0);
        let mut stream = Seeds(3).stream("windows");
        let mut n_last = 0;
        for _ in 0..400 {
            let windows = sequences.windows(4, &mut stream);
            let long = windows.iter().find(|window| window.len() == 4).unwrap();
            assert!(long.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
            n_last += usize::from(long[3] == ItemIdx(8));
        }
        // 1/2 and 1/6 of the other half.
        assert!((200..270).contains(&n_last), "{n_last}");
    }

    #[test]
    fn shards_hold_every_window_once_and_stay_small() {
        let items = vec![ItemIdx(0); 500];
        let batch: Vec<&[ItemIdx]> = (0..40).map(|at| &items[..2 + at * 12]).collect();
        let shards = shards(&batch);
        assert_eq!(shards.iter().map(|shard| shard.windows.len()).sum::<usize>(), 40);
        assert!(shards.iter().all(|shard| shard.windows.len() * shard.windows[0].len() <= SHARD_POSITIONS));
    }
}
