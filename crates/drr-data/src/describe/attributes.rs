//! What is said of users and items, attribute by attribute.

use super::{Summary, ratio};
use crate::{Attribute, AttributeKind, Entities};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The words of an attribute that are counted one by one.
const N_WORDS: usize = 24;

/// An attribute in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeSummary {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: AttributeKind,
    /// The users or items of which it is known.
    pub n_known: usize,
    /// The different words, numbers or texts.
    pub n_different: usize,
    /// The most frequent words, those of the most users or items first; empty for numbers and texts.
    pub words: Vec<WordCount>,
    /// The distribution of the numbers; `None` for other kinds and where no number is known.
    pub numbers: Option<Summary>,
}

/// A word's share of the data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordCount {
    /// The word.
    pub word: String,
    /// The users or items that have it. One with several words counts for each.
    pub n: usize,
    /// Their ratings.
    pub n_ratings: usize,
    /// The mean of those ratings.
    pub mean_rating: f64,
}

/// All attributes, given the number and the sum of the ratings of each user or item.
pub(super) fn summaries(entities: &Entities, ratings: &[(usize, f64)]) -> Vec<AttributeSummary> {
    entities.attributes().iter().map(|attribute| summary(attribute, ratings)).collect()
}

fn summary(attribute: &Attribute, ratings: &[(usize, f64)]) -> AttributeSummary {
    let rows = 0..ratings.len();
    let (mut words, mut numbers) = (Vec::new(), None);
    let n_different = match attribute.kind() {
        AttributeKind::Category | AttributeKind::Categories => {
            words = counted(attribute, ratings);
            let n = words.len();
            words.truncate(N_WORDS);
            n
        }
        AttributeKind::Number => {
            let known: Vec<f64> = rows.filter_map(|at| attribute.number(at)).collect();
            let n = known.iter().map(|number| number.to_bits()).collect::<BTreeSet<_>>().len();
            numbers = (!known.is_empty()).then(|| Summary::of_numbers(known));
            n
        }
        AttributeKind::Text => rows.filter_map(|at| attribute.text(at)).collect::<BTreeSet<_>>().len(),
    };
    AttributeSummary {
        name: attribute.name().to_owned(),
        kind: attribute.kind(),
        n_known: attribute.n_known(),
        n_different,
        words,
        numbers,
    }
}

/// All words, the most frequent first, of equals the first by name.
fn counted(attribute: &Attribute, ratings: &[(usize, f64)]) -> Vec<WordCount> {
    let mut counts: BTreeMap<&str, (usize, usize, f64)> = BTreeMap::new();
    for (at, (count, sum)) in ratings.iter().enumerate() {
        for word in attribute.words(at) {
            let (n, n_ratings, rating_sum) = counts.entry(word).or_default();
            *n += 1;
            *n_ratings += count;
            *rating_sum += sum;
        }
    }
    let words = counts.into_iter().map(|(word, (n, n_ratings, sum))| WordCount {
        word: word.to_owned(),
        n,
        n_ratings,
        mean_rating: ratio(sum, n_ratings as f64),
    });
    let mut words: Vec<WordCount> = words.collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.n));
    words
}
