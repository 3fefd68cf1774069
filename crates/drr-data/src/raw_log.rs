//! A checked rating log in memory: the one form in which every raw format, and the generator, hand over their rows.
//!
//! Parsers end here and the store begins here, so neither knows the other. Raw ids are kept only in the two tables;
//! the rows already carry dense indices.

use crate::Entities;
use drr_core::Interaction;
use serde::{Deserialize, Serialize};

/// What was counted while the raw rows were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowCounts {
    /// Rating rows in the raw file.
    pub rows_read: u64,
    /// Rows dropped because the user had rated the item in an earlier row.
    pub duplicates_dropped: u64,
    /// Rows dropped because the user or the item is not in the tables of the data set.
    pub unknown_dropped: u64,
    /// Rows dropped because the rating is not on the scale.
    pub out_of_range_dropped: u64,
    /// Rows of a log of one's own dropped because they have no value where others have one.
    #[serde(default, skip_serializing_if = "is_none")]
    pub without_value: u64,
    /// Rows dropped because their user or item is too rare by the rules of a log of one's own.
    #[serde(default, skip_serializing_if = "is_none")]
    pub filtered: u64,
    /// Rows of a log of one's own that are not asked for: another kind of row, or outside the time window.
    #[serde(default, skip_serializing_if = "is_none")]
    pub not_asked_for: u64,
    /// Rows of a log of one's own whose 0 says that nothing was rated.
    #[serde(default, skip_serializing_if = "is_none")]
    pub implicit_zeros: u64,
    /// Rows of users or items that were in another encoding than declared, and were decoded by what they are.
    pub reencoded: u64,
    /// Items that are listed but have no rating; they are not in the log.
    pub unrated_items: u64,
    /// Users who are listed but have no rating; they are not in the log.
    pub unrated_users: u64,
}

/// Whether nothing was counted.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A checked data set in memory, with dense indices.
///
/// Users and items are sorted by raw id: as numbers if all ids of the table are integers, else as text. Only those
/// that have a rating are in the tables. No (user, item) pair occurs twice and every rating is on the scale.
#[derive(Debug, Clone, PartialEq)]
pub struct RawLog {
    /// The name of the data set in the registry.
    pub dataset: String,
    /// The users; a row's `UserIdx` is a position here.
    pub users: Entities,
    /// The items; a row's `ItemIdx` is a position here.
    pub items: Entities,
    /// Items of which something is said, but that no row is of: new ones.
    pub cold_items: Entities,
    /// The rows, in the order of the raw file.
    pub interactions: Vec<Interaction>,
    /// What was counted on the way.
    pub counts: RowCounts,
    /// The smallest and the largest possible rating.
    pub rating_scale: (f32, f32),
    /// Whether the data set has times; if not, a row's timestamp is its number.
    pub has_time: bool,
}
