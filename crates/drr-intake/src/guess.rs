//! What a person's files hold: guessed step by step, each step with its reason.

mod column;
mod dialect;
mod files;
mod roles;
mod value;

use crate::IntakeError;
use crate::error::{Choice, shown};
use crate::layout::{Dialect, Format, Layout, Signal, TimeUnit};
use crate::rows::{Header, Reading, Row};
use crate::source::{Member, Quiet, Source};
use column::Column;
use roles::{Looked, Roles};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// So many bytes at a file's front are looked at.
const FRONT_BYTES: usize = 256 << 10;
/// So many rows are looked at.
const MAX_ROWS: usize = 2000;
/// A file has at most so many columns.
const MAX_COLUMNS: usize = 2000;
/// A row per user with so many columns is a matrix, no log.
const MATRIX_COLUMNS: usize = 60;
/// And so are so many columns whose names differ by a number alone.
const LEAST_ALIKE: usize = 8;

/// What somebody said of a log; the rest is guessed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// `--user`: a column by name or number.
    pub user: Option<String>,
    /// `--item`.
    pub item: Option<String>,
    /// `--value`, or `none`.
    pub value: Option<String>,
    /// `--signal`.
    pub signal: Option<Signal>,
    /// `--time`, or `none`.
    pub time: Option<String>,
    /// `--time-unit` and `--time-format`.
    pub time_unit: Option<TimeUnit>,
    /// `--separator`.
    pub separator: Option<String>,
    /// `--encoding`.
    pub encoding: Option<String>,
    /// `--header`.
    pub header: Option<bool>,
    /// `--decimal`.
    pub decimal: Option<char>,
    /// `--log`: the file with the rows.
    pub log: Option<String>,
    /// `--only`: columns, with the words of the rows that count.
    pub only: BTreeMap<String, Vec<String>>,
    /// `--words`: what words in the value's column are worth.
    pub words: BTreeMap<String, f64>,
}

impl Asked {
    /// Adds what somebody chose; gives back whether the option says something of a log.
    pub fn choose(&mut self, choice: &Choice) -> bool {
        let value = Some(choice.value.clone());
        match choice.flag {
            "--user" => self.user = value,
            "--item" => self.item = value,
            "--value" => self.value = value,
            "--time" => self.time = value,
            "--time-format" => self.time_unit = value.map(TimeUnit::Pattern),
            "--header" => self.header = Some(choice.value == "yes"),
            "--decimal" => self.decimal = choice.value.chars().next(),
            "--log" => self.log = value,
            _ => return false,
        }
        true
    }
}

/// Why a column is what it is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The role: `user`, `item`, `value`, `time`.
    pub role: &'static str,
    /// The column.
    pub column: String,
    /// The reason.
    pub why: String,
    /// What would have come next.
    pub runner_up: Option<String>,
}

impl Finding {
    fn new(role: &'static str, column: &str, why: String, runner_up: Option<String>) -> Self {
        Self { role, column: column.to_owned(), why, runner_up }
    }
}

/// What a log is taken for, with the reasons.
#[derive(Debug, Clone)]
pub struct Guess {
    /// How it is to be read.
    pub layout: Layout,
    /// Why the columns are what they are.
    pub findings: Vec<Finding>,
    /// What else is worth saying, in sentences.
    pub notes: Vec<String>,
}

/// Looks at a file, folder or archive, and says how it is to be read.
///
/// # Errors
///
/// Fails if nothing in it can be a log, and if two readings are about as good: the error has the words to add.
pub fn guess(path: &Path, asked: &Asked) -> Result<Guess, IntakeError> {
    let source = Source::open(path)?;
    files::guess(&source, asked)
}

/// A file that was looked at.
#[derive(Debug)]
struct Looking {
    dialect: Dialect,
    header: Header,
    columns: Vec<Column>,
    typed_times: HashMap<String, TimeUnit>,
}

