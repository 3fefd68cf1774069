//! The tables of a run: the course of the training, the ranked lists, and each user's values.
//!
//! They carry ORIGINAL ids, so that anyone can recompute every figure of a report without this program.

mod ledger;
mod sessions;

pub use ledger::{LedgerRow, read_ledger, write_ledger};
pub use sessions::{SessionRow, read_sessions, write_sessions};

use crate::store::{Batch, TableRow, field, number_column, read_rows, text_column, write_rows};
use crate::{DataError, Protocol};
use arrow_array::ArrayRef;
use arrow_array::types::{Float32Type, Float64Type, UInt32Type, UInt64Type};
use arrow_schema::{DataType, Field};
use drr_store::Written;
use std::path::Path;

/// What to do about a bad table of a run.
const RERUN: &str = "run the command that writes it again with --force";

/// One number of a training: `training.parquet`.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRow {
    /// The label of the run: `first_ratings/drr_ave/final`.
    pub series: String,
    /// The environment steps taken so far.
    pub step: u64,
    /// The name of the metric: `critic_loss`.
    pub name: String,
    /// Its value, which is finite.
    pub value: f64,
}

/// One place of a ranked list: `lists.parquet`.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRow {
    /// The evaluation protocol: `first_ratings`.
    pub protocol: String,
    /// Who ranked.
    pub recommender: String,
    /// The user's original id.
    pub user_id: String,
    /// The place, from 1.
    pub rank: u32,
    /// The item's original id.
    pub item_id: String,
    /// The score that ranked it, which is finite.
    pub score: f32,
}

/// One metric of one user: `per_user.parquet`.
#[derive(Debug, Clone, PartialEq)]
pub struct PerUserRow {
    /// The evaluation protocol: `first_ratings`.
    pub protocol: String,
    /// Who was judged.
    pub recommender: String,
    /// The user's original id.
    pub user_id: String,
    /// The name of the metric: `precision`.
    pub metric: String,
    /// The length of the list that was judged.
    pub k: u32,
    /// The value, which is finite.
    pub value: f64,
}

/// Writes the course of a training, in full or not at all.
///
/// # Errors
///
/// Refuses a value that is not finite, and fails if the file cannot be written.
pub fn write_training(path: &Path, rows: &[TrainingRow]) -> Result<Written, DataError> {
    write_rows(path, rows)
}

/// Reads the course of a training.
///
/// # Errors
///
/// Fails if the file is missing, damaged, or no such table.
pub fn read_training(path: &Path) -> Result<Vec<TrainingRow>, DataError> {
    read_rows(path)
}

/// Writes ranked lists, in full or not at all.
///
/// # Errors
///
/// Refuses a rank of 0 and a score that is not finite, and fails if the file cannot be written.
pub fn write_lists(path: &Path, rows: &[ListRow]) -> Result<Written, DataError> {
    write_rows(path, rows)
}

/// Reads ranked lists.
///
/// # Errors
///
/// Fails if the file is missing, damaged, or no such table.
pub fn read_lists(path: &Path) -> Result<Vec<ListRow>, DataError> {
    read_rows(path)
}

/// Writes each user's values, in full or not at all.
///
/// # Errors
///
/// Refuses a value that is not finite, and fails if the file cannot be written.
pub fn write_per_user(path: &Path, rows: &[PerUserRow]) -> Result<Written, DataError> {
    write_rows(path, rows)
}

/// Reads each user's values.
///
/// # Errors
///
/// Fails if the file is missing, damaged, or no such table.
pub fn read_per_user(path: &Path) -> Result<Vec<PerUserRow>, DataError> {
    read_rows(path)
}

/// The problem of a number that is infinite or NaN.
fn not_finite(column: &'static str, value: f64) -> Option<(&'static str, String)> {
    (!value.is_finite()).then(|| (column, format!("{value} is not a finite number")))
}

