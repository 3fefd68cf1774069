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
    reader: csv::Reader<Guard<Plain<R>>>,
    since: Rc<Cell<u64>>,
    skip: u64,
    place: String,
}

impl<R: Read> Quoted<R> {
    pub(super) fn new(text: R, separator: u8, dialect: &Dialect, place: String) -> Self {
        let (guarded, since) = Guard::new(Plain::new(text, dialect.skip_lines));
        let quote = dialect.quote.and_then(|it| u8::try_from(it).ok());
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .quoting(quote.is_some())
            .quote(quote.unwrap_or(b'"'))
            .escape(dialect.escape.and_then(|it| u8::try_from(it).ok()))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(guarded);
        Self { reader, since, skip: dialect.skip_lines, place }
    }
}

impl<R: Read> Quoted<R> {
    /// The line on which the record that was just read begins: empty lines before it are no part of it.
    fn line_of(&self, row: &Row) -> u64 {
        let begun = row.fields.position().map_or(0, csv::Position::line);
        // Every record ends with one line end: `Plain` sees to that.
        let last = (self.reader.position().line() - 1).max(begun);
        if begun == last {
            return begun;
        }
        let n_within = row.fields.iter().flatten().filter(|byte| **byte == b'\n').count();
        last - n_within as u64
    }
}

/// A text whose lines end in LF, the last one too, without the lines before its rows.
struct Plain<R> {
    inner: R,
    skip: u64,
    /// A CR at the end of the last piece, which counts only if no LF follows.
    is_held: bool,
    last: u8,
    is_ended: bool,
}

impl<R> Plain<R> {
    const fn new(inner: R, skip: u64) -> Self {
        Self { inner, skip, is_held: false, last: b'\n', is_ended: false }
    }

    /// Takes the CRs before LFs, and the skipped lines, out of a piece; gives the bytes that are left.
    fn clean(&mut self, piece: &mut [u8]) -> usize {
        if self.skip == 0 && !piece.contains(&b'\r') {
            return piece.len();
        }
        let mut kept = 0;
        for at in 0..piece.len() {
            let byte = piece[at];
            if self.skip > 0 {
                self.skip -= u64::from(byte == b'\n');
            } else if byte == b'\r' && at + 1 == piece.len() {
                self.is_held = true;
            } else if byte != b'\r' || piece[at + 1] != b'\n' {
                piece[kept] = byte;
                kept += 1;
            }
        }
        kept
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        // A held CR needs room of its own.
        if buffer.len() < 2 || self.is_ended {
            return Ok(0);
        }
        loop {
            let begin = usize::from(std::mem::take(&mut self.is_held));
            buffer[0] = b'\r';
            let n_read = self.inner.read(&mut buffer[begin..])?;
            if n_read == 0 {
                self.is_ended = true;
                buffer[begin] = b'\n';
                return Ok(if begin == 0 && self.last == b'\n' { 0 } else { begin + 1 });
            }
            let kept = self.clean(&mut buffer[..begin + n_read]);
            if kept > 0 {
                self.last = buffer[kept - 1];
                return Ok(kept);
            }
        }
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
            if !row.is_empty() {
                row.line = self.skip + self.line_of(row);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, skip_lines: u64) -> Vec<(u64, Vec<String>)> {
        /// Gives pieces of two bytes.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let n_bytes = buffer.len().min(2).min(self.0.len());
                buffer[..n_bytes].copy_from_slice(&self.0[..n_bytes]);
                self.0 = &self.0[n_bytes..];
                Ok(n_bytes)
            }
        }
        let dialect = Dialect { quote: Some('"'), skip_lines, ..Dialect::default() };
        let mut rows = Quoted::new(Slow(text.as_bytes()), b',', &dialect, "x".into());
        let (mut all, mut row) = (Vec::new(), Row::default());
        while rows.next(&mut row).unwrap() {
            let fields =
                (0..row.len()).map(|at| String::from_utf8_lossy(row.field(at)).into_owned()).collect();
            all.push((row.line, fields));
        }
        all
    }

    #[test]
    fn a_record_knows_its_line_whatever_ends_lines_and_stands_between_them() {
        let fields = |of: [&str; 2]| of.map(str::to_owned).to_vec();
        let wanted = vec![(3, fields(["a", "b"])), (6, fields(["c", "d\ne"])), (8, fields(["f", "g"]))];
        let text = "title\n\na,b\n\n  \nc,\"d\ne\"\nf,g\n";
        assert_eq!(lines(text, 2), wanted);
        assert_eq!(lines(&text.replace('\n', "\r\n"), 2), wanted);
        assert_eq!(lines(text.trim_end(), 2), wanted);
        assert_eq!(lines("a,b\r", 0), [(1, fields(["a", "b"]))]);
    }
}
