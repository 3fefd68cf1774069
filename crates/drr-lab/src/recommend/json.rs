//! The answer as one JSON document for programs; `docs/guides/recommend.md` has its keys.

use super::answer::{Answer, Figures, Listed, Session, Source, Whom};
use super::cold::Cold;
use super::titles::Titles;
use crate::run::{RunManifest, manifest};
use anyhow::Result;
use drr_core::ItemIdx;
use drr_data::{AttributeKind, Dataset};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// The version of the document; it rises when a key changes its meaning or goes away.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    user: Option<&'a str>,
    n_ratings: Option<usize>,
    history: Vec<Known<'a>>,
    k: usize,
    policy: &'static str,
    protocol: Option<&'static str>,
    recommender: Recommends<'a>,
    run: RunNote<'a>,
    program: Program,
    items: Vec<Item<'a>>,
    cold: Vec<ColdItem<'a>>,
    figures: Option<Figures>,
    session: Option<Session>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Known<'a> {
    id: &'a str,
    title: Option<&'a str>,
    rating: f32,
    /// What was looked for, where the item was found by its title.
    like: Option<&'a str>,
    /// The other items that this fitted as well.
    others: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    title: Option<&'a str>,
}

#[derive(Serialize)]
struct Recommends<'a> {
    name: &'a str,
    meaning: &'a str,
    fitted: &'static str,
}

#[derive(Serialize)]
struct RunNote<'a> {
    name: &'a str,
    data_set: &'a str,
    data_set_hash: &'a str,
    config_hash: &'a str,
    seed: u64,
    version: &'a str,
    code: &'a str,
    revision: Option<&'a str>,
}

/// The program that answers, which may be another than the run was made by.
#[derive(Serialize)]
struct Program {
    version: &'static str,
    code: String,
}

#[derive(Serialize)]
struct Item<'a> {
    rank: usize,
    id: &'a str,
    title: Option<&'a str>,
    score: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    there: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n_ratings: Option<u32>,
    attributes: Map<String, Value>,
}

/// A new item that nobody rated.
#[derive(Serialize)]
struct ColdItem<'a> {
    id: &'a str,
    title: Option<&'a str>,
    score: f32,
    like: Named<'a>,
    n_alike: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    format: u32,
    find: &'a str,
    run: RunNote<'a>,
    program: Program,
    items: Vec<Item<'a>>,
}

impl Answer<'_> {
    /// The answer as a JSON document.
    ///
    /// # Errors
    ///
    /// Fails if the program has no digest of its code, which would be a fault of its build.
    pub fn json(&self) -> Result<String> {
        let dataset = self.source.dataset;
        let (user, n_ratings) = match &self.whom {
            Whom::User { id, n_ratings } => (Some(id.as_str()), Some(*n_ratings)),
            Whom::New { .. } => (None, None),
        };
        let item = |(rank, it): (usize, &Listed)| Item {
            score: it.score,
            answer: it.answer.map(|(rating, _)| rating),
            there: it.answer.map(|(_, there)| there),
            ..item_of(dataset, it.item, rank)
        };
        text_of(&Document {
            format: FORMAT,
            user,
            n_ratings,
            history: self.known(),
            k: self.k,
            policy: if self.session.is_some() { "session" } else { "list" },
            protocol: self.protocol.map(|it| it.name()),
            recommender: Recommends {
                name: &self.who.name,
                meaning: self.who.meaning,
                fitted: if self.who.fitted_anew { "now" } else { "with the run" },
            },
            run: run_note(&self.source),
            program: program()?,
            items: (1..).zip(&self.items).map(item).collect(),
            cold: self.cold.iter().map(|it| cold_of(dataset, it)).collect(),
            figures: self.figures,
            session: self.session,
            warnings: &self.warnings,
        })
    }

    fn known(&self) -> Vec<Known<'_>> {
        let dataset = self.source.dataset;
        let meant = |item: ItemIdx| match &self.whom {
            Whom::New { meant } => meant.iter().find(|it| it.item == item),
            Whom::User { .. } => None,
        };
        let known = self.history.iter().map(|it| {
            let meant = meant(it.item);
            Known {
                id: dataset.item_id(it.item),
                title: dataset.item_title(it.item),
                rating: it.rating,
                like: meant.map(|it| it.text.as_str()),
                others: meant.iter().flat_map(|it| &it.others).map(|it| named(dataset, *it)).collect(),
            }
        });
        known.collect()
    }
}

