//! The tables of users and items: the only place on disk that knows the original ids.
//!
//! A row's number is the index that everything else uses; the column `index` repeats it for readers that sort. Each
//! attribute has a column after those that every table has; its name and kind stand in the field's metadata.

use super::{
    Batch, ROW_GROUP, check_columns, corrupt, field, for_each_batch, number_column, opened, text_column,
    write_columns,
};
use crate::attributes::shortened;
use crate::error::REINGEST;
use crate::{
    Attribute, AttributeKind, AttributeValue, AttributeValues, AttributesBuilder, DataError, Entities,
};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, ListArray, PrimitiveArray, StringArray};
use arrow_schema::{DataType, Field, Schema};
use drr_store::Written;
use parquet::arrow::parquet_to_arrow_schema;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The keys of a field's metadata: the attribute's kind, and its name, from which the column's differs where that is taken.
const KIND: &str = "drr.kind";
const NAME: &str = "drr.name";
/// Integer columns that only grow.
const GROWING: &[&str] = &["index"];

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

/// Whose table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntityTable {
    /// Users, who have no titles.
    Users,
    /// Items.
    Items,
}

impl EntityTable {
    const fn id(self) -> &'static str {
        match self {
            Self::Users => "user_id",
            Self::Items => "item_id",
        }
    }

    /// The columns that every such table has.
    fn fields(self) -> Vec<Field> {
        let mut fields = vec![field("index", DataType::UInt32), field(self.id(), DataType::Utf8)];
        if self == Self::Items {
            fields.push(Field::new("title", DataType::Utf8, true));
        }
        fields
    }
}

/// Writes a table of users or items, in full or not at all.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub(crate) fn write_entities(
    path: &Path,
    table: EntityTable,
    entities: &Entities,
) -> Result<Written, DataError> {
    let mut fields = table.fields();
    for attribute in entities.attributes().iter() {
        let named = attribute_field(attribute, &fields);
        fields.push(named);
    }
    let groups = (0..entities.len()).step_by(ROW_GROUP).map(|first| {
        let rows = first..entities.len().min(first + ROW_GROUP);
        let mut columns = vec![index_column(rows.len(), first)];
        columns.push(text_column(entities.ids()[rows.clone()].iter().map(String::as_str)));
        if table == EntityTable::Items {
            columns.push(Arc::new(rows.clone().map(|at| entities.title(at)).collect::<StringArray>()));
        }
        columns.extend(entities.attributes().iter().map(|it| attribute_column(it, rows.clone())));
        columns
    });
    write_columns(path, &Arc::new(Schema::new(fields)), GROWING, groups)
}

/// The field of an attribute: under its own name, with more behind it where another column has that.
fn attribute_field(attribute: &Attribute, others: &[Field]) -> Field {
    let nullable = attribute.kind() != AttributeKind::Categories;
    let mut name = attribute.name().to_owned();
    // Some readers do not tell upper case from lower case.
    while others.iter().any(|other| other.name().to_lowercase() == name.to_lowercase()) {
        name.push_str("_attribute");
    }
    let kind = (KIND.to_owned(), attribute.kind().name().to_owned());
    let named = (NAME.to_owned(), attribute.name().to_owned());
    Field::new(name, data_type(attribute.kind()), nullable).with_metadata(HashMap::from([kind, named]))
}

fn data_type(kind: AttributeKind) -> DataType {
    match kind {
        AttributeKind::Category | AttributeKind::Text => DataType::Utf8,
        AttributeKind::Categories => DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
        AttributeKind::Number => DataType::Float64,
    }
}

fn attribute_column(attribute: &Attribute, rows: Range<usize>) -> ArrayRef {
    match attribute.values() {
        AttributeValues::Category(values) => {
            Arc::new(values[rows].iter().map(Option::as_deref).collect::<StringArray>())
        }
        AttributeValues::Categories(values) => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for words in &values[rows] {
                lists.append_value(words.iter().map(Some));
            }
            Arc::new(lists.finish())
        }
        AttributeValues::Number(values) => {
            Arc::new(values[rows].iter().copied().collect::<PrimitiveArray<Float64Type>>())
        }
        AttributeValues::Text(values) => {
            Arc::new(values[rows].iter().map(Option::as_deref).collect::<StringArray>())
        }
    }
}

