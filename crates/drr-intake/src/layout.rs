//! How a log is to be read: everything that was guessed or said about its files, as it stands in `NAME.toml`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Fields between separators, a row a line.
    #[default]
    Delimited,
    /// A JSON object a line.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
    /// Apache Parquet.
    Parquet,
}

/// What a number in the log says of a user and an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A rating on a scale.
    Rating,
    /// That something happened; every row is positive.
    Event,
    /// How often it happened, or how many were taken.
    Count,
    /// How long it took.
    Duration,
}

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since 1970, with or without a fraction.
    S,
    /// Milliseconds since 1970.
    Ms,
    /// Microseconds since 1970.
    Us,
    /// Nanoseconds since 1970.
    Ns,
    /// Days since 1899-12-30, as spreadsheets count.
    ExcelDays,
    /// A number that only tells what came first.
    Order,
    /// ISO 8601, with or without time of day, fraction and zone; without a zone it is UTC.
    Iso8601,
    /// A pattern as in `strftime`; without a zone it is UTC.
    Pattern(String),
}

/// What a file of rows is written in, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dialect {
    /// How rows are written.
    pub format: Format,
    /// The encoding's name by the Encoding Standard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between two fields: a character, several (`::`), or `whitespace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// What fields may stand in, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<char>,
    /// The character that takes its meaning from a quotation mark behind it (`\"`); else a mark is written twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<char>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The lines before the first row.
    pub skip_lines: u64,
}

/// What the columns of a log are. A column is named by its name in the header, else by its number, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The user's id.
    pub user: String,
    /// The item's id.
    pub item: String,
    /// The rating, count or duration; none where every row says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Columns that say something of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_user: Vec<String>,
    /// Columns that say something of the item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_item: Vec<String>,
    /// Columns that are not used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
}

/// A table of users or items beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideTable {
    /// The file, by its path in the folder or archive.
    pub file: String,
    /// How it is written.
    #[serde(default)]
    pub dialect: Dialect,
    /// The names of its columns, where the file has no header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The column with the id.
    pub id: String,
    /// The column with titles. Where neither this nor one of the next two is said, names of columns tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The column with years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<String>,
    /// The column with categories: several between `|`, `;` or `,`, or in brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<String>,
}

impl SideTable {
    /// Whether it is said which columns have titles, years or categories.
    #[must_use]
    pub const fn is_said(&self) -> bool {
        self.title.is_some() || self.year.is_some() || self.categories.is_some()
    }
}

/// How a log is to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The files with the rows, by their paths in the folder or archive, in the order in which they are read.
    pub files: Vec<String>,
    /// What the value says.
    pub signal: Signal,
    /// How times are written; none where there is no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeUnit>,
    /// The sign before the fraction of a number.
    #[serde(default = "point")]
    pub decimal: char,
    /// The sign between groups of three digits, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// What the value column says when it says nothing: `99` where that means that there is no rating.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_value: Vec<String>,
    /// The number for each text of the value column. Without it the column has numbers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, f64>,
    /// How the files are written.
    pub dialect: Dialect,
    /// What the columns are.
    pub columns: Columns,
    /// The rows that count, by column: those whose field is one of the words. Without an entry every row counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, Vec<String>>,
    /// A table of the users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<SideTable>,
    /// A table of the items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<SideTable>,
    /// Further tables of the items, which say what the first does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_items: Vec<SideTable>,
}

const fn point() -> char {
    '.'
}
