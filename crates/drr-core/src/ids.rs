//! Dense indices of users, items and contexts.
//!
//! Raw ids never leave the data crate: everything else counts from 0. Index order is the order of the raw ids, so "the
//! smaller item id" of a tie is the smaller [`ItemIdx`].

use serde::{Deserialize, Serialize};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl From<usize> for $name {
            /// Panics above `u32::MAX`, which no supported data set reaches.
            fn from(index: usize) -> Self {
                Self(u32::try_from(index).expect("an index fits in 32 bits"))
            }
        }
    };
}

index! {
    /// A user of the data set, counted from 0 in the order of the raw ids.
    UserIdx
}
index! {
    /// An item of the catalogue, counted from 0 in the order of the raw ids.
    ItemIdx
}
index! {
    /// What was known of a user when a session began: a row in the table of folded-in user vectors.
    ///
    /// One user has several contexts when sessions start at several points of the log.
    ContextIdx
}

impl ItemIdx {
    /// Stands for "no item" where a history is shorter than its window.
    pub const PADDING: Self = Self(u32::MAX);
}
