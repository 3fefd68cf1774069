//! From raw files of any supported layout to one checked log.
//!
//! Each layout has a parser of its own that only finds the fields; what a row must fulfil is written once, in
//! `rows`, and holds for all of them.

mod movielens;
mod own;
mod recbole;
mod rows;
mod text;

use crate::archive::has_name;
use crate::{Archive, ColumnNames, DataError, DatasetSpec, Progress, RawFormat, RawLog, RawSource};
pub use own::{Core, Grades, OwnRules, Repeats, Zeros};
pub use rows::{OnBadRow, RowPolicy};

/// What a parser needs to know besides the archive.
struct Reading<'a> {
    spec: &'a DatasetSpec,
    policy: &'a RowPolicy,
    progress: &'a mut dyn Progress,
}

/// Reads a data set from its raw files, or makes it, and checks every row.
///
/// The layout is the one that the archive turns out to have: the registered one, or the one of the registered Python
/// package, whose wheel can stand in for the archive.
///
/// # Errors
///
/// Fails if the archive is damaged or lacks a file or column, and on the first row that is malformed or that
/// `policy` refuses, with file and line.
pub fn read_raw(
    spec: &DatasetSpec,
    source: &RawSource,
    policy: &RowPolicy,
    progress: &mut dyn Progress,
) -> Result<RawLog, DataError> {
    let mut archive = match (source, &spec.synthetic) {
        (RawSource::Generator, Some(config)) => return crate::synthetic::generate(&spec.name, config),
        (RawSource::Generator, None) => {
            let reason = format!("\"{}\" is no synthetic data set: it needs an archive", spec.name);
            return Err(DataError::Synthetic(reason));
        }
        (RawSource::Archive(path), _) if spec.format == RawFormat::Layout => {
            return own::read(spec, path, progress);
        }
        (RawSource::Archive(path), _) => Archive::open(path)?,
    };
    let span = tracing::info_span!("read_raw", dataset = %spec.name, archive = %archive.path().display());
    let _entered = span.enter();
    let (format, prefix, columns) = layout(spec, &archive);
    let mut reading = Reading { spec, policy, progress };
    let log = match format {
        RawFormat::MovieLens1m => movielens::read_1m(&mut archive, &mut reading),
        RawFormat::MovieLens100k => movielens::read_100k(&mut archive, &mut reading),
        RawFormat::RecBole => recbole::read(&mut archive, &mut reading, prefix, columns),
        RawFormat::Layout | RawFormat::Synthetic => {
            Err(archive.missing("data set (the synthetic one is read from no archive)"))
        }
    }?;
    let (n_users, n_items) = (log.users.len(), log.items.len());
    tracing::info!(n_rows = log.interactions.len(), n_users, n_items, counts = ?log.counts, "raw files read");
    Ok(log)
}

/// The layout of an archive: format, folder of the files, columns.
fn layout<'a>(spec: &'a DatasetSpec, archive: &Archive) -> (RawFormat, &'a str, &'a ColumnNames) {
    let holds = |wanted: &dyn Fn(&str) -> bool| archive.members().iter().any(|member| wanted(member));
    let is_registered = match spec.format {
        RawFormat::MovieLens1m => holds(&|member| has_name(member, "ratings.dat")),
        RawFormat::MovieLens100k => holds(&|member| has_name(member, "u.data")),
        RawFormat::RecBole | RawFormat::Layout | RawFormat::Synthetic => true,
    };
    match &spec.python_package {
        Some(package)
            if !is_registered
                && holds(&|member| {
                    member.starts_with(&package.member_prefix) && member.ends_with(".inter")
                }) =>
        {
            (RawFormat::RecBole, &package.member_prefix, &package.columns)
        }
        _ => (spec.format, "", &spec.columns),
    }
}
