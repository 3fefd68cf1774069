//! Reads a log row by row, as its layout says.

use crate::IntakeError;
use crate::error::shown;
use crate::layout::{Format, Layout, SideTable, TimeUnit};
use crate::number::Signs;
use crate::rows::{Header, Reading, Row, Rows, at_line, text};
use crate::source::{Source, Watch};

/// One row of a log.
#[derive(Debug, Clone, Copy)]
pub struct LogRow<'a> {
    /// The file, for messages.
    pub file: &'a str,
    /// The line, or the row of a Parquet file; from 1.
    pub line: u64,
    /// The user's id, never empty.
    pub user: &'a str,
    /// The item's id, never empty.
    pub item: &'a str,
    /// The rating, count or duration; none where the log, or this row, has none.
    pub value: Option<f64>,
    /// Nanoseconds since 1970, or billionths of a number that only tells what came first; none where the log has no time.
    pub nanos: Option<i128>,
    fields: &'a Row,
    of_user: &'a [usize],
    of_item: &'a [usize],
}

impl LogRow<'_> {
    /// What the row says of its user, in the order of the layout's `of_user`.
    pub fn of_user(&self) -> impl Iterator<Item = &[u8]> {
        self.of_user.iter().map(|at| self.fields.field(*at))
    }

    /// What the row says of its item, in the order of the layout's `of_item`.
    pub fn of_item(&self) -> impl Iterator<Item = &[u8]> {
        self.of_item.iter().map(|at| self.fields.field(*at))
    }

    /// The place in its file, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        at_line(self.file, self.line)
    }
}

