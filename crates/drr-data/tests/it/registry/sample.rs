//! A made-up log in the layout of a published data set, and what reading it must give.

use std::io::Write;
use std::path::{Path, PathBuf};

/// Users of a sample.
pub(super) const N_USERS: usize = 20;
/// Items of a sample.
pub(super) const N_ITEMS: usize = 12;
/// The second of the first row.
const BEGIN: i64 = 1_500_000_000;

/// How the files of a sample lie on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lies {
    /// In a zip, below a folder.
    Zip(&'static str),
    /// In a folder.
    Folder,
    /// As one file.
    File,
    /// As one file, packed.
    Gz,
}

/// What the tables say of an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Said {
    pub(super) title: Option<String>,
    pub(super) year: Option<f64>,
    pub(super) categories: Vec<String>,
}

/// What is written in the row of a number, and the rating that it is; none where the row is left out.
pub(super) type Value = fn(usize) -> (&'static str, Option<f32>);

/// How one data set writes its log.
pub(super) struct Sample {
    pub(super) lies: Lies,
    pub(super) user: fn(usize) -> String,
    pub(super) item: fn(usize) -> String,
    pub(super) value: Value,
    /// How a second is written; none where there is no time.
    pub(super) time: Option<fn(i64) -> String>,
    /// The files with rows, which have the same number of rows each.
    pub(super) logs: &'static [&'static str],
    /// What stands before the rows.
    pub(super) header: &'static str,
    /// A row of user, item, value and time.
    pub(super) row: fn([&str; 4]) -> String,
    /// Tables of the items, each a file with its bytes.
    pub(super) tables: fn() -> Vec<(&'static str, Vec<u8>)>,
    /// What these say of an item.
    pub(super) said: fn(usize) -> Said,
    pub(super) scale: (f32, f32),
}

impl Sample {
    /// A log without a header, with times in seconds and stars from 1 to 5, of whose items nothing is said.
    pub(super) fn plain(lies: Lies, logs: &'static [&'static str], row: fn([&str; 4]) -> String) -> Self {
        Self {
            lies,
            user: |at| format!("{}", at * 3 + 1),
            item: |at| format!("{}", at * 7 + 2),
            value: stars,
            time: Some(|second| second.to_string()),
            logs,
            header: "",
            row,
            tables: Vec::new,
            said: |_| Said::default(),
            scale: (1.0, 5.0),
        }
    }

    /// The rows: the number of the user and of the item.
    fn pairs() -> impl Iterator<Item = (usize, usize)> {
        let all = (0..N_USERS).flat_map(|user| (0..N_ITEMS).map(move |item| (user, item)));
        all.filter(|(user, item)| (user * 5 + item * 7) % 3 != 0)
    }

    /// How many rows are written.
    pub(super) fn n_rows() -> usize {
        Self::pairs().count()
    }

    /// The rows that must come out: ids, rating, and second or place.
    pub(super) fn expected(&self) -> Vec<(String, String, f32, i64)> {
        let mut rows = Vec::new();
        for (at, (user, item)) in Self::pairs().enumerate() {
            if let Some(rating) = (self.value)(mixed(at)).1 {
                let time = if self.time.is_some() { second_of(at) } else { rows.len() as i64 };
                rows.push(((self.user)(user), (self.item)(item), rating, time));
            }
        }
        rows
    }

    /// Writes the files below `folder` under the name `archive`.
    pub(super) fn write(&self, folder: &Path, archive: &str) -> PathBuf {
        let place = folder.join(archive);
        let mut files = self.files();
        match self.lies {
            Lies::Zip(within) => {
                let mut zip = zip::ZipWriter::new(std::fs::File::create(&place).unwrap());
                for (name, bytes) in files {
                    zip.start_file(format!("{within}{name}"), zip::write::SimpleFileOptions::default())
                        .unwrap();
                    zip.write_all(&bytes).unwrap();
                }
                zip.finish().unwrap();
            }
            Lies::Folder => {
                for (name, bytes) in files {
                    let path = place.join(name);
                    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                    std::fs::write(path, bytes).unwrap();
                }
            }
            Lies::File => std::fs::write(&place, files.remove(0).1).unwrap(),
            Lies::Gz => {
                let file = std::fs::File::create(&place).unwrap();
                let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
                packer.write_all(&files.remove(0).1).unwrap();
                packer.finish().unwrap();
            }
        }
        place
    }

    /// The files: those with rows first.
    fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let rows: Vec<String> = Self::pairs()
            .enumerate()
            .map(|(at, (user, item))| {
                let time = self.time.map(|write| write(second_of(at))).unwrap_or_default();
                (self.row)([&(self.user)(user), &(self.item)(item), (self.value)(mixed(at)).0, &time])
            })
            .collect();
        let n_each = rows.len().div_ceil(self.logs.len());
        let log = |(name, rows): (&&'static str, &[String])| {
            (*name, format!("{}{}\n", self.header, rows.join("\n")).into_bytes())
        };
        let logs = self.logs.iter().zip(rows.chunks(n_each)).map(log);
        logs.chain((self.tables)()).collect()
    }
}

/// Numbers in an order in which no user and no item has values of one kind alone.
fn mixed(at: usize) -> usize {
    at + at / 8
}

/// The second of the row of a number.
fn second_of(at: usize) -> i64 {
    BEGIN + 3600 * at as i64
}

/// Whole stars from 1 to 5, as many of each.
pub(super) fn stars(at: usize) -> (&'static str, Option<f32>) {
    [("1", Some(1.0)), ("2", Some(2.0)), ("3", Some(3.0)), ("4", Some(4.0)), ("5", Some(5.0))][at % 5]
}

/// A table: its header, and a row for each item and one that nobody rated.
pub(super) fn table(header: &str, row: impl Fn(usize) -> String) -> Vec<u8> {
    let rows: Vec<String> = (0..=N_ITEMS).map(row).collect();
    format!("{header}{}\n", rows.join("\n")).into_bytes()
}
