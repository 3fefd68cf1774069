//! The pipeline runner: every command of the project, and the only place where data, environments, agents and evaluation
//! meet.

mod cache;
mod ci;
mod cli;
mod config;
mod console;
mod context;
mod exit;
mod files;
mod interrupt;
mod logging;
mod machine;
mod progress;
mod stages;

use crate::cli::{Bench, BenchArgs, Cli, Command, Peer, Selection, Study};
use crate::config::{ExperimentConfig, PresetFolder};
use crate::console::{complain, say};
use crate::context::Context;
use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::stages::recommend::Request;
use crate::stages::{
    Experiment, ablation, bench, check, compare, data, evaluate, pretrain, readme, recommend, report, score,
    seeds, study, sweep,
};
use anyhow::{Result, bail};
use clap::Parser;
use drr_core::Protocol;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Updates allocate many short-lived buffers, which this allocator is good at; what is in use is counted, so that a fit's
/// peak can be reported.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let progress = Progress::new();
    logging::install(cli.log_format, cli.verbose, &progress);
    match use_all_threads().and_then(|()| run(cli, &progress)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            exit::code(&error)
        }
    }
}

/// The environment keeps single matrix products on one thread (.cargo/config.toml); everything else may use all.
fn use_all_threads() -> Result<()> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(rayon::ThreadPoolBuilder::new().num_threads(n_threads).build_global()?)
}

fn run(cli: Cli, progress: &Progress) -> Result<()> {
    let data_dir = cli.data_dir.unwrap_or_else(|| Context::root().join("data"));
    let context = |force| -> Result<Context> {
        Ok(Context {
            data_dir: data_dir.clone(),
            force,
            interrupt: Interrupt::install()?,
            progress: progress.clone(),
        })
    };
    match cli.command {
        Command::Fetch { dataset, archive } => {
            data::run_fetch(&context(false)?, &dataset, archive.as_deref())
        }
        Command::Describe { dataset, archive, force } => {
            describe(&context(force)?, &dataset, archive.as_deref())
        }
        Command::Ingest(selection) => with_experiment(&context(selection.force)?, &selection, |experiment| {
            say(format!(
                "ingested: {}",
                experiment.context.data_dir.join(&experiment.manifest.dataset_dir).display()
            ));
            Ok(())
        }),
        Command::Pretrain { selection, five_fold } => {
            with_experiment(&context(selection.force)?, &selection, |it| fit_embeddings(it, five_fold))
        }
        Command::Train(selection) => with_experiment(&context(selection.force)?, &selection, stages::learn),
        Command::Evaluate(selection) => {
            with_experiment(&context(selection.force)?, &selection, stages::learn_and_judge)
        }
        Command::Report { run, into } => write_report(&context(false)?, &run, into.as_deref()),
        Command::Pipeline { selection, seeds } => pipelines(&context(selection.force)?, &selection, seeds),
        Command::Recommend { run, user, history, k, protocol } => {
            recommend_to(&context(false)?, &run, protocol, (user.as_deref(), history.as_deref()), k)
        }
        Command::Check { run, against, bless } => check::run(&context(false)?, &run, &against, bless),
        Command::Compare { before, after, metric, out } => {
            say(compare::run(&context(false)?, (&before, &after), metric.as_deref(), out.as_deref())?);
            Ok(())
        }
        Command::Score { lists, protocol, name, unknown, selection } => {
            let name = name.as_deref();
            let request = score::Request { lists: &lists, protocol, name, unknown };
            score_lists(&context(selection.force)?, selection, &request)
        }
        Command::Bench(args) => run_bench(*args, &context),
        Command::Sweep { .. } | Command::Study { .. } => run_search(cli.command, &context),
        Command::Ci(args) => ci::run(&args),
    }
}