/// Reads every row of a log, in the order of its files, and gives the number of rows that the layout leaves out (`only`).
///
/// # Errors
///
/// Refuses a row without a user or item, with a value or time that cannot be read, or with fewer fields than are used, by file, line
/// and column. Fails where a file cannot be read, where `watch` wants to stop, and with the first error of `each`.
pub fn read<E: From<IntakeError>>(
    source: &Source,
    layout: &Layout,
    watch: &mut dyn Watch,
    mut each: impl FnMut(LogRow<'_>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut n_left_out = 0;
    for name in &layout.files {
        // A log in one file may have any name, where that file is what was named.
        let only = || source.only().filter(|_| layout.files.len() == 1);
        let member = source.member(name).or_else(only).ok_or_else(|| missing(source, name))?;
        let place = source.place(member);
        let wanted = wanted(layout);
        let reading = Reading { source, member, dialect: &layout.dialect, columns: &wanted };
        let mut failed = None;
        let outcome = reading.rows(watch, |rows| {
            let reader = LogReader::new(layout, &wanted, &place, rows)?;
            let mut row = Row::default();
            while reader.next(rows, &mut row)? {
                if !reader.is_wanted(&row) {
                    n_left_out += 1;
                } else if let Err(error) = reader.hand_over(&row, &mut each) {
                    failed = Some(error);
                    break;
                }
            }
            Ok(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        outcome?;
    }
    Ok(n_left_out)
}

fn missing(source: &Source, name: &str) -> IntakeError {
    let place = shown(&source.path().display().to_string());
    IntakeError::refused(
        place,
        format!("there is no file {} in it", shown(name)),
        "name the folder or archive that has it, correct the name in the layout, or guess it anew",
    )
}

/// The columns that are read, each once.
fn wanted(layout: &Layout) -> Vec<String> {
    let columns = &layout.columns;
    let mut wanted: Vec<String> = vec![columns.user.clone(), columns.item.clone()];
    wanted.extend(columns.value.clone());
    wanted.extend(columns.time.clone());
    wanted.extend(columns.of_user.iter().chain(&columns.of_item).chain(layout.only.keys()).cloned());
    let mut seen = std::collections::HashSet::new();
    wanted.retain(|it| seen.insert(it.clone()));
    wanted
}

/// Where the columns of a log are in its rows, and how they are read.
struct LogReader<'a> {
    place: &'a str,
    header: Option<Vec<Vec<u8>>>,
    user: usize,
    item: usize,
    value: Option<usize>,
    time: Option<(usize, &'a TimeUnit)>,
    of_user: Vec<usize>,
    of_item: Vec<usize>,
    only: Vec<(usize, &'a [String])>,
    /// A row needs as many fields.
    least: usize,
    signs: Signs,
    layout: &'a Layout,
}

impl<'a> LogReader<'a> {
    fn new(
        layout: &'a Layout,
        wanted: &[String],
        place: &'a str,
        rows: &mut dyn Rows,
    ) -> Result<Self, IntakeError> {
        let header = if layout.dialect.format != Format::Delimited {
            Header { names: wanted.to_vec() }
        } else if layout.dialect.header {
            header(rows)?
        } else {
            Header::numbered(2000)
        };
        let find = |column: &String| {
            header.position(column).ok_or_else(|| {
                let problem = format!("there is no column {}", shown(column));
                let names: Vec<String> = header.names.iter().take(30).map(|it| shown(it)).collect();
                IntakeError::refused(
                    place,
                    problem,
                    format!("correct the layout; there are {}", names.join(", ")),
                )
            })
        };
        let columns = &layout.columns;
        let (user, item) = (find(&columns.user)?, find(&columns.item)?);
        let value = columns.value.as_ref().map(find).transpose()?;
        let time = columns.time.as_ref().map(find).transpose()?;
        let all = |names: &[String]| names.iter().map(find).collect::<Result<Vec<usize>, _>>();
        let least = 1 + [Some(user), Some(item), value, time].into_iter().flatten().max().unwrap_or(0);
        let kept = layout.dialect.header && layout.dialect.format == Format::Delimited;
        Ok(Self {
            place,
            header: kept.then(|| header.names.iter().map(|it| it.clone().into_bytes()).collect()),
            user,
            item,
            value,
            time: time.map(|at| (at, layout.time.as_ref().unwrap_or(&TimeUnit::S))),
            of_user: all(&columns.of_user)?,
            of_item: all(&columns.of_item)?,
            only: layout
                .only
                .iter()
                .map(|(column, words)| Ok((find(column)?, words.as_slice())))
                .collect::<Result<_, IntakeError>>()?,
            least,
            signs: Signs { decimal: layout.decimal, thousands: layout.thousands },
            layout,
        })
    }

    /// The next row that is none of the header's repetitions.
    fn next(&self, rows: &mut dyn Rows, row: &mut Row) -> Result<bool, IntakeError> {
        loop {
            if !rows.next(row)? {
                return Ok(false);
            }
            let is_header = |names: &Vec<Vec<u8>>| {
                names.len() == row.len() && (0..row.len()).all(|at| names[at] == row.field(at))
            };
            if !self.header.as_ref().is_some_and(is_header) {
                return Ok(true);
            }
        }
    }

    /// Whether the row is one of those that count.
    fn is_wanted(&self, row: &Row) -> bool {
        self.only.iter().all(|(at, words)| {
            *at < row.len() && words.iter().any(|word| word.as_bytes() == row.field(*at).trim_ascii())
        })
    }

    fn hand_over<E: From<IntakeError>>(
        &self,
        row: &Row,
        each: &mut impl FnMut(LogRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let columns = &self.layout.columns;
        if row.len() < self.least {
            let problem = format!("the row has {} fields, and at least {} are used", row.len(), self.least);
            return Err(self.refused(row, problem, "complete or remove the row").into());
        }
        let user = text(row.field(self.user), self.place, row.line, &columns.user)?;
        let item = text(row.field(self.item), self.place, row.line, &columns.item)?;
        for (id, column) in [(user, &columns.user), (item, &columns.item)] {
            if id.is_empty() {
                let problem = format!("the id in column {} is empty", shown(column));
                return Err(self.refused(row, problem, "give the row an id, or remove it").into());
            }
        }
        for (field, column) in [(user, &columns.user), (item, &columns.item)] {
            if field.contains('\n') {
                let problem = format!("the id in column {} runs on over further lines", shown(column));
                return Err(self.refused(row, problem, "close the quotation mark").into());
            }
        }
        let value = self.value.filter(|at| self.has_value(row.field(*at)));
        let value = value.map(|at| self.value(row, at)).transpose()?;
        let nanos = self.time.map(|(at, unit)| self.nanos(row, at, unit)).transpose()?;
        each(LogRow {
            file: self.place,
            line: row.line,
            user,
            item,
            value,
            nanos,
            fields: row,
            of_user: &self.of_user,
            of_item: &self.of_item,
        })
    }

    fn refused(&self, row: &Row, problem: String, remedy: &str) -> IntakeError {
        IntakeError::refused(at_line(self.place, row.line), problem, remedy)
    }

    fn has_value(&self, field: &[u8]) -> bool {
        !field.is_empty() && !self.layout.no_value.iter().any(|it| it.as_bytes() == field)
    }

    fn value(&self, row: &Row, at: usize) -> Result<f64, IntakeError> {
        let field = row.field(at);
        if !self.layout.values.is_empty() {
            return self.listed(row, field);
        }
        self.signs.value(field).ok_or_else(|| {
            let column = self.layout.columns.value.as_deref().unwrap_or_default();
            let what = shown(&String::from_utf8_lossy(field));
            let problem = format!("{what} in column {} is no number", shown(column));
            self.refused(row, problem, "correct or remove the row")
        })
    }

    /// The number that the layout lists for a text.
    fn listed(&self, row: &Row, field: &[u8]) -> Result<f64, IntakeError> {
        let values = &self.layout.values;
        let found = std::str::from_utf8(field).ok().and_then(|it| values.get(it.trim())).copied();
        found.ok_or_else(|| {
            let column = self.layout.columns.value.as_deref().unwrap_or_default();
            let what = shown(&String::from_utf8_lossy(field));
            let known: Vec<String> = values.keys().take(20).map(|it| shown(it)).collect();
            let problem = format!("{what} in column {} is none of {}", shown(column), known.join(", "));
            self.refused(row, problem, "list it in the layout, under values or no_value, or remove the row")
        })
    }

    fn nanos(&self, row: &Row, at: usize, unit: &TimeUnit) -> Result<i128, IntakeError> {
        let field = row.field(at);
        let column = self.layout.columns.time.as_deref().unwrap_or_default();
        let written = text(field, self.place, row.line, column)?;
        unit.nanos(written).ok_or_else(|| {
            let what = if written.is_empty() { "nothing".to_owned() } else { shown(written) };
            let problem = format!("{what} in column {} is no time by {}", shown(column), unit.words());
            self.refused(
                row,
                problem,
                "correct or remove the row, or give the unit or pattern with --time-unit or --time-format",
            )
        })
    }
}

/// The header: the first row.
fn header(rows: &mut dyn Rows) -> Result<Header, IntakeError> {
    let mut row = Row::default();
    rows.next(&mut row)?;
    let name = |at| String::from_utf8_lossy(row.field(at)).into_owned();
    Ok(Header { names: (0..row.len()).map(name).collect() })
}

/// Reads every row of a table of users or items: hands over its id and its other fields, whose names it gives back.
///
/// # Errors
///
/// Refuses a row without an id, by file and line, and fails where the file cannot be read.
pub fn read_table<E: From<IntakeError>>(
    source: &Source,
    table: &SideTable,
    watch: &mut dyn Watch,
    mut each: impl FnMut(&str, &[&str]) -> Result<(), E>,
) -> Result<Vec<String>, E> {
    let member = source.member(&table.file).ok_or_else(|| missing(source, &table.file))?;
    let place = source.place(member);
    let keys = if table.dialect.format == Format::Delimited { Vec::new() } else { table.names.clone() };
    let reading = Reading { source, member, dialect: &table.dialect, columns: &keys };
    let mut failed = None;
    let names = reading.rows(watch, |rows| {
        let header = match (table.names.is_empty(), table.dialect.header) {
            (_, true) => header(rows)?,
            (false, false) => Header { names: table.names.clone() },
            (true, false) => Header::numbered(2000),
        };
        let id = header.position(&table.id).ok_or_else(|| {
            let problem = format!("there is no column {}", shown(&table.id));
            IntakeError::refused(&place, problem, "correct the layout")
        })?;
        let mut row = Row::default();
        let mut n_columns = 0;
        while rows.next(&mut row)? {
            let columns = row.len().min(header.names.len());
            n_columns = n_columns.max(columns);
            let field = |at| text(row.field(at), &place, row.line, &header.names[at]);
            let fields: Vec<&str> =
                (0..columns).filter(|at| *at != id).map(field).collect::<Result<_, _>>()?;
            let key = text(row.field(id), &place, row.line, &table.id)?;
            if key.is_empty() {
                return Err(IntakeError::refused(
                    at_line(&place, row.line),
                    "the id is empty",
                    "give the row an id, or remove it",
                ));
            }
            if let Err(error) = each(key, &fields) {
                failed = Some(error);
                break;
            }
        }
        let others = header.names.into_iter().take(n_columns).enumerate();
        Ok(others.filter(|it| it.0 != id).map(|it| it.1).collect())
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(names?),
    }
}
