//! The values of Parquet's columns: ids and numbers out of every type that holds them exactly.

use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, BinaryArray, ListArray, PrimitiveArray, StringArray};
use std::borrow::Cow;
use std::fmt::Display;

/// What a row has in a column: a value, nothing, or what cannot be taken as it is.
pub(super) type Value<T> = Result<Option<T>, &'static str>;

const NO_ID: &str = "is no whole number that its type holds exactly";
const TOO_LONG: &str = "has more digits than a float of 64 bits holds";
/// From here on floats of 64 bits are no longer all whole numbers.
const EXACT: u64 = 1 << 53;

fn primitive<T: ArrowPrimitiveType>(column: &dyn Array) -> Option<&PrimitiveArray<T>> {
    column.as_any().downcast_ref()
}

fn whole<T: ArrowPrimitiveType>(column: &dyn Array) -> Option<Vec<Value<Cow<'_, str>>>>
where
    T::Native: Display,
{
    let text = |value: T::Native| Cow::Owned(value.to_string());
    Some(primitive::<T>(column)?.iter().map(|value| Ok(value.map(text))).collect())
}

/// Floats that are whole and below the limit from which on their type has no longer every whole number.
fn whole_floats<T: ArrowPrimitiveType>(
    column: &dyn Array,
    limit: f64,
    float: impl Fn(T::Native) -> f64,
) -> Option<Vec<Value<Cow<'_, str>>>> {
    let text = |value: f64| {
        let is_exact = value.fract() == 0.0 && value.abs() < limit;
        if is_exact { Ok(Some(Cow::Owned(format!("{:.0}", value + 0.0)))) } else { Err(NO_ID) }
    };
    let floats = primitive::<T>(column)?.iter();
    Some(floats.map(|value| value.map_or(Ok(None), |value| text(float(value)))).collect())
}

/// Decimals digit by digit, as text; none if the column has another type.
fn decimal_texts(column: &dyn Array) -> Option<Vec<Option<String>>> {
    fn of<T: DecimalType>(column: &dyn Array) -> Option<Vec<Option<String>>> {
        let decimals = primitive::<T>(column)?;
        let text = |at: usize| decimals.is_valid(at).then(|| decimals.value_as_string(at));
        Some((0..decimals.len()).map(text).collect())
    }
    of::<Decimal128Type>(column)
        .or_else(|| of::<Decimal256Type>(column))
        .or_else(|| of::<Decimal64Type>(column))
        .or_else(|| of::<Decimal32Type>(column))
}

/// A decimal without the zeros at its end: 7.50 is 7.5, and 7.00 is 7.
fn without_end(decimal: &str) -> &str {
    if decimal.contains('.') { decimal.trim_end_matches('0').trim_end_matches('.') } else { decimal }
}

fn whole_decimals(column: &dyn Array) -> Option<Vec<Value<Cow<'_, str>>>> {
    let id = |text: String| {
        let short = without_end(&text);
        if short.contains('.') { Err(NO_ID) } else { Ok(Cow::Owned(short.to_owned())) }
    };
    Some(decimal_texts(column)?.into_iter().map(|text| text.map(id).transpose()).collect())
}

/// Text that was written without saying that it is text.
fn bytes(column: &dyn Array) -> Option<Vec<Value<Cow<'_, str>>>> {
    let bytes: &BinaryArray = column.as_any().downcast_ref()?;
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "is no text in UTF-8").map(Cow::Borrowed);
    Some(bytes.iter().map(|bytes| bytes.map(text).transpose()).collect())
}

/// Ids as text, one per row; none if the column has another type.
pub(super) fn ids(column: &dyn Array) -> Option<Vec<Value<Cow<'_, str>>>> {
    let texts = column.as_any().downcast_ref::<StringArray>();
    texts
        .map(|texts| texts.iter().map(|text| Ok(text.map(Cow::Borrowed))).collect())
        .or_else(|| whole::<Int64Type>(column))
        .or_else(|| whole::<Int32Type>(column))
        .or_else(|| whole::<UInt32Type>(column))
        .or_else(|| whole::<UInt64Type>(column))
        .or_else(|| whole::<Int16Type>(column))
        .or_else(|| whole::<UInt16Type>(column))
        .or_else(|| whole::<Int8Type>(column))
        .or_else(|| whole::<UInt8Type>(column))
        .or_else(|| whole_floats::<Float64Type>(column, EXACT as f64, |value| value))
        .or_else(|| whole_floats::<Float32Type>(column, 16_777_216.0, f64::from))
        .or_else(|| whole_floats::<Float16Type>(column, 2_048.0, f64::from))
        .or_else(|| whole_decimals(column))
        .or_else(|| bytes(column))
}

fn floats<T: ArrowPrimitiveType>(
    column: &dyn Array,
    float: impl Fn(T::Native) -> f64,
) -> Option<Vec<Value<f64>>> {
    Some(primitive::<T>(column)?.iter().map(|value| Ok(value.map(&float))).collect())
}

fn long<T: ArrowPrimitiveType>(
    column: &dyn Array,
    float: impl Fn(T::Native) -> (u64, f64),
) -> Option<Vec<Value<f64>>> {
    let exact = |value| {
        let (size, value) = float(value);
        if size < EXACT { Ok(value) } else { Err(TOO_LONG) }
    };
    Some(primitive::<T>(column)?.iter().map(|value| value.map(exact).transpose()).collect())
}

fn decimals(column: &dyn Array) -> Option<Vec<Value<f64>>> {
    let number = |text: String| {
        let short = without_end(&text);
        let digits: String = short.chars().filter(char::is_ascii_digit).collect();
        if !digits.parse().is_ok_and(|digits: u64| digits < EXACT) {
            return Err(TOO_LONG);
        }
        short.parse().map_err(|_| "is no number")
    };
    Some(decimal_texts(column)?.into_iter().map(|text| text.map(number).transpose()).collect())
}

/// Numbers, one per row; none if the column has another type.
pub(super) fn numbers(column: &dyn Array) -> Option<Vec<Value<f64>>> {
    floats::<Float64Type>(column, |value| value)
        .or_else(|| floats::<Float32Type>(column, f64::from))
        .or_else(|| floats::<Float16Type>(column, f64::from))
        .or_else(|| long::<Int64Type>(column, |value| (value.unsigned_abs(), value as f64)))
        .or_else(|| long::<UInt64Type>(column, |value| (value, value as f64)))
        .or_else(|| floats::<Int32Type>(column, f64::from))
        .or_else(|| floats::<UInt32Type>(column, f64::from))
        .or_else(|| floats::<Int16Type>(column, f64::from))
        .or_else(|| floats::<UInt16Type>(column, f64::from))
        .or_else(|| floats::<Int8Type>(column, f64::from))
        .or_else(|| floats::<UInt8Type>(column, f64::from))
        .or_else(|| decimals(column))
}

/// A column of lists, a list per row; none where it is null, and none at all if the column has another type.
pub(super) fn lists(column: &dyn Array) -> Option<Vec<Option<ArrayRef>>> {
    let lists: &ListArray = column.as_any().downcast_ref()?;
    Some((0..lists.len()).map(|at| lists.is_valid(at).then(|| lists.value(at))).collect())
}
