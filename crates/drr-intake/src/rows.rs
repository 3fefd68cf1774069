//! Rows of fields, one after the other, whatever they are written in.

mod delimited;
mod json;
mod parquet;

use crate::IntakeError;
use crate::error::shown;
use crate::layout::{Dialect, Format};
use crate::source::{Member, Source, Utf8Reader, Watch};
use csv::ByteRecord;
use encoding_rs::{Encoding, UTF_8};
use std::io::BufRead;

pub(crate) use json::{first_objects_keys, keys as json_keys};
pub(crate) use parquet::{columns as parquet_columns, is_field};

/// One row: its fields, without white space around them, and where it stands.
#[derive(Debug, Default)]
pub struct Row {
    pub(crate) fields: ByteRecord,
    /// The line, or of Parquet the row; both count from 1.
    pub line: u64,
}

impl Row {
    /// The field of a column, counted from 0; empty where the row has no such field.
    #[must_use]
    pub fn field(&self, at: usize) -> &[u8] {
        self.fields.get(at).unwrap_or_default().trim_ascii()
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether nothing stands in the row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.iter().all(|field| field.trim_ascii().is_empty())
    }
}

/// Whoever gives rows.
pub(crate) trait Rows {
    /// Reads the next row; false after the last one.
    fn next(&mut self, row: &mut Row) -> Result<bool, IntakeError>;
}

/// The names of a file's columns, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// A name for each column: that of the header, else its number from 1.
    pub names: Vec<String>,
}

impl Header {
    /// Names by number.
    pub(crate) fn numbered(n_columns: usize) -> Self {
        Self { names: (1..=n_columns).map(|number| number.to_string()).collect() }
    }

    /// Where a column is, by its name or by its number from 1.
    #[must_use]
    pub fn position(&self, column: &str) -> Option<usize> {
        let numbered = || column.parse::<usize>().ok().filter(|it| (1..=self.names.len()).contains(it));
        self.named(column).or_else(|| numbered().map(|it| it - 1))
    }

    /// Where a column is by its name: the very name, the name in other cases, or what stands behind the name of a data base's
    /// table in `table.column`, where that is one column alone.
    #[must_use]
    pub fn named(&self, column: &str) -> Option<usize> {
        let exact = self.names.iter().position(|name| name == column);
        let alike = || self.names.iter().position(|name| name.eq_ignore_ascii_case(column));
        let behind_a_table = || {
            let is_it = |name: &String| name.rsplit_once('.').is_some_and(|(_, end)| end == column);
            let mut found = (0..self.names.len()).filter(|at| is_it(&self.names[*at]));
            found.next().filter(|_| found.next().is_none())
        };
        exact.or_else(alike).or_else(behind_a_table)
    }
}

/// How a file is to be read: its dialect, and for JSON and Parquet the columns that are wanted, in order.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Source,
    pub(crate) member: &'a Member,
    pub(crate) dialect: &'a Dialect,
    /// The columns of files whose rows name their fields themselves.
    pub(crate) columns: &'a [String],
}

impl Reading<'_> {
    /// Hands the rows to `with`, the header among them if there is one.
    pub(crate) fn rows<T>(
        &self,
        watch: &mut dyn Watch,
        with: impl FnOnce(&mut dyn Rows) -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        let place = self.source.place(self.member);
        if self.dialect.format == Format::Parquet {
            return parquet::rows(self.source, self.member, self.columns, watch, with);
        }
        let encoding = self.encoding(&place)?;
        self.source.read(self.member, watch, |bytes| self.text_rows(bytes, encoding, place, with))
    }

    fn text_rows<T>(
        &self,
        bytes: &mut dyn BufRead,
        encoding: &'static Encoding,
        place: String,
        with: impl FnOnce(&mut dyn Rows) -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        let text = Utf8Reader::new(bytes, encoding);
        match self.dialect.format {
            Format::JsonLines | Format::JsonArray => {
                with(&mut json::JsonRows::new(text, self.columns, place))
            }
            _ => match self.dialect.separator.as_deref() {
                Some(separator) if separator.len() == 1 => {
                    with(&mut delimited::Quoted::new(text, separator.as_bytes()[0], self.dialect, place))
                }
                separator => with(&mut delimited::Split::new(text, separator.unwrap_or(","), place)),
            },
        }
    }

    fn encoding(&self, place: &str) -> Result<&'static Encoding, IntakeError> {
        let Some(name) = &self.dialect.encoding else { return Ok(UTF_8) };
        Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            let problem = format!("there is no encoding named {}", shown(name));
            IntakeError::refused(place, problem, "use a name such as utf-8, windows-1252 or shift_jis")
        })
    }
}

/// The text of a field.
pub(crate) fn text<'a>(
    field: &'a [u8],
    place: &str,
    line: u64,
    column: &str,
) -> Result<&'a str, IntakeError> {
    std::str::from_utf8(field).map_err(|_| {
        let problem =
            format!("{} in column {} is not UTF-8", shown(&String::from_utf8_lossy(field)), shown(column));
        IntakeError::refused(
            at_line(place, line),
            problem,
            "name the file's encoding, for example --encoding windows-1252",
        )
    })
}

/// A place in a file.
pub(crate) fn at_line(place: &str, line: u64) -> String {
    format!("{place}, line {line}")
}
