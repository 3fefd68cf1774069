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
mod source;
mod table;
mod text;

use crate::DataError;
use columns::Columns;
use gathered::Gathered;
use source::Content;
use std::fmt;
use std::path::{Path, PathBuf};

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
/// that a user has twice, and a choice that leaves nothing, with the line or row and a remedy.
pub fn read_foreign_lists(
    path: &Path,
    protocol: &str,
    recommender: Option<&str>,
) -> Result<ForeignLists, DataError> {
    let mut gathered = Gathered::new(path, protocol);
    match source::open(path)? {
        Content::Parquet(file) => table::read(file, &mut gathered)?,
        Content::Text(text) if text.trim_start().starts_with(['{', '[']) => json::read(&text, &mut gathered)?,
        Content::Text(text) => text::read(&text, &mut gathered)?,
    }
    gathered.finish(recommender)
}

/// A text out of somebody's data as a message shows it: short, and without characters that a terminal obeys.
#[must_use]
pub fn shown(text: &str) -> String {
    const MAX: usize = 80;
    let mut short = plain(text, MAX);
    if text.chars().nth(MAX).is_some() {
        short.push('…');
    }
    short
}

/// At most `max` characters, with those that order something written out.
fn plain(text: &str, max: usize) -> String {
    let orders = |it: char| {
        it.is_control()
            || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::new();
    for letter in text.chars().take(max) {
        if orders(letter) {
            plain.extend(letter.escape_default());
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// Names in quotes, the first few of them: `"user", "item" and 7 more`.
fn listed_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MAX: usize = 10;
    let all: Vec<&str> = names.into_iter().collect();
    let first: Vec<String> = all.iter().take(MAX).map(|name| format!("\"{}\"", shown(name))).collect();
    let more = all.len().saturating_sub(MAX);
    let end = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(", ") + &end
}

/// The error of one file, at one place: less than 2 KB, whatever the file holds.
fn refuse(path: &Path, place: ListPlace, problem: impl AsRef<str>, remedy: &'static str) -> DataError {
    const MAX: usize = 1_200;
    DataError::BadLists { path: path.to_owned(), place, problem: plain(problem.as_ref(), MAX), remedy }
}
