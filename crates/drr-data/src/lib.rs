//! Raw rating logs to checked, split Parquet, and back.

mod error;
mod raw_log;

pub use error::DataError;
pub use raw_log::{ItemRecord, RawLog, RowCounts, UserRecord};
