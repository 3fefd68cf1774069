//! Every command of the product.

use crate::cli::{Cli, Command, Policy, Selection, Study};
use crate::console::{self, say};
use crate::terminal::{self, Terminal};
use anyhow::{Context as _, Result, bail};
use drr_core::Protocol;
use drr_data::RawFormat;
use drr_lab::config::ExperimentConfig;
use drr_lab::judge::{check, compare, score};
use drr_lab::plan::{self, Plan};
use drr_lab::recommend::{self, Request};
use drr_lab::report;
use drr_lab::run::own::{self, OwnLog};
use drr_lab::run::{Context, Name, Run, RunManifest, data, identity, manifest};
use drr_lab::shelf::Shelf;
use drr_lab::study::{ablation, seeds, sweep};
use drr_lab::watch::Watch;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs one command.
pub fn run(cli: Cli, terminal: Terminal) -> Result<()> {
    let watch: Arc<dyn Watch> = Arc::new(terminal);
    let data_dir = cli.data_dir.unwrap_or_else(|| PathBuf::from("data"));
    for (option, folder) in [("--presets", &cli.presets), ("--registry", &cli.registry)] {
        if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
            bail!(
                "{option} {} is no folder: give one, or leave it out for what is built in",
                folder.display()
            );
        }
    }
    let shelf = Shelf { presets: cli.presets, registry: cli.registry };
    // Who calls it by another name has just built it from its checkout; else the checkout may have moved on.
    let revision = if console::is_called_by_another() { manifest::revision() } else { None };
    let plain = Context {
        shelf,
        watch,
        revision,
        purpose: terminal::command_line(),
        ..Context::unwatched(&data_dir)
    };
    let context = |selection: &Selection| -> Context {
        let Selection { force, checkpoints, .. } = *selection;
        Context { force, other_code: checkpoints.into(), ..plain.clone() }
    };
    match cli.command {
        Command::Fetch { dataset, archive } => data::run_fetch(&plain, &dataset, archive.as_deref()),
        Command::Describe { dataset, config, archive, force } => {
            let context = Context { force, ..plain.clone() };
            describe(&context, &dataset, (config.as_deref(), archive.as_deref()))
        }
        Command::Ingest { selection, own } => ingest(&context(&selection), &selection, &own.log()?),
        Command::Pretrain { selection, five_fold } => {
            with_plan(&context(&selection), &selection, |plan| fit_embeddings(plan, five_fold))
        }
        Command::Train(selection) => with_plan(&context(&selection), &selection, |plan| plan.learn()),
        Command::Evaluate(selection) => {
            with_plan(&context(&selection), &selection, |plan| plan.learn_and_judge())
        }
        Command::Report { run, into } => write_report(&plain, &run, into.as_deref()),
        Command::Pipeline { selection, own, seeds } => {
            pipelines(&context(&selection), &selection, &own.log()?, seeds)
        }
        Command::Recommend { run, user, history, k, policy, protocol } => {
            recommend_to(&plain, &run, (policy, protocol), (user.as_deref(), history.as_deref()), k)
        }
        Command::Check { run, against, bless } => check::run(&plain, &run, &against, bless),
        Command::Compare { before, after, metric, out } => {
            say(compare::run(&plain, (&before, &after), metric.as_deref(), out.as_deref())?);
            Ok(())
        }
        Command::Score { lists, protocol, name, unknown, selection } => {
            let name = name.as_deref();
            let request = score::Request { lists: &lists, protocol, name, unknown };
            score_lists(&context(&selection), &selection, &request)
        }
        Command::Sweep { .. } | Command::Study { .. } => run_search(cli.command, &plain, &context),
    }
}

fn ingest(context: &Context, selection: &Selection, own: &OwnLog<'_>) -> Result<()> {
    with_own_plan(context, selection, own, |plan| {
        let folder = plan.run().context.data_dir.join(&plan.run().manifest.dataset_dir);
        say(format!("ingested: {}", folder.display()));
        Ok(())
    })
}