/// Reads a table of users or items.
///
/// # Errors
///
/// Refuses a file that is damaged, is another table, or does not say the kinds of its attributes.
pub(crate) fn read_entities(path: &Path, table: EntityTable) -> Result<Entities, DataError> {
    let builder = opened(path, REINGEST)?;
    let fields = table.fields();
    let damaged = |reason: String| corrupt(path, REINGEST, reason);
    check_columns(path, builder.schema(), &fields, REINGEST)?;
    let file = builder.metadata().file_metadata();
    let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())
        .map_err(|error| damaged(error.to_string()))?;
    let n_fixed = fields.len();
    if schema.fields().iter().zip(&fields).any(|(found, wanted)| found.name() != wanted.name()) {
        return Err(damaged("its first columns are in another order".to_owned()));
    }
    let attributes = schema.fields()[n_fixed..].iter().map(|field| named_kind(field));
    let attributes = attributes.collect::<Result<Vec<_>, _>>().map_err(damaged)?;
    let kinds: Vec<AttributeKind> = attributes.iter().map(|(_, kind)| *kind).collect();
    let mut attributes = AttributesBuilder::new(attributes)?;
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    for_each_batch(path, builder, REINGEST, |batch| {
        check_index(batch, "index")?;
        let its_ids = batch.texts(table.id())?;
        ids.extend((0..batch.len()).map(|at| its_ids.value(at).to_owned()));
        if table == EntityTable::Items {
            titles.extend(batch.optional_texts("title")?.iter().map(|title| title.map(Into::into)));
        }
        let columns = kinds.iter().enumerate().map(|(at, kind)| Column::of(batch, n_fixed + at, *kind));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for at in 0..batch.len() {
            let row = columns.iter().map(|column| column.value(batch, at)).collect::<Result<Vec<_>, _>>()?;
            attributes.push(&row)?;
        }
        Ok(())
    })?;
    titles.resize(ids.len(), None);
    Ok(Entities::new(ids, titles, attributes.finish()))
}

/// What the metadata of a field say of its attribute, or what is wrong with them.
fn named_kind(field: &Field) -> Result<(String, AttributeKind), String> {
    let column = shortened(field.name());
    let name = field.metadata().get(NAME).ok_or_else(|| format!("its column {column:?} has no {NAME}"))?;
    let kind = field.metadata().get(KIND).and_then(|kind| AttributeKind::of_name(kind));
    let kind = kind.ok_or_else(|| format!("its column {column:?} has no {KIND}"))?;
    Ok((name.clone(), kind))
}

