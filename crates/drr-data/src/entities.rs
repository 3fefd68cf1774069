//! All users or all items of a data set: ids, titles, and what else is said of them.

use crate::{Attribute, Attributes};

/// All users or all items; an index is a position here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entities {
    ids: Vec<String>,
    /// Empty where nobody has a title.
    titles: Vec<Option<Box<str>>>,
    attributes: Attributes,
}

impl Entities {
    /// Users or items with their ids, the titles that they have, and their attributes.
    ///
    /// Panics if there are more or fewer titles or rows of attributes than ids, which is a bug.
    #[must_use]
    pub fn new(ids: Vec<String>, titles: Vec<Option<Box<str>>>, attributes: Attributes) -> Self {
        assert_eq!((titles.len(), attributes.n_rows()), (ids.len(), ids.len()), "one of each for each id");
        let titles = if titles.iter().any(Option::is_some) { titles } else { Vec::new() };
        Self { ids, titles, attributes }
    }

    /// Users or items without titles.
    ///
    /// Panics if there are more or fewer rows of attributes than ids, which is a bug.
    #[must_use]
    pub fn untitled(ids: Vec<String>, attributes: Attributes) -> Self {
        assert_eq!(attributes.n_rows(), ids.len(), "one row for each id");
        Self { ids, titles: Vec::new(), attributes }
    }

    /// Their number.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The original ids.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The original id of one. Panics beyond the last, which is a bug.
    #[must_use]
    pub fn id(&self, at: usize) -> &str {
        &self.ids[at]
    }

    /// The title of one, where the data set gives it one.
    #[must_use]
    pub fn title(&self, at: usize) -> Option<&str> {
        self.titles.get(at)?.as_deref()
    }

    /// Whether a title or an attribute of one is known. Panics beyond the last, which is a bug.
    #[must_use]
    pub fn is_described(&self, at: usize) -> bool {
        self.title(at).is_some() || self.attributes.iter().any(|it| it.is_known(at))
    }

    /// The attributes.
    #[must_use]
    pub const fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The attribute of a name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)
    }

    /// Those at the places of `order` alone, in that order. Each is named at most once; panics beyond the last, which is a
    /// bug.
    #[must_use]
    pub fn reordered(mut self, order: &[usize]) -> Self {
        let ids = order.iter().map(|at| std::mem::take(&mut self.ids[*at])).collect();
        let titles = order.iter().map(|at| self.titles.get_mut(*at).and_then(Option::take)).collect();
        Self::new(ids, titles, self.attributes.reordered(order))
    }
}