impl Looking {
    /// Looks at the front of a file.
    fn at(source: &Source, member: &Member, asked: &Asked) -> Result<Self, IntakeError> {
        let place = source.place(member);
        let front = source.front(member, FRONT_BYTES)?;
        if front.is_empty() {
            return Err(IntakeError::refused(place, "it is empty", "name the file with the log"));
        }
        if front.starts_with(b"PAR1") {
            return Self::of_parquet(source, member);
        }
        let (sample, encoding) = decoded(&front, asked, &place)?;
        let mut dialect = dialect::dialect(&sample, asked.header, &place)?;
        dialect.encoding = (encoding != encoding_rs::UTF_8).then(|| encoding.name().to_ascii_lowercase());
        if let Some(separator) = &asked.separator {
            dialect.format = Format::Delimited;
            dialect.separator = Some(separator.replace("\\t", "\t"));
            dialect.quote = (separator.len() == 1).then_some('"');
        }
        let keys = if dialect.format == Format::Delimited { Vec::new() } else { json_keys(&sample) };
        let reading = Reading { source, member, dialect: &dialect, columns: &keys };
        let mut rows = sampled(&reading)?;
        let header = match dialect.format {
            Format::Delimited if dialect.header && !rows.is_empty() => Header { names: rows.remove(0) },
            Format::Delimited => Header::numbered(rows.iter().map(Vec::len).max().unwrap_or(0)),
            _ => Header { names: keys },
        };
        if dialect.header {
            rows.retain(|row| *row != header.names);
        }
        let is_named = dialect.header || dialect.format != Format::Delimited;
        Self::new(dialect, header, &rows, is_named, HashMap::new(), &place)
    }

    fn of_parquet(source: &Source, member: &Member) -> Result<Self, IntakeError> {
        let place = source.place(member);
        let dialect = Dialect { format: Format::Parquet, ..Dialect::default() };
        let all = crate::rows::parquet_columns(source, member)?;
        let typed_times =
            all.iter().filter_map(|(name, kind)| Some((name.clone(), unit_of_type(kind)?))).collect();
        let names: Vec<String> =
            all.into_iter().filter(|it| crate::rows::is_field(&it.1)).map(|it| it.0).collect();
        let rows = sampled(&Reading { source, member, dialect: &dialect, columns: &names })?;
        Self::new(dialect, Header { names }, &rows, true, typed_times, &place)
    }

    fn new(
        dialect: Dialect,
        header: Header,
        rows: &[Vec<String>],
        is_named: bool,
        typed_times: HashMap<String, TimeUnit>,
        place: &str,
    ) -> Result<Self, IntakeError> {
        if header.names.len() > MAX_COLUMNS {
            let problem = format!("it has more than {MAX_COLUMNS} columns");
            return Err(IntakeError::refused(place, problem, "write a row for each user and item"));
        }
        if rows.is_empty() {
            return Err(IntakeError::refused(
                place,
                "there is no row in it but the header",
                "name the file with the log",
            ));
        }
        let of = |(at, name): (usize, &String)| {
            let values = rows.iter().map(|row| row.get(at).cloned().unwrap_or_default()).collect();
            Column::new(name, values, is_named)
        };
        let columns = header.names.iter().enumerate().map(of).collect();
        Ok(Self { dialect, header, columns, typed_times })
    }

    /// What the columns are.
    fn roles(&self, place: &str, asked: &Asked) -> Result<Roles, IntakeError> {
        let is_named = self.dialect.header || self.dialect.format != Format::Delimited;
        if self.columns.len() < 2 {
            let problem = format!("there is only one column, {}", shown(&self.header.names.join(" ")));
            let remedy = "name what stands between the fields with --separator, or the file with --log FILE";
            return Err(IntakeError::refused(place, problem, remedy));
        }
        let looked = Looked {
            columns: &self.columns,
            has_header: is_named,
            separator: self.dialect.separator.as_deref(),
            place,
            asked,
            typed_times: &self.typed_times,
        };
        looked.roles().map_err(|error| self.or_matrix(place, error))
    }

