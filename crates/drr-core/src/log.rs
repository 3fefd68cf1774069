//! The log of ratings, by user and in time order: what every learner reads.

use crate::{ItemIdx, ItemSet, Observed, PartSet, RowDigest, RowOrigin, UserIdx};

/// One rating of one item by one user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interaction {
    /// Who rated.
    pub user: UserIdx,
    /// What was rated.
    pub item: ItemIdx,
    /// The rating, on the data set's scale.
    pub rating: f32,
    /// Seconds since 1970, or the row's number where the data set has no time.
    pub timestamp: i64,
}

/// A reason why rows are no log.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogError {
    /// A user or item index is beyond the tables.
    #[error("row {row}: user {user} or item {item} is beyond the {n_users} users and {n_items} items")]
    OutOfRange {
        /// The row, from 0.
        row: usize,
        /// The row's user.
        user: u32,
        /// The row's item.
        item: u32,
        /// The number of users.
        n_users: usize,
        /// The number of items.
        n_items: usize,
    },
    /// A rating is infinite or NaN.
    #[error("row {row}: the rating {rating} is not a finite number")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The rating.
        rating: f32,
    },
}

/// One user's ratings, in time order, as parallel slices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserRatings<'log> {
    /// The rated items.
    pub items: &'log [ItemIdx],
    /// Their ratings.
    pub ratings: &'log [f32],
    /// Their times.
    pub timestamps: &'log [i64],
}

impl<'log> UserRatings<'log> {
    /// The number of ratings.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no rating.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The first `n` ratings and the rest.
    #[must_use]
    pub fn split_at(&self, n: usize) -> (Self, Self) {
        let n = n.min(self.len());
        let (items, items_rest) = self.items.split_at(n);
        let (ratings, ratings_rest) = self.ratings.split_at(n);
        let (timestamps, timestamps_rest) = self.timestamps.split_at(n);
        (
            Self { items, ratings, timestamps },
            Self { items: items_rest, ratings: ratings_rest, timestamps: timestamps_rest },
        )
    }

    /// The ratings one by one, as a query's history has them.
    #[must_use]
    pub fn observed(&self) -> Vec<Observed> {
        let rated = self.items.iter().zip(self.ratings).zip(self.timestamps);
        rated
            .map(|((item, rating), timestamp)| Observed {
                item: *item,
                rating: *rating,
                timestamp: *timestamp,
            })
            .collect()
    }

    /// The items rated at least `positive`, oldest first.
    pub fn positives(&self, positive: f32) -> impl Iterator<Item = ItemIdx> + use<'log> {
        self.items
            .iter()
            .zip(self.ratings)
            .filter(move |(_, rating)| **rating >= positive)
            .map(|(item, _)| *item)
    }
}

/// Ratings grouped by user, each user's in time order; equal times keep the order of the rows given.
///
/// A log knows which rows of which split it holds ([`InteractionLog::origin`]): whatever is fitted on it copies that
/// note, and the evaluator reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionLog {
    offsets: Vec<usize>,
    items: Vec<ItemIdx>,
    ratings: Vec<f32>,
    timestamps: Vec<i64>,
    n_items: usize,
    origin: RowOrigin,
}

impl InteractionLog {
    /// Groups rows by user and sorts each user's by time, stably. The origin is noted as the rows' own: see
    /// [`InteractionLog::with_split`].
    ///
    /// # Errors
    ///
    /// Refuses an index beyond the tables and a rating that is not finite, with the row's number.
    pub fn new(n_users: usize, n_items: usize, rows: &[Interaction]) -> Result<Self, LogError> {
        let mut counts = vec![0_usize; n_users + 1];
        for (row, it) in rows.iter().enumerate() {
            if it.user.index() >= n_users || it.item.index() >= n_items {
                let (user, item) = (it.user.0, it.item.0);
                return Err(LogError::OutOfRange { row, user, item, n_users, n_items });
            }
            if !it.rating.is_finite() {
                return Err(LogError::NotFinite { row, rating: it.rating });
            }
            counts[it.user.index() + 1] += 1;
        }
        for user in 0..n_users {
            counts[user + 1] += counts[user];
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| (rows[*row].user, rows[*row].timestamp));
        Ok(Self {
            offsets: counts,
            items: order.iter().map(|row| rows[*row].item).collect(),
            ratings: order.iter().map(|row| rows[*row].rating).collect(),
            timestamps: order.iter().map(|row| rows[*row].timestamp).collect(),
            n_items,
            origin: RowOrigin {
                split: String::new(),
                parts: PartSet::default(),
                digest: RowDigest::of(rows),
            },
        })
    }

