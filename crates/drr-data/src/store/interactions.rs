//! The table of ratings, and beside it the part of each rating in each split.
//!
//! Both are in the order of the raw file, which breaks ties in time, and both carry the row's number to join them by.

use super::entities::{check_index, index_column};
use super::{Batch, TableRow, field, number_column};
use crate::DataError;
use crate::error::REINGEST;
use crate::split::{part_name, part_of_name};
use arrow_array::types::{Float32Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::{DataType, Field};
use drr_core::{Interaction, ItemIdx, Part, Protocol, UserIdx};
use std::sync::Arc;

impl TableRow for Interaction {
    const REMEDY: &'static str = REINGEST;
    const GROWING: &'static [&'static str] = &["row", "timestamp"];

    fn fields() -> Vec<Field> {
        vec![
            field("row", DataType::UInt32),
            field("user", DataType::UInt32),
            field("item", DataType::UInt32),
            field("rating", DataType::Float32),
            field("timestamp", DataType::Int64),
        ]
    }

    fn columns(rows: &[Self], first: usize) -> Vec<ArrayRef> {
        vec![
            index_column(rows.len(), first),
            number_column::<UInt32Type>(rows.iter().map(|row| row.user.0)),
            number_column::<UInt32Type>(rows.iter().map(|row| row.item.0)),
            number_column::<Float32Type>(rows.iter().map(|row| row.rating)),
            number_column::<Int64Type>(rows.iter().map(|row| row.timestamp)),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        check_index(batch, "row")?;
        let users = batch.numbers::<UInt32Type>("user")?;
        let items = batch.numbers::<UInt32Type>("item")?;
        let ratings = batch.numbers::<Float32Type>("rating")?;
        let timestamps = batch.numbers::<Int64Type>("timestamp")?;
        rows.extend((0..batch.len()).map(|at| Self {
            user: UserIdx(users[at]),
            item: ItemIdx(items[at]),
            rating: ratings[at],
            timestamp: timestamps[at],
        }));
        Ok(())
    }

    fn problem(&self) -> Option<(&'static str, String)> {
        (!self.rating.is_finite()).then(|| ("rating", format!("{} is not a finite number", self.rating)))
    }
}

/// The protocols with a cut of their own: the columns of the table of parts, each named by the protocol's key. A stored
/// data set keeps its columns and its hash when a protocol gets another name.
const CUTS: [Protocol; 6] = [
    Protocol::FirstRatings,
    Protocol::Temporal,
    Protocol::Holdout,
    Protocol::LeaveOneOut,
    Protocol::Rerank,
    Protocol::Online,
];

/// The parts of one row, one column per cut; null where the data set does not allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SplitRow([Option<Part>; CUTS.len()]);

impl SplitRow {
    /// The part in the cut of `protocol`.
    pub fn part(&self, protocol: Protocol) -> Option<Part> {
        self.0[column_of(protocol)]
    }

    /// Sets it.
    pub fn set(&mut self, protocol: Protocol, part: Part) {
        self.0[column_of(protocol)] = Some(part);
    }
}

fn column_of(protocol: Protocol) -> usize {
    let cut = protocol.split();
    CUTS.iter().position(|it| *it == cut).unwrap_or_else(|| unreachable!("every cut has its column"))
}

/// The part in a column of names, where there is one.
fn part_at(
    batch: &Batch<'_>,
    name: &'static str,
    column: &StringArray,
    at: usize,
) -> Result<Option<Part>, DataError> {
    if column.is_null(at) {
        return Ok(None);
    }
    let text = column.value(at);
    let part = part_of_name(text);
    part.map(Some).ok_or_else(|| batch.bad_value(at, name, format!("part {text:?} is no part of a split")))
}

impl TableRow for SplitRow {
    const REMEDY: &'static str = REINGEST;
    const GROWING: &'static [&'static str] = &["row"];

    fn fields() -> Vec<Field> {
        let cuts = CUTS.iter().map(|cut| Field::new(cut.facts().key, DataType::Utf8, true));
        std::iter::once(field("row", DataType::UInt32)).chain(cuts).collect()
    }

    fn columns(rows: &[Self], first: usize) -> Vec<ArrayRef> {
        let mut columns = vec![index_column(rows.len(), first)];
        for cut in 0..CUTS.len() {
            let names = rows.iter().map(|row| row.0[cut].map(part_name));
            columns.push(Arc::new(names.collect::<StringArray>()));
        }
        columns
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        check_index(batch, "row")?;
        let begin = rows.len();
        rows.resize(begin + batch.len(), Self::default());
        for (cut, name) in CUTS.iter().map(|it| it.facts().key).enumerate() {
            let column = batch.optional_texts(name)?;
            for at in 0..batch.len() {
                rows[begin + at].0[cut] = part_at(batch, name, column, at)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_rows, write_rows};
    use super::*;
    use proptest::prelude::*;

    fn row(user: u32, item: u32, rating: f32, timestamp: i64) -> Interaction {
        Interaction { user: UserIdx(user), item: ItemIdx(item), rating, timestamp }
    }

    #[test]
    fn more_rows_than_a_row_group_come_back_in_order() {
        let rows: Vec<Interaction> = (0..300_000_u32)
            .map(|at| row(at / 100, at % 977, (at % 5) as f32, i64::from(at) * 7 - 9))
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("interactions.parquet");
        write_rows(&path, &rows).unwrap();
        assert!(read_rows::<Interaction>(&path).unwrap() == rows);
    }

    #[test]
    fn a_rating_that_is_no_number_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("interactions.parquet");
        let error = write_rows(&path, &[row(0, 0, 1.0, 0), row(0, 1, f32::NAN, 0)]).unwrap_err();
        assert!(matches!(error, DataError::TableValue { row: 1, column: "rating", .. }), "{error}");
        assert!(!path.exists());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn ratings_and_parts_come_back_as_they_were(
            rows in prop::collection::vec(
                (any::<u32>(), any::<u32>(), -1e9_f32..1e9, any::<i64>(), 0_usize..5, prop::option::of(0_usize..5)),
                0..300),
        ) {
            let names = [Part::Train, Part::Validation, Part::Test, Part::SimulatorA, Part::SimulatorB];
            let part = |at: usize| names[at];
            let ratings: Vec<Interaction> =
                rows.iter().map(|it| row(it.0, it.1, it.2, it.3)).collect();
            let parts: Vec<SplitRow> = rows
                .iter()
                .map(|it| {
                    let mut row = SplitRow::default();
                    row.set(Protocol::Episodes, part(it.4));
                    it.5.into_iter().for_each(|at| row.set(Protocol::Temporal, part(at)));
                    row
                })
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("table.parquet");
            write_rows(&path, &ratings).unwrap();
            prop_assert_eq!(read_rows::<Interaction>(&path).unwrap(), ratings);
            write_rows(&path, &parts).unwrap();
            prop_assert_eq!(read_rows::<SplitRow>(&path).unwrap(), parts);
        }
    }
}