/// The items that a text finds, as a JSON document.
///
/// # Errors
///
/// Fails if the program has no digest of its code, which would be a fault of its build.
pub fn found(source: &Source<'_>, text: &str, titles: &Titles<'_>, items: &[ItemIdx]) -> Result<String> {
    let item = |(rank, item): (usize, &ItemIdx)| Item {
        n_ratings: Some(titles.n_ratings(*item)),
        ..item_of(source.dataset, *item, rank)
    };
    let items = (1..).zip(items).map(item).collect();
    text_of(&Found { format: FORMAT, find: text, run: run_note(source), program: program()?, items })
}

fn cold_of<'a>(dataset: &'a Dataset, it: &Cold) -> ColdItem<'a> {
    let new = dataset.cold_items();
    ColdItem {
        id: new.id(it.at),
        title: new.title(it.at),
        score: it.score,
        like: named(dataset, it.like),
        n_alike: it.n_alike,
    }
}

fn named(dataset: &Dataset, item: ItemIdx) -> Named<'_> {
    Named { id: dataset.item_id(item), title: dataset.item_title(item) }
}

fn item_of(dataset: &Dataset, item: ItemIdx, rank: usize) -> Item<'_> {
    Item {
        rank,
        id: dataset.item_id(item),
        title: dataset.item_title(item),
        score: None,
        answer: None,
        there: None,
        n_ratings: None,
        attributes: attributes(dataset, item),
    }
}

/// The attributes of which something is known.
fn attributes(dataset: &Dataset, item: ItemIdx) -> Map<String, Value> {
    let at = item.index();
    let known = dataset.items().attributes().iter().filter(|it| it.is_known(at));
    let value = |it: &drr_data::Attribute| match it.kind() {
        AttributeKind::Category => it.words(at).next().map(Value::from),
        AttributeKind::Categories => Some(it.words(at).collect::<Vec<_>>().into()),
        AttributeKind::Number => it.number(at).map(number),
        AttributeKind::Text => it.text(at).map(Value::from),
    };
    known.filter_map(|it| Some((it.name().to_owned(), value(it)?))).collect()
}

/// A number; a whole one, such as a year, without a point.
fn number(number: f64) -> Value {
    let is_whole = number.fract() == 0.0 && number.abs() < 2_f64.powi(53);
    if is_whole { Value::from(number as i64) } else { Value::from(number) }
}

fn run_note<'a>(source: &'a Source<'_>) -> RunNote<'a> {
    let RunManifest { dataset_hash, config_hash, seed, version, code, revision, .. } = source.manifest;
    RunNote {
        name: &source.name,
        data_set: &source.dataset.manifest().dataset,
        data_set_hash: dataset_hash,
        config_hash,
        seed: *seed,
        version,
        code,
        revision: revision.as_deref(),
    }
}

fn program() -> Result<Program> {
    Ok(Program { version: env!("CARGO_PKG_VERSION"), code: manifest::code()? })
}

/// The document; characters that order a terminal something are written as numbers, which JSON reads as the same.
fn text_of(document: &impl Serialize) -> Result<String> {
    let plain = serde_json::to_string_pretty(document)?;
    let mut text = String::with_capacity(plain.len());
    for letter in plain.chars() {
        let orders = matches!(
            letter,
            '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        if orders {
            write!(text, "\\u{:04x}", u32::from(letter))?;
        } else {
            text.push(letter);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_no_point_and_a_length_keeps_it() {
        let numbers = [1999.0, -3.0, 2.5, 1e300].map(|it| number(it).to_string());
        assert_eq!(numbers, ["1999", "-3", "2.5", "1e+300"]);
    }

    #[test]
    fn no_character_that_orders_a_terminal_something_is_printed_and_programs_read_the_same() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\u{7f}é";
        let json = text_of(&[text]).unwrap();
        assert!(!json.chars().any(|it| it != '\n' && it.is_control()), "{json:?}");
        assert!(!json.contains('\u{202e}') && json.contains('é'), "{json:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
