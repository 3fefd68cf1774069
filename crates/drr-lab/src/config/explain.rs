//! What is wrong with a configuration, in words: the key, the file, the line, and the key that was probably meant.

use super::places::KeyPath;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use toml::{Table, Value};

/// Why a table could not be read as settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The value, or the table, that could not be read.
    pub path: KeyPath,
    /// What serde says.
    message: String,
}

/// Reads settings from a table.
pub fn read<T: DeserializeOwned>(table: &Table) -> Result<T, Unreadable> {
    let mut trouble = match read_once(table.clone()) {
        Ok(settings) => return Ok(settings),
        Err(trouble) => trouble,
    };
    // Serde knows only the table around a value of a tagged kind.
    if trouble.unknown_key().is_none() {
        let mut path = trouble.path.clone();
        while let Some(deeper) = culprit::<T>(table, &trouble, &path) {
            path = deeper;
        }
        trouble.path = path;
    }
    Err(trouble)
}

fn read_once<T: DeserializeOwned>(table: Table) -> Result<T, Unreadable> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let mut path = KeyPath::default();
        for segment in error.path() {
            path = match segment {
                Segment::Map { key } => path.key(key),
                Segment::Seq { index } => path.element(*index),
                Segment::Enum { .. } | Segment::Unknown => path,
            };
        }
        Unreadable { path, message: error.inner().message().to_owned() }
    })
}

/// The key of the table at `path` without which the trouble would be gone, or another one.
fn culprit<T: DeserializeOwned>(table: &Table, trouble: &Unreadable, path: &KeyPath) -> Option<KeyPath> {
    let mut keys: Vec<String> = path.table_in(&mut table.clone())?.keys().cloned().collect();
    // Without its kind, every table is another one.
    keys.sort_by_key(|key| key == "kind");
    let without = |key: &String| {
        let mut probe = table.clone();
        path.table_in(&mut probe)?.remove(key);
        read_once::<T>(probe).err()
    };
    keys.iter().find(|key| without(key).as_ref() != Some(trouble)).map(|key| path.key(key))
}

/// A name is meant by one in which at most one letter in so many differs.
const MOST_DIFFERENT: usize = 3;

impl Unreadable {
    /// The same, where the table that was read stands at `path`.
    pub fn inside(mut self, path: &KeyPath) -> Self {
        self.path = path.join(&self.path);
        self
    }

    /// The key that nobody knows, if that is the trouble.
    pub fn unknown_key(&self) -> Option<&str> {
        quoted(self.message.strip_prefix("unknown field ")?).next()
    }

    /// The trouble with the key at `path`, which may be deeper than serde knew.
    pub fn text(&self, path: &KeyPath) -> String {
        let Some(key) = self.unknown_key() else {
            let rest = self.meant(path);
            return format!("{path} cannot be read: {}{rest}", self.message);
        };
        let table = path.split_last().map(|(table, _)| table).unwrap_or_default();
        let known: Vec<&str> = quoted(&self.message).skip(1).collect();
        match nearest(key, &known) {
            Some(meant) => format!("unknown key {path}; did you mean {}?", table.key(meant)),
            None if known.is_empty() => format!("unknown key {path}; there are no keys there"),
            None => format!("unknown key {path}; the keys there are {}", known.join(", ")),
        }
    }

    /// The value that was probably meant, where it is one of a few names.
    fn meant(&self, path: &KeyPath) -> String {
        let Some(rest) = self.message.strip_prefix("unknown variant ") else { return String::new() };
        let mut names = quoted(rest);
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let key = path.split_last().map_or("it", |(_, key)| key);
        nearest(name, &known).map_or_else(String::new, |meant| format!("; did you mean {key} = \"{meant}\"?"))
    }
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The name that is most like `name`, if one is like it at all.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let by_distance = known.iter().map(|it| (strsim::damerau_levenshtein(name, it), *it));
    let (distance, meant) = by_distance.min()?;
    (distance * MOST_DIFFERENT <= name.len().max(meant.len()) + 1).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_meant_if_it_is_near() {
        let known = ["discount", "tau", "slate"];
        assert_eq!(nearest("discuont", &known), Some("discount"));
        assert_eq!(nearest("dicount", &known), Some("discount"));
        assert_eq!(nearest("tua", &known), Some("tau"));
        assert_eq!(nearest("momentum", &known), None);
        assert_eq!(nearest("discount", &[]), None);
    }
}
