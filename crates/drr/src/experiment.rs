//! Which experiment a command works on: the data set, the configuration, and the run's folder.

use crate::cli::Selection;
use anyhow::{Context as _, Result, bail};
use drr_data::RawFormat;
use drr_lab::config::ExperimentConfig;
use drr_lab::plan::{self, Plan};
use drr_lab::run::own::{self, OwnLog};
use drr_lab::run::{Context, Name, Run, RunManifest, data, identity, manifest};
use std::path::{Path, PathBuf};

/// The preset of a data set.
pub fn shipped(context: &Context, dataset: &str) -> Result<ExperimentConfig> {
    // A name that is in no registry is no matter of configurations.
    context.registry().load(dataset)?;
    if context.shelf.preset(dataset)?.is_none() {
        bail!(
            "there is no preset for the data set {dataset}: give a configuration with --config FILE, or put {dataset}.toml into a \
             folder and give that with --presets DIR"
        );
    }
    ExperimentConfig::load_with(Path::new(dataset), &context.shelf)
}

/// Whether a data set is a log of one's own without a preset: its settings follow from it.
pub fn is_own(context: &Context, dataset: &str) -> Result<bool> {
    let spec = context.registry().load(dataset)?;
    Ok(spec.format == RawFormat::Layout && context.shelf.preset(dataset)?.is_none())
}

/// Whether what was said beside the name of a run is nothing, or the run's own data set and archive again.
fn says_the_same(context: &Context, selection: &Selection, name: &str) -> bool {
    let Selection { config, dataset, archive, .. } = selection;
    if dataset.is_none() && archive.is_none() {
        return config.is_none();
    }
    if config.is_some() || context.force {
        return false;
    }
    let Ok(run) = Run::read(context, name) else { return false };
    let is_own = |path: &PathBuf| data::is_made_from(&run.dataset, path).is_ok_and(|it| it);
    dataset.as_ref().is_none_or(|it| *it == run.config.data.dataset) && archive.as_ref().is_none_or(is_own)
}

/// The run that `--run` names, where it exists and nothing else says what to work on.
fn existing<'a>(context: &'a Context, selection: &Selection, own: &OwnLog<'_>) -> Result<Option<Run<'a>>> {
    let Some(name) = &selection.run else { return Ok(None) };
    // A folder with no more than a configuration is no run, which opening it says.
    let exists = [context.runs_dir().join(name), PathBuf::from(name)]
        .iter()
        .any(|folder| [RunManifest::FILE, manifest::CONFIG].iter().any(|file| folder.join(file).exists()));
    if own.file.is_some() || !exists || !says_the_same(context, selection, name) {
        return Ok(None);
    }
    let run = Run::open(context, name)?;
    context.watch.say(&format!("Data set: {} (of the run {})", run.manifest.dataset_line, run.work().name()));
    let seed = selection.seed.unwrap_or(run.config.seed);
    Ok(Some(run.with_seed(seed)?))
}

/// The configuration of a run that cannot be used as it is and that is to be made anew; else why it cannot be used.
fn config_to_make_anew(context: &Context, selection: &Selection, error: anyhow::Error) -> Result<PathBuf> {
    let config = context.runs_dir().join(selection.run.as_deref().unwrap_or_default()).join(manifest::CONFIG);
    if !selection.force || !config.exists() {
        return Err(error);
    }
    context.watch.say(&format!("{error:#}\nIt is made anew from {}", config.display()));
    Ok(config)
}

/// Chooses data set and configuration, says which first of all, and works on the experiment.
pub fn with_plan(
    context: &Context,
    selection: &Selection,
    work: impl FnOnce(&Plan<'_>) -> Result<()>,
) -> Result<()> {
    with_plan_in(context, selection, "", &OwnLog::default(), work)
}

/// The same on a log of one's own, where one is named.
pub fn with_own_plan(
    context: &Context,
    selection: &Selection,
    own: &OwnLog<'_>,
    work: impl FnOnce(&Plan<'_>) -> Result<()>,
) -> Result<()> {
    with_plan_in(context, selection, "", own, work)
}

/// The same in a folder whose name has a prefix, unless the user has named it.
pub fn with_plan_in(
    context: &Context,
    selection: &Selection,
    prefix: &str,
    own: &OwnLog<'_>,
    work: impl FnOnce(&Plan<'_>) -> Result<()>,
) -> Result<()> {
    let mut selection = selection.clone();
    match existing(context, &selection, own) {
        Ok(Some(run)) => return work(&Plan::new(&run)?),
        Ok(None) => {}
        Err(error) => selection.config = Some(config_to_make_anew(context, &selection, error)?),
    }
    let selection = &selection;
    let own_source = own.file.map(|file| own::source(context, own, file)).transpose()?;
    let (mut config, found) = match (&selection.config, &selection.dataset) {
        (Some(path), None) if own_source.is_some() => {
            (ExperimentConfig::load_with(path, &context.shelf)?, own_source)
        }
        (None, None) if own_source.is_some() => {
            let mut source = own_source.context("the log was looked at")?;
            (own::config(context, &mut source)?, Some(source))
        }
        (Some(path), dataset) => {
            let mut config = ExperimentConfig::load_with(path, &context.shelf)?;
            config.data.dataset = dataset.clone().unwrap_or(config.data.dataset);
            (config, None)
        }
        (None, Some(dataset)) if is_own(context, dataset)? => {
            let mut source = data::named(context, dataset, selection.archive.as_deref())?;
            (own::config(context, &mut source)?, Some(source))
        }
        (None, Some(dataset)) => (shipped(context, dataset)?, None),
        (None, None) if selection.archive.is_some() => {
            bail!("--archive needs to know what it holds: give --dataset NAME or --config FILE")
        }
        (None, None) => {
            let source = data::default(context)?;
            (shipped(context, &source.spec.name)?, Some(source))
        }
    };
    if let Some(dataset) = selection.dataset.as_ref().or_else(|| found.as_ref().map(|it| &it.spec.name)) {
        config.data.dataset.clone_from(dataset);
    }
    config.seed = selection.seed.unwrap_or(config.seed);
    let follows_log =
        selection.config.is_none() && found.as_ref().is_some_and(|it| it.spec.format == RawFormat::Layout);
    let derived = format!("{prefix}{}", derived_name(selection, &config));
    let name = selection
        .run
        .as_deref()
        .map_or(if follows_log { Name::OfLog(&derived) } else { Name::Derived(&derived) }, Name::Given);
    if name.text().is_empty() || name.text().contains(['/', '\\']) || name.text().starts_with('.') {
        bail!("--run {} is no folder name: use letters, digits and dashes", name.text());
    }
    // Nothing is downloaded for a run that is refused.
    identity::check_choice(context, &config, name)?;
    let source = match found {
        Some(source) => source,
        None => data::named(context, &config.data.dataset, selection.archive.as_deref())?,
    };
    source.announce(context);
    plan::check(&config)?;
    let run = Run::begin(context, config, &source, name)?;
    work(&Plan::new(&run)?)
}

/// The name of a run that nobody has named: that of the configuration's file, with the data set where both are given, or of
/// the data set.
fn derived_name(selection: &Selection, config: &ExperimentConfig) -> String {
    let stem = selection.config.as_ref().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy());
    match (stem, &selection.dataset) {
        (Some(stem), Some(dataset)) => format!("{stem}-{dataset}"),
        (Some(stem), None) => stem.into_owned(),
        (None, _) => config.data.dataset.clone(),
    }
}
