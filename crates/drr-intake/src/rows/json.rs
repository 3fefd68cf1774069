//! Rows as JSON objects, one a line or in one array. Numbers keep every digit, since ids and times are read as text.

use super::{Row, Rows, at_line};
use crate::IntakeError;
use crate::error::shown;
use crate::source::{Guard, unreadable};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

/// What stands between the words of a list.
pub(crate) const BETWEEN_WORDS: char = '|';

/// Objects between commas, brackets or line ends: all that matters is where an object begins and ends.
pub(super) struct JsonRows<'a, R> {
    reader: BufReader<Guard<R>>,
    since: Rc<Cell<u64>>,
    object: Vec<u8>,
    line: u64,
    columns: &'a [String],
    values: Vec<String>,
    place: String,
}

impl<'a, R: Read> JsonRows<'a, R> {
    pub(super) fn new(text: R, columns: &'a [String], place: String) -> Self {
        let (guarded, since) = Guard::new(text);
        let reader = BufReader::with_capacity(1 << 18, guarded);
        let values = vec![String::new(); columns.len()];
        Self { reader, since, object: Vec::new(), line: 1, columns, values, place }
    }

    /// Reads the bytes of the next object; the line on which it begins, or none after the last one.
    fn object(&mut self) -> Result<Option<u64>, IntakeError> {
        self.since.set(0);
        self.object.clear();
        let (mut depth, mut is_text, mut is_escaped, mut begun) = (0_u32, false, false, self.line);
        loop {
            let place = at_line(&self.place, self.line);
            let bytes = self.reader.fill_buf().map_err(|error| unreadable(&place, &error))?;
            if bytes.is_empty() {
                if depth > 0 {
                    let place = at_line(&self.place, begun);
                    return Err(IntakeError::refused(place, "the object has no end", "correct the file"));
                }
                return Ok(None);
            }
            let mut used = 0;
            for byte in bytes {
                used += 1;
                self.line += u64::from(*byte == b'\n');
                if depth == 0 {
                    match byte {
                        b'{' => (depth, begun) = (1, self.line),
                        b'[' | b']' | b',' => continue,
                        white if white.is_ascii_whitespace() => continue,
                        _ => {
                            let problem = format!(
                                "there is {} where an object should begin",
                                shown(&char::from(*byte).to_string())
                            );
                            return Err(IntakeError::refused(place, problem, "write an object for each row"));
                        }
                    }
                    self.object.push(*byte);
                    continue;
                }
                self.object.push(*byte);
                match (is_text, byte) {
                    (true, _) if is_escaped => is_escaped = false,
                    (true, b'\\') => is_escaped = true,
                    (_, b'"') => is_text = !is_text,
                    (false, b'{' | b'[') => depth += 1,
                    (false, b'}' | b']') => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            self.reader.consume(used);
            if depth == 0 && !self.object.is_empty() {
                return Ok(Some(begun));
            }
        }
    }
}

impl<R: Read> Rows for JsonRows<'_, R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, IntakeError> {
        let Some(line) = self.object()? else { return Ok(false) };
        self.values.iter_mut().for_each(String::clear);
        let fill = Fill { columns: self.columns, values: &mut self.values };
        parse(&self.object, fill).map_err(|error| {
            let problem = format!("the object cannot be read ({error})");
            IntakeError::refused(at_line(&self.place, line), problem, "correct or remove it")
        })?;
        row.fields.clear();
        self.values.iter().for_each(|value| row.fields.push_field(value.as_bytes()));
        row.line = line;
        Ok(true)
    }
}

fn parse<'de, S: DeserializeSeed<'de>>(object: &'de [u8], seed: S) -> Result<S::Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(object);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The keys of an object whose values can be fields, in order.
pub(crate) fn keys(object: &[u8]) -> Option<Vec<String>> {
    parse(object, Keys).ok()
}

/// The keys of the objects at the front of a text in which an object may stand over several lines.
pub(crate) fn first_objects_keys(sample: &str) -> Vec<String> {
    let mut rows = JsonRows::new(sample.as_bytes(), &[], String::new());
    let mut all: Vec<String> = Vec::new();
    while let Ok(Some(_)) = rows.object() {
        for key in keys(&rows.object).unwrap_or_default() {
            if !all.contains(&key) {
                all.push(key);
            }
        }
    }
    all
}

struct Keys;

impl<'de> DeserializeSeed<'de> for Keys {
    type Value = Vec<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Keys {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Ok(keys)
    }
}

/// Writes the values of the wanted keys into their places.
struct Fill<'a> {
    columns: &'a [String],
    values: &'a mut [String],
}

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            match self.columns.iter().position(|column| *column == *key) {
                Some(at) => {
                    let value = map.next_value::<&RawValue>()?;
                    self.values[at] = field(value.get()).map_err(serde::de::Error::custom)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A value as a field: texts without quotation marks, numbers digit by digit, lists of words with bars between them, nothing
/// for `null` and for objects.
fn field(raw: &str) -> Result<String, serde_json::Error> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw),
        Some(b'[') => Ok(parse(raw.as_bytes(), Words)?.join(&BETWEEN_WORDS.to_string())),
        Some(b'{') => Ok(String::new()),
        _ if raw == "null" => Ok(String::new()),
        _ => Ok(raw.to_owned()),
    }
}

struct Words;

impl<'de> DeserializeSeed<'de> for Words {
    type Value = Vec<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Words {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut words = Vec::new();
        while let Some(value) = list.next_element::<&RawValue>()? {
            if !value.get().starts_with(['[', '{']) {
                words.push(field(value.get()).map_err(serde::de::Error::custom)?);
            }
        }
        Ok(words)
    }
}