    /// A row per user with a column for each item is no log; whoever gives one is told so.
    fn or_matrix(&self, place: &str, error: IntakeError) -> IntakeError {
        let n_numbers =
            self.columns.iter().filter(|it| it.numbers(crate::number::Signs::PLAIN) > 0.99).count();
        // Names of which only a number differs are those of items, too.
        let bare = |column: &Column| column.name.trim_end_matches(|it: char| it.is_ascii_digit()).to_owned();
        let last = self.columns.last().map(bare).unwrap_or_default();
        let n_alike = self.columns.iter().filter(|it| !last.is_empty() && bare(it) == last).count();
        let is_wide = self.columns.len() >= MATRIX_COLUMNS || n_alike >= LEAST_ALIKE;
        if !is_wide || n_numbers * 10 < self.columns.len() * 9 {
            return error;
        }
        let problem = format!(
            "it has {} columns of numbers: it seems to be a matrix, with a row for each user",
            self.columns.len()
        );
        IntakeError::refused(
            place,
            problem,
            "write a row for each user and item, or name the columns with --user and --item",
        )
    }
}

/// The text at a file's front up to its last line end.
fn decoded(
    front: &[u8],
    asked: &Asked,
    place: &str,
) -> Result<(String, &'static encoding_rs::Encoding), IntakeError> {
    let encoding = match &asked.encoding {
        None => dialect::encoding(front),
        Some(name) => encoding_rs::Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            let problem = format!("there is no encoding named {}", shown(name));
            IntakeError::refused(
                place,
                problem,
                "give --encoding a name such as utf-8, windows-1252 or shift_jis",
            )
        })?,
    };
    if dialect::is_binary(front, encoding) {
        let problem = "it holds no rows of text";
        return Err(IntakeError::refused(
            place,
            problem,
            "give csv, JSON lines or Parquet, plain or packed with gzip, Zstandard or zip; name the file with --log FILE",
        ));
    }
    let (text, _, _) = encoding.decode(front);
    let whole =
        if front.len() < FRONT_BYTES { text.len() } else { text.rfind('\n').map_or(text.len(), |at| at + 1) };
    Ok((text[..whole].to_owned(), encoding))
}

/// The rows at a file's front.
fn sampled(reading: &Reading<'_>) -> Result<Vec<Vec<String>>, IntakeError> {
    reading.rows(&mut Quiet, |rows| {
        let (mut sample, mut row) = (Vec::new(), Row::default());
        while sample.len() < MAX_ROWS && rows.next(&mut row)? {
            let field = |at| String::from_utf8_lossy(row.field(at)).into_owned();
            sample.push((0..row.len()).map(field).collect());
        }
        Ok(sample)
    })
}

/// The keys of the objects at a text's front, in the order in which they appear.
fn json_keys(sample: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for line in sample.lines().take(MAX_ROWS) {
        let line = line.trim().trim_start_matches('[').trim_end_matches([',', ']']);
        for key in crate::rows::json_keys(line.as_bytes()).unwrap_or_default() {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    if keys.is_empty() {
        keys = crate::rows::first_objects_keys(sample);
    }
    keys
}

/// The unit of a column whose type is a time.
fn unit_of_type(kind: &arrow_schema::DataType) -> Option<TimeUnit> {
    use arrow_schema::{DataType, TimeUnit as Unit};
    match kind {
        DataType::Timestamp(Unit::Second, _) => Some(TimeUnit::S),
        DataType::Timestamp(Unit::Millisecond, _) => Some(TimeUnit::Ms),
        DataType::Timestamp(Unit::Microsecond, _) => Some(TimeUnit::Us),
        DataType::Timestamp(Unit::Nanosecond, _) => Some(TimeUnit::Ns),
        DataType::Date32 => Some(TimeUnit::Iso8601),
        _ => None,
    }
}

/// Whether a word is a type of RecBole's atomic files.
fn is_type(word: &str) -> bool {
    matches!(word, "token" | "token_seq" | "float" | "float_seq")
}