/// The commands that search and study; the context is made of whether work is forced.
fn run_search(command: Command, context: &impl Fn(bool) -> Result<Context>) -> Result<()> {
    match command {
        Command::Sweep { selection, recommender, protocol, trials, budget, write } => {
            with_experiment(&context(selection.force)?, &selection, |experiment| {
                let request = sweep::Request {
                    recommender: &recommender,
                    protocol,
                    trials,
                    budget,
                    write: write.as_deref(),
                };
                say(sweep::run(experiment, &request)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Length { selection, protocol, lengths } } => {
            with_experiment(&context(selection.force)?, &selection, |experiment| {
                say(study::length(experiment, protocol, &lengths)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Ablation { selection, protocol, cells_only, into } } => {
            with_experiment(&context(selection.force)?, &selection, |experiment| {
                let request = ablation::Request { protocols: &protocol, cells_only, into: into.as_deref() };
                say(ablation::run(experiment, &request)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Rmse { selection } } => {
            with_experiment(&context(selection.force)?, &selection, |experiment| {
                say(study::rmse(experiment)?);
                Ok(())
            })
        }
        Command::Study { study: Study::Case { run, user, recommenders, steps } } => {
            let context = context(false)?;
            say(study::case(&Experiment::open(&context, &run)?, &user, &recommenders, steps)?);
            Ok(())
        }
        _ => unreachable!("the caller passes on searches and studies alone"),
    }
}

/// The measurements of speed.
fn run_bench(args: BenchArgs, context: &impl Fn(bool) -> Result<Context>) -> Result<()> {
    match args.bench {
        Some(Bench::Eval { selection, python, rounds }) => {
            with_experiment(&context(selection.force)?, &selection, |experiment| {
                say(bench::eval(experiment, python.as_deref(), rounds)?);
                Ok(())
            })
        }
        Some(Bench::Work { name, times }) => bench::run_alone(&name, times),
        None => {
            let request = bench::Request {
                only: args.only,
                python: args.peer.map(|Peer::Pytorch| args.python),
                rounds: args.rounds,
                whole: args.whole,
                into: args.into,
            };
            say(bench::speed(&context(false)?, &request)?);
            Ok(())
        }
    }
}

/// Fits the embeddings, and judges the rating factorization on five folds first if that is wanted.
fn fit_embeddings(experiment: &Experiment<'_>, five_fold: bool) -> Result<()> {
    if five_fold {
        say(pretrain::five_fold(experiment)?);
    }
    pretrain::run(experiment)
}

/// One run, or one for each of several root seeds with a summary in the first one's folder.
fn pipelines(context: &Context, selection: &Selection, n_seeds: u64) -> Result<()> {
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
        with_experiment(context, &selection, |experiment| {
            pipeline(experiment)?;
            let name = experiment.folder.file_name().map(|name| name.to_string_lossy().into_owned());
            first.get_or_insert((name.unwrap_or_default(), experiment.config.seed));
            runs.push(evaluate::load(experiment)?);
            Ok(())
        })?;
    }
    if let (Some((name, _)), true) = (first, n_seeds > 1) {
        let text = seeds::summary(&runs)?;
        files::write(&context.runs_dir().join(name).join("seeds.md"), text.as_bytes())?;
        say(text);
    }
    Ok(())
}

/// Everything, stage after stage.
fn pipeline(experiment: &Experiment<'_>) -> Result<()> {
    stages::learn(experiment)?;
    stages::judge(experiment)?;
    say(report::brief(experiment)?);
    Ok(())
}

fn write_report(context: &Context, run: &str, into: Option<&Path>) -> Result<()> {
    let experiment = Experiment::open(context, run)?;
    say(report::brief(&experiment)?);
    into.map_or(Ok(()), |path| readme::run(&experiment, path))
}

/// Recommends to a user of the data set, or to one with a history.
fn recommend_to(
    context: &Context,
    run: &str,
    protocol: Protocol,
    user_or_history: (Option<&str>, Option<&str>),
    k: usize,
) -> Result<()> {
    let request = match user_or_history {
        (Some(id), _) => Request::User(id),
        (None, Some(ids)) => Request::History(ids),
        (None, None) => bail!("give --user ID or --history IDS"),
    };
    say(recommend::run(&Experiment::open(context, run)?, protocol, &request, k)?);
    Ok(())
}

/// Judges lists on the data of a run that exists, or of the data set chosen.
fn score_lists(context: &Context, mut selection: Selection, request: &score::Request<'_>) -> Result<()> {
    let is_run = |name: &String| {
        context.runs_dir().join(name).join("manifest.json").exists() || Path::new(name).is_dir()
    };
    if let Some(run) = selection.run.as_ref().filter(|name| is_run(name)) {
        if selection.config.is_some() || selection.dataset.is_some() || selection.archive.is_some() {
            bail!("the run {run} brings its own data set: leave out --config, --dataset and --archive");
        }
        say(score::run(&Experiment::open(context, run)?, request)?);
        return Ok(());
    }
    // A folder of its own: the settings of a run of the same name must not be overwritten.
    selection.run = selection.run.or_else(|| Some("scores".to_owned()));
    with_experiment(context, &selection, |experiment| {
        say(score::run(experiment, request)?);
        Ok(())
    })
}

fn describe(context: &Context, dataset: &str, archive: Option<&Path>) -> Result<()> {
    let source = data::named(context, dataset, archive)?;
    let config = ExperimentConfig::load(&shipped(context, dataset)?)?;
    data::run_describe(context, &config, &source)
}

/// The shipped configuration of a data set.
fn shipped(context: &Context, dataset: &str) -> Result<PathBuf> {
    // A name that is in no registry is no matter of configurations.
    context.registry().load(dataset)?;
    let path = Context::configs_dir().join(format!("{dataset}.toml"));
    if !path.exists() {
        bail!(
            "there is no configuration {} for the data set {dataset}: give one with --config FILE, or copy another to this place",
            path.display()
        );
    }
    Ok(path)
}

/// Chooses data set and configuration, says which first of all, and works on the experiment.
fn with_experiment(
    context: &Context,
    selection: &Selection,
    work: impl FnOnce(&Experiment<'_>) -> Result<()>,
) -> Result<()> {
    let named = |dataset: &str| data::named(context, dataset, selection.archive.as_deref());
    let presets = PresetFolder(Context::configs_dir());
    let (path, source) = match (&selection.config, &selection.dataset) {
        (Some(path), dataset) => {
            let config = ExperimentConfig::load_with(path, &presets)?;
            (path.clone(), named(dataset.as_ref().unwrap_or(&config.data.dataset))?)
        }
        (None, Some(dataset)) => (shipped(context, dataset)?, named(dataset)?),
        (None, None) if selection.archive.is_some() => {
            bail!("--archive needs to know what it holds: give --dataset NAME or --config FILE")
        }
        (None, None) => {
            let source = data::default(context)?;
            (shipped(context, &source.spec.name)?, source)
        }
    };
    source.announce();
    let mut config = ExperimentConfig::load_with(&path, &presets)?;
    config.data.dataset.clone_from(&source.spec.name);
    config.seed = selection.seed.unwrap_or(config.seed);
    let stem = selection
        .config
        .as_ref()
        .and_then(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = match (stem, &selection.dataset) {
        (Some(stem), Some(dataset)) => Some(format!("{stem}-{dataset}")),
        (stem, _) => stem,
    };
    let name = selection.run.clone().or(stem).unwrap_or_else(|| source.spec.name.clone());
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        bail!("--run {name} is no folder name: use letters, digits and dashes");
    }
    let experiment = Experiment::begin(context, config, &source, &name)?;
    work(&experiment)
}
