//! `RecBole`'s atomic files: tab-separated tables whose first line names and types the columns.
//!
//! `.inter` holds the ratings; `.user` and `.item` may be absent, then their ids are taken from the ratings. Columns
//! are found by name, in any order. Format: <https://recbole.io/docs/user_guide/data/atomic_files.html>.

use super::Reading;
use super::rows::{RatingFields, RatingRows, Table};
use super::text::{Decoder, Encoding, non_empty, split, title_and_year};
use crate::archive::Line;
use crate::{Archive, ColumnNames, DataError, ItemRecord, RawLog, UserRecord};

/// The types that the format knows.
const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
/// Types of a text, and types of a number that may as well be written as a token.
const TEXT: &[&str] = &["token", "token_seq"];
const NUMBER: &[&str] = &["float"];
const LOOSE_NUMBER: &[&str] = &["token", "float"];
/// The words for "no genre" in the common data sets.
const NO_GENRE: &str = "unknown";

/// The header of one atomic file.
#[derive(Debug, Default)]
struct Header {
    file: String,
    columns: Vec<(String, String)>,
}

impl Header {
    fn parse(line: &Line<'_>, text: &str) -> Result<Self, DataError> {
        let mut columns = Vec::new();
        for field in text.split('\t') {
            match field.split_once(':') {
                Some((name, kind)) if TYPES.contains(&kind) => {
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
    let mut users = Table::open(|id| UserRecord { id, ..UserRecord::default() });
    if let Some(member) = user {
        users = Table::closed();
        read_table(archive, &member, &mut decoder, reading.progress, |line, header, row| {
            let user = user_of(header, row, columns)?;
            users.insert(line, &user.id.clone(), user)
        })?;
    }
    let mut items = Table::open(|id| ItemRecord { title: format!("item {id}"), id, ..ItemRecord::default() });
    if let Some(member) = item {
        items = Table::closed();
        read_table(archive, &member, &mut decoder, reading.progress, |line, header, row| {
            let item = item_of(header, row, columns)?;
            items.insert(line, &item.id.clone(), item)
        })?;
    }
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

/// Hands every row of a table of users or items to `each`, with the header.
fn read_table(
    archive: &mut Archive,
    member: &str,
    decoder: &mut Decoder,
    progress: &mut dyn crate::Progress,
    mut each: impl FnMut(&Line<'_>, &Header, &[&str]) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut header: Option<Header> = None;
    archive.for_each_line(member, progress, |line| {
        let text = decoder.decode(&line)?;
        let Some(header) = &header else {
            header = Some(Header::parse(&line, &text)?);
            return Ok(());
        };
        let row: Vec<&str> = text.split('\t').collect();
        header.check(&line, row.len())?;
        each(&line, header, &row)
    })
}

fn user_of(header: &Header, row: &[&str], columns: &ColumnNames) -> Result<UserRecord, DataError> {
    let text = |name: &str, kinds| header.place(name, kinds).and_then(|place| non_empty(row[place]));
    Ok(UserRecord {
        id: row[header.required(&columns.user, &["token"])?].to_owned(),
        gender: text(&columns.gender, TEXT),
        age: text(&columns.age, LOOSE_NUMBER).and_then(|it| whole(&it)),
        occupation: text(&columns.occupation, TEXT),
        zip: text(&columns.zip, TEXT),
    })
}

fn item_of(header: &Header, row: &[&str], columns: &ColumnNames) -> Result<ItemRecord, DataError> {
    let text = |name: &str, kinds| header.place(name, kinds).and_then(|place| non_empty(row[place]));
    let id = row[header.required(&columns.item, &["token"])?].to_owned();
    let title = text(&columns.title, TEXT).unwrap_or_else(|| format!("item {id}"));
    let (title, year_in_title) = title_and_year(&title);
    let year = text(&columns.year, LOOSE_NUMBER).and_then(|it| whole(&it)).or(year_in_title);
    let genres = text(&columns.genres, TEXT).unwrap_or_default();
    let genres = genres.split(' ').filter(|it| *it != NO_GENRE).filter_map(non_empty).collect();
    Ok(ItemRecord { id, title, year, genres })
}

/// A year or an age, which may be written as `25.0`; words in their place mean that it is not known.
fn whole(text: &str) -> Option<u16> {
    let value: f64 = text.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&value)).then_some(value as u16)
}
