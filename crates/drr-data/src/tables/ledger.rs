//! The ledger of a search for settings: every trial, and every look at the test rows.

use super::{RERUN, not_finite};
use crate::store::{Batch, TableRow, field, number_column, read_rows, text_column, write_rows};
use crate::{DataError, Protocol};
use arrow_array::ArrayRef;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_schema::{DataType, Field};
use drr_store::Written;
use std::path::Path;

/// One evaluation of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRow {
    /// The protocol.
    pub protocol: String,
    /// The recommender.
    pub recommender: String,
    /// The number of the trial, from 0; the default settings come first.
    pub trial: u32,
    /// What was judged on: `validation`, or `test` for the chosen settings.
    pub part: String,
    /// The settings, as JSON.
    pub settings: String,
    /// The metric: `precision@10`.
    pub metric: String,
    /// Its value.
    pub value: f64,
    /// Seconds of processor time that the trial took.
    pub seconds: f64,
}

/// Writes a ledger, in full or not at all.
///
/// # Errors
///
/// Refuses a value that is not finite, and fails if the file cannot be written.
pub fn write_ledger(path: &Path, rows: &[LedgerRow]) -> Result<Written, DataError> {
    write_rows(path, rows)
}

/// Reads a ledger.
///
/// # Errors
///
/// Fails if the file is missing, damaged, or no such table.
pub fn read_ledger(path: &Path) -> Result<Vec<LedgerRow>, DataError> {
    read_rows(path)
}

impl TableRow for LedgerRow {
    const REMEDY: &'static str = RERUN;

    fn fields() -> Vec<Field> {
        vec![
            field("protocol", DataType::Utf8),
            field("recommender", DataType::Utf8),
            field("trial", DataType::UInt32),
            field("part", DataType::Utf8),
            field("settings", DataType::Utf8),
            field("metric", DataType::Utf8),
            field("value", DataType::Float64),
            field("seconds", DataType::Float64),
        ]
    }

    fn columns(rows: &[Self], _first: usize) -> Vec<ArrayRef> {
        vec![
            text_column(rows.iter().map(|row| row.protocol.as_str())),
            text_column(rows.iter().map(|row| row.recommender.as_str())),
            number_column::<UInt32Type>(rows.iter().map(|row| row.trial)),
            text_column(rows.iter().map(|row| row.part.as_str())),
            text_column(rows.iter().map(|row| row.settings.as_str())),
            text_column(rows.iter().map(|row| row.metric.as_str())),
            number_column::<Float64Type>(rows.iter().map(|row| row.value)),
            number_column::<Float64Type>(rows.iter().map(|row| row.seconds)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        let texts = ["protocol", "recommender", "part", "settings", "metric"];
        let texts: Vec<_> = texts.into_iter().map(|name| batch.texts(name)).collect::<Result<_, _>>()?;
        let trials = batch.numbers::<UInt32Type>("trial")?;
        let values = batch.numbers::<Float64Type>("value")?;
        let seconds = batch.numbers::<Float64Type>("seconds")?;
        let text = |column: usize, at: usize| texts[column].value(at).to_owned();
        rows.extend((0..batch.len()).map(|at| Self {
            protocol: Protocol::table_name(texts[0].value(at)).into_owned(),
            recommender: text(1, at),
            trial: trials[at],
            part: text(2, at),
            settings: text(3, at),
            metric: text(4, at),
            value: values[at],
            seconds: seconds[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        not_finite("value", self.value).or_else(|| not_finite("seconds", self.seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.parquet");
        let row = |trial| LedgerRow {
            protocol: "first_ratings".to_owned(),
            recommender: "ease".to_owned(),
            trial,
            part: "validation".to_owned(),
            settings: r#"{"kind":"ease","lambda":300.0}"#.to_owned(),
            metric: "precision@10".to_owned(),
            value: 0.25,
            seconds: 1.5,
        };
        let rows = [row(0), row(1)];
        write_ledger(&path, &rows).unwrap();
        assert_eq!(read_ledger(&path).unwrap(), rows);
        let error = write_ledger(&path, &[LedgerRow { value: f64::NAN, ..row(0) }]).unwrap_err();
        assert!(matches!(error, DataError::TableValue { row: 0, column: "value", .. }), "{error}");
    }
}
