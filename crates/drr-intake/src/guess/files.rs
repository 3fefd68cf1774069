//! Which file of a folder or archive is the log, and which are tables of its users and items.

use super::{Asked, Guess, Looking};
use crate::IntakeError;
use crate::error::{Choice, shown};
use crate::layout::{Dialect, Layout, SideTable};
use crate::names::{Role, roles};
use crate::source::{Member, Source};
use std::collections::HashSet;

/// Files that are looked at; in a folder of more, the log must be named.
const MAX_LOOKED: usize = 60;
/// Words in the names of logs, the better first.
const LOG_WORDS: [&str; 16] = [
    "ratings",
    "rating",
    "interactions",
    "inter",
    "events",
    "plays",
    "listens",
    "clicks",
    "views",
    "purchases",
    "orders",
    "reviews",
    "log",
    "user_artists",
    "data",
    "train",
];
/// Names that logs have and nothing else.
const USUAL: [&str; 6] =
    ["ratings.dat", "ratings.csv", "u.data", "interactions.csv", "events.csv", "user_artists.dat"];
/// Words in the names of a log's parts, in the order of time.
const PARTS: [&str; 6] = ["train", "training", "valid", "validation", "val", "test"];
/// Columns of MovieLens' files, which have no header.
const KNOWN: [(&str, &[&str]); 5] = [
    ("ratings.dat", &["user", "item", "rating", "timestamp"]),
    ("movies.dat", &["item", "title", "genres"]),
    ("users.dat", &["user", "gender", "age", "occupation", "zip"]),
    ("u.data", &["user", "item", "rating", "timestamp"]),
    ("u.user", &["user", "age", "gender", "occupation", "zip"]),
];

/// A file with what was found in it.
struct Candidate<'a> {
    member: &'a Member,
    looking: Looking,
}

/// Guesses how the log of a source is to be read.
pub(super) fn guess(source: &Source, asked: &Asked) -> Result<Guess, IntakeError> {
    let members = wanted(source, asked)?;
    let single = source.members().len() == 1 || asked.log.is_some();
    let (mut candidates, mut failures) = (Vec::new(), Vec::new());
    for member in members.into_iter().take(MAX_LOOKED) {
        match Looking::at(source, member, asked) {
            Ok(looking) => candidates.push(Candidate { member, looking: known(looking, member) }),
            Err(error) if single && candidates.is_empty() => return Err(error),
            Err(_) => failures.push(member.name.clone()),
        }
    }
    let mut logs: Vec<((u32, u32), usize)> = Vec::new();
    let mut first_error = None;
    // The log that somebody named is the first; the others may be its tables.
    let n_logs = if asked.log.is_some() { 1 } else { candidates.len() };
    for (at, candidate) in candidates.iter().enumerate().take(n_logs) {
        match candidate.looking.roles(&source.place(candidate.member), asked) {
            Ok(roles) => logs.push((worth(candidate, &roles), at)),
            Err(error) => {
                let is_likelier = candidate.looking.columns.iter().any(|it| it.is_best(Role::User));
                if first_error.is_none() || is_likelier {
                    first_error = Some(error);
                }
            }
        }
    }
    logs.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    let Some((best, at)) = logs.first().copied() else {
        return Err(first_error.unwrap_or_else(|| none_is_a_log(source, &failures)));
    };
    // A name alone does not tell a log from another with the same columns, unless it is a usual one.
    let is_usual = USUAL.contains(&base(&candidates[at].member.name).as_str());
    let is_as_good = |it: &((u32, u32), usize)| if is_usual { it.0 == best } else { it.0.1 == best.1 };
    let equal: Vec<usize> = logs.iter().filter(|it| is_as_good(it)).map(|it| it.1).collect();
    let files = match &equal[..] {
        [_] => vec![at],
        several => parts(&candidates, several, at).ok_or_else(|| unclear(source, &candidates, several))?,
    };
    described(source, &candidates, &files, asked)
}

