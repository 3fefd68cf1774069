//! Why a log cannot be read, and what helps.

use std::fmt;
use std::path::{Path, PathBuf};

/// A text of a person's data in a message has at most so many characters.
const MAX_SHOWN: usize = 120;

/// Why a file cannot be understood or read. Every message names the place and a remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// A file cannot be opened or read.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file, or a place in it, is not usable as it is.
    #[error("{place}: {problem}; {remedy}")]
    Refused {
        /// The file, with the line or row where one is to blame.
        place: String,
        /// What is wrong there.
        problem: String,
        /// What helps.
        remedy: String,
    },
    /// Two readings are about as good, so somebody must choose.
    #[error("{place}: {question}; say which: {}", listed(choices))]
    Unclear {
        /// The file.
        place: String,
        /// What cannot be told.
        question: String,
        /// What can be added to the command, one of them.
        choices: Vec<Choice>,
    },
    /// Whoever reads asked to stop.
    #[error("stopped while reading {0}")]
    Interrupted(String),
}

/// An option of the command that says which of several readings is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The option: `--user`.
    pub flag: &'static str,
    /// What stands behind it.
    pub value: String,
}

impl Choice {
    pub(crate) fn new(flag: &'static str, value: impl Into<String>) -> Self {
        Self { flag, value: value.into() }
    }
}

impl fmt::Display for Choice {
    /// As it is typed: names of columns and files in quotation marks.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = shown(&self.value);
        match self.flag {
            "--header" | "--decimal" => write!(out, "{} {value}", self.flag),
            _ => write!(out, "{} \"{value}\"", self.flag),
        }
    }
}

/// The choices in a sentence.
fn listed(choices: &[Choice]) -> String {
    let words: Vec<String> = choices.iter().map(ToString::to_string).collect();
    let also = if choices.iter().any(|it| it.flag == "--user") { ", and the item with --item" } else { "" };
    format!("{}{also}", words.join(" or "))
}

impl IntakeError {
    /// The error of the system, with what was tried on which file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn refused(
        place: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Refused { place: place.into(), problem: problem.into(), remedy: remedy.into() }
    }
}

/// A text from a person's data as a message may show it: short, on one line, and without control characters, which a terminal
/// would obey.
#[must_use]
pub fn shown(text: &str) -> String {
    shown_within(text, MAX_SHOWN)
}

/// The same with at most `max` of its characters.
#[must_use]
pub fn shown_within(text: &str, max: usize) -> String {
    let mut short = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == max {
            short.push('…');
            break;
        }
        if is_obeyed(character) {
            short.extend(character.escape_default());
        } else {
            short.push(character);
        }
    }
    short
}

/// Whether a terminal, or a reader's eye, takes the character for an order: controls and changes of direction.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_orders_nothing() {
        assert_eq!(shown("a\u{1b}[31mred"), "a\\u{1b}[31mred");
        assert_eq!(shown("x\r\ny\u{202e}z"), "x\\r\\ny\\u{202e}z");
        assert_eq!(shown("Größe 42"), "Größe 42");
        assert_eq!(shown(&"é".repeat(500)).chars().count(), MAX_SHOWN + 1);
        assert_eq!([3, 4].map(|max| shown_within("a\tbc", max)), ["a\\tb…", "a\\tbc"]);
    }
}
