//! Attributes row by row, checked as they come.

use super::{Attribute, AttributeKind, AttributeValues, Attributes, shortened};
use crate::DataError;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What one row says of one attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue<'a> {
    /// Nothing.
    Missing,
    /// One word of few.
    Category(&'a str),
    /// A set of words; what is repeated counts once, where it stood first.
    Categories(Vec<&'a str>),
    /// A finite number.
    Number(f64),
    /// Free text.
    Text(&'a str),
}

impl<'a> AttributeValue<'a> {
    const fn fits(&self, kind: AttributeKind) -> bool {
        match self {
            Self::Missing => true,
            Self::Category(_) => matches!(kind, AttributeKind::Category),
            Self::Categories(_) => matches!(kind, AttributeKind::Categories),
            Self::Number(_) => matches!(kind, AttributeKind::Number),
            Self::Text(_) => matches!(kind, AttributeKind::Text),
        }
    }

    /// A category, or nothing for an empty word.
    #[must_use]
    pub fn category(word: &'a str) -> Self {
        if word.is_empty() { Self::Missing } else { Self::Category(word) }
    }

    /// A text, or nothing for an empty one.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        if text.is_empty() { Self::Missing } else { Self::Text(text) }
    }

    /// A number, or nothing.
    #[must_use]
    pub fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }
}

/// Collects attributes row by row.
#[derive(Debug, Clone, Default)]
pub struct AttributesBuilder {
    words: Words,
    attributes: Attributes,
}

impl AttributesBuilder {
    /// Attributes of these names and kinds, in order.
    ///
    /// # Errors
    ///
    /// Refuses an empty name and one that stands twice.
    pub fn new<N: Into<String>>(
        columns: impl IntoIterator<Item = (N, AttributeKind)>,
    ) -> Result<Self, DataError> {
        let mut attributes = Attributes::default();
        for (name, kind) in columns {
            let name = name.into();
            let fault = if name.is_empty() {
                Some("has no name")
            } else {
                attributes.get(&name).map(|_| "stands twice among the attributes")
            };
            if let Some(fault) = fault {
                return Err(DataError::Attribute {
                    name: shortened(&name),
                    problem: fault.to_owned(),
                    remedy: "give each column a name of its own".to_owned(),
                });
            }
            attributes.columns.push(Attribute { name, values: AttributeValues::none(kind) });
        }
        Ok(Self { words: Words::default(), attributes })
    }

    /// Adds a user or an item: one value for each attribute, in order.
    ///
    /// # Errors
    ///
    /// Refuses a value of another kind and a number that is not finite, and leaves everything as it was. Panics if there are
    /// more or fewer values than attributes, which is a bug.
    pub fn push(&mut self, row: &[AttributeValue<'_>]) -> Result<(), DataError> {
        let Attributes { n_rows, columns } = &mut self.attributes;
        assert_eq!(row.len(), columns.len(), "a row has one value for each attribute");
        for (column, value) in columns.iter().zip(row) {
            let problem = match value {
                AttributeValue::Number(number) if !number.is_finite() => {
                    format!("is {number} in row {n_rows}, which is not finite")
                }
                value if !value.fits(column.kind()) => {
                    format!("is of kind {}, but row {n_rows} has another one", column.kind())
                }
                _ => continue,
            };
            let name = shortened(&column.name);
            return Err(DataError::Attribute { name, problem, remedy: "correct the row".to_owned() });
        }
        for (column, value) in columns.iter_mut().zip(row) {
            add(&mut column.values, value, &mut self.words);
        }
        *n_rows += 1;
        Ok(())
    }

    /// Adds a user or an item of which nothing is known.
    pub fn push_unknown(&mut self) {
        for column in &mut self.attributes.columns {
            add(&mut column.values, &AttributeValue::Missing, &mut self.words);
        }
        self.attributes.n_rows += 1;
    }

    /// The attributes of all rows.
    #[must_use]
    pub fn finish(self) -> Attributes {
        self.attributes
    }
}

/// Adds a value of the column's kind, or nothing.
fn add(column: &mut AttributeValues, value: &AttributeValue<'_>, shared: &mut Words) {
    match (column, value) {
        (AttributeValues::Category(column), AttributeValue::Category(word)) => {
            column.push(Some(shared.word(word)));
        }
        (AttributeValues::Categories(column), AttributeValue::Categories(words)) => {
            let mut set: Vec<Arc<str>> = Vec::with_capacity(words.len());
            for word in words {
                if !set.iter().any(|it| **it == **word) {
                    set.push(shared.word(word));
                }
            }
            column.push(set.into());
        }
        (AttributeValues::Number(column), AttributeValue::Number(number)) => column.push(Some(*number)),
        (AttributeValues::Text(column), AttributeValue::Text(text)) => column.push(Some((*text).into())),
        (AttributeValues::Category(column), _) => column.push(None),
        (AttributeValues::Categories(column), _) => column.push(Box::default()),
        (AttributeValues::Number(column), _) => column.push(None),
        (AttributeValues::Text(column), _) => column.push(None),
    }
}

/// Words that are stored once, however often they are said.
#[derive(Debug, Clone, Default)]
struct Words(FxHashSet<Arc<str>>);

impl Words {
    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}
