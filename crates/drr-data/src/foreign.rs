//! Ranked lists of any other system: text, JSON, or Parquet of whatever make, checked row by row.
//!
//! | matter | rule |
//! |---|---|
//! | layout | a row for each place of a list; or a row for each user, with the items in one column or in several, the best first |
//! | names of columns | a user, an item, and a rank or a score; case, `_`, `-`, spaces and what follows `:` do not matter |
//! | no header | user, item, rank or score; user and items; or TREC's `query Q0 item rank score tag` |
//! | ids | the data set's original ids, as text or whole numbers |
//! | rank | whole numbers; only their order counts, so gaps and any first number will do; one twice for a user is refused |
//! | score | finite, the greatest first; equal ones keep the order of the file; not read where there is a rank |
//! | an item twice for a user | refused |
//! | columns `protocol`, `recommender` | choose rows, where a file has them |
//!
//! What a reader had to conclude from the content stands in [`ForeignLists::notes`].

mod bare;
mod cells;
mod columns;
mod gathered;
mod json;
mod names;
mod stop;
mod table;
mod text;

use crate::progress::Told;
use crate::{DataError, Progress};
use columns::Columns;
use drr_intake::{Bounds, Whole, shown_within};
use gathered::Gathered;
use std::fmt;
use std::path::{Path, PathBuf};
use stop::Stop;

/// A text of lists may have 1 GiB as it lies there, and 256 MiB once it is unpacked.
const BOUNDS: Bounds = Bounds { plain: 1 << 30, unpacked: 256 << 20 };

/// Where in a file of lists something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListPlace {
    /// Nowhere in particular.
    File,
    /// A line of a text, from 1.
    Line(u64),
    /// A row of a table, from 1.
    Row(u64),
}

impl fmt::Display for ListPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(line) => write!(formatter, ", line {line}"),
            Self::Row(row) => write!(formatter, ", row {row}"),
        }
    }
}

/// One place of somebody's ranked list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForeignRow {
    /// Where it stands.
    pub place: ListPlace,
    /// The position of the user's original id in [`ForeignLists::user_ids`].
    pub user: u32,
    /// The position of the item's original id in [`ForeignLists::item_ids`].
    pub item: u32,
    /// Lists go from the least to the greatest: the rank, or the negative score. Finite.
    pub order: f64,
}

/// The lists of one recommender, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignLists {
    /// The file.
    pub path: PathBuf,
    /// The recommender, where the file names it.
    pub recommender: Option<String>,
    /// The users' original ids, each once.
    pub user_ids: Vec<String>,
    /// The items' original ids, each once.
    pub item_ids: Vec<String>,
    /// The places of the lists; no user has an item or a rank twice.
    pub rows: Vec<ForeignRow>,
    /// How the file was understood where its names do not say it, and what was not read: a sentence each.
    pub notes: Vec<String>,
}

/// Reads the lists of one recommender under one protocol.
///
/// A file without a column `protocol` or `recommender` holds the lists of one; of a file with several recommenders
/// `recommender` chooses.
///
/// # Errors
///
/// Fails on an unreadable file, a missing or ambiguous column, a field that is missing or no number, an item or a rank
/// that a user has twice, and a choice that leaves nothing, with the line or row and a remedy. Fails where `progress` is
/// interrupted.
pub fn read_foreign_lists(
    path: &Path,
    protocol: &str,
    recommender: Option<&str>,
    progress: &mut dyn Progress,
) -> Result<ForeignLists, DataError> {
    let mut told = Told(progress);
    let content = Whole::open(path, BOUNDS, &mut told)?;
    let stop = Stop::new(path, &told);
    let mut gathered = Gathered::new(&stop, protocol);
    match content {
        Whole::Parquet(file) => table::read(file, &mut gathered)?,
        Whole::Text(text) if text.trim_start().is_empty() => {
            let remedy = "write the lists into it, with a header";
            return Err(gathered.refuse(ListPlace::File, "it is empty", remedy));
        }
        Whole::Text(text) if text.trim_start().starts_with(['{', '[']) => json::read(&text, &mut gathered)?,
        Whole::Text(text) => text::read(&text, &mut gathered)?,
    }
    gathered.finish(recommender)
}

/// Names in quotes, the first few of them: `"user", "item" and 7 more`.
fn listed_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MAX: usize = 10;
    const MAX_NAME: usize = 80;
    let all: Vec<&str> = names.into_iter().collect();
    let quoted = |name: &&str| format!("\"{}\"", shown_within(name, MAX_NAME));
    let first: Vec<String> = all.iter().take(MAX).map(quoted).collect();
    let more = all.len().saturating_sub(MAX);
    let end = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(", ") + &end
}

/// The error of one file, at one place: less than 2 KB, whatever the file holds.
fn refuse(path: &Path, place: ListPlace, problem: impl AsRef<str>, remedy: &'static str) -> DataError {
    const MAX: usize = 1_200;
    DataError::BadLists { path: path.to_owned(), place, problem: shown_within(problem.as_ref(), MAX), remedy }
}
