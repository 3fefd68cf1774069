//! Rows to Parquet files and back, checked at both ends.
//!
//! Each kind of row says its columns once, as a [`TableRow`]; this module streams batches of rows into row groups with
//! zstd and statistics, and refuses on the way back whatever is not exactly that table. Strings are stored with
//! dictionaries, so a column of names costs next to nothing.

mod entities;
mod interactions;

use crate::DataError;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use drr_store::{Written, write_atomically};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(crate) use entities::{EntityTable, read_entities, write_entities};
pub(crate) use interactions::SplitRow;

/// Rows per row group, and per batch on the way there.
const ROW_GROUP: usize = 128 * 1024;
/// The level of zstd: higher ones take far longer for a few per cent.
const ZSTD_LEVEL: i32 = 3;

/// A row of one kind of table.
pub(crate) trait TableRow: Sized {
    /// What to do about a bad file of this kind.
    const REMEDY: &'static str;
    /// Integer columns that mostly grow: their differences are stored.
    const GROWING: &'static [&'static str] = &[];

    /// The columns, in order.
    fn fields() -> Vec<Field>;

    /// Rows as columns, in the order of the fields; `first` is the number of the first row in the file.
    fn columns(rows: &[Self], first: usize) -> Vec<ArrayRef>;

    /// Appends the rows of a batch.
    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError>;

    /// The column whose value is refused, and why; asked of each row before it is written and after it is read.
    fn problem(&self) -> Option<(&'static str, String)> {
        None
    }
}

/// Writes rows as one Parquet file, in full or not at all.
pub(crate) fn write_rows<R: TableRow>(path: &Path, rows: &[R]) -> Result<Written, DataError> {
    check_rows(path, rows, 0, "the run that made it has a fault")?;
    let groups = rows.chunks(ROW_GROUP).enumerate();
    let columns = groups.map(|(group, rows)| R::columns(rows, group * ROW_GROUP));
    write_columns(path, &Arc::new(Schema::new(R::fields())), R::GROWING, columns)
}

/// Writes row groups as one Parquet file, in full or not at all.
fn write_columns(
    path: &Path,
    schema: &SchemaRef,
    growing: &[&str],
    groups: impl Iterator<Item = Vec<ArrayRef>>,
) -> Result<Written, DataError> {
    let written = write_atomically(path, |file| {
        let mut writer =
            ArrowWriter::try_new(file, Arc::clone(schema), Some(properties(growing)?)).map_err(io_error)?;
        for columns in groups {
            let batch = RecordBatch::try_new(Arc::clone(schema), columns).map_err(io::Error::other)?;
            writer.write(&batch).map_err(io_error)?;
        }
        writer.close().map_err(io_error)?;
        Ok(())
    })?;
    Ok(written)
}

/// Reads a Parquet file of such rows.
pub(crate) fn read_rows<R: TableRow>(path: &Path) -> Result<Vec<R>, DataError> {
    let builder = opened(path, R::REMEDY)?;
    check_columns(path, builder.schema(), &R::fields(), R::REMEDY)?;
    let mut rows = Vec::new();
    for_each_batch(path, builder, R::REMEDY, |batch| {
        let first = rows.len();
        R::read(batch, &mut rows)?;
        check_rows(path, &rows[first..], first, R::REMEDY)
    })?;
    Ok(rows)
}

/// A Parquet file whose metadata are read.
type Opened = ParquetRecordBatchReaderBuilder<File>;

fn opened(path: &Path, remedy: &'static str) -> Result<Opened, DataError> {
    let file = File::open(path).map_err(DataError::io("open", path))?;
    // Without the writer's Arrow schema every string is a plain string, whoever wrote the file.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| corrupt(path, remedy, error.to_string()))
}

fn corrupt(path: &Path, remedy: &'static str, reason: String) -> DataError {
    DataError::CorruptTable { path: path.to_owned(), reason, remedy }
}

