//! A description as text for a terminal.

use super::{AttributeSummary, Description, NEGATIVE_RATING, StreakKind, Summary};
use crate::AttributeKind;
use drr_core::POSITIVE_RATING;
use drr_intake::shown;
use std::fmt::{self, Display, Formatter};

/// The width of the longest bar in a histogram.
const BAR: usize = 40;

impl Description {
    /// The description as plain text, a few dozen lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Display for Description {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}: {} users, {} items, {} ratings (density {:.2} %, mean {:.3})",
            self.dataset,
            self.n_users,
            self.n_items,
            self.n_ratings,
            100.0 * self.density,
            self.mean_rating
        )?;
        if let Some(span) = &self.time_span {
            writeln!(out, "rated from {} to {}", span.first_date, span.last_date)?;
        }
        if let Some(share) = self.shared_second {
            writeln!(out, "{:.2} % of the ratings share user and second with another one", 100.0 * share)?;
        }
        histogram(self, out)?;
        distributions(self, out)?;
        let users = ("users", self.n_users, &self.user_attributes);
        for (of, n, attributes) in [users, ("items", self.n_items, &self.item_attributes)] {
            for it in attributes {
                attribute(it, of, n, out)?;
            }
        }
        streaks(self, out)
    }
}

fn histogram(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    writeln!(out, "\nratings")?;
    let most = it.rating_histogram.iter().map(|bin| bin.count).max().unwrap_or(1);
    for bin in &it.rating_histogram {
        let share = 100.0 * bin.count as f64 / it.n_ratings as f64;
        let bar = "#".repeat((BAR * bin.count).div_ceil(most));
        writeln!(out, "{:>6}  {:>9}  {share:>5.1} %  {bar}", bin.rating, bin.count)?;
    }
    Ok(())
}

fn distributions(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        out,
        "\n{:<16} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "min", "25 %", "median", "mean", "75 %", "max"
    )?;
    let mut line = |name: &str, of: &Summary| {
        let Summary { min, lower_quartile, median, mean, upper_quartile, max } = of;
        writeln!(
            out,
            "{name:<16} {min:>8} {lower_quartile:>8.1} {median:>8.1} {mean:>8.1} {upper_quartile:>8.1} {max:>8}"
        )
    };
    line("ratings per user", &it.ratings_per_user)?;
    line("ratings per item", &it.ratings_per_item)
}

/// One attribute: the most frequent words with their ratings, or the quantiles of numbers.
fn attribute(it: &AttributeSummary, of: &str, n_all: usize, out: &mut Formatter<'_>) -> fmt::Result {
    let different = match it.kind {
        AttributeKind::Category | AttributeKind::Categories => "words",
        AttributeKind::Number => "different numbers",
        AttributeKind::Text => "different texts",
    };
    let AttributeSummary { name, kind, n_known, n_different, words, numbers } = it;
    let name = shown(name);
    writeln!(out, "\n{name} ({kind}): known of {n_known} of {n_all} {of}, {n_different} {different}")?;
    if let Some(Summary { min, lower_quartile, median, mean, upper_quartile, max }) = numbers {
        let numbers = [min, lower_quartile, median, mean, upper_quartile, max].map(|it| short(*it));
        let [min, lower_quartile, median, mean, upper_quartile, max] = numbers;
        writeln!(
            out,
            "  min {min}, 25 % {lower_quartile}, median {median}, mean {mean}, 75 % {upper_quartile}, max {max}"
        )?;
    }
    if words.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = words.iter().map(|word| shown(&word.word)).collect();
    let width = texts.iter().map(|word| word.chars().count()).max().unwrap_or(0).max(4);
    writeln!(out, "{:<width$} {of:>8} {:>9} {:>6}", "word", "ratings", "mean")?;
    for (text, word) in texts.iter().zip(words) {
        writeln!(out, "{text:<width$} {:>8} {:>9} {:>6.3}", word.n, word.n_ratings, word.mean_rating)?;
    }
    match n_different - words.len() {
        0 => Ok(()),
        n => writeln!(out, "and {n} more"),
    }
}

/// A number with two decimals at most, and with an exponent where it would be long.
fn short(number: f64) -> String {
    if number != 0.0 && !(1e-2..1e9).contains(&number.abs()) {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn streaks(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    for (kind, title) in [
        (StreakKind::Positive, format!("positive ratings (at least {POSITIVE_RATING})")),
        (StreakKind::Negative, format!("negative ratings (at most {NEGATIVE_RATING})")),
    ] {
        let streaks: Vec<_> = it.streaks.iter().filter(|streak| streak.kind == kind).collect();
        if streaks.is_empty() {
            continue;
        }
        writeln!(out, "\nmean rating after k consecutive {title}")?;
        writeln!(out, "{:>4}  {:>9} {:>9}  {:>9} {:>9}", "k", "exactly", "count", "at least", "count")?;
        let mean = |mean: Option<f64>| mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.3}"));
        for it in streaks {
            let (exactly, at_least) = (mean(it.mean_exactly), mean(it.mean_at_least));
            writeln!(
                out,
                "{:>4}  {exactly:>9} {:>9}  {at_least:>9} {:>9}",
                it.k, it.n_exactly, it.n_at_least
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [1990.0, 12.3456, -0.5, 0.0, 100.0, 3.2e-7, 1.25e12];
        let expected = ["1990", "12.35", "-0.5", "0", "100", "3.200e-7", "1.250e12"];
        assert_eq!(numbers.map(short), expected);
    }

    #[test]
    fn no_word_of_the_data_orders_a_terminal() {
        struct Shown(AttributeSummary);
        impl Display for Shown {
            fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
                attribute(&self.0, "items", 5, out)
            }
        }
        let word =
            super::super::WordCount { word: "a\u{1b}[31m".to_owned(), n: 2, n_ratings: 3, mean_rating: 4.0 };
        let text = Shown(AttributeSummary {
            name: "na\u{7}me".to_owned(),
            kind: AttributeKind::Category,
            n_known: 2,
            n_different: 3,
            words: vec![word],
            numbers: None,
        })
        .to_string();
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
        assert!(text.contains("known of 2 of 5 items, 3 words") && text.ends_with("and 2 more\n"), "{text}");
    }
}