impl TableRow for TrainingRow {
    const REMEDY: &'static str = RERUN;
    const GROWING: &'static [&'static str] = &["step"];

    fn fields() -> Vec<Field> {
        vec![
            field("series", DataType::Utf8),
            field("step", DataType::UInt64),
            field("name", DataType::Utf8),
            field("value", DataType::Float64),
        ]
    }

    fn columns(rows: &[Self], _first: usize) -> Vec<ArrayRef> {
        vec![
            text_column(rows.iter().map(|row| row.series.as_str())),
            number_column::<UInt64Type>(rows.iter().map(|row| row.step)),
            text_column(rows.iter().map(|row| row.name.as_str())),
            number_column::<Float64Type>(rows.iter().map(|row| row.value)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        let series = batch.texts("series")?;
        let steps = batch.numbers::<UInt64Type>("step")?;
        let names = batch.texts("name")?;
        let values = batch.numbers::<Float64Type>("value")?;
        rows.extend((0..batch.len()).map(|at| Self {
            series: series.value(at).to_owned(),
            step: steps[at],
            name: names.value(at).to_owned(),
            value: values[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        not_finite("value", self.value)
    }
}

impl TableRow for ListRow {
    const REMEDY: &'static str = RERUN;

    fn fields() -> Vec<Field> {
        vec![
            field("protocol", DataType::Utf8),
            field("recommender", DataType::Utf8),
            field("user_id", DataType::Utf8),
            field("rank", DataType::UInt32),
            field("item_id", DataType::Utf8),
            field("score", DataType::Float32),
        ]
    }

    fn columns(rows: &[Self], _first: usize) -> Vec<ArrayRef> {
        vec![
            text_column(rows.iter().map(|row| row.protocol.as_str())),
            text_column(rows.iter().map(|row| row.recommender.as_str())),
            text_column(rows.iter().map(|row| row.user_id.as_str())),
            number_column::<UInt32Type>(rows.iter().map(|row| row.rank)),
            text_column(rows.iter().map(|row| row.item_id.as_str())),
            number_column::<Float32Type>(rows.iter().map(|row| row.score)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        let protocols = batch.texts("protocol")?;
        let recommenders = batch.texts("recommender")?;
        let users = batch.texts("user_id")?;
        let ranks = batch.numbers::<UInt32Type>("rank")?;
        let items = batch.texts("item_id")?;
        let scores = batch.numbers::<Float32Type>("score")?;
        rows.extend((0..batch.len()).map(|at| Self {
            protocol: Protocol::table_name(protocols.value(at)).into_owned(),
            recommender: recommenders.value(at).to_owned(),
            user_id: users.value(at).to_owned(),
            rank: ranks[at],
            item_id: items.value(at).to_owned(),
            score: scores[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        if self.rank == 0 {
            return Some(("rank", "0 is no place: ranks count from 1".to_owned()));
        }
        not_finite("score", f64::from(self.score))
    }
}

impl TableRow for PerUserRow {
    const REMEDY: &'static str = RERUN;

    fn fields() -> Vec<Field> {
        vec![
            field("protocol", DataType::Utf8),
            field("recommender", DataType::Utf8),
            field("user_id", DataType::Utf8),
            field("metric", DataType::Utf8),
            field("k", DataType::UInt32),
            field("value", DataType::Float64),
        ]
    }

    fn columns(rows: &[Self], _first: usize) -> Vec<ArrayRef> {
        vec![
            text_column(rows.iter().map(|row| row.protocol.as_str())),
            text_column(rows.iter().map(|row| row.recommender.as_str())),
            text_column(rows.iter().map(|row| row.user_id.as_str())),
            text_column(rows.iter().map(|row| row.metric.as_str())),
            number_column::<UInt32Type>(rows.iter().map(|row| row.k)),
            number_column::<Float64Type>(rows.iter().map(|row| row.value)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        let protocols = batch.texts("protocol")?;
        let recommenders = batch.texts("recommender")?;
        let users = batch.texts("user_id")?;
        let metrics = batch.texts("metric")?;
        let ks = batch.numbers::<UInt32Type>("k")?;
        let values = batch.numbers::<Float64Type>("value")?;
        rows.extend((0..batch.len()).map(|at| Self {
            protocol: Protocol::table_name(protocols.value(at)).into_owned(),
            recommender: recommenders.value(at).to_owned(),
            user_id: users.value(at).to_owned(),
            metric: metrics.value(at).to_owned(),
            k: ks[at],
            value: values[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        not_finite("value", self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list_row(rank: u32, score: f32) -> ListRow {
        ListRow {
            protocol: "first_ratings".to_owned(),
            recommender: "popularity".to_owned(),
            user_id: "4833".to_owned(),
            rank,
            item_id: "260".to_owned(),
            score,
        }
    }

    #[test]
    fn a_rank_of_zero_and_a_score_that_is_no_number_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists.parquet");
        let rank = write_lists(&path, &[list_row(0, 1.0)]).unwrap_err();
        assert!(matches!(rank, DataError::TableValue { row: 0, column: "rank", .. }), "{rank}");
        let score = write_lists(&path, &[list_row(1, 1.0), list_row(2, f32::INFINITY)]).unwrap_err();
        assert!(matches!(score, DataError::TableValue { row: 1, column: "score", .. }), "{score}");
    }

    #[test]
    fn one_table_is_not_taken_for_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists.parquet");
        write_lists(&path, &[list_row(1, 1.0)]).unwrap();
        let error = read_per_user(&path).unwrap_err();
        assert!(
            matches!(&error, DataError::TableColumn { wanted, .. } if wanted.starts_with("metric")),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn run_tables_come_back_as_they_were(
            rows in prop::collection::vec(
                ("\\PC{0,5}", "\\PC{0,9}", any::<u64>(), 1_u32..100, -1e30_f64..1e30), 0..60),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("table.parquet");
            let training: Vec<TrainingRow> = rows.iter().cloned()
                .map(|(series, name, step, _, value)| TrainingRow { series, step, name, value })
                .collect();
            write_training(&path, &training).unwrap();
            prop_assert_eq!(read_training(&path).unwrap(), training);
            let lists: Vec<ListRow> = rows.iter().cloned()
                .map(|(user_id, item_id, _, rank, score)| ListRow {
                    user_id, item_id, score: score as f32, ..list_row(rank, 0.0) })
                .collect();
            write_lists(&path, &lists).unwrap();
            prop_assert_eq!(read_lists(&path).unwrap(), lists);
            let per_user: Vec<PerUserRow> = rows.into_iter()
                .map(|(user_id, metric, _, k, value)| PerUserRow {
                    protocol: "temporal".to_owned(), recommender: "oracle".to_owned(), user_id, metric, k, value })
                .collect();
            write_per_user(&path, &per_user).unwrap();
            prop_assert_eq!(read_per_user(&path).unwrap(), per_user);
        }
    }
}
