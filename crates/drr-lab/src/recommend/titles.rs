//! Items by their titles, as people type them: without accents, in any order of words, with a letter wrong.

use anyhow::{Result, bail};
use drr_core::ItemIdx;
use drr_data::Dataset;
use drr_intake::shown;
use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// So many letters of a title, or of what is looked for, are compared.
const MOST_LETTERS: usize = 200;
/// Of the letters looked for, so many must be in words that the title has.
const LEAST_SHARE: f64 = 0.7;
/// A number is worth so many letters each: another number is another part of a series.
const WORTH_OF_A_DIGIT: f64 = 3.0;
/// Words that a title may have or not.
const ARTICLES: [&str; 3] = ["the", "a", "an"];
/// How many titles a refusal names.
const NEAREST: usize = 3;

/// How well a title fits what is looked for: the kind of fit first, then the share of the letters that are in it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    kind: Kind,
    share: f64,
}

/// The kinds of fits, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Most words are there, as they are or nearly.
    Nearly,
    /// Every word is there.
    EveryWord,
    /// There is no other word.
    Whole,
}

impl Fit {
    fn order(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then(self.share.total_cmp(&other.share))
    }
}

/// The item that a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// What was looked for.
    pub text: String,
    /// The item with the most ratings of those that fit best.
    pub item: ItemIdx,
    /// The others that fit as well, most rated first.
    pub others: Vec<ItemIdx>,
}

/// The titles of a data set.
pub struct Titles<'a> {
    dataset: &'a Dataset,
    n_ratings: Vec<u32>,
}

impl<'a> Titles<'a> {
    /// The titles of a data set.
    #[must_use]
    pub fn new(dataset: &'a Dataset) -> Self {
        let mut n_ratings = vec![0; dataset.items().len()];
        dataset.interactions().iter().for_each(|row| n_ratings[row.item.index()] += 1);
        Self { dataset, n_ratings }
    }

    /// The number of ratings of an item. Panics beyond the items, which is a bug.
    #[must_use]
    pub fn n_ratings(&self, item: ItemIdx) -> u32 {
        self.n_ratings[item.index()]
    }

    /// The item that `text` means: of those whose titles fit best, the most rated one.
    ///
    /// # Errors
    ///
    /// Refuses a text that fits no title, with the three titles that are nearest, and a data set without titles.
    pub fn meant(&self, text: &str) -> Result<Meant> {
        if !self.all().any(|item| self.dataset.item_title(item).is_some()) {
            bail!(
                "--like {:?} finds nothing: the items of this data set have no titles, so give ids with --history",
                shown(text)
            );
        }
        let words = self.wanted(text)?;
        let mut found = self.fits(&words);
        found.retain(|(item, _)| self.dataset.item_title(*item).is_some());
        let Some((_, best)) = found.first().copied() else { bail!(self.nothing("--like", text, &words)) };
        let mut alike =
            found.into_iter().take_while(|(_, fit)| fit.order(&best).is_eq()).map(|(item, _)| item);
        let item = alike.next().unwrap_or(ItemIdx(0));
        Ok(Meant { text: text.to_owned(), item, others: alike.collect() })
    }

    /// The `n` items whose titles fit `text` best, most rated first among equals; an item without a title is found by its id.
    ///
    /// # Errors
    ///
    /// Refuses a text that fits nothing, with the three titles that are nearest.
    pub fn find(&self, text: &str, n: usize) -> Result<Vec<ItemIdx>> {
        let words = self.wanted(text)?;
        let found = self.fits(&words);
        if found.is_empty() {
            bail!(self.nothing("--find", text, &words));
        }
        Ok(found.into_iter().take(n).map(|(item, _)| item).collect())
    }

    fn all(&self) -> impl Iterator<Item = ItemIdx> {
        (0..self.dataset.items().len()).map(ItemIdx::from)
    }

    /// The words of what is looked for.
    fn wanted(&self, text: &str) -> Result<Vec<String>> {
        let words = words_of(text);
        if words.is_empty() {
            bail!(
                "{:?} has no letter and no digit to look for: give words of a title, or an id with --history",
                shown(text)
            );
        }
        Ok(words)
    }

    /// All items that fit, the best first, equal ones by their ratings and then by their index.
    fn fits(&self, wanted: &[String]) -> Vec<(ItemIdx, Fit)> {
        let of = |item| {
            let title = words_of(self.dataset.item_title(item).unwrap_or_default());
            Some((item, fit(wanted, &words_of(&self.dataset.item_name(item)), &title)?))
        };
        let mut found: Vec<(ItemIdx, Fit)> = self.all().filter_map(of).collect();
        let ratings = |item: ItemIdx| self.n_ratings(item);
        found.sort_by(|(left, a), (right, b)| {
            b.order(a).then(ratings(*right).cmp(&ratings(*left))).then(left.cmp(right))
        });
        found
    }

