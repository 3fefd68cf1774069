//! `RecBole`'s atomic files: tab-separated tables whose first line names and types the columns.
//!
//! `.inter` holds the ratings; `.user` and `.item` may be absent, then their ids are taken from the ratings. Columns
//! are found by name, in any order; every further column of `.user` and `.item` is an attribute. Format: <https://recbole.io/docs/user_guide/data/atomic_files.html>.

mod entities;

use super::Reading;
use super::rows::{RatingFields, RatingRows, Table};
use super::text::{Decoder, Encoding, split};
use crate::archive::Line;
use crate::{Archive, AttributeKind, ColumnNames, DataError, RawLog};
use entities::Layout;

/// The types that the format knows.
const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
const NUMBER: &[&str] = &["float"];

/// The header of one atomic file.
#[derive(Debug, Default)]
struct Header {
    file: String,
    columns: Vec<(String, String)>,
}

impl Header {
    fn parse(line: &Line<'_>, text: &str) -> Result<Self, DataError> {
        let mut columns: Vec<(String, String)> = Vec::new();
        for field in text.split('\t') {
            match field.split_once(':') {
                Some((name, kind)) if TYPES.contains(&kind) && !name.is_empty() => {
                    if columns.iter().any(|(other, _)| other == name) {
                        let remedy = "rename one of the columns in the header, or leave it out";
                        return Err(line.refuse("column", field.as_bytes(), "stands twice", remedy));
                    }
                    columns.push((name.to_owned(), kind.to_owned()));
                }
                _ => {
                    let problem =
                        format!("is not of the form name:type with a type out of {}", TYPES.join(", "));
                    let remedy = "correct the header, which must be separated by tabs";
                    return Err(line.refuse("column", field.as_bytes(), problem, remedy));
                }
            }
        }
        Ok(Self { file: line.file.to_owned(), columns })
    }

    /// The place of a column that may be absent, or may be of another type.
    fn place(&self, name: &str, kinds: &[&str]) -> Option<usize> {
        self.columns.iter().position(|(its_name, kind)| its_name == name && kinds.contains(&kind.as_str()))
    }

    /// The place of a column that must be there.
    fn required(&self, name: &str, kinds: &[&str]) -> Result<usize, DataError> {
        self.place(name, kinds).ok_or_else(|| DataError::MissingColumn {
            file: self.file.clone(),
            wanted: format!("{name}:{}", kinds[0]),
            found: self
                .columns
                .iter()
                .map(|(name, kind)| format!("{name}:{kind}"))
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Checks the number of fields of a row.
    fn check(&self, line: &Line<'_>, n_fields: usize) -> Result<(), DataError> {
        if n_fields == self.columns.len() {
            return Ok(());
        }
        let problem = format!("has {n_fields} fields between tabs instead of {}", self.columns.len());
        Err(line.refuse("row", line.bytes, problem, "check the separator and whether the file is complete"))
    }
}

/// Reads the atomic files below `prefix`.
pub(super) fn read(
    archive: &mut Archive,
    reading: &mut Reading<'_>,
    prefix: &str,
    columns: &ColumnNames,
) -> Result<RawLog, DataError> {
    let find = |suffix: &str| {
        let wanted = format!("{prefix}*{suffix}");
        archive.find(&wanted, |member| member.starts_with(prefix) && member.ends_with(suffix))
    };
    let (inter, user, item) = (find(".inter")?, find(".user")?, find(".item")?);
    let inter = inter.ok_or_else(|| archive.missing(&format!("{prefix}*.inter")))?;
    let mut decoder = Decoder::new(Encoding::Utf8, reading.policy);
    let users = match user {
        None => Table::open(),
        Some(member) => {
            let layout = |header: &Header, line: &Line<'_>| Layout::of_users(header, line, columns);
            read_table(archive, &member, &mut decoder, reading.progress, layout)?
        }
    };
    let items = match item {
        None => Table::open(),
        Some(member) => {
            let layout = |header: &Header, line: &Line<'_>| Layout::of_items(header, line, columns);
            read_table(archive, &member, &mut decoder, reading.progress, layout)?
        }
    };
    let mut rows = RatingRows::new(reading.spec, reading.policy, users, items, decoder.n_reencoded);
    let mut places = None;
    archive.for_each_line(&inter, reading.progress, |line| match &places {
        None => {
            places = Some(InterPlaces::new(&line, &decoder.decode(&line)?, columns)?);
            Ok(())
        }
        Some(places) => rows.push(&line, places.fields(&line)?),
    })?;
    rows.finish(&reading.spec.name)
}

/// Where the columns of `.inter` are.
struct InterPlaces {
    header: Header,
    user: usize,
    item: usize,
    rating: usize,
    timestamp: Option<usize>,
}

impl InterPlaces {
    fn new(line: &Line<'_>, text: &str, columns: &ColumnNames) -> Result<Self, DataError> {
        let header = Header::parse(line, text)?;
        Ok(Self {
            user: header.required(&columns.user, &["token"])?,
            item: header.required(&columns.item, &["token"])?,
            rating: header.required(&columns.rating, NUMBER)?,
            timestamp: header.place(&columns.timestamp, NUMBER),
            header,
        })
    }

    /// The fields of one row, without a list of them all.
    fn fields<'a>(&self, line: &Line<'a>) -> Result<RatingFields<'a>, DataError> {
        let empty = &line.bytes[..0];
        let (mut user, mut item, mut rating, mut timestamp, mut n_fields) = (empty, empty, empty, empty, 0);
        for (place, field) in split(line.bytes, b"\t").enumerate() {
            n_fields += 1;
            if place == self.user {
                user = field;
            } else if place == self.item {
                item = field;
            } else if place == self.rating {
                rating = field;
            } else if Some(place) == self.timestamp {
                timestamp = field;
            }
        }
        self.header.check(line, n_fields)?;
        Ok(RatingFields { user, item, rating, timestamp: self.timestamp.map(|_| timestamp) })
    }
}

/// Reads a table of users or items, whose layout follows from its header.
fn read_table(
    archive: &mut Archive,
    member: &str,
    decoder: &mut Decoder,
    progress: &mut dyn crate::Progress,
    layout: impl Fn(&Header, &Line<'_>) -> Result<Layout, DataError>,
) -> Result<Table, DataError> {
    let mut found: Option<(Header, Layout, Table)> = None;
    archive.for_each_line(member, progress, |line| {
        let text = decoder.decode(&line)?;
        let Some((header, layout, table)) = &mut found else {
            let header = Header::parse(&line, &text)?;
            let layout = layout(&header, &line)?;
            let table = Table::closed(layout.attributes())?;
            found = Some((header, layout, table));
            return Ok(());
        };
        let row: Vec<&str> = text.split('\t').collect();
        header.check(&line, row.len())?;
        table.insert(&line, &layout.record(&line, &row)?)
    })?;
    // A file without a line knows nobody.
    let nobody = || Table::closed(std::iter::empty::<(String, AttributeKind)>());
    found.map_or_else(nobody, |(_, _, table)| Ok(table))
}
