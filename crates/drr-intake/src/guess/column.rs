//! What stands in a column, as far as the sample tells.

use crate::layout::TimeUnit;
use crate::names::{Fit, Role, roles};
use crate::number::{Decimal, Signs, is_grouped};
use crate::time::{CLOCKS, PATTERNS, WHOLE, unit_of_numbers};
use std::collections::HashSet;

/// A column of the sample.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) values: Vec<String>,
    pub(super) roles: Vec<(Role, Fit)>,
    pub(super) n_distinct: usize,
}

/// How times in a column can be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Times {
    /// In one way.
    Are(TimeUnit),
    /// In several ways that differ: the patterns.
    Unclear(Vec<String>),
    /// Numbers of which some could be moments, in several units.
    Mixed,
    /// Not at all.
    AreNot,
}

impl Column {
    /// A column by its name and the values of the sample, which may be empty.
    pub(super) fn new(name: &str, values: Vec<String>, has_name: bool) -> Self {
        // RecBole's names carry a type.
        let plain =
            name.rsplit_once(':').filter(|(_, kind)| super::is_type(kind)).map_or(name, |(plain, _)| plain);
        let roles = if has_name { roles(plain) } else { Vec::new() };
        let n_distinct = values.iter().filter(|it| !it.is_empty()).collect::<HashSet<_>>().len();
        Self { name: name.to_owned(), values, roles, n_distinct }
    }

    /// How well the name fits a role.
    pub(super) fn fit(&self, role: Role) -> Option<Fit> {
        self.roles.iter().find(|it| it.0 == role).map(|it| it.1)
    }

    /// Whether this role is what the name fits best.
    pub(super) fn is_best(&self, role: Role) -> bool {
        self.fit(role).is_some_and(|fit| self.roles.iter().all(|it| it.1 <= fit))
    }

    pub(super) fn filled(&self) -> impl Iterator<Item = &str> + Clone {
        self.values.iter().map(String::as_str).filter(|it| !it.is_empty())
    }

    pub(super) fn is_blank(&self) -> bool {
        self.filled().next().is_none()
    }

    /// The share of the filled values that are numbers by these signs.
    pub(super) fn numbers(&self, signs: Signs) -> f64 {
        let (mut n, mut n_numbers) = (0_usize, 0_usize);
        for value in self.filled() {
            n += 1;
            n_numbers += usize::from(signs.value(value.as_bytes()).is_some());
        }
        n_numbers as f64 / n.max(1) as f64
    }

    pub(super) fn decimals(&self) -> Option<Vec<Decimal>> {
        self.filled().map(|it| Decimal::parse(it.as_bytes())).collect()
    }

    /// How the times in this column are written.
    pub(super) fn times(&self) -> Times {
        if self.is_blank() {
            return Times::AreNot;
        }
        if let Some(numbers) = self.decimals() {
            let large = numbers.iter().any(|it| it.times(1).is_some_and(|it| it >= 100_000_000));
            let otherwise = if large { Times::Mixed } else { Times::AreNot };
            return unit_of_numbers(&numbers).map_or(otherwise, Times::Are);
        }
        // A few bad ones among many are found when they are read, by their lines.
        let least = self.filled().count() * 9 / 10;
        let reads = |unit: &TimeUnit| {
            self.filled().filter(|it| unit.nanos(it).is_some()).count() > least.saturating_sub(1)
        };
        if reads(&TimeUnit::Iso8601) {
            return Times::Are(TimeUnit::Iso8601);
        }
        let dated = PATTERNS.iter().flat_map(|date| CLOCKS.iter().map(move |clock| format!("{date}{clock}")));
        let patterns: Vec<String> = dated
            .chain(WHOLE.iter().map(|it| (*it).to_owned()))
            .filter(|pattern| reads(&TimeUnit::Pattern(pattern.clone())))
            .collect();
        let moments = |pattern: &String| -> Vec<Option<i128>> {
            self.filled().map(|it| TimeUnit::Pattern(pattern.clone()).nanos(it)).collect()
        };
        match patterns.split_first() {
            None => Times::AreNot,
            Some((first, others)) => {
                let expected = moments(first);
                let other = others.iter().find(|it| moments(it) != expected);
                match other {
                    None => Times::Are(TimeUnit::Pattern(first.clone())),
                    Some(other) => Times::Unclear(vec![first.clone(), other.clone()]),
                }
            }
        }
    }

    /// The signs in the numbers of this column: none if they are no numbers, and two if it cannot be told.
    pub(super) fn signs(&self, separator: Option<&str>) -> Vec<Signs> {
        let comma = Signs { decimal: ',', thousands: None };
        let texts: Vec<&str> = self.filled().collect();
        let all = |signs: Signs| texts.iter().all(|it| signs.value(it.as_bytes()).is_some());
        let has = |sign: char| texts.iter().any(|it| it.contains(sign));
        let grouped = |sign: char, decimal: char| {
            texts.iter().filter(|it| it.contains(sign)).all(|it| is_grouped(it, sign, decimal))
        };
        // A few words among many numbers are found when they are read, by their lines.
        if texts.len() > 4 && !all(Signs::PLAIN) && self.numbers(Signs::PLAIN) >= 0.8 && !has(',') {
            return vec![Signs::PLAIN];
        }
        match (has('.'), has(',')) {
            (false, false) => {
                if all(Signs::PLAIN) {
                    vec![Signs::PLAIN]
                } else {
                    Vec::new()
                }
            }
            (true, false) => {
                let whole = texts.iter().filter(|it| it.contains('.')).count();
                let german = Signs { decimal: ',', thousands: Some('.') };
                // 1.234 between semicolons, as where commas are decimal, may be a thousand or one and a bit.
                if separator == Some(";") && whole > 0 && grouped('.', ',') && all(german) && !has('-') {
                    vec![Signs::PLAIN, german]
                } else if all(Signs::PLAIN) {
                    vec![Signs::PLAIN]
                } else {
                    Vec::new()
                }
            }
            (false, true) => {
                let english = Signs { decimal: '.', thousands: Some(',') };
                if grouped(',', '.') && all(english) && separator != Some(";") {
                    vec![english]
                } else if grouped(',', '.') && all(english) {
                    vec![comma, english]
                } else if all(comma) {
                    vec![comma]
                } else {
                    Vec::new()
                }
            }
            (true, true) => {
                let candidates = [
                    Signs { decimal: ',', thousands: Some('.') },
                    Signs { decimal: '.', thousands: Some(',') },
                ];
                candidates.into_iter().filter(|it| all(*it)).collect()
            }
        }
    }
}
