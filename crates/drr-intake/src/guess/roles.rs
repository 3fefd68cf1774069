//! Which column is what.

use super::column::{Column, Times};
use super::value::shape;
use super::{Asked, Finding};
use crate::IntakeError;
use crate::error::{Choice, shown};
use crate::layout::{Columns, Signal, TimeUnit};
use crate::names::{Fit, Role, words};
use crate::number::Signs;
use std::collections::{BTreeMap, HashMap};

/// What the columns are, how they are read, and why.
#[derive(Debug)]
pub(super) struct Roles {
    pub(super) columns: Columns,
    pub(super) signal: Signal,
    pub(super) time: Option<TimeUnit>,
    pub(super) signs: Signs,
    /// The columns whose words say which rows count, by their names in the file.
    pub(super) only: BTreeMap<String, Vec<String>>,
    pub(super) findings: Vec<Finding>,
}

/// The columns of a file, and what a person said of them.
pub(super) struct Looked<'a> {
    pub(super) columns: &'a [Column],
    pub(super) has_header: bool,
    pub(super) separator: Option<&'a str>,
    pub(super) place: &'a str,
    pub(super) asked: &'a Asked,
    /// Times whose unit the file itself says, by column.
    pub(super) typed_times: &'a HashMap<String, TimeUnit>,
}

/// A column with at most so many words tells kinds of rows apart.
const MOST_KINDS: usize = 12;

/// The value's columns by what they say, the better first.
pub(super) const VALUES: [(Role, Signal); 3] =
    [(Role::Rating, Signal::Rating), (Role::Count, Signal::Count), (Role::Duration, Signal::Duration)];

