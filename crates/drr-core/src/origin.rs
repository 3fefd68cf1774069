//! Where rows come from: which parts of which split, and a digest that a stranger can recompute.
//!
//! A claim ("fitted on train") is worth little: the digest lets the evaluator compare the rows themselves.

use crate::Interaction;
use serde::{Deserialize, Serialize};

/// One part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Rows that may be fitted on.
    Train,
    /// Rows cut from train that choices are made on, and that the final fit may use.
    Validation,
    /// Rows that are only ever judged on.
    Test,
    /// Rows of the users that the first simulator is fitted on, and nothing else is.
    SimulatorA,
    /// Rows of the users that the second simulator is fitted on, and nothing else is.
    SimulatorB,
}

/// Some of the parts of a split.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartSet(std::collections::BTreeSet<Part>);

impl PartSet {
    /// The rows of the first fit, before anything is chosen.
    #[must_use]
    pub fn train() -> Self {
        Self([Part::Train].into())
    }

    /// The rows of the final fit.
    #[must_use]
    pub fn train_and_validation() -> Self {
        Self([Part::Train, Part::Validation].into())
    }

    /// Whether `part` is among them.
    #[must_use]
    pub fn contains(&self, part: Part) -> bool {
        self.0.contains(&part)
    }
}

impl FromIterator<Part> for PartSet {
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Self {
        Self(parts.into_iter().collect())
    }
}

/// A digest of a multiset of rows, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowDigest {
    /// The number of rows.
    pub n_rows: u64,
    /// The wrapping sum of the rows' hashes.
    pub sum: u64,
}

impl RowDigest {
    /// The digest of `rows`: user, item, rating and time of each.
    #[must_use]
    pub fn of(rows: &[Interaction]) -> Self {
        let sum = rows.iter().fold(0_u64, |sum, row| {
            let pair = u64::from(row.user.0) << 32 | u64::from(row.item.0);
            let hash = mix(mix(pair)
                ^ mix(u64::from(row.rating.to_bits()))
                ^ mix(row.timestamp.cast_unsigned()).rotate_left(17));
            sum.wrapping_add(hash)
        });
        Self { n_rows: rows.len() as u64, sum }
    }
}

/// The finalizer of `SplitMix64` (Steele et al. 2014): every input bit reaches every output bit.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// Which rows something was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOrigin {
    /// The hash of the split; empty for rows that belong to none.
    pub split: String,
    /// The parts of that split.
    pub parts: PartSet,
    /// The digest of the rows themselves.
    pub digest: RowDigest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ItemIdx, UserIdx};

    #[test]
    fn the_digest_ignores_order_and_sees_every_field() {
        let row = |user, item, rating, timestamp| Interaction {
            user: UserIdx(user),
            item: ItemIdx(item),
            rating,
            timestamp,
        };
        let one = row(1, 2, 3.0, 4);
        let two = row(2, 1, 3.0, 4);
        assert_eq!(RowDigest::of(&[one, two]), RowDigest::of(&[two, one]));
        for other in [row(0, 2, 3.0, 4), row(1, 0, 3.0, 4), row(1, 2, 4.0, 4), row(1, 2, 3.0, 5)] {
            assert_ne!(RowDigest::of(&[one]), RowDigest::of(&[other]));
        }
    }
}
