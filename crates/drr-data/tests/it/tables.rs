//! Parquet files that are not what they should be, as a foreign program or a broken disk leaves them.

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray, UInt32Array};
use drr_data::{DataError, ListRow, read_lists, write_lists};
use parquet::arrow::ArrowWriter;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

fn rows(n: u32) -> Vec<ListRow> {
    (1..=n)
        .map(|rank| ListRow {
            protocol: "first_ratings".to_owned(),
            recommender: "popularity".to_owned(),
            user_id: "4833".to_owned(),
            rank,
            item_id: (rank * 10).to_string(),
            score: 1.0 / rank as f32,
        })
        .collect()
}

/// Writes lists of two rows with another program's writer, with some columns replaced or left out.
fn write_foreign(path: &Path, change: impl Fn(&str, ArrayRef) -> Option<ArrayRef>) {
    let text = |word: &str| Arc::new(StringArray::from(vec![word; 2])) as ArrayRef;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("protocol", text("first_ratings")),
        ("recommender", text("mine")),
        ("user_id", text("1")),
        ("rank", Arc::new(UInt32Array::from(vec![1, 2]))),
        ("item_id", text("10")),
        ("score", Arc::new(Float32Array::from(vec![2.0, 1.0]))),
    ];
    let columns = columns.into_iter().filter_map(|(name, column)| Some((name, change(name, column)?, true)));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn read_foreign(change: impl Fn(&str, ArrayRef) -> Option<ArrayRef>) -> Result<Vec<ListRow>, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.parquet");
    write_foreign(&path, change);
    read_lists(&path)
}

#[test]
fn lists_of_another_writer_are_read() {
    let lists = read_foreign(|_, column| Some(column)).unwrap();
    assert_eq!(lists.iter().map(|row| row.rank).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(lists[0].recommender, "mine");
}

#[test]
fn a_missing_column_and_a_column_of_another_type_are_named() {
    let missing = read_foreign(|name, column| (name != "score").then_some(column)).unwrap_err();
    assert!(missing.to_string().contains("no column score (Float32)"), "{missing}");
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1", "2"]));
    let other = read_foreign(|name, column| Some(if name == "rank" { Arc::clone(&text) } else { column }));
    let other = other.unwrap_err();
    assert!(matches!(&other, DataError::TableColumn { .. }), "{other}");
    assert!(other.to_string().contains("rank (Utf8)"), "{other}");
}

#[test]
fn a_null_and_a_nan_are_named_with_their_row() {
    let null: ArrayRef = Arc::new(StringArray::from(vec![Some("10"), None]));
    let null = read_foreign(|name, column| Some(if name == "item_id" { Arc::clone(&null) } else { column }));
    assert!(matches!(null, Err(DataError::TableValue { row: 1, column: "item_id", .. })));
    let nan: ArrayRef = Arc::new(Float32Array::from(vec![1.0, f32::NAN]));
    let nan = read_foreign(|name, column| Some(if name == "score" { Arc::clone(&nan) } else { column }));
    assert!(matches!(nan, Err(DataError::TableValue { row: 1, column: "score", .. })));
}

#[test]
fn a_file_cut_off_anywhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.parquet");
    write_lists(&path, &rows(50)).unwrap();
    let bytes = fs::read(&path).unwrap();
    for end in (0..bytes.len()).step_by(7) {
        fs::write(&path, &bytes[..end]).unwrap();
        let error = read_lists(&path).unwrap_err();
        assert!(matches!(error, DataError::CorruptTable { .. }), "{end} bytes: {error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read_lists(Path::new("nowhere/lists.parquet")).unwrap_err().to_string();
    assert!(error.contains("nowhere/lists.parquet"), "{error}");
}