impl Looked<'_> {
    /// Finds every role.
    pub(super) fn roles(&self) -> Result<Roles, IntakeError> {
        let mut findings = Vec::new();
        let user = self.id(Role::User, "user", &[], &mut findings)?;
        let item = self.id(Role::Item, "item", &[user], &mut findings)?;
        let time = self.time(&[user, item], &mut findings)?;
        let mut taken = vec![user, item];
        taken.extend(time.as_ref().map(|it| it.0));
        let value = self.value(&taken, &mut findings)?;
        taken.extend(value.as_ref().map(|it| it.0));
        let only = self.only(&mut taken, &mut findings)?;
        let (of_user, of_item, unused) = self.others(user, item, &taken);
        let name = |at: usize| self.columns[at].name.clone();
        let names = |all: Vec<usize>| all.into_iter().map(name).collect();
        let signal = self.asked.signal.or(value.as_ref().map(|it| it.1)).unwrap_or(Signal::Event);
        Ok(Roles {
            columns: Columns {
                user: name(user),
                item: name(item),
                value: value.as_ref().filter(|_| signal != Signal::Event).map(|it| name(it.0)),
                time: time.as_ref().map(|it| name(it.0)),
                of_user: names(of_user),
                of_item: names(of_item),
                unused: names(unused),
            },
            signal,
            time: time.map(|it| it.1),
            signs: value.map_or(Signs::PLAIN, |it| it.2),
            only,
            findings,
        })
    }

    /// The columns whose words say which rows count; what kinds of rows there are is said where nothing was asked for.
    fn only(
        &self,
        taken: &mut Vec<usize>,
        findings: &mut Vec<Finding>,
    ) -> Result<BTreeMap<String, Vec<String>>, IntakeError> {
        let mut only = BTreeMap::new();
        for (name, words) in &self.asked.only {
            let Some(at) = self.asked(Some(name), "--only")? else { continue };
            let column = &self.columns[at];
            findings.push(Finding::new(
                "only",
                &column.name,
                format!("rows with {}", words.join(" or ")),
                None,
            ));
            only.insert(column.name.clone(), words.clone());
            taken.push(at);
        }
        let free = (0..self.columns.len()).filter(|at| !taken.contains(at));
        for column in free.map(|at| &self.columns[at]).filter(|it| it.is_best(Role::Aside)) {
            if let Some(kinds) = kinds_of_rows(column) {
                findings.push(Finding::new("kind", &column.name, kinds, None));
            }
        }
        Ok(only)
    }

    pub(super) fn refused(&self, problem: String, remedy: String) -> IntakeError {
        IntakeError::refused(self.place, problem, remedy)
    }

    /// The names of all columns, for messages.
    fn all_names(&self) -> String {
        let names: Vec<String> = self.columns.iter().take(30).map(|it| shown(&it.name)).collect();
        let more = self.columns.len().saturating_sub(30);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", names.join(", "))
    }

    /// The column that somebody named.
    pub(super) fn asked(&self, column: Option<&String>, flag: &str) -> Result<Option<usize>, IntakeError> {
        let Some(column) = column else { return Ok(None) };
        let exact = self.columns.iter().position(|it| it.name == *column);
        let alike = || self.columns.iter().position(|it| it.name.eq_ignore_ascii_case(column));
        let typed = || self.columns.iter().position(|it| it.name.split(':').next() == Some(column));
        let number = || {
            column.parse::<usize>().ok().filter(|it| (1..=self.columns.len()).contains(it)).map(|it| it - 1)
        };
        exact.or_else(alike).or_else(typed).or_else(number).map(Some).ok_or_else(|| {
            let problem = format!("there is no column {}", shown(column));
            self.refused(problem, format!("give {flag} one of {}", self.all_names()))
        })
    }

    /// The column of ids of users or items.
    fn id(
        &self,
        role: Role,
        what: &'static str,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<usize, IntakeError> {
        let flag = if role == Role::User { "--user" } else { "--item" };
        let asked = if role == Role::User { &self.asked.user } else { &self.asked.item };
        if let Some(at) = self.asked(asked.as_ref(), flag)? {
            findings.push(Finding::new(what, &self.columns[at].name, "as asked for".into(), None));
            return Ok(at);
        }
        if !self.has_header {
            return self.id_by_place(role, what, taken, findings);
        }
        let fits = |at: &usize| !taken.contains(at) && !self.columns[*at].is_blank();
        let mut named: Vec<(Fit, usize)> = (0..self.columns.len())
            .filter(fits)
            .filter(|at| self.columns[*at].is_best(role))
            .filter_map(|at| Some((self.columns[at].fit(role)?, at)))
            .collect();
        named.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
        match named[..] {
            [(best, _), (next, _), ..] if best == next => {
                let same: Vec<String> = named
                    .iter()
                    .filter(|it| it.0 == best)
                    .map(|it| self.columns[it.1].name.clone())
                    .collect();
                Err(self.unclear(&format!("which column is the {what}"), flag, &same))
            }
            [(_, at), ref rest @ ..] => {
                let next = rest.first().map(|it| self.columns[it.1].name.clone());
                findings.push(Finding::new(what, &self.columns[at].name, "by its name".into(), next));
                Ok(at)
            }
            [] => match self.nickname(role, taken) {
                Some(at) => {
                    findings.push(Finding::new(
                        what,
                        &self.columns[at].name,
                        "a name, without an id".into(),
                        None,
                    ));
                    Ok(at)
                }
                None => self.id_by_rest(what, flag, taken, findings),
            },
        }
    }

    /// The column of users' names, which stands for their ids where there are none.
    fn nickname(&self, role: Role, taken: &[usize]) -> Option<usize> {
        const NAMES: [&str; 5] = ["username", "nickname", "login", "handle", "displayname"];
        let is_name = |at: &usize| {
            let name = words(&self.columns[*at].name).concat();
            !taken.contains(at) && NAMES.contains(&name.as_str())
        };
        (0..self.columns.len()).find(is_name).filter(|_| role == Role::User)
    }

    /// Without names: users come first, then items, as nearly everywhere.
    fn id_by_place(
        &self,
        role: Role,
        what: &'static str,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<usize, IntakeError> {
        let mut ids = (0..self.columns.len()).filter(|at| {
            let column = &self.columns[*at];
            !taken.contains(at)
                && !column.is_blank()
                && !matches!(column.times(), Times::Are(TimeUnit::Iso8601))
        });
        // The item stands behind the user, wherever somebody said that the user is.
        let shape = |at: usize| shape(&self.columns[at]);
        let told = ids.clone().find(|at| shape(*at) == Some(role));
        // The first column may have the form of the other ids.
        let is_other = ids.clone().next().is_some_and(|at| shape(at).is_some_and(|it| it != role));
        let behind = |at: &usize| taken.iter().all(|it| it < at);
        let at = match (told, is_other) {
            (Some(at), _) => Some(at),
            (None, true) => ids.nth(1),
            (None, false) if role == Role::User => ids.next(),
            (None, false) => ids.clone().find(behind).or_else(|| ids.next()),
        };
        let Some(at) = at else { return Err(self.no_column(what, &format!("--{what}"))) };
        findings.push(Finding::new(
            what,
            &self.columns[at].name,
            "by its place, since there is no header".into(),
            None,
        ));
        Ok(at)
    }

    /// With names that say nothing: the only column that can be ids.
    fn id_by_rest(
        &self,
        what: &'static str,
        flag: &'static str,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<usize, IntakeError> {
        let can_be = |at: &usize| {
            let column = &self.columns[*at];
            let is_other = column.roles.iter().any(|it| it.0 != Role::Aside);
            !taken.contains(at)
                && !column.is_blank()
                && !is_other
                && column.roles.is_empty()
                && column.n_distinct > 1
        };
        let rest: Vec<usize> = (0..self.columns.len()).filter(can_be).collect();
        match rest[..] {
            [at] if self.columns.len() <= 4 => {
                findings.push(Finding::new(
                    what,
                    &self.columns[at].name,
                    "since nothing else can be".into(),
                    None,
                ));
                Ok(at)
            }
            [] => Err(self.no_column(what, flag)),
            _ => {
                let names: Vec<String> = rest.iter().map(|at| self.columns[*at].name.clone()).collect();
                Err(self.unclear(&format!("which column is the {what}"), flag, &names))
            }
        }
    }

    fn no_column(&self, what: &str, flag: &str) -> IntakeError {
        let problem = format!("no column looks like the {what}'s id; there are {}", self.all_names());
        self.refused(problem, format!("name it with {flag} COLUMN, or the file with --log FILE"))
    }

    pub(super) fn unclear(&self, question: &str, flag: &'static str, candidates: &[String]) -> IntakeError {
        IntakeError::Unclear {
            place: self.place.to_owned(),
            question: format!("it cannot be told {question}"),
            choices: candidates.iter().take(8).map(|it| Choice::new(flag, &**it)).collect(),
        }
    }

    /// The column of times with its unit.
    fn time(
        &self,
        taken: &[usize],
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(usize, TimeUnit)>, IntakeError> {
        if self.asked.time.as_deref() == Some("none") {
            return Ok(None);
        }
        if let Some(at) = self.asked(self.asked.time.as_ref(), "--time")? {
            return Ok(Some((at, self.unit(at, true)?.unwrap_or(TimeUnit::Order))));
        }
        let fits = |at: &usize| !taken.contains(at) && !self.columns[*at].is_blank();
        let mut named: Vec<(Fit, usize)> = (0..self.columns.len())
            .filter(fits)
            .filter(|at| self.columns[*at].is_best(Role::Time))
            .filter_map(|at| Some((self.columns[at].fit(Role::Time)?, at)))
            .collect();
        named.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
        let next = named.get(1).map(|it| self.columns[it.1].name.clone());
        // Of several names the first whose content is a time.
        for (_, at) in &named {
            if let Some(unit) = self.unit(*at, false)? {
                let why = format!("by its name, as {}", unit.words());
                findings.push(Finding::new("time", &self.columns[*at].name, why, next));
                return Ok(Some((*at, unit)));
            }
        }
        if let Some((_, at)) = named.first() {
            let unit = self.unit(*at, true)?.unwrap_or(TimeUnit::Order);
            findings.push(Finding::new(
                "time",
                &self.columns[*at].name,
                format!("by its name, as {}", unit.words()),
                next,
            ));
            return Ok(Some((*at, unit)));
        }
        let by_content: Vec<usize> = (0..self.columns.len())
            .filter(fits)
            .filter(|at| self.columns[*at].roles.iter().all(|it| it.0 == Role::Aside))
            .filter(|at| matches!(self.columns[*at].times(), Times::Are(unit) if unit != TimeUnit::ExcelDays))
            .collect();
        match by_content[..] {
            [at] => {
                let unit = self.unit(at, false)?.unwrap_or(TimeUnit::Order);
                findings.push(Finding::new(
                    "time",
                    &self.columns[at].name,
                    format!("by its content, {}", unit.words()),
                    None,
                ));
                Ok(Some((at, unit)))
            }
            [] => Ok(None),
            _ => {
                let names: Vec<String> = by_content.iter().map(|at| self.columns[*at].name.clone()).collect();
                Err(self.unclear("which column is the time", "--time", &names))
            }
        }
    }

    /// The unit of a column of times; none if its content is no time and it need not be one.
    fn unit(&self, at: usize, must_be: bool) -> Result<Option<TimeUnit>, IntakeError> {
        let column = &self.columns[at];
        if let Some(unit) = &self.asked.time_unit {
            return Ok(Some(unit.clone()));
        }
        if let Some(unit) = self.typed_times.get(&column.name) {
            return Ok(Some(unit.clone()));
        }
        match column.times() {
            Times::Are(unit) => Ok(Some(unit)),
            Times::Unclear(patterns) => {
                let example = shown(column.filled().next().unwrap_or_default());
                Err(IntakeError::Unclear {
                    place: self.place.to_owned(),
                    question: format!(
                        "it cannot be told whether the day or the month comes first in column {} ({example})",
                        shown(&column.name)
                    ),
                    choices: patterns.iter().map(|it| Choice::new("--time-format", &**it)).collect(),
                })
            }
            Times::Mixed if !must_be => Ok(None),
            Times::Mixed => {
                let problem =
                    format!("the times in column {} are of several units or none", shown(&column.name));
                let remedy =
                    "correct them, say --time-unit order if they only tell what came first, or --time none";
                Err(self.refused(problem, remedy.to_owned()))
            }
            Times::AreNot if !must_be => Ok(None),
            // Numbers too small for a moment still tell what came first.
            Times::AreNot if column.decimals().is_some() => Ok(Some(TimeUnit::Order)),
            Times::AreNot => {
                let example = shown(column.filled().next().unwrap_or_default());
                let problem =
                    format!("the times in column {} are in no known form ({example})", shown(&column.name));
                let remedy = "give their pattern with --time-format, for example --time-format \"%d.%m.%Y %H:%M\", or say --time none";
                Err(self.refused(problem, remedy.to_owned()))
            }
        }
    }

    /// What the remaining columns say: of users, of items, of nothing that is used.
    fn others(&self, user: usize, item: usize, taken: &[usize]) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let (mut of_user, mut of_item, mut unused) = (Vec::new(), Vec::new(), Vec::new());
        for at in (0..self.columns.len()).filter(|at| !taken.contains(at)) {
            let column = &self.columns[at];
            if column.is_blank() && column.name.parse::<usize>().is_ok() {
                continue;
            }
            let follows = |id: usize| follows(&self.columns[id], column);
            let is_aside = column.roles.first().is_some_and(|it| {
                matches!(it.0, Role::Aside | Role::Time | Role::Rating | Role::Count | Role::Duration)
            });
            if self.has_header
                && !is_aside
                && follows(item) != Some(false)
                && (column.is_best(Role::OfItem) || follows(item) == Some(true))
            {
                of_item.push(at);
            } else if self.has_header
                && !is_aside
                && follows(user) != Some(false)
                && (column.is_best(Role::OfUser) || follows(user) == Some(true))
            {
                of_user.push(at);
            } else {
                unused.push(at);
            }
        }
        (of_user, of_item, unused)
    }
}