/// The values of an attribute in some rows.
enum Column<'b> {
    Words(&'b StringArray),
    Lists(&'b ListArray),
    Numbers(&'b PrimitiveArray<Float64Type>),
    Texts(&'b StringArray),
}

impl<'b> Column<'b> {
    fn of(batch: &'b Batch<'_>, place: usize, kind: AttributeKind) -> Result<Self, DataError> {
        Ok(match kind {
            AttributeKind::Category => Self::Words(batch.at(place)?),
            AttributeKind::Categories => Self::Lists(batch.at(place)?),
            AttributeKind::Number => Self::Numbers(batch.at(place)?),
            AttributeKind::Text => Self::Texts(batch.at(place)?),
        })
    }

    fn value(&self, batch: &Batch<'_>, at: usize) -> Result<AttributeValue<'b>, DataError> {
        Ok(match self {
            Self::Words(column) if column.is_valid(at) => AttributeValue::Category(column.value(at)),
            Self::Texts(column) if column.is_valid(at) => AttributeValue::Text(column.value(at)),
            Self::Numbers(column) if column.is_valid(at) => AttributeValue::Number(column.value(at)),
            Self::Words(_) | Self::Texts(_) | Self::Numbers(_) => AttributeValue::Missing,
            Self::Lists(column) => AttributeValue::Categories(words(column, at).ok_or_else(|| {
                batch.corrupt(format!("row {} has no words in a list", batch.first() + at))
            })?),
        })
    }
}

/// The words of one list; nothing if the list or a word in it is null, or if they are no words.
fn words(column: &ListArray, at: usize) -> Option<Vec<&str>> {
    let all: &StringArray = column.values().as_any().downcast_ref()?;
    let [first, end] = [column.value_offsets()[at], column.value_offsets()[at + 1]];
    let mut places = usize::try_from(first).ok()?..usize::try_from(end).ok()?;
    if column.is_null(at) {
        return None;
    }
    places.try_fold(Vec::new(), |mut words, at| {
        words.push(all.is_valid(at).then(|| all.value(at))?);
        Some(words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Names beside those of the fixed columns and ones that differ by case alone.
    const COLUMNS: [(&str, AttributeKind); 7] = [
        ("index", AttributeKind::Number),
        ("branch", AttributeKind::Category),
        ("title", AttributeKind::Text),
        ("Branch", AttributeKind::Categories),
        ("item_id", AttributeKind::Text),
        ("index_attribute", AttributeKind::Category),
        ("pay.in \u{20ac}", AttributeKind::Number),
    ];

    /// Id, title, a number, a category, a text, words.
    type Row = (String, Option<String>, Option<f64>, Option<String>, Option<String>, Vec<String>);

    fn row() -> impl Strategy<Value = Row> {
        let text = || prop::option::of("\\PC{0,8}");
        let number = prop::option::of(prop::num::f64::NORMAL | prop::num::f64::ZERO);
        ("\\PC{1,6}", text(), number, text(), text(), prop::collection::vec("\\PC{0,9}", 0..4))
    }

    fn entities(rows: &[Row], with_titles: bool) -> Entities {
        let mut builder = AttributesBuilder::new(COLUMNS).unwrap();
        for (_, _, number, category, text, words) in rows {
            let text = || text.as_deref().map_or(AttributeValue::Missing, AttributeValue::Text);
            let category = || category.as_deref().map_or(AttributeValue::Missing, AttributeValue::Category);
            let words = AttributeValue::Categories(words.iter().map(String::as_str).collect());
            let number = || AttributeValue::number(*number);
            builder.push(&[number(), category(), text(), words, text(), category(), number()]).unwrap();
        }
        let title = |row: &Row| row.1.as_deref().filter(|_| with_titles).map(Into::into);
        let ids = rows.iter().map(|row| row.0.clone()).collect();
        Entities::new(ids, rows.iter().map(title).collect(), builder.finish())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn users_and_items_come_back_as_they_were(rows in prop::collection::vec(row(), 0..30)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("table.parquet");
            for (table, with_titles) in [(EntityTable::Users, false), (EntityTable::Items, true)] {
                let whole = entities(&rows, with_titles);
                write_entities(&path, table, &whole).unwrap();
                prop_assert_eq!(read_entities(&path, table).unwrap(), whole);
            }
        }
    }

    #[test]
    fn columns_have_names_that_differ_whatever_the_attributes_are_called() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.parquet");
        write_entities(&path, EntityTable::Items, &entities(&[], true)).unwrap();
        let schema = opened(&path, REINGEST).unwrap().schema().clone();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let expected = [
            "index",
            "item_id",
            "title",
            "index_attribute",
            "branch",
            "title_attribute",
            "Branch_attribute",
            "item_id_attribute",
            "index_attribute_attribute",
            "pay.in \u{20ac}",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn one_table_is_not_taken_for_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.parquet");
        write_entities(&path, EntityTable::Users, &Entities::default()).unwrap();
        let error = read_entities(&path, EntityTable::Items).unwrap_err().to_string();
        assert!(error.contains("no column item_id") && error.contains("--force"), "{error}");
    }

    #[test]
    fn a_column_without_a_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.parquet");
        let mut fields = EntityTable::Users.fields();
        fields.push(field("colour", DataType::Utf8));
        let text = |text: &'static str| text_column([text].into_iter());
        let columns = vec![index_column(1, 0), text("u"), text("red")];
        write_columns(&path, &Arc::new(Schema::new(fields)), GROWING, std::iter::once(columns)).unwrap();
        let error = read_entities(&path, EntityTable::Users).unwrap_err().to_string();
        assert!(error.contains("\"colour\"") && error.contains("drr.name"), "{error}");
        assert!(error.contains("--force"), "{error}");
    }
}
