//! A log that grows by files: their paths are added to its entry.

use super::super::data::{Source, content_digest, ingested};
use super::OwnLog;
use crate::config::ExperimentConfig;
use crate::run::Context;
use anyhow::{Context as _, Result, bail};
use drr_data::{DatasetSpec, OwnRules, supplied};
use drr_intake::{Asked, shown};
use std::path::{Path, PathBuf};

/// The log of that name with one more file, which its entry names from now on.
pub(super) fn appended(context: &Context, own: &OwnLog<'_>, name: &str, file: &Path) -> Result<Source> {
    let place = context.own_dir().join(format!("{name}.toml"));
    if own.asked != Asked::default() || own.rules != OwnRules::default() {
        bail!(
            "what is appended is read as the log is: leave the other options out, or edit {}",
            place.display()
        );
    }
    if !place.exists() {
        bail!(
            "there is no log {name} to append to: ingest it first with `drr ingest --file PATH --name {name}`"
        );
    }
    let mut spec = context.registry().load(name)?;
    let log = spec.file.clone().with_context(|| format!("{} names no file", place.display()))?;
    let file = std::path::absolute(file).context("the path of what is appended")?;
    let new = content_digest(&file)?;
    for part in std::iter::once(&log).chain(&spec.appended) {
        let part_digest = content_digest(part).with_context(|| {
            format!("{}, which is a part of the log {name}, cannot be read", part.display())
        })?;
        if part_digest == new {
            bail!(
                "{} is a part of the log {name} already: append what is new",
                shown(&file.display().to_string())
            );
        }
    }
    spec.appended.push(file);
    let text = std::fs::read_to_string(&place).with_context(|| format!("cannot read {}", place.display()))?;
    let text = with_appended(&text, &spec.appended)
        .with_context(|| format!("in {}: write the path into its list appended", place.display()))?;
    let fetched = supplied(&spec, &log)?;
    let reason = format!("{name}, from {} and what was appended", shown(&log.display().to_string()));
    let source = Source { spec, fetched, reason, warnings: Vec::new(), left_out: Vec::new() };
    // What cannot be read is not written down.
    check_appended(context, &source)?;
    drr_store::write_bytes(&place, text.as_bytes())?;
    context.watch.say(&format!("Appended: {} is noted in {}", shown(&own_file(&source)), place.display()));
    Ok(source)
}

fn own_file(source: &Source) -> String {
    source.spec.appended.last().map(|it| it.display().to_string()).unwrap_or_default()
}

/// Reads the whole log once.
fn check_appended(context: &Context, source: &Source) -> Result<()> {
    let mut config = ExperimentConfig::default();
    config.data.dataset.clone_from(&source.spec.name);
    ingested(context, &config, source).map(drop)
}

/// The text of an entry with this list of appended files: nothing else in it changes.
fn with_appended(text: &str, appended: &[PathBuf]) -> Result<String> {
    let paths: Vec<String> = appended.iter().map(|it| it.display().to_string()).collect();
    let line = format!("appended = {}", toml::Value::from(paths));
    let mut lines: Vec<&str> = text.lines().collect();
    let starts = |key: &str| lines.iter().position(|it| it.trim_start().starts_with(key));
    match (starts("appended"), starts("file =")) {
        (Some(at), _) if lines[at].trim_end().ends_with(']') => lines[at] = &line,
        (Some(_), _) => bail!("its list of appended files is not in one line"),
        (None, Some(at)) => lines.insert(at + 1, &line),
        (None, None) => bail!("it has no line that begins with file ="),
    }
    let text = lines.join("\n") + "\n";
    let read: DatasetSpec = toml::from_str(&text).context("it could not be read with the file appended")?;
    if read.appended != appended {
        bail!("the list of appended files would not be read as it was written");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_appended_files_grows_and_nothing_else_in_the_text_changes() {
        let text = "# My plays.\nname = \"plays\"\nfile = \"/a.csv\"\n\n[layout]\nfiles = []\n";
        let error = with_appended(text, &["/b.csv".into()]).unwrap_err();
        assert!(
            format!("{error:#}").contains("with the file appended"),
            "an entry that cannot be read: {error:#}"
        );
        let error = with_appended("appended = [\n  \"x\",\n]\nfile = \"a\"\n", &[]).unwrap_err();
        assert!(error.to_string().contains("not in one line"), "{error}");
    }
}
