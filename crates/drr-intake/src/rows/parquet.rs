//! Rows of a Parquet file. Every value becomes the text that it would be in a csv, without loss.

use super::{Row, Rows};
use crate::IntakeError;
use crate::error::shown;
use crate::source::{Member, Source, Watch};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;
use std::fs::File;

/// A Parquet file in an archive is held in memory up to this size, since its end must be read first.
const MAX_PACKED_BYTES: u64 = 256 << 20;

/// The columns of a Parquet file whose values can be fields, each with its type.
pub(crate) fn columns(source: &Source, member: &Member) -> Result<Vec<(String, DataType)>, IntakeError> {
    let place = source.place(member);
    match source.file(member) {
        Some(path) => {
            let file = File::open(path).map_err(IntakeError::io("open", path))?;
            Ok(fields_of(&builder(file, &place)?))
        }
        None => Ok(fields_of(&builder(held(source, member)?, &place)?)),
    }
}

/// What an archive holds of the file.
fn held(source: &Source, member: &Member) -> Result<bytes::Bytes, IntakeError> {
    Ok(source.bytes(member, MAX_PACKED_BYTES)?.into())
}

fn builder<T: ChunkReader + 'static>(
    file: T,
    place: &str,
) -> Result<ParquetRecordBatchReaderBuilder<T>, IntakeError> {
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(place, &error.to_string()))
}

fn broken(place: &str, error: &str) -> IntakeError {
    IntakeError::refused(
        place,
        format!("the Parquet file cannot be read ({})", shown(error)),
        "write it anew",
    )
}

fn fields_of<T: ChunkReader + 'static>(
    builder: &ParquetRecordBatchReaderBuilder<T>,
) -> Vec<(String, DataType)> {
    let fields = builder.schema().fields().iter();
    fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

/// Hands the rows of the wanted columns to `with`.
pub(super) fn rows<T>(
    source: &Source,
    member: &Member,
    columns: &[String],
    watch: &mut dyn Watch,
    with: impl FnOnce(&mut dyn Rows) -> Result<T, IntakeError>,
) -> Result<T, IntakeError> {
    let place = source.place(member);
    watch.start(&place, member.size);
    let reader = match source.file(member) {
        Some(path) => {
            let file = File::open(path).map_err(IntakeError::io("open", path))?;
            projected(builder(file, &place)?, columns, &place)
        }
        None => projected(builder(held(source, member)?, &place)?, columns, &place),
    }?;
    let n_columns = columns.len();
    let mut rows =
        ParquetRows { reader, columns, batch: None, at: 0, line: 0, place, watch: &mut *watch, n_columns };
    let outcome = with(&mut rows);
    watch.finish();
    outcome
}

fn projected<T: ChunkReader + 'static>(
    builder: ParquetRecordBatchReaderBuilder<T>,
    columns: &[String],
    place: &str,
) -> Result<ParquetRecordBatchReader, IntakeError> {
    let fields = fields_of(&builder);
    let roots = columns.iter().filter_map(|column| fields.iter().position(|(name, _)| name == column));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_batch_size(8192).build();
    reader.map_err(|error| broken(place, &error.to_string()))
}

struct ParquetRows<'a> {
    reader: ParquetRecordBatchReader,
    columns: &'a [String],
    batch: Option<Vec<Vec<String>>>,
    at: usize,
    line: u64,
    place: String,
    watch: &'a mut dyn Watch,
    n_columns: usize,
}

impl Rows for ParquetRows<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IntakeError> {
        while self
            .batch
            .as_ref()
            .is_none_or(|batch| batch.first().is_none_or(|column| self.at >= column.len()))
        {
            if self.watch.is_interrupted() {
                return Err(IntakeError::Interrupted(self.place.clone()));
            }
            match self.reader.next() {
                None => return Ok(false),
                Some(batch) => {
                    let batch = batch.map_err(|error| broken(&self.place, &error.to_string()))?;
                    self.batch = Some(texts_of(&batch, self.columns, &self.place)?);
                    self.at = 0;
                }
            }
        }
        row.fields.clear();
        for column in self.batch.iter().flatten().take(self.n_columns) {
            row.fields.push_field(column[self.at].as_bytes());
        }
        self.at += 1;
        self.line += 1;
        row.line = self.line;
        Ok(true)
    }
}

