//! What a data set says of its users or items beside their ids: named attributes, stored by column.
//!
//! Films have genres, jobs a salary and a place, songs a tempo. So no attribute is fixed; only its kind is, which says what
//! can be done with it. A word that many users or items share is stored once.

mod build;

pub use build::{AttributeValue, AttributesBuilder};

use crate::DataError;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// The most words of an attribute that is taken for categories, or for features, without being asked for.
pub const MAX_CATEGORIES: usize = 200;

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    /// One word of few.
    Category,
    /// A set of words, in the order of the raw file.
    Categories,
    /// A finite number.
    Number,
    /// Free text, such as an address.
    Text,
}

impl AttributeKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Category, Self::Categories, Self::Number, Self::Text];

    /// The name in files and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Categories => "categories",
            Self::Number => "number",
            Self::Text => "text",
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Display for AttributeKind {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The values of one attribute, one for each user or item, by kind. What is not known is `None`, or no word.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValues {
    /// One word of few each.
    Category(Vec<Option<Arc<str>>>),
    /// A set of words each.
    Categories(Vec<Box<[Arc<str>]>>),
    /// A finite number each.
    Number(Vec<Option<f64>>),
    /// Free text each.
    Text(Vec<Option<Box<str>>>),
}

impl AttributeValues {
    const fn none(kind: AttributeKind) -> Self {
        match kind {
            AttributeKind::Category => Self::Category(Vec::new()),
            AttributeKind::Categories => Self::Categories(Vec::new()),
            AttributeKind::Number => Self::Number(Vec::new()),
            AttributeKind::Text => Self::Text(Vec::new()),
        }
    }

    /// The number of values, known or not.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Category(values) => values.len(),
            Self::Categories(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> AttributeKind {
        match self {
            Self::Category(_) => AttributeKind::Category,
            Self::Categories(_) => AttributeKind::Categories,
            Self::Number(_) => AttributeKind::Number,
            Self::Text(_) => AttributeKind::Text,
        }
    }

    fn reordered(self, order: &[usize]) -> Self {
        match self {
            Self::Category(values) => Self::Category(taken(values, order)),
            Self::Categories(values) => Self::Categories(taken(values, order)),
            Self::Number(values) => Self::Number(taken(values, order)),
            Self::Text(values) => Self::Text(taken(values, order)),
        }
    }
}

/// The values at the places of `order`, each of which is named at most once.
fn taken<T: Default>(mut values: Vec<T>, order: &[usize]) -> Vec<T> {
    order.iter().map(|at| std::mem::take(&mut values[*at])).collect()
}

/// One attribute of all users or items.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    name: String,
    values: AttributeValues,
}

impl Attribute {
    /// The name, which is not empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of the values.
    #[must_use]
    pub const fn kind(&self) -> AttributeKind {
        self.values.kind()
    }

    /// The values, one for each user or item.
    #[must_use]
    pub const fn values(&self) -> &AttributeValues {
        &self.values
    }

    /// The words of one user or item; none for a number or a text. Panics beyond the values, which is a bug.
    pub fn words(&self, at: usize) -> impl Iterator<Item = &str> {
        let words = match &self.values {
            AttributeValues::Category(values) => values[at].as_slice(),
            AttributeValues::Categories(values) => &values[at],
            AttributeValues::Number(_) | AttributeValues::Text(_) => &[],
        };
        words.iter().map(|word| &**word)
    }

    /// The number of one user or item; none where it is not known and where the attribute is of another kind.
    #[must_use]
    pub fn number(&self, at: usize) -> Option<f64> {
        match &self.values {
            AttributeValues::Number(values) => values[at],
            _ => None,
        }
    }

    /// The text of one user or item; none where it is not known and where the attribute is of another kind.
    #[must_use]
    pub fn text(&self, at: usize) -> Option<&str> {
        match &self.values {
            AttributeValues::Text(values) => values[at].as_deref(),
            _ => None,
        }
    }

    /// Whether something is known of one user or item.
    #[must_use]
    pub fn is_known(&self, at: usize) -> bool {
        match &self.values {
            AttributeValues::Category(values) => values[at].is_some(),
            AttributeValues::Categories(values) => !values[at].is_empty(),
            AttributeValues::Number(values) => values[at].is_some(),
            AttributeValues::Text(values) => values[at].is_some(),
        }
    }

    /// The number of users or items of which something is known.
    #[must_use]
    pub fn n_known(&self) -> usize {
        (0..self.values.len()).filter(|at| self.is_known(*at)).count()
    }

    /// All words, sorted; none for numbers and texts.
    #[must_use]
    pub fn vocabulary(&self) -> BTreeSet<&str> {
        (0..self.values.len()).flat_map(|at| self.words(at)).collect()
    }

    /// All words with their numbers from 0 on, in the order of the words.
    #[must_use]
    pub fn numbered_words(&self) -> BTreeMap<&str, usize> {
        self.vocabulary().into_iter().zip(0..).collect()
    }
}

/// The attributes of all users, or of all items, in order: of equal length, with names that differ.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    n_rows: usize,
    columns: Vec<Attribute>,
}

