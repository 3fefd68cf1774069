//! The data set of a run: choosing it, fetching its archive, and ingesting it to Parquet.

use crate::config::{DataConfig, ExperimentConfig};
use crate::failure;
use crate::run::Context;
use crate::run::code::Kind;
use crate::watch::Interruptible;
use anyhow::{Context as _, Result};
use drr_data::{
    Dataset, DatasetDir, DatasetSpec, Fetched, Origin, RawLog, RawSource, SourceNote, fetch,
    fetch_python_package, find_ingested, generate_synthetic, ingest, read_raw, supplied,
};
use std::path::{Path, PathBuf};

/// An archive that was found, and the sentence that says which and why.
pub struct Source {
    /// The registry's entry.
    pub spec: DatasetSpec,
    /// The archive.
    pub fetched: Fetched,
    /// Which data set, and why: the first line of a run.
    pub reason: String,
    /// What to warn of after that line.
    pub warnings: Vec<String>,
    /// What the settings that follow from the data leave out, with the reason: a sentence each.
    pub left_out: Vec<String>,
}

/// The archive of a data set that the user named: given, kept, or downloaded. It never falls back to another set.
pub fn named(context: &Context, dataset: &str, archive: Option<&Path>) -> Result<Source> {
    let spec = context.registry().load(dataset)?;
    let mut warnings = Vec::new();
    let _alone = context.lock(&raw_place(context, &spec))?;
    let fetched = match archive {
        Some(path) => supplied(&spec, path)
            .context("the archive that was given cannot be read: check the path after --archive")?,
        None if spec.is_own_log() => {
            let place = spec
                .file
                .clone()
                .context("the entry of a log of one's own needs the key file, the path of the log")?;
            supplied(&spec, &place)
                .with_context(|| format!("the log {} cannot be read: give it with --file", place.display()))?
        }
        None if spec.addresses.is_empty() => fetch(&spec, &context.raw_dir(), &mut *context.watch.bytes())?,
        None => fetch_or_package(context, &spec, &mut warnings)?,
    };
    let reason = format!("{dataset}, as asked for, {}", where_from(&fetched));
    Ok(found(spec, fetched, reason, warnings))
}

/// Where the archive lies, or its data set would: data sets with the same archive wait for each other.
fn raw_place(context: &Context, spec: &DatasetSpec) -> PathBuf {
    context.raw_dir().join(spec.archive.as_ref().unwrap_or(&spec.name))
}

/// The archive from the raw folder or an address; where both fail, out of the registered Python package.
fn fetch_or_package(context: &Context, spec: &DatasetSpec, warnings: &mut Vec<String>) -> Result<Fetched> {
    match fetch(spec, &context.raw_dir(), &mut *context.watch.bytes()) {
        Err(error) if spec.python_package.is_some() => {
            warnings.push(error.to_string());
            fetch_python_package(spec, &context.raw_dir())
                .with_context(|| format!("{error}\nand its Python package could not be had either"))
        }
        other => Ok(other?),
    }
}

/// The default: MovieLens 1M, else MovieLens 100K, else the built-in synthetic users, with the reason.
pub fn default(context: &Context) -> Result<Source> {
    let (mut failures, mut warnings) = (Vec::new(), Vec::new());
    for name in ["ml-1m", "ml-100k"] {
        let spec = context.registry().load(name)?;
        let _alone = context.lock(&raw_place(context, &spec))?;
        match fetch_or_package(context, &spec, &mut warnings) {
            Ok(fetched) => {
                let reason = because(name, &where_from(&fetched), &failures);
                return Ok(found(spec, fetched, reason, warnings));
            }
            Err(error) => {
                warnings.push(format!("{error:#}"));
                failures.push(name);
            }
        }
    }
    let spec = context.registry().load("synthetic")?;
    let fetched = fetch(&spec, &context.raw_dir(), &mut *context.watch.bytes())?;
    let reason = because("synthetic", "made by the built-in generator", &failures);
    Ok(found(spec, fetched, reason, warnings))
}

fn because(name: &str, origin: &str, failures: &[&str]) -> String {
    if failures.is_empty() {
        return format!("{name}, the default, {origin}");
    }
    format!(
        "{name}, {origin}, because no address of {} answered (put its archive into data/raw or pass --archive PATH)",
        failures.join(" or ")
    )
}

fn found(spec: DatasetSpec, fetched: Fetched, reason: String, mut warnings: Vec<String>) -> Source {
    warnings.extend(fetched.warning.clone());
    Source { spec, fetched, reason, warnings, left_out: Vec::new() }
}

impl Source {
    /// Prints which data set is used and why, and only then what is doubtful about it.
    pub fn announce(&self, context: &Context) {
        context.watch.say(&format!("Data set: {}", self.reason));
        // A checksum that somebody states needs no line as long as it is right.
        let is_stated = self.spec.md5.is_some() || self.spec.sha256.is_some();
        if let (false, false, Some(checksum)) = (is_stated, self.spec.is_own_log(), &self.fetched.checksum) {
            context.watch.say(&format!("Checksum: {checksum}"));
        }
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }
}

fn where_from(fetched: &Fetched) -> String {
    match &fetched.origin {
        Origin::Supplied => "from the archive given".to_owned(),
        Origin::Kept => "from data/raw".to_owned(),
        Origin::Downloaded { address } => format!("downloaded from {address}"),
        Origin::PythonPackage { package } => format!("out of the Python package {package}"),
        Origin::Generated => "made by the built-in generator".to_owned(),
    }
}

