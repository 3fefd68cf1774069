//! Fields between separators.

use super::{Row, Rows, at_line};
use crate::IntakeError;
use crate::layout::Dialect;
use crate::source::{Guard, unreadable};
use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

/// Fields between single characters, in quotation marks where need be.
pub(super) struct Quoted<R> {
    reader: csv::Reader<Guard<R>>,
    since: Rc<Cell<u64>>,
    skip: u64,
    place: String,
}

impl<R: Read> Quoted<R> {
    pub(super) fn new(text: R, separator: u8, dialect: &Dialect, place: String) -> Self {
        let (guarded, since) = Guard::new(text);
        let quote = dialect.quote.and_then(|it| u8::try_from(it).ok());
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .quoting(quote.is_some())
            .quote(quote.unwrap_or(b'"'))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(guarded);
        Self { reader, since, skip: dialect.skip_lines, place }
    }
}

impl<R: Read> Rows for Quoted<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IntakeError> {
        loop {
            self.since.set(0);
            let is_row =
                self.reader.read_byte_record(&mut row.fields).map_err(|error| match error.into_kind() {
                    csv::ErrorKind::Io(error) => unreadable(&self.place, &error),
                    other => IntakeError::refused(&self.place, format!("{other:?}"), "correct the file"),
                })?;
            if !is_row {
                return Ok(false);
            }
            row.line = row.fields.position().map_or(0, csv::Position::line);
            if row.line > self.skip && !row.is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Fields between longer separators, or between runs of white space.
pub(super) struct Split<R> {
    lines: Lines<R>,
    separator: Vec<u8>,
}

impl<R: Read> Split<R> {
    pub(super) fn new(text: R, separator: &str, place: String) -> Self {
        let separator = if separator == "whitespace" { Vec::new() } else { separator.as_bytes().to_vec() };
        Self { lines: Lines::new(text, place), separator }
    }
}

impl<R: Read> Rows for Split<R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IntakeError> {
        loop {
            let Some(line) = self.lines.next()? else { return Ok(false) };
            row.fields.clear();
            if self.separator.is_empty() {
                line.split(u8::is_ascii_whitespace)
                    .filter(|field| !field.is_empty())
                    .for_each(|field| row.fields.push_field(field));
            } else {
                split(line, &self.separator, |field| row.fields.push_field(field));
            }
            row.line = self.lines.number;
            if !row.is_empty() {
                return Ok(true);
            }
        }
    }
}

fn split<'a>(mut line: &'a [u8], separator: &[u8], mut each: impl FnMut(&'a [u8])) {
    while let Some(at) = line.windows(separator.len()).position(|it| it == separator) {
        each(&line[..at]);
        line = &line[at + separator.len()..];
    }
    each(line);
}

/// Lines that end in LF or CR LF, of bounded length.
pub(super) struct Lines<R> {
    reader: BufReader<Guard<R>>,
    since: Rc<Cell<u64>>,
    line: Vec<u8>,
    pub(super) number: u64,
    place: String,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(text: R, place: String) -> Self {
        let (guarded, since) = Guard::new(text);
        let reader = BufReader::with_capacity(1 << 18, guarded);
        Self { reader, since, line: Vec::new(), number: 0, place }
    }

    /// The next line, without its end.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, IntakeError> {
        self.since.set(0);
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line);
        let place = at_line(&self.place, self.number + 1);
        if read.map_err(|error| unreadable(&place, &error))? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)))
    }
}
