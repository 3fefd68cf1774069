//! The sessions of users who may leave: `sessions.parquet`, from which every figure of such sessions follows.

use super::{RERUN, not_finite};
use crate::store::{Batch, TableRow, field, number_column, read_rows, text_column, write_rows};
use crate::{DataError, Protocol};
use arrow_array::ArrayRef;
use arrow_array::types::{Float32Type, Float64Type, UInt32Type, UInt64Type};
use arrow_schema::{DataType, Field};
use drr_store::Written;
use std::path::Path;

/// One item that was shown in a session.
///
/// A user's total reward is the sum of `survival * reward` over the rows of one table, recommender and seed, and the
/// expected length the sum of `survival`.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    /// The table that the session counts in: `long_session growing_taste_b`.
    pub protocol: String,
    /// Who recommended.
    pub recommender: String,
    /// The seed of its training; the run's where there is none.
    pub seed: u64,
    /// The user's original id.
    pub user_id: String,
    /// The step, from 1.
    pub step: u32,
    /// The item's original id.
    pub item_id: String,
    /// The reward of the user who is there, which is finite.
    pub reward: f32,
    /// The probability that the user is still there when the item is shown, in `[0, 1]`.
    pub survival: f64,
}

/// Writes sessions, in full or not at all.
///
/// # Errors
///
/// Refuses a step of 0, a reward that is not finite and a survival that is no probability, and fails if the file cannot
/// be written.
pub fn write_sessions(path: &Path, rows: &[SessionRow]) -> Result<Written, DataError> {
    write_rows(path, rows)
}

/// Reads sessions.
///
/// # Errors
///
/// Fails if the file is missing, damaged, or no such table.
pub fn read_sessions(path: &Path) -> Result<Vec<SessionRow>, DataError> {
    read_rows(path)
}

impl TableRow for SessionRow {
    const REMEDY: &'static str = RERUN;

    fn fields() -> Vec<Field> {
        vec![
            field("protocol", DataType::Utf8),
            field("recommender", DataType::Utf8),
            field("seed", DataType::UInt64),
            field("user_id", DataType::Utf8),
            field("step", DataType::UInt32),
            field("item_id", DataType::Utf8),
            field("reward", DataType::Float32),
            field("survival", DataType::Float64),
        ]
    }

    fn columns(rows: &[Self], _first: usize) -> Vec<ArrayRef> {
        vec![
            text_column(rows.iter().map(|row| row.protocol.as_str())),
            text_column(rows.iter().map(|row| row.recommender.as_str())),
            number_column::<UInt64Type>(rows.iter().map(|row| row.seed)),
            text_column(rows.iter().map(|row| row.user_id.as_str())),
            number_column::<UInt32Type>(rows.iter().map(|row| row.step)),
            text_column(rows.iter().map(|row| row.item_id.as_str())),
            number_column::<Float32Type>(rows.iter().map(|row| row.reward)),
            number_column::<Float64Type>(rows.iter().map(|row| row.survival)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        let texts = ["protocol", "recommender", "user_id", "item_id"];
        let texts: Vec<_> = texts.into_iter().map(|name| batch.texts(name)).collect::<Result<_, _>>()?;
        let seeds = batch.numbers::<UInt64Type>("seed")?;
        let steps = batch.numbers::<UInt32Type>("step")?;
        let rewards = batch.numbers::<Float32Type>("reward")?;
        let survivals = batch.numbers::<Float64Type>("survival")?;
        let text = |column: usize, at: usize| texts[column].value(at).to_owned();
        rows.extend((0..batch.len()).map(|at| Self {
            protocol: Protocol::table_name(texts[0].value(at)).into_owned(),
            recommender: text(1, at),
            seed: seeds[at],
            user_id: text(2, at),
            step: steps[at],
            item_id: text(3, at),
            reward: rewards[at],
            survival: survivals[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        if self.step == 0 {
            return Some(("step", "0 is no step: steps count from 1".to_owned()));
        }
        if !(0.0..=1.0).contains(&self.survival) {
            return Some(("survival", format!("{} is no probability", self.survival)));
        }
        not_finite("reward", f64::from(self.reward))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(step: u32, reward: f32, survival: f64) -> SessionRow {
        SessionRow {
            protocol: "long_session growing_taste_b".to_owned(),
            recommender: "greedy".to_owned(),
            seed: 11,
            user_id: "4833".to_owned(),
            step,
            item_id: "260".to_owned(),
            reward,
            survival,
        }
    }

    #[test]
    fn what_is_no_step_no_reward_and_no_probability_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.parquet");
        let bad = [
            (row(0, 0.5, 1.0), "step"),
            (row(1, f32::NAN, 1.0), "reward"),
            (row(1, 0.5, 1.5), "survival"),
            (row(1, 0.5, f64::NAN), "survival"),
        ];
        for (bad, wanted) in bad {
            let error = write_sessions(&path, &[row(1, 0.5, 1.0), bad]).unwrap_err();
            let names = matches!(&error, DataError::TableValue { row: 1, column, .. } if *column == wanted);
            assert!(names && !path.exists(), "{error}");
        }
    }

    #[test]
    fn a_damaged_file_and_another_table_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.parquet");
        write_sessions(&path, &[row(1, 0.5, 1.0), row(2, -0.25, 0.8)]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let error = read_sessions(&path).unwrap_err();
        assert!(matches!(error, DataError::CorruptTable { .. }), "{error}");
        crate::write_lists(&path, &[]).unwrap();
        let error = read_sessions(&path).unwrap_err();
        assert!(matches!(error, DataError::TableColumn { .. }), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn sessions_come_back_as_they_were(
            rows in prop::collection::vec(
                ("\\PC{0,9}", "\\PC{0,9}", any::<u64>(), 1_u32..100, -1.0_f32..1.0, 0.0_f64..=1.0), 0..60),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("sessions.parquet");
            let rows: Vec<SessionRow> = rows.into_iter()
                .map(|(user_id, item_id, seed, step, reward, survival)| SessionRow {
                    user_id, item_id, seed, ..row(step, reward, survival) })
                .collect();
            write_sessions(&path, &rows).unwrap();
            prop_assert_eq!(read_sessions(&path).unwrap(), rows);
        }
    }
}