fn texts_of(batch: &RecordBatch, columns: &[String], place: &str) -> Result<Vec<Vec<String>>, IntakeError> {
    let of = |name: &String| {
        let column = batch.column_by_name(name);
        let column = column.ok_or_else(|| broken(place, &format!("it has no column {name}")))?;
        texts(column.as_ref()).ok_or_else(|| {
            let problem = format!("the column {} is of type {}", shown(name), column.data_type());
            IntakeError::refused(place, problem, "write it as text or numbers, or leave the column out")
        })
    };
    columns.iter().map(of).collect()
}

/// The values of a column as texts; none for types that no field has.
fn texts(column: &dyn Array) -> Option<Vec<String>> {
    Some(match column.data_type() {
        DataType::Utf8 => strings(column.as_string::<i32>().iter()),
        DataType::LargeUtf8 => strings(column.as_string::<i64>().iter()),
        DataType::Utf8View => strings(column.as_string_view().iter()),
        DataType::Boolean => {
            column.as_boolean().iter().map(|it| it.map(|it| it.to_string()).unwrap_or_default()).collect()
        }
        DataType::Int8 => numbers::<Int8Type>(column),
        DataType::Int16 => numbers::<Int16Type>(column),
        DataType::Int32 => numbers::<Int32Type>(column),
        DataType::Int64 => numbers::<Int64Type>(column),
        DataType::UInt8 => numbers::<UInt8Type>(column),
        DataType::UInt16 => numbers::<UInt16Type>(column),
        DataType::UInt32 => numbers::<UInt32Type>(column),
        DataType::UInt64 => numbers::<UInt64Type>(column),
        DataType::Float16 => numbers::<Float16Type>(column),
        DataType::Float32 => numbers::<Float32Type>(column),
        DataType::Float64 => numbers::<Float64Type>(column),
        DataType::Timestamp(TimeUnit::Second, _) => numbers::<TimestampSecondType>(column),
        DataType::Timestamp(TimeUnit::Millisecond, _) => numbers::<TimestampMillisecondType>(column),
        DataType::Timestamp(TimeUnit::Microsecond, _) => numbers::<TimestampMicrosecondType>(column),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => numbers::<TimestampNanosecondType>(column),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().iter();
            days.map(|it| it.map(date).unwrap_or_default()).collect()
        }
        DataType::Decimal128(_, scale) => {
            let values = column.as_primitive::<Decimal128Type>().iter();
            values.map(|it| it.map(|it| decimal(it, *scale)).unwrap_or_default()).collect()
        }
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary_opt()?;
            let words = texts(dictionary.values().as_ref())?;
            let keys = dictionary.normalized_keys();
            let word = |(at, key): (usize, usize)| {
                if column.is_null(at) { String::new() } else { words[key].clone() }
            };
            keys.into_iter().enumerate().map(word).collect()
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let words = |list: Option<arrow_array::ArrayRef>| match list {
                None => Some(String::new()),
                Some(list) => Some(texts(list.as_ref())?.join(&super::json::BETWEEN_WORDS.to_string())),
            };
            lists.iter().map(words).collect::<Option<Vec<String>>>()?
        }
        _ => return None,
    })
}

fn strings<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Vec<String> {
    values.map(|it| it.unwrap_or_default().to_owned()).collect()
}

fn numbers<T: ArrowPrimitiveType>(column: &dyn Array) -> Vec<String>
where
    T::Native: std::fmt::Display,
{
    column.as_primitive::<T>().iter().map(|it| it.map(|it| it.to_string()).unwrap_or_default()).collect()
}

fn date(days: i32) -> String {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().days(days)).map(|it| it.to_string()).unwrap_or_default()
}

/// A decimal digit by digit.
fn decimal(value: i128, scale: i8) -> String {
    let Ok(scale) = usize::try_from(scale) else { return value.to_string() };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Whether values of this type can be fields.
pub(crate) fn is_field(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, words) => is_field(words),
        DataType::List(word) => is_field(word.data_type()) && !matches!(word.data_type(), DataType::List(_)),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Decimal128(..) | DataType::Boolean => true,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        other => other.is_integer() || other.is_floating(),
    }
}
