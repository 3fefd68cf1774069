//! New items, which nobody met yet: each is worth what the items are that are most alike by their attributes.

use drr_core::{ItemIdx, ScoredItem};
use drr_data::{Attributes, Dataset};
use std::collections::{BTreeMap, HashMap};

/// A new item is worth the mean of so many items.
const N_ALIKE: usize = 10;
/// So many of them are listed.
const LISTED: usize = 3;
/// So many different sets of words are looked at.
const MAX_SETS: usize = 5000;

/// A new item in a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cold {
    /// Its position among [`Dataset::cold_items`].
    pub at: usize,
    /// The mean score of the items most like it.
    pub score: f32,
    /// The most alike of them.
    pub like: ItemIdx,
    /// The number of items that it was worth the mean of.
    pub n_alike: usize,
}

/// A word of an attribute, by its number.
type WordIdx = usize;

/// The words of all items, and how much each tells.
struct Words<'a> {
    numbers: HashMap<(&'a str, &'a str), WordIdx>,
    /// The logarithm of the share of items without the word: what all have tells nothing.
    weights: Vec<f64>,
    of_items: Vec<Vec<WordIdx>>,
    /// The items that have a word.
    items: Vec<Vec<usize>>,
}

impl<'a> Words<'a> {
    fn new(attributes: &'a Attributes) -> Self {
        let n = attributes.n_rows();
        let (mut numbers, mut items) = (HashMap::new(), Vec::new());
        let mut of_items = vec![Vec::new(); n];
        for attribute in attributes.iter() {
            for (at, words) in of_items.iter_mut().enumerate() {
                for word in attribute.words(at) {
                    let number = *numbers.entry((attribute.name(), word)).or_insert_with(|| {
                        items.push(Vec::new());
                        items.len() - 1
                    });
                    words.push(number);
                    items[number].push(at);
                }
            }
        }
        let weights = items.iter().map(|it: &Vec<usize>| ((n + 1) as f64 / it.len() as f64).ln()).collect();
        Self { numbers, weights, of_items, items }
    }

    /// The words of a new item that other items have too, ascending.
    fn shared(&self, attributes: &Attributes, at: usize) -> Vec<WordIdx> {
        let mut words: Vec<WordIdx> = attributes
            .iter()
            .flat_map(|attribute| attribute.words(at).map(|word| (attribute.name(), word)))
            .filter_map(|word| self.numbers.get(&word).copied())
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    fn weight(&self, words: &[WordIdx]) -> f64 {
        words.iter().map(|word| self.weights[*word]).sum()
    }

    /// The items most like one of these words among those with a score: shared weight over all weight (weighted Jaccard).
    fn alike(&self, words: &[WordIdx], scores: &[Option<f32>]) -> Vec<(usize, f64)> {
        let mut shared: BTreeMap<usize, f64> = BTreeMap::new();
        for word in words {
            for item in self.items[*word].iter().filter(|it| scores[**it].is_some()) {
                *shared.entry(*item).or_default() += self.weights[*word];
            }
        }
        let own = self.weight(words);
        let mut alike: Vec<(usize, f64)> = shared
            .into_iter()
            .map(|(item, both)| (item, both / (own + self.weight(&self.of_items[item]) - both)))
            .collect();
        alike.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        alike.truncate(N_ALIKE);
        alike
    }
}

/// The best new items by the scores of a list of all items; none where no new item is described by words of others.
pub fn best(dataset: &Dataset, list: &[ScoredItem]) -> Vec<Cold> {
    let cold = dataset.cold_items();
    if cold.is_empty() || list.is_empty() {
        return Vec::new();
    }
    let words = Words::new(dataset.items().attributes());
    let mut scores: Vec<Option<f32>> = vec![None; dataset.items().len()];
    for it in list {
        scores[it.item.index()] = Some(it.score);
    }
    let mut of_sets: HashMap<Vec<WordIdx>, Option<(f32, ItemIdx, usize)>> = HashMap::new();
    let mut found = Vec::new();
    for at in 0..cold.len() {
        let set = words.shared(cold.attributes(), at);
        if set.is_empty() || (of_sets.len() == MAX_SETS && !of_sets.contains_key(&set)) {
            continue;
        }
        let worth = of_sets.entry(set).or_insert_with_key(|set| worth(&words.alike(set, &scores), &scores));
        if let Some((score, like, n_alike)) = *worth {
            found.push(Cold { at, score, like, n_alike });
        }
    }
    found.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.at.cmp(&right.at)));
    found.truncate(LISTED);
    found
}

/// The mean score of the items most like one, the first of them, and their number.
fn worth(alike: &[(usize, f64)], scores: &[Option<f32>]) -> Option<(f32, ItemIdx, usize)> {
    let known: Vec<f32> = alike.iter().filter_map(|(item, _)| scores[*item]).collect();
    let (first, _) = alike.first()?;
    Some((known.iter().sum::<f32>() / known.len() as f32, ItemIdx::from(*first), known.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_data::{
        AttributeKind, AttributeValue, AttributesBuilder, Entities, RawLog, SourceNote, SplitConfig,
        SyntheticConfig, generate_synthetic,
    };

    fn described(ids: &[&str], cities: &[&str]) -> Entities {
        let mut attributes = AttributesBuilder::new([("city", AttributeKind::Category)]).unwrap();
        cities.iter().for_each(|city| attributes.push(&[AttributeValue::category(city)]).unwrap());
        Entities::untitled(ids.iter().map(|it| (*it).to_owned()).collect(), attributes.finish())
    }

    #[test]
    fn a_new_item_is_worth_what_those_of_its_words_are_and_one_without_known_words_is_not_listed() {
        let raw = generate_synthetic("synthetic", &SyntheticConfig::small()).unwrap();
        let ids: Vec<&str> = raw.items.ids().iter().map(String::as_str).collect();
        let cities: Vec<&str> = (0..ids.len()).map(|at| ["York", "Bath"][at % 2]).collect();
        let items = described(&ids, &cities);
        let cold_items = described(&["n1", "n2", "n3"], &["Bath", "York", "Rome"]);
        let raw = RawLog { items, cold_items, ..raw.clone() };
        let dataset = Dataset::from_raw(&raw, &SplitConfig::default(), SourceNote::default()).unwrap();
        let list: Vec<ScoredItem> = (0..dataset.items().len())
            .map(|at| ScoredItem { item: ItemIdx::from(at), score: if at % 2 == 0 { 2.0 } else { 1.0 } })
            .collect();
        let found = best(&dataset, &list);
        let names: Vec<(&str, f32, usize)> =
            found.iter().map(|it| (dataset.cold_items().id(it.at), it.score, it.n_alike)).collect();
        assert_eq!(names, [("n2", 2.0, 10), ("n1", 1.0, 10)]);
        assert_eq!(found[0].like, ItemIdx(0));
        assert_eq!(best(&dataset, &[]), []);
    }
}
