//! The tables of users and items: the only place on disk that knows the original ids.
//!
//! A row's number is the index that everything else uses; the column `index` repeats it for readers that sort.

use super::{Batch, TableRow, field, number_column, text_column};
use crate::error::REINGEST;
use crate::{DataError, ItemRecord, UserRecord};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::{UInt16Type, UInt32Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, StringArray};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// The numbers from `first` on, as the column `index`.
pub(super) fn index_column(n_rows: usize, first: usize) -> ArrayRef {
    number_column::<UInt32Type>(
        (first..first + n_rows).map(|at| u32::try_from(at).expect("an index fits in 32 bits")),
    )
}

/// Refuses rows that are not in the order of their numbers.
pub(super) fn check_index(batch: &Batch<'_>, name: &'static str) -> Result<(), DataError> {
    let numbers = batch.numbers::<UInt32Type>(name)?;
    match numbers.iter().enumerate().find(|(at, number)| **number as usize != batch.first() + at) {
        None => Ok(()),
        Some((at, number)) => Err(batch.bad_value(at, name, format!("{number} is out of order"))),
    }
}

fn optional_text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn optional_text_column<'row>(texts: impl Iterator<Item = Option<&'row str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}

fn optional_number_column(numbers: impl Iterator<Item = Option<u16>>) -> ArrayRef {
    Arc::new(numbers.collect::<PrimitiveArray<UInt16Type>>())
}

fn text_at(column: &StringArray, at: usize) -> Option<String> {
    column.is_valid(at).then(|| column.value(at).to_owned())
}

fn number_at(column: &PrimitiveArray<UInt16Type>, at: usize) -> Option<u16> {
    column.is_valid(at).then(|| column.value(at))
}

impl TableRow for UserRecord {
    const REMEDY: &'static str = REINGEST;
    const GROWING: &'static [&'static str] = &["index"];

    fn fields() -> Vec<Field> {
        vec![
            field("index", DataType::UInt32),
            field("user_id", DataType::Utf8),
            optional_text("gender"),
            Field::new("age", DataType::UInt16, true),
            optional_text("occupation"),
            optional_text("zip"),
        ]
    }

    fn columns(rows: &[Self], first: usize) -> Vec<ArrayRef> {
        vec![
            index_column(rows.len(), first),
            text_column(rows.iter().map(|user| user.id.as_str())),
            optional_text_column(rows.iter().map(|user| user.gender.as_deref())),
            optional_number_column(rows.iter().map(|user| user.age)),
            optional_text_column(rows.iter().map(|user| user.occupation.as_deref())),
            optional_text_column(rows.iter().map(|user| user.zip.as_deref())),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        check_index(batch, "index")?;
        let ids = batch.texts("user_id")?;
        let genders = batch.optional_texts("gender")?;
        let ages = batch.optional_numbers::<UInt16Type>("age")?;
        let occupations = batch.optional_texts("occupation")?;
        let zips = batch.optional_texts("zip")?;
        rows.extend((0..batch.len()).map(|at| Self {
            id: ids.value(at).to_owned(),
            gender: text_at(genders, at),
            age: number_at(ages, at),
            occupation: text_at(occupations, at),
            zip: text_at(zips, at),
        }));
        Ok(())
    }
}

impl TableRow for ItemRecord {
    const REMEDY: &'static str = REINGEST;
    const GROWING: &'static [&'static str] = &["index"];

    fn fields() -> Vec<Field> {
        let genre = Arc::new(Field::new("item", DataType::Utf8, true));
        vec![
            field("index", DataType::UInt32),
            field("item_id", DataType::Utf8),
            field("title", DataType::Utf8),
            Field::new("year", DataType::UInt16, true),
            field("genres", DataType::List(genre)),
        ]
    }

    fn columns(rows: &[Self], first: usize) -> Vec<ArrayRef> {
        let mut genres = ListBuilder::new(StringBuilder::new());
        for item in rows {
            genres.append_value(item.genres.iter().map(Some));
        }
        vec![
            index_column(rows.len(), first),
            text_column(rows.iter().map(|item| item.id.as_str())),
            text_column(rows.iter().map(|item| item.title.as_str())),
            optional_number_column(rows.iter().map(|item| item.year)),
            Arc::new(genres.finish()),
        ]
    }

    fn read(batch: &Batch<'_>, rows: &mut Vec<Self>) -> Result<(), DataError> {
        check_index(batch, "index")?;
        let ids = batch.texts("item_id")?;
        let titles = batch.texts("title")?;
        let years = batch.optional_numbers::<UInt16Type>("year")?;
        let genres = batch.text_lists("genres")?;
        rows.extend(genres.into_iter().enumerate().map(|(at, genres)| Self {
            id: ids.value(at).to_owned(),
            title: titles.value(at).to_owned(),
            year: number_at(years, at),
            genres,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_rows, write_rows};
    use super::*;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = Option<String>> {
        prop::option::of("\\PC{0,8}")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn users_come_back_as_they_were(
            users in prop::collection::vec(
                ("\\PC{1,6}", words(), prop::option::of(any::<u16>()), words(), words()), 0..40),
        ) {
            let users: Vec<UserRecord> = users
                .into_iter()
                .map(|(id, gender, age, occupation, zip)| UserRecord { id, gender, age, occupation, zip })
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("users.parquet");
            write_rows(&path, &users).unwrap();
            prop_assert_eq!(read_rows::<UserRecord>(&path).unwrap(), users);
        }

        #[test]
        fn items_come_back_as_they_were(
            items in prop::collection::vec(
                ("\\PC{1,6}", "\\PC{0,30}", prop::option::of(any::<u16>()),
                 prop::collection::vec("\\PC{0,9}", 0..4)), 0..40),
        ) {
            let items: Vec<ItemRecord> = items
                .into_iter()
                .map(|(id, title, year, genres)| ItemRecord { id, title, year, genres })
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("items.parquet");
            write_rows(&path, &items).unwrap();
            prop_assert_eq!(read_rows::<ItemRecord>(&path).unwrap(), items);
        }
    }
}