/// The kinds of rows that a column tells apart, the more frequent first, if it tells any apart.
fn kinds_of_rows(column: &Column) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    column.filled().for_each(|word| *counts.entry(word).or_default() += 1);
    let is_kind = |word: &&str| word.chars().any(char::is_alphabetic) && word.len() <= 30;
    let few = (2..=MOST_KINDS).contains(&counts.len()) && counts.keys().all(is_kind);
    if !few {
        return None;
    }
    let n_filled = column.filled().count();
    let mut sorted: Vec<(&str, usize)> = counts.into_iter().collect();
    sorted.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    let shares: Vec<String> = sorted
        .iter()
        .map(|(word, n)| format!("{} ({:.0} %)", shown(word), 100.0 * *n as f64 / n_filled as f64))
        .collect();
    Some(format!("{}: all count alike; --only {}=WORD keeps some", shares.join(", "), shown(&column.name)))
}

/// Whether a column is always the same for the same id; none if too few ids stand in the sample twice to tell.
pub(super) fn follows(ids: &Column, column: &Column) -> Option<bool> {
    if column.n_distinct < 2 {
        return None;
    }
    let mut seen: HashMap<&str, (&str, usize)> = HashMap::new();
    let mut n_again = 0;
    for (id, value) in ids.values.iter().zip(&column.values).filter(|it| !it.1.is_empty()) {
        let first = seen.entry(id).or_insert((value, 0));
        if first.1 > 0 {
            n_again += 1;
            if first.0 != value {
                return Some(false);
            }
        }
        first.1 += 1;
    }
    (n_again >= 10).then_some(true)
}
