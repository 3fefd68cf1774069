//! Ranked lists of any other system: text with a header, or Parquet of whatever make, checked row by row.
//!
//! | matter | rule |
//! |---|---|
//! | names of columns | a user, an item, and a rank or a score; case, `_`, `-`, spaces and what follows `:` do not matter |
//! | ids | the data set's original ids, as text or integers |
//! | rank | whole numbers; only their order counts, so gaps and any first number will do; one twice for a user is refused |
//! | score | finite, the greatest first; equal ones keep the order of the file; not read where there is a rank |
//! | an item twice for a user | refused |
//! | columns `protocol`, `recommender` | choose rows, where a file has them |

mod columns;
mod table;
mod text;

use crate::DataError;
use columns::Columns;
use rustc_hash::FxHashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Where in a file of lists something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListPlace {
    /// Nowhere in particular.
    File,
    /// A line of a text, from 1.
    Line(u64),
    /// A row of a table, from 1.
    Row(u64),
}

impl fmt::Display for ListPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(line) => write!(formatter, ", line {line}"),
            Self::Row(row) => write!(formatter, ", row {row}"),
        }
    }
}

/// One place of somebody's ranked list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ForeignRow {
    /// Where it stands.
    pub place: ListPlace,
    /// The position of the user's original id in [`ForeignLists::user_ids`].
    pub user: u32,
    /// The position of the item's original id in [`ForeignLists::item_ids`].
    pub item: u32,
    /// Lists go from the least to the greatest: the rank, or the negative score. Finite.
    pub order: f64,
}

/// The lists of one recommender, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignLists {
    /// The file.
    pub path: PathBuf,
    /// The recommender, where the file names it.
    pub recommender: Option<String>,
    /// The users' original ids, each once.
    pub user_ids: Vec<String>,
    /// The items' original ids, each once.
    pub item_ids: Vec<String>,
    /// The places of the lists; no user has an item or a rank twice.
    pub rows: Vec<ForeignRow>,
}

/// Reads the lists of one recommender under one protocol.
///
/// A file without a column `protocol` or `recommender` holds the lists of one; of a file with several recommenders
/// `recommender` chooses.
///
/// # Errors
///
/// Fails on an unreadable file, a missing or ambiguous column, a field that is missing or no number, an item or a rank
/// that a user has twice, and a choice that leaves nothing, with the line or row and a remedy.
pub fn read_foreign_lists(
    path: &Path,
    protocol: &str,
    recommender: Option<&str>,
) -> Result<ForeignLists, DataError> {
    let mut gathered = Gathered::default();
    if is_parquet(path).map_err(DataError::io("read", path))? {
        let file = File::open(path).map_err(DataError::io("open", path))?;
        table::read(path, file, protocol, &mut gathered)?;
    } else {
        let data = std::fs::read(path).map_err(DataError::io("read", path))?;
        text::read(path, data, protocol, &mut gathered)?;
    }
    gathered.finish(path, protocol, recommender)
}

/// Whether a file begins as Parquet does, whatever its name.
fn is_parquet(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start == *b"PAR1")
}

/// The error of one file, at one place.
fn refuse(path: &Path, place: ListPlace, problem: impl Into<String>, remedy: &'static str) -> DataError {
    DataError::BadLists { path: path.to_owned(), place, problem: problem.into(), remedy }
}

/// A row as a file has it.
struct RawRow<'a> {
    place: ListPlace,
    user: &'a str,
    item: &'a str,
    order: f64,
    recommender: Option<&'a str>,
}

/// Ids, each once, in the order of their first appearance.
#[derive(Default)]
struct Ids {
    ids: Vec<String>,
    positions: FxHashMap<String, u32>,
}

impl Ids {
    fn position(&mut self, id: &str) -> u32 {
        if let Some(position) = self.positions.get(id) {
            return *position;
        }
        let position = u32::try_from(self.ids.len()).unwrap_or_else(|_| unreachable!("ids fit into memory"));
        self.ids.push(id.to_owned());
        self.positions.insert(id.to_owned(), position);
        position
    }
}

/// The rows of the protocol, of all recommenders.
#[derive(Default)]
struct Gathered {
    users: Ids,
    items: Ids,
    recommenders: Ids,
    /// The rows, each with the position of its recommender; 0 where the file names none.
    rows: Vec<(u32, ForeignRow)>,
    /// Whether there was a row of another protocol.
    has_other_protocols: bool,
    /// Whether the order is by rank.
    by_rank: bool,
}

impl Gathered {
    fn add(&mut self, raw: &RawRow<'_>) {
        let recommender = raw.recommender.map_or(0, |name| self.recommenders.position(name));
        let row = ForeignRow {
            place: raw.place,
            user: self.users.position(raw.user),
            item: self.items.position(raw.item),
            order: raw.order,
        };
        self.rows.push((recommender, row));
    }

    fn finish(
        self,
        path: &Path,
        protocol: &str,
        recommender: Option<&str>,
    ) -> Result<ForeignLists, DataError> {
        let names = &self.recommenders.ids;
        if self.rows.is_empty() {
            let problem = if self.has_other_protocols {
                format!("it has no lists under protocol {protocol}")
            } else {
                "it has a header and no rows".to_owned()
            };
            return Err(refuse(
                path,
                ListPlace::File,
                problem,
                "give the file that the lists were written to",
            ));
        }
        let chosen = match recommender.and_then(|name| names.iter().position(|it| it == name)) {
            Some(chosen) => chosen,
            None if names.len() <= 1 => 0,
            None => {
                let missing = recommender.map(|name| format!("no lists of {name}, but ")).unwrap_or_default();
                let problem = format!("it has {missing}lists of several recommenders: {}", names.join(", "));
                return Err(refuse(path, ListPlace::File, problem, "choose one of them with --name"));
            }
        };
        let own = self.rows.into_iter().filter(|(of, _)| *of as usize == chosen);
        let lists = ForeignLists {
            path: path.to_owned(),
            recommender: names.get(chosen).cloned(),
            user_ids: self.users.ids,
            item_ids: self.items.ids,
            rows: own.map(|(_, row)| row).collect(),
        };
        lists.refuse_repeats(self.by_rank)?;
        Ok(lists)
    }
}

impl ForeignLists {
    /// Refuses an item, and with `by_rank` a rank, that a user has twice.
    fn refuse_repeats(&self, by_rank: bool) -> Result<(), DataError> {
        let mut items: FxHashMap<(u32, u32), ListPlace> = FxHashMap::default();
        let mut ranks: FxHashMap<(u32, u64), ListPlace> = FxHashMap::default();
        for row in &self.rows {
            let user = &self.user_ids[row.user as usize];
            let twice = |what: String, before: ListPlace| {
                let problem = format!(
                    "user {user} has {what} already (see {})",
                    before.to_string().trim_start_matches(", ")
                );
                refuse(
                    &self.path,
                    row.place,
                    problem,
                    "let each user's list have every item and every rank once",
                )
            };
            if let Some(before) = items.insert((row.user, row.item), row.place) {
                return Err(twice(format!("the item {}", self.item_ids[row.item as usize]), before));
            }
            if by_rank && let Some(before) = ranks.insert((row.user, row.order.to_bits()), row.place) {
                return Err(twice(format!("the rank {}", row.order), before));
            }
        }
        Ok(())
    }
}
