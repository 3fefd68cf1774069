//! Raw rating logs to checked, split Parquet, and back.
//!
//! The raw side fetches archives ([`fetch`]), reads every supported layout ([`read_raw`]) or makes a data set up
//! ([`generate_synthetic`]), checks each row, and hands over a [`RawLog`]. The store side splits it, writes it as
//! Parquet and reads it back. Raw ids and file formats stop here: other crates see dense indices.

mod archive;
mod attributes;
mod dataset;
mod describe;
mod entities;
mod error;
mod fetch;
mod foreign;
mod manifest;
mod progress;
mod raw;
mod raw_log;
mod registry;
mod split;
mod store;
mod synthetic;
mod tables;

pub use archive::Archive;
pub use attributes::{
    Attribute, AttributeKind, AttributeValue, AttributeValues, Attributes, AttributesBuilder, MAX_CATEGORIES,
};
pub use dataset::{Dataset, DatasetDir, find_ingested, ingest};
pub use describe::{
    AttributeSummary, Description, NEGATIVE_RATING, RatingCount, Streak, StreakKind, Summary, TimeSpan,
    WordCount, describe,
};
pub use drr_core::Protocol;
pub use entities::Entities;
pub use error::DataError;
pub use fetch::{Fetched, Origin, RawSource, fetch, fetch_python_package, supplied};
pub use foreign::{ForeignLists, ForeignRow, ListPlace, read_foreign_lists};
pub use manifest::{FORMAT, FileNote, MANIFEST, Manifest, SourceNote};
pub use progress::{NoProgress, Progress};
pub use raw::{Core, Grades, OnBadRow, OwnRules, Repeats, RowPolicy, Zeros, read_raw};
pub use raw_log::{RawLog, RowCounts};
pub use registry::{ColumnNames, DatasetSpec, PythonPackage, RatingScale, RawFormat, Registry};
pub use split::{Split, SplitConfig, SplitSummary};
pub use synthetic::{SyntheticConfig, generate as generate_synthetic};
pub use tables::{
    LedgerRow, ListRow, PerUserRow, SessionRow, TrainingRow, read_ledger, read_lists, read_per_user,
    read_sessions, read_training, write_ledger, write_lists, write_per_user, write_sessions, write_training,
};