/// The files to look at: all, or the one that somebody named.
fn wanted<'a>(source: &'a Source, asked: &Asked) -> Result<Vec<&'a Member>, IntakeError> {
    let Some(name) = &asked.log else { return Ok(source.members().iter().collect()) };
    let member = source.member(name).ok_or_else(|| {
        let there: Vec<String> = source.members().iter().take(20).map(|it| shown(&it.name)).collect();
        let place = shown(&source.path().display().to_string());
        let problem = format!("there is no file {} in it", shown(name));
        IntakeError::refused(place, problem, format!("give --log one of {}", there.join(", ")))
    })?;
    // Its tables of users and items are looked for all the same.
    let mut members = vec![member];
    members.extend(source.members().iter().filter(|it| it.name != member.name));
    Ok(members)
}

fn none_is_a_log(source: &Source, failures: &[String]) -> IntakeError {
    let place = shown(&source.path().display().to_string());
    if source.members().iter().any(|it| it.name == "[Content_Types].xml") {
        return IntakeError::refused(
            place,
            "it is a workbook",
            "save the sheet with the log as csv, and name that file",
        );
    }
    let names: Vec<String> = failures.iter().take(10).map(|it| shown(it)).collect();
    IntakeError::refused(
        place,
        format!("none of its files is a log: {}", names.join(", ")),
        "name the file with --log FILE",
    )
}