/// The commands that search and study; the context of a selection is made of the plain one.
fn run_search(command: Command, plain: &Context, context: &impl Fn(&Selection) -> Context) -> Result<()> {
    match command {
        Command::Sweep { selection, recommender, protocol, trials, budget, write } => {
            with_plan(&context(&selection), &selection, |plan| {
                let request = sweep::Request {
                    recommender: &recommender,
                    ground: protocol,
                    trials,
                    budget,
                    write: write.as_deref(),
                };
                say(plan.sweep(&request)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Length { selection, protocol, lengths } } => {
            with_plan(&context(&selection), &selection, |plan| {
                say(plan.study_length(protocol, &lengths)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Ablation { selection, protocol, cells_only, into } } => {
            with_plan(&context(&selection), &selection, |plan| {
                let request = ablation::Request { cells_only, into: into.as_deref() };
                say(plan.study_ablation(&protocol, &request)?);
                Ok(())
            })
        }
        Command::Study { study: Study::LongSession { selection, into } } => {
            with_plan(&context(&selection), &selection, |plan| {
                say(plan.study_long_session(into.as_deref())?);
                Ok(())
            })
        }
        Command::Study { study: Study::Rmse { selection } } => {
            with_plan(&context(&selection), &selection, |plan| {
                say(plan.study_rmse()?);
                Ok(())
            })
        }
        Command::Study { study: Study::Case { run, user, recommenders, steps } } => {
            let run = Run::open(plain, &run)?;
            say(Plan::new(&run)?.study_case(&user, &recommenders, steps)?);
            Ok(())
        }
        _ => unreachable!("the caller passes on searches and studies alone"),
    }
}

/// Fits the embeddings, and judges the rating factorization on five folds first if that is wanted.
fn fit_embeddings(plan: &Plan<'_>, five_fold: bool) -> Result<()> {
    if five_fold {
        say(plan.five_fold()?);
    }
    plan.pretrain()
}

/// One run, or one for each of several root seeds with a summary in the first one's folder.
fn pipelines(context: &Context, selection: &Selection, own: &OwnLog<'_>, n_seeds: u64) -> Result<()> {
    if n_seeds == 0 {
        bail!("--seeds must be at least 1");
    }
    let (mut runs, mut first) = (Vec::new(), None);
    for offset in 0..n_seeds {
        let mut selection = selection.clone();
        if let Some((name, seed)) = &first {
            selection.run = Some(format!("{name}-seed-{}", seed + offset));
            selection.seed = Some(seed + offset);
        }
        with_own_plan(context, &selection, own, |plan| {
            say(plan.pipeline()?);
            first.get_or_insert((plan.run().work().name(), plan.run().config.seed));
            runs.push(plan.figures()?);
            Ok(())
        })?;
    }
    if let (Some((name, _)), true) = (first, n_seeds > 1) {
        let text = seeds::summary(&runs)?;
        drr_store::write_bytes(&context.runs_dir().join(name).join("seeds.md"), text.as_bytes())?;
        say(text);
    }
    Ok(())
}

fn write_report(context: &Context, run: &str, into: Option<&Path>) -> Result<()> {
    let run = Run::open(context, run)?;
    let page = Plan::new(&run)?.page()?;
    say(report::brief(&page)?);
    into.map_or(Ok(()), |path| report::write_into(&page, path))
}

/// Recommends to a user of the data set, or to one with a history.
fn recommend_to(
    context: &Context,
    run: &str,
    (policy, protocol): (Policy, Option<Protocol>),
    user_or_history: (Option<&str>, Option<&str>),
    k: usize,
) -> Result<()> {
    let request = match user_or_history {
        (Some(id), _) => Request::User(id),
        (None, Some(ids)) => Request::History(ids),
        (None, None) => bail!("give --user ID or --history IDS"),
    };
    let run = Run::read(context, run)?;
    let plan = Plan::new(&run)?;
    say(match (policy, protocol) {
        (Policy::List, protocol) => {
            let protocol = protocol.unwrap_or(Protocol::FirstRatings);
            recommend::run(&plan.bundle(protocol)?, &request, k)?
        }
        (Policy::Session, None) => recommend::session::run(&plan.session_bundle()?, &request, k)?,
        (Policy::Session, Some(protocol)) => bail!(
            "--protocol {protocol} belongs to --policy list: leave it out, a session begins with the user's first ratings"
        ),
    });
    Ok(())
}

/// Judges lists on the data of a run that exists, or of the data set chosen. The latter has a folder of its own: the settings
/// of a run of the same name must not be overwritten.
fn score_lists(context: &Context, selection: &Selection, request: &score::Request<'_>) -> Result<()> {
    with_plan_in(context, selection, "scores-", &OwnLog::default(), |plan| {
        say(plan.score(request)?);
        Ok(())
    })
}

/// Describes a data set as a configuration ingests it: the one given, else the preset of its name.
fn describe(
    context: &Context,
    dataset: &str,
    (config, archive): (Option<&Path>, Option<&Path>),
) -> Result<()> {
    let mut source = data::named(context, dataset, archive)?;
    let mut config = match config {
        Some(path) => ExperimentConfig::load_with(path, &context.shelf)?,
        None if is_own(context, dataset)? => own::config(context, &mut source)?,
        None => shipped(context, dataset)?,
    };
    dataset.clone_into(&mut config.data.dataset);
    data::run_describe(context, &config, &source)
}

/// The preset of a data set.
fn shipped(context: &Context, dataset: &str) -> Result<ExperimentConfig> {
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
fn is_own(context: &Context, dataset: &str) -> Result<bool> {
    let spec = context.registry().load(dataset)?;
    Ok(spec.format == RawFormat::Own && context.shelf.preset(dataset)?.is_none())
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
fn with_own_plan(
    context: &Context,
    selection: &Selection,
    own: &OwnLog<'_>,
    work: impl FnOnce(&Plan<'_>) -> Result<()>,
) -> Result<()> {
    with_plan_in(context, selection, "", own, work)
}

/// The same in a folder whose name has a prefix, unless the user has named it.
fn with_plan_in(
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
        selection.config.is_none() && found.as_ref().is_some_and(|it| it.spec.format == RawFormat::Own);
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
