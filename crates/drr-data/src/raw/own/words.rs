//! Titles and attributes of users or items as a log gives them: any number of words each, whose kinds show at the end.

use crate::{AttributeKind, AttributeValue, Attributes, AttributesBuilder, DataError, MAX_CATEGORIES};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// One user or item has at most so many words of all attributes.
const MAX_WORDS: usize = 1000;
/// A number that takes more values than this, or has a fraction, is no code.
const LEAST_NUMBERS: usize = 3;

/// A title or a word, by its number.
type WordIdx = u32;

/// The titles of users or items, as far as they have some.
pub(super) type Titles = Vec<Option<Box<str>>>;

/// What is said of one user or item.
#[derive(Debug, Default, Clone)]
struct Entity {
    title: Option<WordIdx>,
    /// Words with the number of their attribute, each once, in the order in which they were said.
    words: Vec<(u16, WordIdx)>,
}

/// An attribute before its kind is known.
#[derive(Debug)]
struct Column {
    name: String,
    /// The kind, where the column's role tells it.
    kind: Option<AttributeKind>,
}

/// What is said of users or items, by their positions.
#[derive(Debug, Default)]
pub(super) struct Said {
    columns: Vec<Column>,
    entities: Vec<Entity>,
    /// Every title and word, once.
    words: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, WordIdx>,
}

