//! Where each key of a configuration file stands: its line.

use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// The way to a value: `lab.agents[2].changes.discount`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct KeyPath(String);

impl KeyPath {
    /// The key `name` of the table at this path.
    pub fn key(&self, name: &str) -> Self {
        Self(if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) })
    }

    /// The element `at` of the array at this path.
    pub fn element(&self, at: usize) -> Self {
        Self(format!("{}[{at}]", self.0))
    }

    /// The path `inner`, seen from the table at this path.
    pub fn join(&self, inner: &Self) -> Self {
        if inner.0.is_empty() { self.clone() } else { self.key(&inner.0) }
    }

    /// The path of the table that the last key stands in; `None` of the file itself and of an element.
    pub fn split_last(&self) -> Option<(Self, &str)> {
        if self.0.is_empty() || self.0.ends_with(']') {
            return None;
        }
        Some(
            self.0.rsplit_once('.').map_or_else(
                || (Self::default(), self.0.as_str()),
                |(table, key)| (Self(table.to_owned()), key),
            ),
        )
    }

    /// The table at this path of `root`.
    pub fn table_in<'a>(&self, root: &'a mut Table) -> Option<&'a mut Table> {
        let mut steps = self.0.split(['.', '[']).map(|step| step.trim_end_matches(']'));
        let Some(first) = steps.next().filter(|step| !step.is_empty()) else { return Some(root) };
        let value = steps.try_fold(root.get_mut(first)?, |value, step| match value {
            Value::Table(table) => table.get_mut(step),
            Value::Array(array) => array.get_mut(step.parse::<usize>().ok()?),
            _ => None,
        });
        value?.as_table_mut()
    }

    /// Whether `other` stands in the table or array at this path, at any depth.
    fn holds(&self, other: &Self) -> bool {
        self.0.is_empty() || other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with(['.', '[']))
    }
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The lines of the keys of one file, from 1.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<KeyPath, usize>);

impl Places {
    /// Finds the keys of `text`; none in a text that is no TOML.
    pub fn of(text: &str) -> Self {
        let mut places = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            places.add_table(text, &KeyPath::default(), table.get_ref());
        }
        places
    }

    /// The line of a key.
    pub fn line(&self, path: &KeyPath) -> Option<usize> {
        self.0.get(path).copied()
    }

    /// The first key named `name` at any depth below `path`.
    pub fn find(&self, path: &KeyPath, name: &str) -> Option<(&KeyPath, usize)> {
        let is_it = |it: &&KeyPath| path.holds(it) && it.split_last().is_some_and(|(_, last)| last == name);
        let found = self.0.keys().filter(is_it).min_by_key(|it| self.0[*it])?;
        Some((found, self.0[found]))
    }

    fn add_table(&mut self, text: &str, path: &KeyPath, table: &DeTable<'_>) {
        for (key, value) in table.iter() {
            let inner = path.key(key.get_ref());
            self.0.insert(inner.clone(), line_at(text, key.span().start));
            self.add_value(text, &inner, value.get_ref());
        }
    }

    fn add_value(&mut self, text: &str, path: &KeyPath, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.add_table(text, path, table),
            DeValue::Array(array) => {
                for (at, element) in array.iter().enumerate() {
                    let inner = path.element(at);
                    self.0.insert(inner.clone(), line_at(text, element.span().start));
                    self.add_value(text, &inner, element.get_ref());
                }
            }
            _ => {}
        }
    }
}

/// The line of a byte, from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    1 + text.as_bytes()[..byte.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_tables_arrays_and_inline_tables_have_their_lines() {
        let text = "a = 1\n\n[b.c]\nd = { e = 2 }\n[[f]]\ng = 3\n[[f]]\ng = 4\n";
        let places = Places::of(text);
        let path = |keys: &[&str]| keys.iter().fold(KeyPath::default(), |path, key| path.key(key));
        let line = |path: &KeyPath| places.line(path).unwrap();
        assert_eq!(line(&path(&["a"])), 1);
        assert_eq!(line(&path(&["b", "c"])), 3);
        assert_eq!(line(&path(&["b", "c", "d", "e"])), 4);
        assert_eq!(line(&path(&["f"]).element(1).key("g")), 8);
        let found = places.find(&path(&["b"]), "e").unwrap();
        assert_eq!((found.0.to_string(), found.1), ("b.c.d.e".to_owned(), 4));
        assert_eq!(places.find(&path(&["b"]), "g"), None);
    }
}