/// The ingested data set of a source: the one at hand if it was made of the same archive in the same way, else anew.
pub fn ingested(
    context: &Context,
    config: &ExperimentConfig,
    source: &Source,
) -> Result<(Dataset, DatasetDir)> {
    let processed = context.processed_dir();
    let note = note(config, source)?;
    let _alone = context.lock(&processed.join(&source.spec.name))?;
    if !context.force {
        let name = &source.spec.name;
        let at_hand = find_ingested(&processed, name, |manifest| {
            // Why this data set was chosen, and who states its checksum, have no part in what it is.
            let (reason, checksum) = (manifest.source.reason.clone(), manifest.source.checksum.clone());
            manifest.split == config.split
                && manifest.source == SourceNote { reason, checksum, ..note.clone() }
        })?;
        if let Some(dir) = at_hand {
            tracing::info!(folder = %dir.path.display(), "the data set is already ingested");
            return Ok((opened(&dir, config)?, dir));
        }
    }
    let begun = context.watch.seconds();
    let raw = read(context, &config.data, source)?;
    let parsed = context.watch.seconds() - begun;
    let dir = ingest(&raw, &config.split, &processed, note)?;
    let (rows, seconds) = (raw.interactions.len(), context.watch.seconds() - begun);
    tracing::info!(rows, parsed_s = parsed, total_s = seconds, folder = %dir.path.display(), "ingested");
    Ok((opened(&dir, config)?, dir))
}

/// The data set of a folder, with the categories that the configuration asks for.
fn opened(dir: &DatasetDir, config: &ExperimentConfig) -> Result<Dataset> {
    let mut dataset = Dataset::open(&dir.path)?;
    dataset.choose_categories(config.categories())?;
    Ok(dataset)
}

fn read(context: &Context, config: &DataConfig, source: &Source) -> Result<RawLog> {
    if let (RawSource::Generator, Some(synthetic)) = (&source.fetched.source, &config.synthetic) {
        return Ok(generate_synthetic(&source.spec.name, synthetic)?);
    }
    let mut progress = Interruptible::new(&*context.watch);
    read_raw(&source.spec, &source.fetched.source, &config.rows, &mut progress).map_err(failure::of_data)
}

/// What the data set's manifest says of its source; it decides whether an ingested folder can be used again.
fn note(config: &ExperimentConfig, source: &Source) -> Result<SourceNote> {
    let archive = match &source.fetched.source {
        RawSource::Archive(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        RawSource::Generator => None,
    };
    let rules = (&config.data.rows, &config.data.synthetic);
    let rules = drr_store::digest_of(&rules)?;
    let archive = format!("{} ({})", archive.unwrap_or_else(|| "generator".to_owned()), &rules[..8]);
    let sha256 = match (&source.fetched.source, &source.fetched.sha256) {
        (RawSource::Archive(path), _) if !source.spec.appended.is_empty() => {
            let appended: Result<Vec<String>> =
                source.spec.appended.iter().map(|it| content_digest(it)).collect();
            Some(drr_store::digest_of(&(content_digest(path)?, appended?))?)
        }
        (RawSource::Archive(_), Some(known)) => Some(known.clone()),
        (RawSource::Archive(path), None) => Some(content_digest(path)?),
        (RawSource::Generator, _) => None,
    };
    Ok(SourceNote {
        archive,
        sha256,
        md5: source.fetched.md5.clone(),
        checksum: source.fetched.checksum.clone(),
        entry: Some(drr_store::digest_of(&source.spec)?),
        code: Some(Kind::Ingest.code()?),
        reason: source.reason.clone(),
    })
}

/// Whether an archive, or a folder with its files, is what a data set was made from.
///
/// # Errors
///
/// Fails if it cannot be read.
pub fn is_made_from(dataset: &Dataset, archive: &Path) -> Result<bool> {
    Ok(dataset.manifest().source.sha256.as_deref() == Some(content_digest(archive)?.as_str()))
}

/// The digest of an archive, or of all files in a folder of unpacked ones.
pub(super) fn content_digest(path: &Path) -> Result<String> {
    if path.is_file() {
        return Ok(drr_store::file_digest(path)?);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let digests: Result<Vec<String>> = files.iter().map(|file| content_digest(file)).collect();
    let names: Vec<_> = files.iter().map(|file| file.file_name()).collect();
    Ok(drr_store::digest_of(&(digests?, names))?)
}

/// `drr fetch`.
pub fn run_fetch(context: &Context, dataset: &str, archive: Option<&Path>) -> Result<()> {
    let source = named(context, dataset, archive)?;
    source.announce(context);
    match source.fetched.source {
        RawSource::Archive(path) => context.watch.say(&format!("{dataset}: {}", path.display())),
        RawSource::Generator => {
            context.watch.say(&format!("{dataset} is made by the built-in generator: nothing to fetch"));
        }
    }
    Ok(())
}

/// `drr describe`: prints the description and writes it beside the data set's tables.
pub fn run_describe(context: &Context, config: &ExperimentConfig, source: &Source) -> Result<()> {
    source.announce(context);
    let (dataset, dir) = ingested(context, config, source)?;
    let description = drr_data::describe(&dataset)?;
    let text = description.to_text();
    context.watch.say(&text);
    let json = serde_json::to_vec_pretty(&description)?;
    for (name, bytes) in [("description.txt", text.as_bytes()), ("description.json", json.as_slice())] {
        let path: PathBuf = dir.path.join(name);
        drr_store::write_bytes(&path, bytes)?;
        context.watch.say(&format!("written: {}", path.display()));
    }
    Ok(())
}