impl Said {
    /// The number of the attribute `name`, which is added if it is new; none for an empty name.
    pub(super) fn column(&mut self, name: &str, kind: Option<AttributeKind>) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        if let Some(at) = self.columns.iter().position(|it| it.name == name) {
            return Some(at);
        }
        if self.columns.len() > usize::from(u16::MAX) {
            return None;
        }
        self.columns.push(Column { name: name.to_owned(), kind });
        Some(self.columns.len() - 1)
    }

    /// Whether nothing was said of the one at a position yet.
    pub(super) fn is_new(&self, at: u32) -> bool {
        self.entities.get(at as usize).is_none_or(|it| it.title.is_none() && it.words.is_empty())
    }

    /// The title.
    pub(super) fn title(&self, at: u32) -> Option<&str> {
        let title = self.entities.get(at as usize)?.title?;
        Some(&self.words[title as usize])
    }

    /// Gives a title.
    pub(super) fn set_title(&mut self, at: u32, title: &str) {
        let title = self.word(title);
        self.entity(at).title = Some(title);
    }

    /// Adds a word of an attribute, unless it was said before.
    ///
    /// # Errors
    ///
    /// Refuses more words than one may have.
    pub(super) fn add(&mut self, at: u32, column: usize, word: &str) -> Result<(), DataError> {
        let word = self.word(word);
        let entity = self.entity(at);
        let said = (column as u16, word);
        if entity.words.contains(&said) {
            return Ok(());
        }
        if entity.words.len() == MAX_WORDS {
            return Err(DataError::Attribute {
                name: self.columns[column].name.clone(),
                problem: format!("has more than {MAX_WORDS} words of one user or item"),
                remedy: "leave the column out of of_item, of_user or the table in the layout".to_owned(),
            });
        }
        entity.words.push(said);
        Ok(())
    }

    /// Adds a word, unless the attribute has one already.
    ///
    /// # Errors
    ///
    /// Refuses more words than one may have.
    pub(super) fn add_first(&mut self, at: u32, column: usize, word: &str) -> Result<(), DataError> {
        let has_one = |it: &Entity| it.words.iter().any(|(of, _)| usize::from(*of) == column);
        if self.entities.get(at as usize).is_some_and(has_one) { Ok(()) } else { self.add(at, column, word) }
    }

    fn entity(&mut self, at: u32) -> &mut Entity {
        let at = at as usize;
        if at >= self.entities.len() {
            self.entities.resize(at + 1, Entity::default());
        }
        &mut self.entities[at]
    }

    fn word(&mut self, word: &str) -> WordIdx {
        if let Some(known) = self.numbers.get(word) {
            return *known;
        }
        let number = self.words.len() as WordIdx;
        self.words.push(word.into());
        self.numbers.insert(word.into(), number);
        number
    }

    /// The titles and attributes of all users or items. An attribute of which nothing is known of anybody who is `used` is left
    /// out; `kinds` come before what the words look like.
    ///
    /// # Errors
    ///
    /// Refuses a kind for an attribute that is not there, and numbers that are none.
    pub(super) fn finish(
        mut self,
        used: &[bool],
        kinds: &BTreeMap<String, AttributeKind>,
    ) -> Result<(Titles, Attributes), DataError> {
        self.entities.resize(used.len(), Entity::default());
        let kept: Vec<(usize, AttributeKind)> = (0..self.columns.len())
            .filter_map(|column| {
                Some((column, self.kind(column, used, kinds.get(&self.columns[column].name))?))
            })
            .collect();
        let named = kept.iter().map(|(at, kind)| (self.columns[*at].name.clone(), *kind));
        let mut attributes = AttributesBuilder::new(named)?;
        for entity in &self.entities {
            let values: Result<Vec<_>, DataError> =
                kept.iter().map(|(column, kind)| self.value(entity, *column, *kind)).collect();
            attributes.push(&values?)?;
        }
        let title = |entity: &Entity| entity.title.map(|it| self.words[it as usize].clone());
        Ok((self.entities.iter().map(title).collect(), attributes.finish()))
    }

    /// The words of one attribute of one user or item.
    fn words_of<'a>(&'a self, entity: &'a Entity, column: usize) -> impl Iterator<Item = &'a str> {
        let of_column = entity.words.iter().filter(move |it| usize::from(it.0) == column);
        of_column.map(|it| &*self.words[it.1 as usize])
    }

    /// What the words of an attribute are; none if nobody who is used has one.
    fn kind(&self, column: usize, used: &[bool], asked: Option<&AttributeKind>) -> Option<AttributeKind> {
        let mut seen = Seen::default();
        let mut is_of_use = false;
        for (entity, is_used) in self.entities.iter().zip(used) {
            let mut n_words = 0;
            for word in self.words_of(entity, column) {
                seen.take(word);
                n_words += 1;
            }
            seen.n_known += usize::from(n_words > 0);
            seen.has_several |= n_words > 1;
            is_of_use |= *is_used && n_words > 0;
        }
        if !is_of_use {
            return None;
        }
        let known = asked.copied().or(self.columns[column].kind);
        Some(known.unwrap_or_else(|| seen.kind()))
    }

    fn value<'a>(
        &'a self,
        entity: &'a Entity,
        column: usize,
        kind: AttributeKind,
    ) -> Result<AttributeValue<'a>, DataError> {
        let mut words = self.words_of(entity, column);
        Ok(match kind {
            AttributeKind::Categories => {
                let words = words.flat_map(|word| word.split('|')).map(str::trim);
                AttributeValue::Categories(words.filter(|it| !it.is_empty()).collect())
            }
            AttributeKind::Category => words.next().map_or(AttributeValue::Missing, AttributeValue::category),
            AttributeKind::Text => words.next().map_or(AttributeValue::Missing, AttributeValue::text),
            AttributeKind::Number => match words.next() {
                None => AttributeValue::Missing,
                Some(word) => AttributeValue::Number(number(word).ok_or_else(|| DataError::Attribute {
                    name: self.columns[column].name.clone(),
                    problem: format!("is a number, but {} is none", drr_intake::shown(word)),
                    remedy:
                        "correct it, or give the attribute another kind under [rules.attributes]".to_owned(),
                })?),
            },
        })
    }
}

/// What is seen of an attribute's words.
#[derive(Debug, Default)]
struct Seen<'a> {
    n_known: usize,
    has_several: bool,
    /// How many words have a bar between parts.
    n_with_bar: usize,
    has_text: bool,
    has_fraction: bool,
    distinct: FxHashMap<&'a str, usize>,
}