/// Hands over all rows, batch by batch, and refuses a file that has fewer or more of them than it promises.
fn for_each_batch(
    path: &Path,
    builder: Opened,
    remedy: &'static str,
    mut each: impl FnMut(&Batch<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let corrupt = |reason: String| corrupt(path, remedy, reason);
    let promised = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let reader =
        builder.with_batch_size(ROW_GROUP / 2).build().map_err(|error| corrupt(error.to_string()))?;
    let mut n_rows = 0;
    for columns in reader {
        let columns = columns.map_err(|error| corrupt(error.to_string()))?;
        let batch = Batch { columns, path, first: n_rows, remedy };
        each(&batch)?;
        n_rows += batch.len();
    }
    if n_rows != promised {
        return Err(corrupt(format!("it holds {n_rows} rows, but promises {promised}")));
    }
    Ok(())
}

/// Refuses the first row with a problem.
fn check_rows<R: TableRow>(
    path: &Path,
    rows: &[R],
    first: usize,
    remedy: &'static str,
) -> Result<(), DataError> {
    let bad = rows.iter().enumerate().find_map(|(at, row)| Some((at, row.problem()?)));
    match bad {
        None => Ok(()),
        Some((at, (column, problem))) => {
            Err(DataError::TableValue { path: path.to_owned(), row: first + at, column, problem, remedy })
        }
    }
}

/// Refuses a table that lacks a column or has it with another type. Further columns are ignored.
fn check_columns(
    path: &Path,
    schema: &Schema,
    wanted: &[Field],
    remedy: &'static str,
) -> Result<(), DataError> {
    for wanted in wanted {
        let found = schema.field_with_name(wanted.name()).ok();
        if !found.is_some_and(|found| same_type(found.data_type(), wanted.data_type())) {
            let columns = schema.fields().iter();
            let columns = columns.map(|field| format!("{} ({})", field.name(), field.data_type()));
            return Err(DataError::TableColumn {
                path: path.to_owned(),
                wanted: format!("{} ({})", wanted.name(), wanted.data_type()),
                found: columns.collect::<Vec<_>>().join(", "),
                remedy,
            });
        }
    }
    Ok(())
}

/// Whether two types are one, whatever a list calls its elements.
fn same_type(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::List(left), DataType::List(right)) => same_type(left.data_type(), right.data_type()),
        _ => left == right,
    }
}

/// How a table is stored.
fn properties(growing: &[&str]) -> io::Result<WriterProperties> {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).map_err(io_error)?;
    let builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP));
    let growing = growing.iter().fold(builder, |builder, name| {
        builder
            .set_column_dictionary_enabled(ColumnPath::from(*name), false)
            .set_column_encoding(ColumnPath::from(*name), Encoding::DELTA_BINARY_PACKED)
    });
    Ok(growing.build())
}

/// The system's own error out of Parquet's, so that a full disk is known as one.
fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(source) => io::Error::other(source),
        },
        other => io::Error::other(other),
    }
}

/// Some rows of a file, as columns.
pub(crate) struct Batch<'file> {
    columns: RecordBatch,
    path: &'file Path,
    first: usize,
    remedy: &'static str,
}

impl Batch<'_> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.columns.num_rows()
    }

    /// The number of the first row in the file.
    pub const fn first(&self) -> usize {
        self.first
    }

    /// The error for a value of this batch.
    pub fn bad_value(&self, at: usize, column: &'static str, problem: String) -> DataError {
        let (path, remedy) = (self.path.to_owned(), self.remedy);
        DataError::TableValue { path, row: self.first + at, column, problem, remedy }
    }

    /// A column of numbers without nulls.
    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &'static str) -> Result<&[T::Native], DataError> {
        let column: &PrimitiveArray<T> = self.column(name)?;
        self.refuse_nulls(name, column)?;
        Ok(column.values())
    }

    /// A column of strings, with the nulls it may have.
    pub fn optional_texts(&self, name: &'static str) -> Result<&StringArray, DataError> {
        self.column(name)
    }

    /// A column of strings without nulls.
    pub fn texts(&self, name: &'static str) -> Result<&StringArray, DataError> {
        let column: &StringArray = self.column(name)?;
        self.refuse_nulls(name, column)?;
        Ok(column)
    }

    /// The column at a place among the file's.
    fn at<A: Array + 'static>(&self, place: usize) -> Result<&A, DataError> {
        let column = self.columns.columns().get(place).and_then(|column| column.as_any().downcast_ref());
        column.ok_or_else(|| self.corrupt(format!("its column {place} has another type than it says")))
    }

    /// The error for something that is not as the file says.
    fn corrupt(&self, reason: String) -> DataError {
        corrupt(self.path, self.remedy, reason)
    }

    fn column<A: Array + 'static>(&self, name: &'static str) -> Result<&A, DataError> {
        let column = self.columns.column_by_name(name).and_then(|column| column.as_any().downcast_ref());
        // The columns' types were compared before the first batch was read.
        column.ok_or_else(|| DataError::TableColumn {
            path: self.path.to_owned(),
            wanted: name.to_owned(),
            found: self.columns.schema().to_string(),
            remedy: self.remedy,
        })
    }

    fn refuse_nulls(&self, name: &'static str, column: &dyn Array) -> Result<(), DataError> {
        match (0..column.len()).find(|at| column.null_count() > 0 && column.is_null(*at)) {
            None => Ok(()),
            Some(at) => Err(self.bad_value(at, name, "is missing".to_owned())),
        }
    }
}

/// A column of strings.
pub(crate) fn text_column<'row>(texts: impl Iterator<Item = &'row str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(texts))
}

/// A column of numbers.
pub(crate) fn number_column<T: ArrowPrimitiveType>(numbers: impl Iterator<Item = T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::from_iter_values(numbers))
}

/// A column without nulls.
pub(crate) fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}
