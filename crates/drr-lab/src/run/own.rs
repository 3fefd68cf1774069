//! A log of one's own: what it holds is guessed, said, and written down as an entry of the registry.

mod append;

use super::data::{Source, ingested};
use crate::config::ExperimentConfig;
use crate::run::Context;
use anyhow::{Context as _, Result, bail};
use drr_data::{DatasetSpec, Manifest, OwnRules, RawFormat, supplied};
use drr_intake::{Asked, Format, Guess, IntakeError, Quiet, Signal, shown};
use std::fmt::Write as _;
use std::path::Path;

/// So many rows are shown as they were understood.
const SHOWN_ROWS: usize = 3;
/// A log has at least so many users, so that some can be held out.
const LEAST_USERS: usize = 20;
/// And so many items to choose among.
const LEAST_ITEMS: usize = 10;

/// So many questions are asked about one log.
const MOST_QUESTIONS: usize = 8;

/// The log that somebody named, with what they said of it.
#[derive(Debug, Clone, Default)]
pub struct OwnLog<'a> {
    /// The file, folder or archive.
    pub file: Option<&'a Path>,
    /// The data set's name; else the file's.
    pub name: Option<&'a str>,
    /// What was said of its columns.
    pub asked: Asked,
    /// The rules for its rows, as far as they were said.
    pub rules: OwnRules,
    /// Whether the file's rows are added to the log of that name.
    pub appends: bool,
}

/// The log as a data set: by the entry that was written down before, or by a guess, which is said and written down.
///
/// # Errors
///
/// Fails if the log cannot be read, and if two readings are about as good.
pub fn source(context: &Context, own: &OwnLog<'_>, file: &Path) -> Result<Source> {
    let name = name_of(context, own, file)?;
    if own.appends {
        return append::appended(context, own, &name, file);
    }
    if context.registry().load(&name).is_ok_and(|it| !it.is_own_log()) {
        bail!("{name} is the name of another data set: give the log another with --name NAME");
    }
    let place = context.own_dir().join(format!("{name}.toml"));
    let file = std::path::absolute(file).context("the path of the log")?;
    let is_known = place.exists() && own.asked == Asked::default() && own.rules == OwnRules::default();
    let spec = if is_known {
        let spec = context.registry().load(&name)?;
        context.watch.say(&format!("Layout: as in {}, which can be edited", place.display()));
        for it in &spec.appended {
            context.watch.say(&format!("Appended to it: {}", shown(&it.display().to_string())));
        }
        DatasetSpec { file: Some(file.clone()), ..spec }
    } else {
        let guess = guessed(context, &file, &own.asked)?;
        let mut spec = entry(&name, &file, &guess, &own.rules);
        // Columns are guessed anew; what else was said of the log stays.
        if let Some(before) = context.registry().load(&name).ok().filter(|_| place.exists()) {
            spec.appended = before.appended;
            if own.rules == OwnRules::default() {
                spec.rules = before.rules;
            }
        }
        context.watch.say(&understood(&file, &guess)?);
        let text = toml::to_string(&spec).context("the layout cannot be written")?;
        std::fs::create_dir_all(context.own_dir()).context("the folder for layouts")?;
        drr_store::write_bytes(&place, text.as_bytes())?;
        context.watch.say(&format!(
            "Layout written to {}: it can be edited, and is used from now on.",
            place.display()
        ));
        spec
    };
    let fetched = supplied(&spec, &file)?;
    let reason = format!("{name}, from {}", shown(&file.display().to_string()));
    Ok(Source { spec, fetched, reason, warnings: Vec::new(), left_out: Vec::new() })
}

/// A guess; what cannot be told is asked once each, where somebody is there to answer.
fn guessed(context: &Context, file: &Path, asked: &Asked) -> Result<Guess> {
    let mut asked = asked.clone();
    for _ in 0..MOST_QUESTIONS {
        let error = match drr_intake::guess(file, &asked) {
            Err(error @ IntakeError::Unclear { .. }) => error,
            other => return Ok(other?),
        };
        let IntakeError::Unclear { place, question, choices } = &error else { return Err(error.into()) };
        let words: Vec<String> = choices.iter().map(ToString::to_string).collect();
        let answer = context.watch.ask(&format!("{place}: {question}."), &words);
        let Some(choice) = answer.and_then(|at| choices.get(at)) else { return Err(error.into()) };
        if !asked.choose(choice) {
            return Err(error.into());
        }
    }
    Ok(drr_intake::guess(file, &asked)?)
}