impl Attributes {
    /// No attribute of `n_rows` users or items.
    #[must_use]
    pub const fn none(n_rows: usize) -> Self {
        Self { n_rows, columns: Vec::new() }
    }

    /// The number of users or items.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The attributes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.columns.iter()
    }

    /// The attribute of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The attribute that stands for categories: the one named `wanted`, or, where none is wanted, the first of kind
    /// `categories`, else the first of kind `category` that everyone has a word of; both with 2 to [`MAX_CATEGORIES`]
    /// words. There may be none.
    ///
    /// # Errors
    ///
    /// Refuses a name that is not there, and an attribute of another kind or without two words, with the names to choose
    /// from.
    pub fn categories(&self, wanted: Option<&str>) -> Result<Option<&Attribute>, DataError> {
        let Some(wanted) = wanted else { return Ok(self.usual_categories()) };
        let refuse = |problem: String| DataError::Attribute {
            name: shortened(wanted),
            problem,
            remedy: self.choices(),
        };
        let found = self.get(wanted).ok_or_else(|| refuse("is none of the items'".to_owned()))?;
        if !matches!(found.kind(), AttributeKind::Category | AttributeKind::Categories) {
            return Err(refuse(format!("is of kind {} and has no words", found.kind())));
        }
        match found.vocabulary().len() {
            n @ 0..2 => Err(refuse(format!("has {n} words, but categories are at least two"))),
            n if n >= usize::from(u16::MAX) => Err(refuse(format!("has {n} words, too many for categories"))),
            _ => Ok(Some(found)),
        }
    }

    fn usual_categories(&self) -> Option<&Attribute> {
        let has_words = |it: &&Attribute| (2..=MAX_CATEGORIES).contains(&it.vocabulary().len());
        let of = |kind| self.columns.iter().filter(move |it| it.kind() == kind);
        let one = || of(AttributeKind::Category).filter(|it| it.n_known() == self.n_rows).find(has_words);
        of(AttributeKind::Categories).find(has_words).or_else(one)
    }

    /// What to set instead, with the names of the attributes that have words.
    fn choices(&self) -> String {
        let has_words = |it: &&Attribute| it.vocabulary().len() > 1;
        let names: Vec<String> =
            self.columns.iter().filter(has_words).map(|it| format!("{:?}", shortened(&it.name))).collect();
        match names.as_slice() {
            [] => "leave sessions.categories out: no attribute of the items has words".to_owned(),
            [one] => format!("set sessions.categories to {one}, or leave it out"),
            many => {
                let more = many.len().saturating_sub(MAX_NAMED);
                let more = if more > 0 { format!(" ({more} more)") } else { String::new() };
                let named = many[..many.len().min(MAX_NAMED)].join(", ");
                format!("set sessions.categories to one of {named}{more}, or leave it out")
            }
        }
    }

    /// The users or items at the places of `order` alone, in that order. Each is named at most once; panics beyond the rows,
    /// which is a bug.
    #[must_use]
    pub fn reordered(self, order: &[usize]) -> Self {
        let of = |it: Attribute| Attribute { name: it.name, values: it.values.reordered(order) };
        Self { n_rows: order.len(), columns: self.columns.into_iter().map(of).collect() }
    }
}

/// The names that a message lists.
const MAX_NAMED: usize = 20;
/// The characters of a name that a message shows.
const MAX_SHOWN: usize = 60;

/// The beginning of a name, for a message.
pub(crate) fn shortened(name: &str) -> String {
    if name.chars().count() <= MAX_SHOWN {
        return name.to_owned();
    }
    name.chars().take(MAX_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
