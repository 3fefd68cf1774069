//! Every command of the product.

use crate::cli::{Cli, Command, Selection, Study};
use crate::console::{self, say};
use crate::domains;
use crate::experiment::{is_own, shipped, with_own_plan, with_plan, with_plan_in};
use crate::recommend;
use crate::terminal::{self, Terminal};
use anyhow::{Result, bail};
use drr_lab::config::ExperimentConfig;
use drr_lab::judge::{check, compare, score};
use drr_lab::plan::Plan;
use drr_lab::report;
use drr_lab::run::own::{self, OwnLog};
use drr_lab::run::{Context, Run, data, manifest};
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
        Command::Recommend(args) => recommend::run(&plain, &args),
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
        Command::Study { study: Study::Domains { folder, only, force, into } } => {
            let context = Context { force, ..plain.clone() };
            say(domains::study(&context, &domains::logs(&folder, &only)?, into.as_deref())?);
            Ok(())
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
