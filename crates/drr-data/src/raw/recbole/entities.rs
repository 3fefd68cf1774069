//! What the columns of `.user` and `.item` say.
//!
//! The registry names the columns that have a meaning of their own; whatever else a file has keeps its name, and its type
//! says what it is: a token one word, a sequence of tokens a set of words, a float a number, a sequence of floats a text.

use super::super::movielens::{ITEM_ATTRIBUTES, USER_ATTRIBUTES};
use super::super::rows::Record;
use super::super::text::title_and_year;
use super::Header;
use crate::archive::Line;
use crate::attributes::shortened;
use crate::{AttributeKind, AttributeValue, ColumnNames, DataError};

/// Types of a text, and types of a number that may as well be written as a token.
const TEXT: &[&str] = &["token", "token_seq"];
const LOOSE_NUMBER: &[&str] = &["token", "float"];
/// The words for "no genre" in the common data sets.
const NO_GENRE: &str = "unknown";

/// How the field of a column becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// One word.
    Word,
    /// Words between spaces.
    Words,
    /// Words between spaces, except those for "no genre".
    Genres,
    /// A number; anything else is refused.
    Number,
    /// A year or an age; words in its place mean that it is not known.
    Whole,
    /// The text as it is.
    Text,
}

impl Rule {
    const fn kind(self) -> AttributeKind {
        match self {
            Self::Word => AttributeKind::Category,
            Self::Words | Self::Genres => AttributeKind::Categories,
            Self::Number | Self::Whole => AttributeKind::Number,
            Self::Text => AttributeKind::Text,
        }
    }

    fn of_type(name: &str) -> Self {
        match name {
            "token" => Self::Word,
            "token_seq" => Self::Words,
            "float" => Self::Number,
            _ => Self::Text,
        }
    }

    /// The rule of a column that the registry names, and the types that it may have.
    const fn of_named(attribute: AttributeKind) -> (Self, &'static [&'static str]) {
        match attribute {
            AttributeKind::Category => (Self::Word, TEXT),
            AttributeKind::Categories => (Self::Genres, TEXT),
            AttributeKind::Number => (Self::Whole, LOOSE_NUMBER),
            AttributeKind::Text => (Self::Text, TEXT),
        }
    }
}

/// One attribute and the column that it is in.
#[derive(Debug)]
struct Column {
    /// The attribute's name.
    name: String,
    /// The column's name in the file.
    header: String,
    place: usize,
    rule: Rule,
}

/// Where the columns of one table are, and what becomes of them.
#[derive(Debug)]
pub(super) struct Layout {
    id: usize,
    title: Option<usize>,
    /// The place among the attributes of the year that may stand at the end of a title instead.
    year: Option<usize>,
    columns: Vec<Column>,
}

impl Layout {
    /// The layout of a `.user` file.
    ///
    /// # Errors
    ///
    /// Fails without a column of ids, and if two columns would be the same attribute.
    pub(super) fn of_users(
        header: &Header,
        line: &Line<'_>,
        columns: &ColumnNames,
    ) -> Result<Self, DataError> {
        let id = header.required(&columns.user, &["token"])?;
        let ColumnNames { gender, age, occupation, zip, .. } = columns;
        let named = [gender, age, occupation, zip].into_iter().zip(USER_ATTRIBUTES);
        Self::new(header, line, (id, None), named)
    }

    /// The layout of an `.item` file.
    ///
    /// # Errors
    ///
    /// As [`Layout::of_users`].
    pub(super) fn of_items(
        header: &Header,
        line: &Line<'_>,
        columns: &ColumnNames,
    ) -> Result<Self, DataError> {
        let id = header.required(&columns.item, &["token"])?;
        let title = header.place(&columns.title, TEXT);
        let named = [&columns.year, &columns.genres].into_iter().zip(ITEM_ATTRIBUTES);
        Self::new(header, line, (id, title), named)
    }

    fn new<'n>(
        header: &Header,
        line: &Line<'_>,
        (id, title): (usize, Option<usize>),
        named: impl Iterator<Item = (&'n String, (&'static str, AttributeKind))>,
    ) -> Result<Self, DataError> {
        let (mut columns, mut year) = (Vec::<Column>::new(), None);
        let is_taken = |place: usize| place == id || Some(place) == title;
        for (column, (name, kind)) in named {
            let (rule, types) = Rule::of_named(kind);
            let Some(place) = header.place(column, types).filter(|place| !is_taken(*place)) else { continue };
            if name == "year" {
                year = Some(columns.len());
            }
            columns.push(Column { name: name.to_owned(), header: column.clone(), place, rule });
        }
        for (place, (name, kind)) in header.columns.iter().enumerate() {
            if is_taken(place) || columns.iter().any(|it| it.place == place) {
                continue;
            }
            if let Some(other) = columns.iter().find(|it| it.name == *name) {
                let problem = format!(
                    "is an attribute that the registry says to be in the column {:?}",
                    shortened(&other.header)
                );
                let remedy = "rename the column, or name it in the registry's table of columns";
                return Err(line.refuse("column", name.as_bytes(), problem, remedy));
            }
            let rule = Rule::of_type(kind);
            columns.push(Column { name: name.clone(), header: name.clone(), place, rule });
        }
        Ok(Self { id, title, year, columns })
    }

    /// The attributes with their kinds, in the order of a record's values.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&str, AttributeKind)> {
        self.columns.iter().map(|it| (it.name.as_str(), it.rule.kind()))
    }

    /// What one row says.
    ///
    /// # Errors
    ///
    /// Refuses what is no number where the header says so.
    pub(super) fn record<'a>(&self, line: &Line<'_>, row: &[&'a str]) -> Result<Record<'a>, DataError> {
        let value = |column: &Column| column.value(line, row[column.place].trim());
        let mut values = self.columns.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        let mut title = self.title.map(|place| row[place].trim()).filter(|title| !title.is_empty());
        if let (Some(year), Some(whole)) = (self.year, title) {
            let (name, at_the_end) = title_and_year(whole);
            title = Some(name);
            if values[year] == AttributeValue::Missing {
                values[year] = AttributeValue::number(at_the_end.map(f64::from));
            }
        }
        Ok(Record { id: row[self.id], title, values })
    }
}

impl Column {
    fn value<'a>(&self, line: &Line<'_>, text: &'a str) -> Result<AttributeValue<'a>, DataError> {
        let words = || text.split(' ').map(str::trim).filter(|word| !word.is_empty());
        Ok(match self.rule {
            Rule::Word => AttributeValue::category(text),
            Rule::Words => AttributeValue::Categories(words().collect()),
            Rule::Genres => AttributeValue::Categories(words().filter(|it| *it != NO_GENRE).collect()),
            Rule::Whole => AttributeValue::number(whole(text)),
            Rule::Text => AttributeValue::text(text),
            // pandas writes "nan" where nothing is known.
            Rule::Number if text.is_empty() || text.eq_ignore_ascii_case("nan") => AttributeValue::Missing,
            Rule::Number => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                AttributeValue::Number(number.ok_or_else(|| self.no_number(line, text))?)
            }
        })
    }

    fn no_number(&self, line: &Line<'_>, text: &str) -> DataError {
        let problem = format!("of the column {:?} is no finite number", shortened(&self.header));
        line.refuse("value", text.as_bytes(), problem, "correct it, or give the column the type token")
    }
}

/// A year or an age, which may be written as `25.0`; words in their place mean that it is not known.
fn whole(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&value)).then_some(value)
}