    /// Why nothing was found, with what is nearest.
    fn nothing(&self, option: &str, text: &str, wanted: &[String]) -> String {
        let whole = wanted.join(" ");
        let near = |item| {
            let words = words_of(&self.dataset.item_name(item));
            (share(wanted, &words).0.max(strsim::sorensen_dice(&whole, &words.join(" "))), item)
        };
        let mut all: Vec<(f64, ItemIdx)> = self.all().map(near).collect();
        let ratings = |item: ItemIdx| self.n_ratings(item);
        all.sort_by(|(left, a), (right, b)| {
            right.total_cmp(left).then(ratings(*b).cmp(&ratings(*a))).then(a.cmp(b))
        });
        let named = |(_, item): &(f64, ItemIdx)| {
            format!("{} ({})", shown(&self.dataset.item_name(*item)), shown(self.dataset.item_id(*item)))
        };
        let nearest: Vec<String> = all.iter().take(NEAREST).map(named).collect();
        format!(
            "{option} {:?} fits no title: the nearest, each with its id, are {}; give words of one of them, or ids with --history",
            shown(text),
            nearest.join("; ")
        )
    }
}

/// How well a title fits: `name` are the words of the title with its year, `title` those without. `None` if it does not.
fn fit(wanted: &[String], name: &[String], title: &[String]) -> Option<Fit> {
    let (share, exact) = share(wanted, name);
    let is_whole = |words: &[String]| bare(words) == bare(wanted);
    if exact && (is_whole(name) || is_whole(title)) {
        return Some(Fit { kind: Kind::Whole, share: 1.0 });
    }
    if exact {
        return Some(Fit { kind: Kind::EveryWord, share: 1.0 });
    }
    let has_numbers = wanted.iter().filter(|it| has_digit(it)).all(|it| name.contains(it));
    (has_numbers && share >= LEAST_SHARE).then_some(Fit { kind: Kind::Nearly, share })
}

/// The words without articles, in order; all where there are no others.
fn bare(words: &[String]) -> Vec<&str> {
    let mut bare: Vec<&str> = words.iter().map(String::as_str).filter(|it| !ARTICLES.contains(it)).collect();
    if bare.is_empty() {
        bare.extend(words.iter().map(String::as_str));
    }
    bare.sort_unstable();
    bare
}

/// The share of the letters looked for that a title has, each as far as its word is there, and whether it has every word.
fn share(wanted: &[String], name: &[String]) -> (f64, bool) {
    let (mut there, mut all, mut exact) = (0.0, 0.0, true);
    for word in wanted {
        let letters = word.chars().count() as f64;
        let worth = if has_digit(word) { WORTH_OF_A_DIGIT * letters } else { letters };
        let best = name.iter().map(|other| likeness(word, other)).fold(0.0, f64::max);
        exact &= best >= 1.0;
        there += worth * best;
        all += worth;
    }
    (there / all, exact)
}

fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

/// How much a word of a title is the one looked for: 1 if it is, less if it begins with it or a letter or two are wrong, else 0.
fn likeness(wanted: &str, word: &str) -> f64 {
    if wanted == word {
        return 1.0;
    }
    if has_digit(wanted) || has_digit(word) {
        return 0.0;
    }
    let (n_wanted, n_word) = (wanted.chars().count(), word.chars().count());
    if n_wanted >= 3 && word.starts_with(wanted) {
        return 0.9;
    }
    // Scripts without blanks: a title is one long word.
    if !wanted.is_ascii() && n_wanted >= 2 && word.contains(wanted) {
        return 0.8;
    }
    let allowed = match n_wanted {
        0..4 => return 0.0,
        4..8 => 1,
        _ => 2,
    };
    if n_wanted.abs_diff(n_word) > allowed {
        return 0.0;
    }
    let wrong = strsim::osa_distance(wanted, word);
    if wrong > allowed { 0.0 } else { 1.0 - wrong as f64 / n_wanted.max(n_word) as f64 }
}

/// The words of a text without case and accents: `Les Misérables, 2012` has `les`, `miserables` and `2012`.
fn words_of(text: &str) -> Vec<String> {
    let mut folded = String::new();
    for letter in text.chars().take(MOST_LETTERS).nfkd().filter(|it| !is_combining_mark(*it)) {
        match letter {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'ø' | 'Ø' => folded.push('o'),
            'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
            'ł' | 'Ł' => folded.push('l'),
            'ı' => folded.push('i'),
            // Schindler's and Schindlers are one word.
            '\'' | '’' | 'ʼ' => {}
            letter => folded.extend(letter.to_lowercase()),
        }
    }
    folded.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