    /// Notes which parts of which split the rows are. Only the owner of the split calls this.
    #[must_use]
    pub fn with_split(mut self, split: &str, parts: PartSet) -> Self {
        self.origin.split = split.to_owned();
        self.origin.parts = parts;
        self
    }

    /// Which rows these are.
    #[must_use]
    pub const fn origin(&self) -> &RowOrigin {
        &self.origin
    }

    /// The number of users, with and without ratings.
    #[must_use]
    pub const fn n_users(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The size of the catalogue.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.n_items
    }

    /// The number of ratings.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no rating.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// One user's ratings, oldest first. Panics beyond the users, which is a bug.
    #[must_use]
    pub fn of_user(&self, user: UserIdx) -> UserRatings<'_> {
        let range = self.offsets[user.index()]..self.offsets[user.index() + 1];
        UserRatings {
            items: &self.items[range.clone()],
            ratings: &self.ratings[range.clone()],
            timestamps: &self.timestamps[range],
        }
    }

    /// All users, in index order.
    pub fn users(&self) -> impl Iterator<Item = UserIdx> + use<> {
        (0..self.n_users()).map(UserIdx::from)
    }

    /// The items with at least `least` ratings.
    #[must_use]
    pub fn items_rated(&self, least: usize) -> ItemSet {
        let mut counts = vec![0_usize; self.n_items()];
        self.iter().for_each(|row| counts[row.item.index()] += 1);
        let often = counts.iter().enumerate().filter(|(_, count)| **count >= least);
        ItemSet::from_items(self.n_items(), often.map(|(item, _)| ItemIdx::from(item)))
    }

    /// Users with at least one rating, in index order.
    pub fn active_users(&self) -> impl Iterator<Item = UserIdx> + '_ {
        self.users().filter(|user| !self.of_user(*user).is_empty())
    }

    /// All ratings, by user and then time.
    pub fn iter(&self) -> impl Iterator<Item = Interaction> + '_ {
        self.users().flat_map(|user| {
            let of = self.of_user(user);
            (0..of.len()).map(move |at| Interaction {
                user,
                item: of.items[at],
                rating: of.ratings[at],
                timestamp: of.timestamps[at],
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(user: u32, item: u32, rating: f32, timestamp: i64) -> Interaction {
        Interaction { user: UserIdx(user), item: ItemIdx(item), rating, timestamp }
    }

    #[test]
    fn ratings_are_grouped_by_user_and_sorted_by_time_with_ties_in_row_order() {
        let rows = [row(1, 0, 5.0, 9), row(0, 2, 3.0, 5), row(0, 1, 4.0, 5), row(0, 0, 1.0, 2)];
        let log = InteractionLog::new(3, 3, &rows).unwrap();
        assert_eq!(log.of_user(UserIdx(0)).items, [ItemIdx(0), ItemIdx(2), ItemIdx(1)]);
        assert_eq!(log.of_user(UserIdx(1)).ratings, [5.0]);
        assert!(log.of_user(UserIdx(2)).is_empty());
        assert_eq!(log.active_users().collect::<Vec<_>>(), [UserIdx(0), UserIdx(1)]);
        assert_eq!(log.of_user(UserIdx(0)).positives(4.0).collect::<Vec<_>>(), [ItemIdx(1)]);
    }

    #[test]
    fn items_with_enough_ratings_are_found() {
        let rows = [row(0, 0, 5.0, 1), row(1, 0, 1.0, 1), row(0, 2, 3.0, 2), row(1, 3, 3.0, 2)];
        let log = InteractionLog::new(2, 4, &rows).unwrap();
        let items = |least| log.items_rated(least).iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(
            (items(0), items(1), items(2), items(3)),
            (vec![0, 1, 2, 3], vec![0, 2, 3], vec![0], vec![])
        );
    }

    #[test]
    fn a_bad_row_is_named() {
        let beyond = InteractionLog::new(1, 1, &[row(0, 0, 1.0, 0), row(0, 7, 1.0, 0)]);
        assert!(matches!(beyond, Err(LogError::OutOfRange { row: 1, item: 7, .. })));
        let nan = InteractionLog::new(1, 1, &[row(0, 0, f32::NAN, 0)]);
        assert!(matches!(nan, Err(LogError::NotFinite { row: 0, .. })));
    }

    #[test]
    fn a_user_splits_into_the_observed_and_the_rest() {
        let log = InteractionLog::new(1, 4, &[row(0, 3, 5.0, 1), row(0, 2, 4.0, 2)]).unwrap();
        let (observed, rest) = log.of_user(UserIdx(0)).split_at(1);
        assert_eq!((observed.items, rest.items), (&[ItemIdx(3)][..], &[ItemIdx(2)][..]));
        assert_eq!(log.of_user(UserIdx(0)).split_at(9).1.len(), 0);
    }
}
