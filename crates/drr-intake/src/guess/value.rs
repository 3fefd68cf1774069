//! What the values of a column say by their form.

use super::Finding;
use super::column::Column;
use super::roles::{Looked, VALUES, follows};
use crate::IntakeError;
use crate::error::{Choice, shown};
use crate::layout::Signal;
use crate::names::{Fit, Role};
use crate::number::Signs;

impl Looked<'_> {
    /// The column of the value with what it says.
    pub(super) fn value(
        &self,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(usize, Signal, Signs)>, IntakeError> {
        if self.asked.value.as_deref() == Some("none") || self.asked.signal == Some(Signal::Event) {
            return Ok(None);
        }
        if let Some(at) = self.asked(self.asked.value.as_ref(), "--value")? {
            let column = &self.columns[at];
            let by_name = VALUES.iter().find(|it| column.is_best(it.0)).map(|it| it.1);
            // What words are worth is what a user thinks.
            let by_words = (!self.asked.words.is_empty()).then_some(Signal::Rating);
            let signal = self.asked.signal.or(by_words).or(by_name).unwrap_or_else(|| signal_of(column));
            return Ok(Some((at, signal, self.signs(at)?)));
        }
        let free = |at: &usize| !taken.contains(at) && !self.columns[*at].is_blank();
        for (role, signal) in VALUES {
            let mut named: Vec<(Fit, usize)> = (0..self.columns.len())
                .filter(free)
                .filter(|at| self.columns[*at].is_best(role))
                .filter_map(|at| Some((self.columns[at].fit(role)?, at)))
                .collect();
            // Words cannot be the value where numbers can.
            let is_number = |it: &(Fit, usize)| !self.columns[it.1].signs(self.separator).is_empty();
            if named.iter().any(is_number) {
                named.retain(is_number);
            }
            named.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
            let Some((best, at)) = named.first().copied() else { continue };
            let same: Vec<String> =
                named.iter().filter(|it| it.0 == best).map(|it| self.columns[it.1].name.clone()).collect();
            if same.len() > 1 {
                return Err(self.unclear("which column is the value", "--value", &same));
            }
            let signs = self.signs(at)?;
            let next = named.get(1).map(|it| self.columns[it.1].name.clone());
            // What is called a rating, and grows like plays or sales, is a count.
            let is_count = signal == Signal::Rating && is_long_tailed(&self.columns[at], signs);
            let (signal, why) = match is_count {
                true => (Signal::Count, "a count by its content"),
                false => (signal, "by its name"),
            };
            let why = if is_count { why.to_owned() } else { format!("{} {why}", in_words(signal)) };
            findings.push(Finding::new("value", &self.columns[at].name, why, next));
            return Ok(Some((at, signal, signs)));
        }
        self.unnamed_value(taken, findings)
    }

    /// Without a name, a number behind the ids is what the user gave.
    fn unnamed_value(
        &self,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(usize, Signal, Signs)>, IntakeError> {
        let free = |at: &usize| !taken.contains(at) && !self.columns[*at].is_blank();
        let numbers: Vec<usize> = (0..self.columns.len())
            .filter(free)
            .filter(|at| {
                self.columns[*at].roles.is_empty() && !self.columns[*at].signs(self.separator).is_empty()
            })
            .collect();
        match numbers[..] {
            [at] if !self.has_header || self.columns.len() <= 4 => {
                let signal = signal_of(&self.columns[at]);
                findings.push(Finding::new(
                    "value",
                    &self.columns[at].name,
                    format!("{} by its content", in_words(signal)),
                    None,
                ));
                Ok(Some((at, signal, self.signs(at)?)))
            }
            [_, ..] if self.has_header && numbers.iter().any(|at| self.may_be_value(*at, taken)) => {
                let mut names: Vec<String> =
                    numbers.iter().map(|at| self.columns[*at].name.clone()).collect();
                names.push("none".to_owned());
                Err(self.unclear("which column is the value, if one is", "--value", &names))
            }
            [_, _, ..] if !self.has_header => {
                let names: Vec<String> = numbers.iter().map(|at| self.columns[*at].name.clone()).collect();
                Err(self.unclear("which column is the value, if one is", "--value", &names))
            }
            _ => Ok(None),
        }
    }

    /// Whether numbers that nothing names differ among the rows of a user and of an item, as what a user gives does.
    fn may_be_value(&self, at: usize, taken: &[usize]) -> bool {
        let is_anothers = |id: &usize| follows(&self.columns[*id], &self.columns[at]) == Some(true);
        let n_distinct = self.columns[at].n_distinct;
        (2..=101).contains(&n_distinct) && !taken.iter().take(2).any(is_anothers)
    }

    /// The signs of a value whose words are worth something, each of which must be known.
    fn signs_of_words(&self, column: &Column) -> Result<Signs, IntakeError> {
        let is_known = |it: &&str| self.asked.words.contains_key(it.trim());
        match column.filled().find(|it| !is_known(it)) {
            None => Ok(Signs::PLAIN),
            Some(word) => Err(self.refused(
                format!("column {} has {}, which --words does not name", shown(&column.name), shown(word)),
                format!("add {}=NUMBER to --words", shown(word)),
            )),
        }
    }

    /// The signs in the numbers of the value.
    fn signs(&self, at: usize) -> Result<Signs, IntakeError> {
        let column = &self.columns[at];
        let candidates = column.signs(self.separator);
        if !self.asked.words.is_empty() {
            return self.signs_of_words(column);
        }
        if let Some(decimal) = self.asked.decimal {
            let fits = candidates.iter().find(|it| it.decimal == decimal).copied();
            return Ok(fits.unwrap_or(Signs { decimal, thousands: None }));
        }
        let example = |sign: &dyn Fn(&&str) -> bool| shown(column.filled().find(sign).unwrap_or_default());
        match candidates[..] {
            [signs] => Ok(signs),
            [] => {
                let wrong = example(&|it: &&str| Signs::PLAIN.value(it.as_bytes()).is_none());
                let problem =
                    format!("column {} looks like the value, but {wrong} is no number", shown(&column.name));
                let words = if column.n_distinct <= MOST_WORDS {
                    let mut words: Vec<&str> = column.filled().collect();
                    words.sort_unstable();
                    words.dedup();
                    let worth: Vec<String> = words.iter().map(|it| format!("{}=NUMBER", shown(it))).collect();
                    format!(", or say what its words are worth with --words {}", worth.join(","))
                } else {
                    String::new()
                };
                Err(self.refused(
                    problem,
                    format!("name another with --value COLUMN, or say --signal event where every row counts{words}"),
                ))
            }
            _ => Err(IntakeError::Unclear {
                place: self.place.to_owned(),
                question: format!(
                    "it cannot be told what the sign in {} of column {} means",
                    example(&|it: &&str| it.contains(['.', ','])),
                    shown(&column.name)
                ),
                choices: [".", ","].map(|it| Choice::new("--decimal", it)).into(),
            }),
        }
    }
}

/// A column with at most so many words may be worth something by word.
const MOST_WORDS: usize = 8;

/// What numbers without a name say: few different small ones are ratings, others counts.
pub(super) fn signal_of(column: &Column) -> Signal {
    let values: Vec<f64> = column.filled().filter_map(|it| Signs::PLAIN.value(it.as_bytes())).collect();
    let (least, greatest) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(*it), high.max(*it)));
    let is_whole = values.iter().all(|it| it.fract() == 0.0);
    if greatest <= 10.0
        || least < 0.0
        || !is_whole
        || (greatest <= 100.0 && column.n_distinct <= 21 && values.iter().all(|it| it % 5.0 == 0.0))
    {
        Signal::Rating
    } else {
        Signal::Count
    }
}

