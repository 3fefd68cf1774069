//! Lists as Parquet, whoever wrote it: ids as integers or strings, ranks and scores as any integer or float.

use super::columns::Order;
use super::{Columns, Gathered, ListPlace, RawRow, refuse};
use crate::{DataError, Protocol};
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

/// Rows that are read at once.
const BATCH: usize = 64 * 1024;

pub(super) fn read(
    path: &Path,
    file: File,
    protocol: &str,
    gathered: &mut Gathered,
) -> Result<(), DataError> {
    let broken = |error: &dyn std::fmt::Display| {
        let problem = format!("it is damaged, or stored in a way that is not read here ({error})");
        refuse(path, ListPlace::File, problem, "write it again, with zstd or snappy, or as csv")
    };
    // Without the writer's Arrow schema large, viewed and dictionary-encoded strings are plain strings.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error: parquet::errors::ParquetError| broken(&error))?;
    let names: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let header: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut columns = Columns::find(path, ListPlace::File, &header)?;
    gathered.by_rank = columns.by == Order::Rank;
    let wanted = project(&mut columns);
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
    let reader =
        builder.with_projection(mask).with_batch_size(BATCH).build().map_err(|error| broken(&error))?;
    let mut first = 1;
    for batch in reader {
        let batch = batch.map_err(|error| broken(&error))?;
        add(path, &batch, first, &columns, protocol, gathered)?;
        first += batch.num_rows() as u64;
    }
    Ok(())
}

/// The columns to read; those found then count among these alone.
fn project(columns: &mut Columns) -> Vec<usize> {
    let optional = [columns.protocol, columns.recommender];
    let mut wanted: Vec<usize> = [columns.user, columns.item, columns.order]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .collect();
    wanted.sort_unstable();
    let among = |at: usize| wanted.partition_point(|it| *it < at);
    columns.user = among(columns.user);
    columns.item = among(columns.item);
    columns.order = among(columns.order);
    columns.protocol = columns.protocol.map(among);
    columns.recommender = columns.recommender.map(among);
    wanted
}

fn add(
    path: &Path,
    batch: &RecordBatch,
    first: u64,
    columns: &Columns,
    protocol: &str,
    gathered: &mut Gathered,
) -> Result<(), DataError> {
    let texts = |at: usize| {
        let problem = || wrong_type(batch, at);
        ids(batch.column(at))
            .ok_or_else(|| refuse(path, ListPlace::File, problem(), "cast it to text or integers"))
    };
    let (users, items) = (texts(columns.user)?, texts(columns.item)?);
    let protocols = columns.protocol.map(texts).transpose()?;
    let recommenders = columns.recommender.map(texts).transpose()?;
    let numbers = numbers(batch.column(columns.order)).ok_or_else(|| {
        let problem = wrong_type(batch, columns.order);
        refuse(path, ListPlace::File, problem, "cast it to integers or floats of 32 or 64 bits")
    })?;
    for (at, row) in (0..batch.num_rows()).zip(first..) {
        let is_other = |name: Option<&str>| name.map(Protocol::table_name).as_deref() != Some(protocol);
        if protocols.as_ref().is_some_and(|of| is_other(of[at].as_deref())) {
            gathered.has_other_protocols = true;
            continue;
        }
        let place = ListPlace::Row(row);
        let bad = |problem: String| refuse(path, place, problem, "correct or remove the row");
        let known = |of: &'_ Option<Cow<'_, str>>, what: &str| {
            let missing = || bad(format!("the {what} is missing"));
            of.as_deref().filter(|id| !id.is_empty()).map(str::to_owned).ok_or_else(missing)
        };
        let by = columns.by;
        let number = numbers[at].ok_or_else(|| bad(format!("the {} is missing", by.name())))?;
        let order = by.key(number).map_err(|problem| bad(format!("the {} {number} {problem}", by.name())))?;
        gathered.add(&RawRow {
            place,
            user: &known(&users[at], "user")?,
            item: &known(&items[at], "item")?,
            order,
            recommender: recommenders.as_ref().map(|of| of[at].as_deref().unwrap_or_default()),
        });
    }
    Ok(())
}

fn wrong_type(batch: &RecordBatch, at: usize) -> String {
    let schema = batch.schema();
    let field = schema.field(at);
    format!("the column {} has the type {}, which is not read here", field.name(), field.data_type())
}

fn primitive<T: ArrowPrimitiveType>(column: &dyn Array) -> Option<&PrimitiveArray<T>> {
    column.as_any().downcast_ref()
}

fn whole<T: ArrowPrimitiveType>(column: &dyn Array) -> Option<Vec<Option<Cow<'_, str>>>>
where
    T::Native: std::fmt::Display,
{
    let text = |value: T::Native| Cow::Owned(value.to_string());
    Some(primitive::<T>(column)?.iter().map(|value| value.map(text)).collect())
}

/// Ids as text, one per row; none if the column has another type.
fn ids(column: &dyn Array) -> Option<Vec<Option<Cow<'_, str>>>> {
    let texts = column.as_any().downcast_ref::<StringArray>();
    texts
        .map(|texts| texts.iter().map(|text| text.map(Cow::Borrowed)).collect())
        .or_else(|| whole::<Int64Type>(column))
        .or_else(|| whole::<Int32Type>(column))
        .or_else(|| whole::<UInt32Type>(column))
        .or_else(|| whole::<UInt64Type>(column))
        .or_else(|| whole::<Int16Type>(column))
        .or_else(|| whole::<UInt16Type>(column))
        .or_else(|| whole::<Int8Type>(column))
        .or_else(|| whole::<UInt8Type>(column))
}

fn floats<T: ArrowPrimitiveType>(
    column: &dyn Array,
    float: impl Fn(T::Native) -> f64,
) -> Option<Vec<Option<f64>>> {
    Some(primitive::<T>(column)?.iter().map(|value| value.map(&float)).collect())
}

/// Numbers, one per row; none if the column has another type.
fn numbers(column: &dyn Array) -> Option<Vec<Option<f64>>> {
    floats::<Float64Type>(column, |value| value)
        .or_else(|| floats::<Float32Type>(column, f64::from))
        .or_else(|| floats::<Int64Type>(column, |value| value as f64))
        .or_else(|| floats::<UInt64Type>(column, |value| value as f64))
        .or_else(|| floats::<Int32Type>(column, f64::from))
        .or_else(|| floats::<UInt32Type>(column, f64::from))
        .or_else(|| floats::<Int16Type>(column, f64::from))
        .or_else(|| floats::<UInt16Type>(column, f64::from))
        .or_else(|| floats::<Int8Type>(column, f64::from))
        .or_else(|| floats::<UInt8Type>(column, f64::from))
}