/// A name for the data set, and for its run: of letters, digits and dashes.
fn name_of(context: &Context, own: &OwnLog<'_>, file: &Path) -> Result<String> {
    let is_plain = |name: &str| {
        !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '-' || it == '_')
    };
    if let Some(name) = own.name {
        if !is_plain(name) {
            bail!("--name {} is no name of a data set: use letters, digits and dashes", shown(name));
        }
        return Ok(name.to_owned());
    }
    let stem = file.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    let name: String = stem.chars().map(|it| if it.is_alphanumeric() { it } else { '-' }).collect();
    let name = name.trim_matches('-').to_lowercase();
    if !is_plain(&name) {
        bail!("the file's name gives no name for the data set: give one with --name NAME");
    }
    // The shipped data sets keep their names.
    let is_taken = context.registry().load(&name).is_ok_and(|it| !it.is_own_log());
    Ok(if is_taken { format!("own-{name}") } else { name })
}

fn entry(name: &str, file: &Path, guess: &Guess, rules: &OwnRules) -> DatasetSpec {
    DatasetSpec {
        name: name.to_owned(),
        domain: "items".to_owned(),
        title: name.to_owned(),
        homepage: None,
        format: RawFormat::Layout,
        addresses: Vec::new(),
        archive: None,
        bring: None,
        md5: None,
        sha256: None,
        checksum_from: None,
        licence: "your own log: you know its terms".to_owned(),
        citation: String::new(),
        rating_scale: None,
        columns: drr_data::ColumnNames::default(),
        python_package: None,
        file: Some(file.to_owned()),
        appended: Vec::new(),
        layout: Some(guess.layout.clone()),
        rules: rules.clone(),
        synthetic: None,
    }
}

/// What was understood, with the first rows.
fn understood(file: &Path, guess: &Guess) -> Result<String> {
    let layout = &guess.layout;
    let mut text = format!("Log: {}", shown(&layout.files.join(", ")));
    let separator =
        layout.dialect.separator.as_deref().map(|it| format!(", fields between {it:?}")).unwrap_or_default();
    let encoding = layout.dialect.encoding.as_deref().unwrap_or("utf-8");
    let header = if layout.dialect.header { "a header" } else { "no header" };
    let _ = match layout.dialect.format {
        Format::Delimited => write!(text, " ({encoding}{separator}, {header})"),
        Format::JsonLines => write!(text, " ({encoding}, a JSON object a line)"),
        Format::JsonArray => write!(text, " ({encoding}, a JSON array)"),
        Format::Parquet => write!(text, " (Parquet)"),
    };
    for it in &guess.findings {
        let next =
            it.runner_up.as_ref().map(|it| format!("; next would be {}", shown(it))).unwrap_or_default();
        let _ = write!(text, "\n  {:5} {}: {}{next}", it.role, shown(&it.column), it.why);
    }
    let signal = match layout.signal {
        Signal::Rating => "ratings",
        Signal::Event => "events: every row counts as positive",
        Signal::Count => "counts: they are graded from 1 to 5 by fifths",
        Signal::Duration => "durations: they are graded from 1 to 5 by fifths",
    };
    let _ = write!(text, "\n  signal: {signal}");
    for (what, table) in [("users", &layout.users), ("items", &layout.items)] {
        if let Some(table) = table {
            let _ = write!(text, "\n  table of {what}: {}", shown(&table.file));
        }
    }
    for note in &guess.notes {
        let _ = write!(text, "\n  {note}");
    }
    let _ = write!(text, "\nFirst rows as understood (user, item, value, time):");
    for row in first_rows(file, guess)? {
        let _ = write!(text, "\n  {row}");
    }
    Ok(text)
}

/// The first rows in words.
fn first_rows(file: &Path, guess: &Guess) -> Result<Vec<String>> {
    let source = drr_intake::Source::open(file)?;
    let mut rows = Vec::new();
    let outcome = drr_intake::read(&source, &guess.layout, &mut Quiet, |row| {
        if rows.len() == SHOWN_ROWS {
            return Err(IntakeError::Interrupted(String::new()));
        }
        let value = row.value.map_or_else(|| "-".to_owned(), |it| it.to_string());
        let time = match (row.nanos, &guess.layout.time) {
            (Some(nanos), Some(drr_intake::TimeUnit::Order)) => (nanos / drr_intake::NANOS).to_string(),
            (Some(nanos), _) => {
                jiff::Timestamp::from_nanosecond(nanos).map(|it| it.to_string()).unwrap_or_default()
            }
            (None, _) => "-".to_owned(),
        };
        rows.push(format!("{}, {}, {value}, {time}", shown(row.user), shown(row.item)));
        Ok(())
    });
    match outcome {
        Err(IntakeError::Interrupted(_)) | Ok(_) => Ok(rows),
        Err(error) => Err(error.into()),
    }
}

