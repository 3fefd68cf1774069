//! A value of JSON that keeps the order of its members, every repeat, and whole numbers of any length up to 64 bits.

use crate::foreign::{ListPlace, Stop};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::foreign) enum Json {
    Null,
    Bool,
    Whole(String),
    Number(f64),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An id: a text, or a number that is whole.
    ///
    /// # Errors
    ///
    /// Says what is in its place.
    pub fn id(&self) -> Result<String, &'static str> {
        /// Above it a float is no longer every whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Text(text) => Ok(text.trim().to_owned()),
            Self::Whole(text) => Ok(text.clone()),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                Ok(format!("{:.0}", number + 0.0))
            }
            Self::Number(_) => Err("is a number that is no exact whole one, so it is no id"),
            Self::Null => Err("is null, which is no id"),
            Self::Bool => Err("is true or false, which is no id"),
            Self::Array(_) | Self::Object(_) => Err("is no id, but a list or an object"),
        }
    }

    /// A number, or a text that is one.
    ///
    /// # Errors
    ///
    /// Says that it is none.
    pub fn number(&self) -> Result<f64, &'static str> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Whole(text) | Self::Text(text) => text.trim().parse().map_err(|_| "is no number"),
            _ => Err("is no number"),
        }
    }

    /// A number as [`Json::number`] takes it; none for null.
    ///
    /// # Errors
    ///
    /// Says that it is none.
    pub fn number_if_any(&self) -> Result<Option<f64>, &'static str> {
        if *self == Self::Null {
            return Ok(None);
        }
        self.number().map(Some).map_err(|_| "has something else in it than numbers")
    }

    /// What it is, in words.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Whole(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Whole(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(Json::Object(all))
    }
}

/// Why a text is not read to its end.
pub(super) enum Broken {
    /// What is wrong with it, and where.
    At(ListPlace, String),
    /// Somebody stopped it.
    Stopped,
}

/// Steps over the values of a text, and knows the line.
pub(super) struct Scan<'a> {
    text: &'a str,
    stop: &'a Stop<'a>,
    at: usize,
    line: u64,
}

impl<'a> Scan<'a> {
    pub const fn new(text: &'a str, stop: &'a Stop<'a>) -> Self {
        Self { text, stop, at: 0, line: 1 }
    }

    /// Where the scan stands.
    pub const fn place(&self) -> ListPlace {
        ListPlace::Line(self.line)
    }

    /// Goes to the next value; its first sign, or none at the end.
    pub fn next_value(&mut self) -> Option<char> {
        self.skip();
        self.text[self.at..].chars().next()
    }

    fn advance(&mut self, to: usize) {
        self.line += self.text.as_bytes()[self.at..to].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.at = to;
    }

    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        self.advance(self.text.len() - rest.trim_start().len());
    }

    /// Steps over a sign, if it is the next.
    fn takes(&mut self, sign: char) -> bool {
        self.skip();
        let is_next = self.text[self.at..].starts_with(sign);
        if is_next {
            self.at += sign.len_utf8();
        }
        is_next
    }

    fn broken(&self, problem: impl Into<String>) -> Broken {
        Broken::At(self.place(), problem.into())
    }

    /// One value, which is stepped over, and where it begins.
    fn parsed<T: Deserialize<'a>>(&mut self) -> Result<(ListPlace, T), Broken> {
        self.stop.step().map_err(|_| Broken::Stopped)?;
        self.skip();
        let place = self.place();
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                let to = self.at + values.byte_offset();
                self.advance(to);
                Ok((place, value))
            }
            Some(Err(error)) => {
                let line = self.line + (error.line() as u64).saturating_sub(1);
                let text = error.to_string();
                let problem = text.split(" at line ").next().unwrap_or_default();
                Err(Broken::At(ListPlace::Line(line), problem.to_owned()))
            }
            None => Err(self.broken("it ends too early")),
        }
    }

    /// Hands over each element of an array. The first failure of `with` ends it.
    pub fn array<E>(
        &mut self,
        with: &mut impl FnMut(ListPlace, Json) -> Result<(), E>,
    ) -> Result<Result<(), E>, Broken> {
        self.takes('[');
        if self.takes(']') {
            return Ok(Ok(()));
        }
        loop {
            let (place, value) = self.parsed()?;
            if let Err(error) = with(place, value) {
                return Ok(Err(error));
            }
            if self.takes(']') {
                return Ok(Ok(()));
            }
            if !self.takes(',') {
                return Err(self.broken("a comma or ] is missing"));
            }
        }
    }

    /// The members of an object, each with its place.
    pub fn object(&mut self) -> Result<Vec<(ListPlace, String, Json)>, Broken> {
        let mut members = Vec::new();
        if !self.takes('{') {
            return Err(self.broken("there is neither an object nor a list"));
        }
        if self.takes('}') {
            return Ok(members);
        }
        loop {
            let (place, name) = self.parsed()?;
            if !self.takes(':') {
                return Err(self.broken("a colon is missing"));
            }
            members.push((place, name, self.parsed()?.1));
            if self.takes('}') {
                return Ok(members);
            }
            if !self.takes(',') {
                return Err(self.broken("a comma or } is missing"));
            }
        }
    }
}