/// Whether numbers are whole, and some are many times what is usual, beyond every scale.
pub(super) fn is_long_tailed(column: &Column, signs: Signs) -> bool {
    let mut values: Vec<f64> = column.filled().filter_map(|it| signs.value(it.as_bytes())).collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (values.first(), values.last()) else { return false };
    let usual = values[values.len() / 2];
    *least >= 0.0
        && *greatest > 100.0
        && *greatest > 10.0 * usual.max(1.0)
        && values.iter().all(|it| it.fract() == 0.0)
}

/// The signal in words.
pub(super) const fn in_words(signal: Signal) -> &'static str {
    match signal {
        Signal::Rating => "a rating",
        Signal::Event => "an event",
        Signal::Count => "a count",
        Signal::Duration => "a duration",
    }
}

/// Whether ids have a form that tells what they are: an address of mail is a person; numbers of books and of shops are things.
pub(super) fn shape(column: &Column) -> Option<Role> {
    let all = |fits: &dyn Fn(&str) -> bool| !column.is_blank() && column.filled().all(fits);
    let is_mail =
        |it: &str| it.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_asin =
        |it: &str| it.len() == 10 && it.starts_with("B0") && it.bytes().all(|it| it.is_ascii_alphanumeric());
    let is_book = |it: &str| {
        let n_digits = it.bytes().filter(u8::is_ascii_digit).count();
        let has_check = n_digits == 10 || (n_digits == 9 && it.ends_with(['X', 'x']));
        (it.len() == 10 && has_check) || (it.len() == 13 && n_digits == 13 && it.starts_with("97"))
    };
    // Ten digits alone may be anything.
    let is_surely = |it: &str| is_asin(it) || (is_book(it) && (it.len() == 13 || it.ends_with(['X', 'x'])));
    if all(&is_mail) {
        Some(Role::User)
    } else if all(&|it| is_book(it) || is_asin(it)) && column.filled().any(is_surely) {
        Some(Role::Item)
    } else {
        None
    }
}