/// What became of the rows.
fn counted(manifest: &Manifest) -> String {
    let counts = &manifest.counts;
    let mut text = format!(
        "Rows: {} read, {} used, of {} users and {} items",
        counts.rows_read, manifest.n_ratings, manifest.n_users, manifest.n_items
    );
    for (n_rows, why) in [
        (counts.duplicates_dropped, "merged with another of the same user and item (rules.repeats)"),
        (
            counts.not_asked_for,
            "left out, since they are not asked for (layout.only, rules.since, rules.until)",
        ),
        (counts.without_value, "left out, since they have no value"),
        (counts.implicit_zeros, "left out, since their 0 says that nothing was rated (rules.zeros)"),
        (counts.out_of_range_dropped, "left out, since their count is not above 0"),
        (counts.filtered, "left out, since their user or item is too rare (rules.core)"),
    ] {
        if n_rows > 0 {
            let _ = write!(text, "\n  {n_rows} {why}");
        }
    }
    text
}

/// Where the rules of a data set stand.
fn entry_of(context: &Context, source: &Source) -> String {
    let file = format!("{}.toml", source.spec.name);
    if source.spec.is_own_log() {
        context.own_dir().join(file).display().to_string()
    } else {
        format!("a copy of the registry's {file}, in a folder given with --registry DIR")
    }
}

/// The configuration for a log that has none: what can follow from the data does, and is said. What is left out is noted in `source`,
/// and the run says it.
///
/// # Errors
///
/// Fails if the log cannot be ingested.
pub fn config(context: &Context, source: &mut Source) -> Result<ExperimentConfig> {
    let mut config = ExperimentConfig::default();
    config.data.dataset.clone_from(&source.spec.name);
    let (dataset, _) = ingested(context, &config, source)?;
    if dataset.users().len() < LEAST_USERS || dataset.items().len() < LEAST_ITEMS {
        bail!(
            "{} has {} users and {} items: at least {LEAST_USERS} and {LEAST_ITEMS} are needed, since among fewer there is nothing to learn \
             and nothing to choose; give a larger log, or set core = \"all\" under [rules] of {} where rare ones were left out",
            source.spec.name,
            dataset.users().len(),
            dataset.items().len(),
            entry_of(context, source)
        );
    }
    let chosen = super::chosen::Chosen::of(&dataset, source.spec.layout.as_ref().map(|it| it.signal));
    context.watch.say(&counted(dataset.manifest()));
    context.watch.say(&chosen.words());
    chosen.write(&mut config);
    source.left_out = chosen.left_out;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::run::{Name, Run, RunManifest};

    #[test]
    fn what_a_log_does_not_allow_stands_in_its_run_and_its_report_once() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::unwatched(folder.path());
        let rows: String = (0..1200).map(|it| format!("u{},k{}\n", it % 40, it * 7 % 31)).collect();
        let file = folder.path().join("visits.csv");
        std::fs::write(&file, format!("visitor,page\n{rows}")).unwrap();
        let asked = Asked { user: Some("visitor".into()), item: Some("page".into()), ..Asked::default() };
        let mut source = source(&context, &OwnLog { asked, ..OwnLog::default() }, &file).unwrap();
        let config = config(&context, &mut source).unwrap();
        let run = Run::begin(&context, config, &source, Name::Derived("visits")).unwrap();
        let expected = [
            "the protocol temporal is left out: the log has no times",
            "long sessions are left out: events do not say what a user likes less",
        ];
        assert_eq!(run.left_out(), expected);
        assert_eq!(Plan::new(&run).unwrap().page().unwrap().left_out, expected, "the report has them");
        assert_eq!(RunManifest::read(&run.folder).unwrap().left_out, expected);
        drop(run);
        assert_eq!(Run::read(&context, "visits").unwrap().left_out(), expected, "later commands know them");
    }
}
