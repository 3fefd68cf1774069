//! Columns of Parquet of unusual types, and lists in one row.

use super::{parquet, read, rows};
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::types::{Decimal256Type, Float16Type, Float64Type};
use arrow_array::{
    ArrayRef, BinaryArray, Decimal128Array, Decimal256Array, Float32Array, Float64Array, Int64Array,
    PrimitiveArray, StringArray,
};
use parquet::basic::Compression;
use std::sync::Arc;

fn file(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    parquet(Compression::UNCOMPRESSED, columns)
}

/// Decimals of more digits than 128 bits have.
fn long_decimals(values: [i64; 2], scale: i8) -> ArrayRef {
    let values = values.map(long).to_vec();
    Arc::new(Decimal256Array::from(values).with_precision_and_scale(60, scale).unwrap())
}

fn long(value: i64) -> <Decimal256Type as arrow_array::types::ArrowPrimitiveType>::Native {
    <Decimal256Type as arrow_array::types::ArrowPrimitiveType>::Native::from(value)
}

fn decimals(values: Vec<i128>, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(20, scale).unwrap())
}

/// Floats of 16 bits: of these none is rounded.
fn halves(values: Vec<f64>) -> ArrayRef {
    let floats: PrimitiveArray<Float64Type> = values.into();
    let halves = floats.iter().map(|it| {
        let bits = match it.unwrap() {
            0.5 => 0x3800,
            1.0 => 0x3c00,
            1.5 => 0x3e00,
            other => panic!("{other} has no bits here"),
        };
        <Float16Type as arrow_array::types::ArrowPrimitiveType>::Native::from_bits(bits)
    });
    Arc::new(PrimitiveArray::<Float16Type>::from_iter_values(halves))
}

#[test]
fn decimals_short_floats_and_whole_floats_are_read_where_they_are_exact() {
    let texts = || -> ArrayRef { Arc::new(StringArray::from(vec!["k3", "k1"])) };
    let ones = || -> ArrayRef { Arc::new(Int64Array::from(vec![7, 7])) };
    let scores = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.5, 0.5])) };
    for columns in [
        vec![("user", ones()), ("item", texts()), ("score", decimals(vec![150, 50], 2))],
        vec![("user", ones()), ("item", texts()), ("score", halves(vec![1.5, 0.5]))],
        vec![
            ("user", Arc::new(Float64Array::from(vec![7.0, 7.0])) as ArrayRef),
            ("item", texts()),
            ("est", scores()),
        ],
        vec![
            ("user", Arc::new(Float32Array::from(vec![7.0, 7.0])) as ArrayRef),
            ("item", texts()),
            ("est", scores()),
        ],
        vec![("user", decimals(vec![700, 700], 2)), ("item", texts()), ("est", scores())],
        vec![("user", decimals(vec![7000, 7000], 3)), ("item", texts()), ("est", scores())],
        vec![("user", long_decimals([7000, 7000], 3)), ("item", texts()), ("est", scores())],
        vec![("user", decimals(vec![7, 7], 0)), ("item", texts()), ("est", long_decimals([15, 5], 1))],
        // Zeros at the end of a decimal are no digits that a float would lose.
        vec![
            ("user", ones()),
            ("item", texts()),
            ("score", decimals(vec![1_500_000_000_000_000_000, 500_000_000_000_000_000], 18)),
        ],
        vec![
            ("user", ones()),
            ("item", Arc::new(BinaryArray::from(vec![&b"k3"[..], b"k1"])) as ArrayRef),
            ("est", scores()),
        ],
    ] {
        let lists = read("mine.parquet", &file(columns)).unwrap();
        assert_eq!(rows(&lists), [("7", "k3", -1.5), ("7", "k1", -0.5)]);
    }
}

#[test]
fn a_row_that_is_not_exact_is_named() {
    let items = || -> ArrayRef { Arc::new(StringArray::from(vec!["k3", "k1"])) };
    let users = || -> ArrayRef { Arc::new(Int64Array::from(vec![7, 7])) };
    let scores = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.5, 0.5])) };
    let ids: [ArrayRef; 6] = [
        long_decimals([7000, 7001], 3),
        decimals(vec![7_000, 7_500], 3),
        Arc::new(Float64Array::from(vec![7.0, 7.5])),
        Arc::new(Float32Array::from(vec![7.0, 16_777_216.0])),
        Arc::new(Float64Array::from(vec![7.0, f64::NAN])),
        decimals(vec![700, 750], 2),
    ];
    for user in ids {
        let error = read("mine.parquet", &file(vec![("user", user), ("item", items()), ("est", scores())]))
            .unwrap_err();
        assert!(error.contains("row 2: the user is no whole number"), "{error}");
    }
    let numbers: [ArrayRef; 2] =
        [Arc::new(Int64Array::from(vec![1, (1 << 53) + 1])), decimals(vec![1, (1 << 53) + 1], 2)];
    for score in numbers {
        let error = read("mine.parquet", &file(vec![("user", users()), ("item", items()), ("est", score)]))
            .unwrap_err();
        assert!(error.contains("row 2: the score has more digits"), "{error}");
    }
}

#[test]
fn a_column_of_lists_or_of_their_text_is_a_row_for_each_user() {
    let mut builder = ListBuilder::new(Int64Builder::new());
    builder.append_value([Some(3), Some(1)]);
    builder.append_value([Some(1), Some(2)]);
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["[3, 1]", "[1, 2]"]));
    let spaced: ArrayRef = Arc::new(StringArray::from(vec!["3 1", "1 2"]));
    let users = || -> ArrayRef { Arc::new(StringArray::from(vec!["u7", "u9"])) };
    let expected = [("u7", "3", 1.0), ("u7", "1", 2.0), ("u9", "1", 1.0), ("u9", "2", 2.0)];
    for (name, column) in
        [("items", Arc::new(builder.finish()) as ArrayRef), ("item_ids", texts), ("prediction", spaced)]
    {
        let lists = read("mine.parquet", &file(vec![(name, column), ("user", users())])).unwrap();
        assert_eq!(rows(&lists), expected, "{name}");
    }
    let first: ArrayRef = Arc::new(Int64Array::from(vec![3, 1]));
    let second: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2)]));
    let spread = file(vec![("user", users()), ("item_2", second), ("item_1", first)]);
    assert_eq!(rows(&read("mine.parquet", &spread).unwrap()), expected);
}