impl<'a> Seen<'a> {
    fn take(&mut self, word: &'a str) {
        self.n_with_bar += usize::from(word.contains('|'));
        self.has_text |= number(word).is_none();
        self.has_fraction |= number(word).is_some_and(|it| it.fract() != 0.0);
        *self.distinct.entry(word).or_default() += 1;
    }

    fn kind(&self) -> AttributeKind {
        if self.has_several || self.n_with_bar * 10 > self.n_known {
            AttributeKind::Categories
        } else if !self.has_text && (self.has_fraction || self.distinct.len() >= LEAST_NUMBERS) {
            AttributeKind::Number
        } else if self.distinct.len() <= MAX_CATEGORIES && 2 * self.distinct.len() <= self.n_known + 2 {
            AttributeKind::Category
        } else {
            AttributeKind::Text
        }
    }
}

/// The number that a word is, if it is written as numbers are: no zeros before it, which codes have.
fn number(word: &str) -> Option<f64> {
    let digits = word.strip_prefix('-').unwrap_or(word).as_bytes();
    let is_code = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    let starts = digits.first().is_some_and(u8::is_ascii_digit);
    (starts && !is_code).then(|| word.parse().ok()).flatten().filter(|it: &f64| it.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attributes of items whose words stand in one column each.
    fn found(rows: &[&str], kinds: &[(&str, AttributeKind)]) -> Result<Attributes, DataError> {
        let mut said = Said::default();
        let column = said.column("x", None).expect("a name");
        for (at, words) in rows.iter().enumerate() {
            for word in words.split(';').filter(|it| !it.is_empty()) {
                said.add(at as u32, column, word)?;
            }
        }
        let kinds = kinds.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        said.finish(&vec![true; rows.len()], &kinds).map(|it| it.1)
    }

    fn kind(rows: &[&str]) -> Option<AttributeKind> {
        found(rows, &[]).expect("readable").get("x").map(crate::Attribute::kind)
    }

    #[test]
    fn the_kind_follows_from_the_words() {
        assert_eq!(kind(&["York", "Bath", "York", "Bath"]), Some(AttributeKind::Category));
        assert_eq!(kind(&["1 Elm Road", "2 Elm Road", "3 Elm Road"]), Some(AttributeKind::Text));
        assert_eq!(kind(&["12.5", "3", "", "7"]), Some(AttributeKind::Number));
        assert_eq!(kind(&["02139", "01970", "90210"]), Some(AttributeKind::Text), "codes");
        assert_eq!(kind(&["jazz|soul", "soul", "folk"]), Some(AttributeKind::Categories));
        assert_eq!(kind(&["Thai;Bar", "Bar", "Thai"]), Some(AttributeKind::Categories), "several rows");
        assert_eq!(kind(&["0", "1", "0", "1", "1"]), Some(AttributeKind::Category), "yes and no");
        assert_eq!(kind(&["", "", ""]), None);
    }

    #[test]
    fn a_kind_that_was_asked_for_comes_first_and_must_fit() {
        let asked = [("x", AttributeKind::Category)];
        let cities = found(&["1", "2", "3"], &asked).unwrap();
        assert_eq!(cities.get("x").unwrap().words(2).collect::<Vec<_>>(), ["3"]);
        let error = found(&["York", "2"], &[("x", AttributeKind::Number)]).unwrap_err().to_string();
        assert!(
            error.contains("\"x\"") && error.contains("York") && error.contains("[rules.attributes]"),
            "{error}"
        );
    }

    #[test]
    fn an_entity_with_thousands_of_words_is_refused() {
        let mut said = Said::default();
        let column = said.column("tags", None).unwrap();
        let error = (0..=MAX_WORDS).find_map(|at| said.add(0, column, &format!("w{at}")).err()).unwrap();
        assert!(error.to_string().contains("more than 1000 words"), "{error}");
    }
}
