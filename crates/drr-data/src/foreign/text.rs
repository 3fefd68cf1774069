//! Lists as text: fields between tabs, semicolons, bars, commas, colons or spaces, quoted where need be, below a header or without.

use super::cells::{Cells, Items, Numbers, look};
use super::columns::{Look, Order, Parts, Shape};
use super::gathered::{By, Gathered, RawRow};
use super::names::{Role, role};
use super::{Columns, ListPlace, Stop, bare, refuse};
use crate::DataError;
use csv::{ReaderBuilder, StringRecord, Trim};
use drr_intake::shown;
use std::io::Read;

/// What is between the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Byte(u8),
    Colons,
    Blank,
}

impl Separator {
    /// By the first line: a tab if it has one, else a semicolon, bar or `::` if it has no comma, else a comma, else white space.
    fn of(text: &str) -> Self {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let has_comma = first.contains(',');
        match first {
            _ if first.contains('\t') => Self::Byte(b'\t'),
            _ if first.contains(';') && !has_comma => Self::Byte(b';'),
            _ if first.contains("::") && !has_comma => Self::Colons,
            _ if first.contains('|') && !has_comma && !first.trim().contains(' ') => Self::Byte(b'|'),
            _ if has_comma => Self::Byte(b','),
            _ => Self::Blank,
        }
    }
}

/// The rows of a text, past empty ones.
pub(super) struct Records<'a> {
    stop: &'a Stop<'a>,
    fields: Fields<'a>,
}

/// The bytes of a text, until the reading is to stop: one row may be as long as the text.
struct Bytes<'a> {
    rest: &'a [u8],
    stop: &'a Stop<'a>,
}

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.stop.is_asked() { Err(std::io::Error::other("stopped")) } else { self.rest.read(buffer) }
    }
}

enum Fields<'a> {
    Quoted { reader: Box<csv::Reader<Bytes<'a>>>, lines: Lines<'a> },
    Split { lines: std::iter::Enumerate<std::str::Lines<'a>>, by: Separator },
}

impl<'a> Records<'a> {
    pub fn new(stop: &'a Stop<'a>, text: &'a str) -> Self {
        let fields = match Separator::of(text) {
            Separator::Byte(separator) => {
                let mut builder = ReaderBuilder::new();
                builder.delimiter(separator).has_headers(false).flexible(true).trim(Trim::All);
                let lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
                let bytes = Bytes { rest: text.as_bytes(), stop };
                Fields::Quoted { reader: Box::new(builder.from_reader(bytes)), lines }
            }
            by => Fields::Split { lines: text.lines().enumerate(), by },
        };
        Self { stop, fields }
    }

    /// Reads the next row into `record` and says where it stands; none at the end.
    ///
    /// # Errors
    ///
    /// Refuses a quoted field that runs on over lines, and fails where the reading is to stop.
    pub fn next(&mut self, record: &mut StringRecord) -> Result<Option<ListPlace>, DataError> {
        loop {
            self.stop.step()?;
            let Some(place) = self.any(record)? else { return Ok(None) };
            if record.iter().any(|field| field.contains(['\n', '\r'])) {
                let problem = "a quoted field runs on over further lines";
                return Err(refuse(self.stop.path, place, problem, "close the quotation mark"));
            }
            if record.iter().any(|field| !field.is_empty()) {
                return Ok(Some(place));
            }
        }
    }

    fn any(&mut self, record: &mut StringRecord) -> Result<Option<ListPlace>, DataError> {
        match &mut self.fields {
            Fields::Quoted { reader, lines } => {
                let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
                let is_row = reader.read_record(record);
                let place = ListPlace::Line(lines.of_record(start));
                let broken = |error: csv::Error| {
                    if self.stop.is_asked() {
                        return self.stop.stopped();
                    }
                    refuse(self.stop.path, place, error.to_string(), "correct the line")
                };
                Ok(is_row.map_err(broken)?.then_some(place))
            }
            Fields::Split { lines, by } => {
                let Some((at, line)) = lines.next() else { return Ok(None) };
                record.clear();
                if *by == Separator::Colons {
                    line.split("::").for_each(|field| record.push_field(unquoted(field)));
                } else {
                    line.split_whitespace().for_each(|field| record.push_field(unquoted(field)));
                }
                Ok(Some(ListPlace::Line(at as u64 + 1)))
            }
        }
    }
}

/// A field without the quotation marks around it.
fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
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

pub(super) fn read(text: &str, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
    if bare::is_trec(text) {
        return bare::read_trec(text, gathered);
    }
    let mut records = Records::new(gathered.stop, text);
    let (mut first, mut second) = (StringRecord::new(), StringRecord::new());
    let place = records.next(&mut first)?.unwrap_or(ListPlace::File);
    records.next(&mut second)?;
    if !first.iter().any(|name| role(name).is_some()) && !is_above(&first, &second) {
        return bare::read(text, gathered);
    }
    let header: Vec<&str> = first.iter().collect();
    let has_lists = has_lists_of_numbers(text, &header, gathered)?;
    let shape = |at: usize| {
        // Where rows have more fields than the header, the last column has the rest.
        let is_cut = at + 1 == header.len() && second.len() > header.len();
        let looks = look(second.get(at).unwrap_or_default());
        if looks == Look::Single && (is_cut || has_lists) { Look::Several } else { looks }
    };
    let columns = Columns::find(gathered.path, place, &header, shape)?;
    gathered.note_unused(&columns.unused(&header));
    match columns.shape {
        Shape::Long { item, order, by } => read_places(text, &header, &columns, (item, order, by), gathered),
        Shape::Lists { .. } => read_lists(text, &header, &columns, gathered),
    }
}

