//! Lists as text: a header, and fields between tabs, semicolons or commas, quoted where need be.

use super::{Columns, Gathered, ListPlace, RawRow, refuse};
use crate::{DataError, Protocol};
use csv::{ReaderBuilder, StringRecord, Trim};
use std::path::Path;

/// The text of a file, without a byte order mark.
fn decode(path: &Path, data: Vec<u8>) -> Result<String, DataError> {
    const REMEDY: &str = "save it as csv or tsv in UTF-8, or as Parquet";
    let text = String::from_utf8(data).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        refuse(path, ListPlace::Line(line), "it is neither UTF-8 text nor Parquet", REMEDY)
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if text.trim().is_empty() {
        return Err(refuse(path, ListPlace::File, "it is empty", "write a header and the lists into it"));
    }
    Ok(text)
}

/// What is between the fields: a tab if the header has one, else a semicolon if it has no comma, else a comma.
fn separator(text: &str) -> u8 {
    let header = text.trim_start().lines().next().unwrap_or_default();
    match header {
        _ if header.contains('\t') => b'\t',
        _ if header.contains(';') && !header.contains(',') => b';',
        _ => b',',
    }
}

pub(super) fn read(
    path: &Path,
    data: Vec<u8>,
    protocol: &str,
    gathered: &mut Gathered,
) -> Result<(), DataError> {
    let text = decode(path, data)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(&text))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
    let mut record = StringRecord::new();
    let mut columns: Option<(Columns, usize)> = None;
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let is_row = reader.read_record(&mut record);
        let place = ListPlace::Line(lines.of_record(start));
        let broken = |error: csv::Error| refuse(path, place, error.to_string(), "correct the line");
        if !is_row.map_err(broken)? {
            return Ok(());
        }
        match columns {
            None => {
                let found = Columns::find(path, place, &record.iter().collect::<Vec<_>>())?;
                gathered.by_rank = found.by == super::columns::Order::Rank;
                columns = Some((found, record.len()));
            }
            Some((columns, n_columns)) => {
                check(path, place, &record, n_columns)?;
                add(path, place, &record, &columns, protocol, gathered)?;
            }
        }
    }
}

/// Lines by bytes, from the front to the back.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that begins at or after `start`, past empty lines.
    fn of_record(&mut self, start: usize) -> u64 {
        let is_break = |at: usize| matches!(self.text.get(at), Some(b'\n' | b'\r'));
        let mut end = start.max(self.at).min(self.text.len());
        while is_break(end) {
            end += 1;
        }
        self.line += self.text[self.at..end].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = end;
        self.line
    }
}

/// Refuses a line with too many or too few fields, and a quoted field that runs on over lines.
fn check(path: &Path, place: ListPlace, record: &StringRecord, n_columns: usize) -> Result<(), DataError> {
    if record.iter().any(|field| field.contains(['\n', '\r'])) {
        return Err(refuse(
            path,
            place,
            "a quoted field runs on over further lines",
            "close the quotation mark",
        ));
    }
    if record.len() != n_columns {
        let problem = format!("it has {} fields, and the header has {n_columns}", record.len());
        return Err(refuse(
            path,
            place,
            problem,
            "correct the line; a field with a separator in it needs quotation marks",
        ));
    }
    Ok(())
}

fn add(
    path: &Path,
    place: ListPlace,
    record: &StringRecord,
    columns: &Columns,
    protocol: &str,
    gathered: &mut Gathered,
) -> Result<(), DataError> {
    if columns.protocol.is_some_and(|at| Protocol::table_name(&record[at]) != protocol) {
        gathered.has_other_protocols = true;
        return Ok(());
    }
    let (user, item, text) = (&record[columns.user], &record[columns.item], &record[columns.order]);
    for (what, id) in [("user", user), ("item", item)] {
        if id.is_empty() {
            return Err(refuse(path, place, format!("the {what} is missing"), "correct or remove the line"));
        }
    }
    let number = text.parse().map_err(|_| "is no number");
    let order = number.and_then(|number| columns.by.key(number)).map_err(|problem| {
        let problem = format!("the {} {text:?} {problem}", columns.by.name());
        refuse(path, place, problem, "correct or remove the line")
    })?;
    gathered.add(&RawRow {
        place,
        user,
        item,
        order,
        recommender: columns.recommender.map(|at| &record[at]),
    });
    Ok(())
}