fn unclear(source: &Source, candidates: &[Candidate<'_>], several: &[usize]) -> IntakeError {
    let choice = |at: &usize| Choice::new("--log", &*candidates[*at].member.name);
    IntakeError::Unclear {
        place: shown(&source.path().display().to_string()),
        question: "it cannot be told which file is the log".into(),
        choices: several.iter().take(8).map(choice).collect(),
    }
}

/// Names the columns of a file that has no header and is known by its own name.
fn known(mut looking: Looking, member: &Member) -> Looking {
    let name = base(&member.name);
    let found = KNOWN.iter().find(|(known, names)| *known == name && names.len() == looking.columns.len());
    if let (Some((_, names)), false) = (found, looking.dialect.header) {
        for (column, name) in looking.columns.iter_mut().zip(*names) {
            column.roles = roles(name);
        }
    }
    looking
}

/// The last part of a path, without what compressions add.
fn base(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.trim_end_matches(".gz").trim_end_matches(".zst").to_lowercase()
}

/// How much a file looks like the log: by its value, its name, and its times.
fn worth(candidate: &Candidate<'_>, roles: &super::Roles) -> (u32, u32) {
    let name = base(&candidate.member.name);
    let stem: Vec<String> = name.split(['.', '-', '_', ' ']).map(str::to_owned).collect();
    let is_named = |word: &str| name.starts_with(word) || stem.iter().any(|it| it == word);
    let by_name = LOG_WORDS.iter().position(|word| is_named(word)).map_or(0, |at| 100 - at as u32);
    let is_part = PARTS.iter().any(|part| stem.iter().any(|it| it == part));
    let by_content = 10 * u32::from(roles.columns.value.is_some()) + 5 * u32::from(roles.time.is_some());
    (if is_part { 60 + by_content } else { by_name + by_content }, by_content)
}

/// The parts of one log in the order of time: files whose names differ by the name of a part alone, and whose columns are the same.
fn parts(candidates: &[Candidate<'_>], several: &[usize], first: usize) -> Option<Vec<usize>> {
    let part = |at: usize| {
        let name = base(&candidates[at].member.name);
        let words: Vec<String> = name.split(['.', '-', '_', ' ']).map(str::to_owned).collect();
        PARTS.iter().position(|part| words.iter().any(|it| it == part))
    };
    let is_alike = |at: &usize| {
        candidates[*at].looking.header == candidates[first].looking.header
            && candidates[*at].looking.dialect == candidates[first].looking.dialect
    };
    // Files of which only a number differs, as those of several months, follow one another by name.
    let bare = |at: usize| base(&candidates[at].member.name).replace(|it: char| it.is_ascii_digit(), "");
    if several.iter().all(|at| bare(*at) == bare(first) && is_alike(at)) {
        return Some(several.to_vec());
    }
    let mut ordered: Vec<(usize, usize)> =
        several.iter().map(|at| part(*at).map(|part| (part, *at))).collect::<Option<_>>()?;
    ordered.sort_unstable();
    let distinct: HashSet<usize> = ordered.iter().map(|it| it.0).collect();
    (distinct.len() == ordered.len() && several.iter().all(is_alike))
        .then(|| ordered.into_iter().map(|it| it.1).collect())
}

/// The layout of the chosen files, with the tables beside them.
fn described(
    source: &Source,
    candidates: &[Candidate<'_>],
    files: &[usize],
    asked: &Asked,
) -> Result<Guess, IntakeError> {
    let log = &candidates[files[0]];
    let roles = log.looking.roles(&source.place(log.member), asked)?;
    let mut notes = Vec::new();
    if !roles.columns.unused.is_empty() {
        let names: Vec<String> = roles.columns.unused.iter().map(|it| shown(it)).collect();
        notes.push(format!("Not used: {}.", names.join(", ")));
    }
    let table = |role: Role, id: &str| {
        let of = if role == Role::User { Role::OfUser } else { Role::OfItem };
        let others = candidates.iter().enumerate().filter(|(at, _)| !files.contains(at));
        let mut found: Vec<(usize, SideTable)> = others
            .filter_map(|(_, it)| {
                Some((
                    it.looking.columns.iter().filter(|it| it.is_best(of)).count(),
                    side_table(it, role, id, log)?,
                ))
            })
            .collect();
        // The table that says most, and of those alike the first.
        found.sort_by_key(|it| std::cmp::Reverse(it.0));
        found.into_iter().next().map(|it| it.1)
    };
    let users = table(Role::User, &roles.columns.user);
    let items = table(Role::Item, &roles.columns.item);
    let used: Vec<&str> =
        [&users, &items].iter().filter_map(|it| it.as_ref().map(|it| it.file.as_str())).collect();
    let left: Vec<String> = source
        .members()
        .iter()
        .filter(|member| {
            !used.contains(&&*member.name)
                && !files.iter().any(|at| candidates[*at].member.name == member.name)
        })
        .map(|member| shown(&member.name))
        .take(20)
        .collect();
    if !left.is_empty() {
        notes.push(format!("Files that are not used: {}.", left.join(", ")));
    }
    let layout = Layout {
        files: files.iter().map(|at| candidates[*at].member.name.clone()).collect(),
        signal: roles.signal,
        time: roles.time,
        decimal: roles.signs.decimal,
        thousands: roles.signs.thousands,
        no_value: Vec::new(),
        values: asked.words.clone(),
        dialect: log.looking.dialect.clone(),
        columns: roles.columns,
        only: roles.only,
        users,
        items,
        more_items: Vec::new(),
    };
    Ok(Guess { layout, findings: roles.findings, notes })
}

/// The file as a table of users or items: one of its columns is the id, each id stands there once, and some are the log's.
fn side_table(candidate: &Candidate<'_>, role: Role, id: &str, log: &Candidate<'_>) -> Option<SideTable> {
    let looking = &candidate.looking;
    let log_ids = log.looking.columns.iter().find(|it| it.name == id)?;
    let named: Vec<usize> = (0..looking.columns.len())
        .filter(|at| {
            let column = &looking.columns[*at];
            let is_same_name = looking.header.names[*at] == id
                && log.looking.header.names.contains(&id.to_owned())
                && looking.dialect.header;
            is_same_name || column.is_best(role) || (*at == 0 && column.name.eq_ignore_ascii_case("id"))
        })
        .collect();
    let at = *named.first()?;
    let column = &looking.columns[at];
    let is_unique = column.n_distinct == column.filled().count();
    let known: HashSet<&str> = log_ids.filled().collect();
    let is_theirs = column.filled().any(|it| known.contains(it));
    let names = match looking.dialect.header || looking.dialect.format != crate::layout::Format::Delimited {
        true => Vec::new(),
        false => {
            let name = base(&candidate.member.name);
            let found =
                KNOWN.iter().find(|(known, names)| *known == name && names.len() == looking.columns.len());
            found.map(|it| it.1.iter().map(|name| (*name).to_owned()).collect()).unwrap_or_default()
        }
    };
    // Several rows of one id are several words of one attribute, if there is one alone.
    let is_table = is_unique && looking.columns.len() > 1 || looking.columns.len() == 2;
    (is_table && is_theirs).then(|| SideTable {
        file: candidate.member.name.clone(),
        dialect: Dialect { ..looking.dialect.clone() },
        id: if names.is_empty() { looking.header.names[at].clone() } else { names[at].clone() },
        names,
        ..SideTable::default()
    })
}