/// Whether a row has several ranks or scores beside its list of items: the first list may have one item.
fn has_lists_of_numbers(text: &str, header: &[&str], gathered: &Gathered<'_>) -> Result<bool, DataError> {
    let of = |wanted: Role| header.iter().position(|name| role(name) == Some(wanted));
    let (Some(_), Some(order)) = (of(Role::List), of(Role::Rank).or_else(|| of(Role::Score))) else {
        return Ok(false);
    };
    let mut records = Records::new(gathered.stop, text);
    let mut record = StringRecord::new();
    records.next(&mut record)?;
    while records.next(&mut record)?.is_some() {
        if record.len() == header.len() && look(&record[order]) != Look::Single {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a row without any digit stands above one with digits in every field: a header, whatever its names.
fn is_above(first: &StringRecord, second: &StringRecord) -> bool {
    let has_digit = |field: &str| field.contains(|letter: char| letter.is_ascii_digit());
    first.len() > 1 && !second.is_empty() && !first.iter().any(has_digit) && second.iter().all(has_digit)
}

/// Refuses a row with more or fewer fields than the header.
fn check_length(
    gathered: &Gathered<'_>,
    place: ListPlace,
    record: &StringRecord,
    n_columns: usize,
) -> Result<(), DataError> {
    if record.len() == n_columns {
        return Ok(());
    }
    let problem = format!("it has {} fields, and the header has {n_columns}", record.len());
    Err(gathered.refuse(
        place,
        problem,
        "correct the line; a field with a separator in it needs quotation marks",
    ))
}

/// An id that is there.
pub(super) fn known<'a>(
    gathered: &Gathered<'_>,
    place: ListPlace,
    (what, id): (&str, &'a str),
) -> Result<&'a str, DataError> {
    if id.is_empty() {
        return Err(gathered.refuse(place, format!("the {what} is missing"), "correct or remove the line"));
    }
    Ok(id)
}

/// The number of a field, as lists are sorted by it.
pub(super) fn key(
    gathered: &Gathered<'_>,
    place: ListPlace,
    text: &str,
    by: Order,
) -> Result<f64, DataError> {
    let number = text.parse().map_err(|_| "is no number");
    number.and_then(|number| by.key(number)).map_err(|problem| {
        let problem = format!("the {} \"{}\" {problem}", by.name(), shown(text));
        gathered.refuse(place, problem, "correct or remove the line")
    })
}

/// A row for each place of a list.
fn read_places(
    text: &str,
    header: &[&str],
    columns: &Columns,
    (item, order, by): (usize, usize, Order),
    gathered: &mut Gathered<'_>,
) -> Result<(), DataError> {
    gathered.by = if by == Order::Rank { By::Rank } else { By::Score };
    let mut records = Records::new(gathered.stop, text);
    let mut record = StringRecord::new();
    records.next(&mut record)?;
    while let Some(place) = records.next(&mut record)? {
        check_length(gathered, place, &record, header.len())?;
        if columns.protocol.is_some_and(|at| !gathered.is_of_protocol(Some(&record[at]))) {
            continue;
        }
        let user = known(gathered, place, ("user", &record[columns.user]))?;
        let item = known(gathered, place, ("item", &record[item]))?;
        columns.check_one(gathered.path, place, item)?;
        let order = key(gathered, place, &record[order], by)?;
        let recommender = columns.recommender.map(|at| &record[at]);
        gathered.add(&RawRow { place, user, item, order, recommender })?;
    }
    Ok(())
}

/// A row for each user.
fn read_lists(
    text: &str,
    header: &[&str],
    columns: &Columns,
    gathered: &mut Gathered<'_>,
) -> Result<(), DataError> {
    let mut records = Records::new(gathered.stop, text);
    let mut record = StringRecord::new();
    let beside = columns.beside(header);
    let mut cells = Cells::new(beside.as_ref().map(|(by, _)| *by));
    let Shape::Lists { items, numbers } = &columns.shape else { return Ok(()) };
    let is_spread = matches!(items, Parts::Spread(_));
    records.next(&mut record)?;
    while let Some(place) = records.next(&mut record)? {
        let field = |at: usize| record.get(at).unwrap_or_default();
        let has_rest = *items == Parts::Cell(header.len() - 1) && record.len() > header.len();
        // A row with fewer items has fewer fields.
        let has_fewer = is_spread && record.len() < header.len();
        if !has_rest && !has_fewer {
            check_length(gathered, place, &record, header.len())?;
        }
        let texts = |all: &[usize]| all.iter().map(|at| field(*at).to_owned()).collect();
        let items = match items {
            Parts::Cell(at) if has_rest => Items::Each(record.iter().skip(*at).map(str::to_owned).collect()),
            Parts::Cell(at) => Items::Cell(field(*at).to_owned()),
            Parts::Spread(all) => Items::Each(texts(all)),
        };
        let numbers = numbers.as_ref().map(|(parts, _)| match parts {
            Parts::Cell(at) => Numbers::Cell(field(*at).to_owned()),
            Parts::Spread(all) => Numbers::Texts(texts(all)),
        });
        if columns.protocol.is_some_and(|at| !gathered.is_of_protocol(Some(field(at)))) {
            continue;
        }
        let user = known(gathered, place, ("user", field(columns.user)))?;
        cells.push(place, (user, columns.recommender.map(field)), items, numbers);
    }
    cells.finish(gathered)?;
    if let Some((by, names)) = beside {
        gathered.note_beside(by, &names);
    }
    Ok(())
}
