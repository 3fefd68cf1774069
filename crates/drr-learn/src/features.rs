//! What is known of users and items beside their ratings, as a part of the state: demographics and genres, say (Liu et al.
//! 2018, sec. III).

use crate::LearnError;
use drr_core::{EmbeddingTable, ItemIdx, UserIdx};
use drr_store::{NamedArray, Values};

const USERS: &str = "features.users";
const ITEMS: &str = "features.items";

/// Given numbers of users and items, never trained and never scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct StateFeatures {
    users: EmbeddingTable,
    items: EmbeddingTable,
}

impl StateFeatures {
    /// Features of users `[U, F_u]` and of items `[I, F_i]`.
    #[must_use]
    pub fn new(users: EmbeddingTable, items: EmbeddingTable) -> Self {
        Self { users, items }
    }

    /// `F = F_u + F_i`, what they add to a state.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.users.dim() + self.items.dim()
    }

    /// The size of the catalogue, `I`.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.items.n_rows()
    }

    /// Appends one row `[F]`: the user's features, zeros for a user beyond the table, and the mean of those of the history's
    /// items, zeros where there are none.
    pub fn push(&self, user: UserIdx, history: impl Iterator<Item = ItemIdx>, into: &mut Vec<f32>) {
        if user.index() < self.users.n_rows() {
            into.extend_from_slice(self.users.row(user.index()));
        } else {
            into.extend(std::iter::repeat_n(0.0, self.users.dim()));
        }
        let at = into.len();
        into.extend(std::iter::repeat_n(0.0, self.items.dim()));
        let mut n_items = 0.0_f32;
        for item in history {
            n_items += 1.0;
            let features = self.items.row(item.index());
            into[at..].iter_mut().zip(features).for_each(|(sum, value)| *sum += value);
        }
        into[at..].iter_mut().for_each(|value| *value /= n_items.max(1.0));
    }

    /// The tables as arrays, for a policy's file.
    #[must_use]
    pub fn to_arrays(&self) -> [NamedArray; 2] {
        [(USERS, &self.users), (ITEMS, &self.items)].map(|(name, table)| {
            let shape = vec![table.n_rows(), table.dim()];
            NamedArray::new(name.to_owned(), shape, Values::F32(table.values().to_vec()))
        })
    }

    /// The tables in a policy's file.
    ///
    /// # Errors
    ///
    /// Fails if a table is missing or no table.
    pub fn from_arrays(arrays: &[NamedArray]) -> Result<Self, LearnError> {
        let table = |name: &str| {
            let absent = || LearnError::OtherRun(format!("the policy has no table {name}"));
            let array = arrays.iter().find(|array| array.name == name).ok_or_else(absent)?;
            match (&*array.shape, &array.values) {
                ([n_rows, dim], Values::F32(values)) => EmbeddingTable::new(*n_rows, *dim, values.clone())
                    .map_err(|error| LearnError::Tables(error.to_string())),
                _ => Err(absent()),
            }
        };
        Ok(Self { users: table(USERS)?, items: table(ITEMS)? })
    }

    /// Whether an array of a policy's file is one of the tables, and not trained.
    #[must_use]
    pub fn is_table(array: &NamedArray) -> bool {
        [USERS, ITEMS].contains(&&*array.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> StateFeatures {
        let users = EmbeddingTable::new(2, 2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        let items = EmbeddingTable::new(3, 1, vec![1.0, 0.0, 4.0]).unwrap();
        StateFeatures::new(users, items)
    }

    #[test]
    fn a_row_is_the_users_features_and_the_mean_of_the_historys() {
        let features = features();
        let row = |user: u32, history: &[u32]| {
            let mut into = vec![9.0];
            features.push(UserIdx(user), history.iter().copied().map(ItemIdx), &mut into);
            into
        };
        assert_eq!(features.n_features(), 3);
        assert_eq!(row(1, &[0, 2]), [9.0, 0.0, 1.0, 2.5]);
        assert_eq!(row(0, &[]), [9.0, 1.0, 0.0, 0.0]);
        assert_eq!(row(u32::MAX, &[2]), [9.0, 0.0, 0.0, 4.0], "an unknown user has zeros");
    }

    #[test]
    fn the_tables_come_back_from_their_arrays() {
        let arrays = features().to_arrays();
        assert!(arrays.iter().all(StateFeatures::is_table));
        assert_eq!(StateFeatures::from_arrays(&arrays).unwrap(), features());
        let error = StateFeatures::from_arrays(&arrays[..1]).unwrap_err().to_string();
        assert!(error.contains("no table features.items"), "{error}");
    }
}
