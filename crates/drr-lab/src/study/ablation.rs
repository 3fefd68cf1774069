//! The ablation: every agent of a run with its twins, and the other systems, from several seeds, in one table.
//!
//! A cell is one training from one seed under one protocol: its rounds are chosen on validation rows, it is fitted anew,
//! and judged on test rows. Each cell is a file; one that is there for the same inputs is not made again, and a training
//! that was killed goes on from its checkpoint. The cut, the embeddings, the simulators and the recommenders without RL
//! are the run's own, the same for all seeds: only the luck of the training varies.

mod cell;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

use crate::config::AblationConfig;
use crate::failure::Interrupted;
use crate::fit::jobs::{self, Job, World};
use crate::fit::names::Names;
use crate::fit::pretrain;
use crate::fit::sequential;
use crate::fit::simulator::Simulator;
use crate::fit::train;
use crate::judge::evaluate::{evaluation_set, table_name};
use crate::run::experiment::Run;
use anyhow::{Context as _, Result, bail};
use cell::{Cells, Row};
use drr_core::{Part, PartSet, SessionKind};
use drr_data::Protocol;
use drr_eval::EvaluationSet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The folder of the study in the run's folder.
pub const FOLDER: &str = "ablation";
/// Trainings side by side.
const N_THREADS: usize = 2;

/// What is asked for.
pub struct Request<'a> {
    /// Under which protocols; those of the configuration where none is named.
    pub protocols: &'a [Protocol],
    /// Whether the table is made of the cells that are there, and nothing is trained.
    pub cells_only: bool,
    /// The document that the table is written into, between the markers `NAME-ablation`, or `NAME` where the run is called so.
    pub into: Option<&'a Path>,
}

/// Makes what is missing, writes the table, and returns it.
pub fn run(experiment: &Run<'_>, request: &Request<'_>) -> Result<String> {
    let config = experiment.config.study.ablation.as_ref().context(
        "the configuration has no section [study.ablation]: give it seeds = [..], and variants as [[lab.agents]]",
    )?;
    let study = Study::new(experiment, config, request.protocols)?;
    let failures = if request.cells_only { Vec::new() } else { study.make()? };
    let rows = study.read()?;
    let result = table::Ablation::of(&rows, &Names::of(&experiment.config), experiment)?;
    let text = markdown::text(&result, experiment, config);
    crate::run::files::write(
        &experiment.path(FOLDER).join("table.json"),
        &serde_json::to_vec_pretty(&result)?,
    )?;
    crate::run::files::write(&experiment.path(FOLDER).join("table.md"), text.as_bytes())?;
    if let Some(path) = request.into {
        let name = experiment.folder.file_name().unwrap_or_default().to_string_lossy();
        crate::document::write_block(path, &marker(&name), &text)?;
    }
    if !failures.is_empty() {
        bail!("{} cells failed, and are missing from the table:\n{}", failures.len(), failures.join("\n"));
    }
    Ok(text)
}

/// What the block of the study in a document is called: as the run and "-ablation", which the run's name may have already.
fn marker(run: &str) -> String {
    if run.ends_with("-ablation") { run.to_owned() } else { format!("{run}-ablation") }
}

/// A training from one of the seeds, and the protocols that judge it.
struct Task {
    seed: u64,
    job: Job,
    protocols: Vec<Protocol>,
}

/// The study of one run.
struct Study<'a> {
    experiment: &'a Run<'a>,
    /// The same run with other root seeds.
    seeded: BTreeMap<u64, Run<'a>>,
    protocols: Vec<Protocol>,
    tasks: Vec<Task>,
    benches: Mutex<BTreeMap<Protocol, Arc<Bench>>>,
}

/// What judges under one protocol: the same cases and the same simulated users for everybody.
pub struct Bench {
    /// The held-out cases.
    pub cases: EvaluationSet,
    /// The protocol's tables, each with its simulator if it has one.
    pub tables: Vec<(String, Option<Simulator>)>,
}

impl Bench {
    fn new(experiment: &Run<'_>, protocol: Protocol) -> Result<Self> {
        let cases = evaluation_set(experiment, protocol, Part::Test)?;
        if protocol.facts().sessions != SessionKind::Simulated {
            return Ok(Self { cases, tables: vec![(table_name(protocol, None), None)] });
        }
        let log = experiment.dataset.log(protocol, &[Part::Test].into_iter().collect::<PartSet>())?;
        let tables = World::SIMULATED.into_iter().map(|world| {
            let simulator = Simulator::new(experiment, world, &log)?;
            Ok((table_name(protocol, Some(&simulator)), Some(simulator)))
        });
        Ok(Self { cases, tables: tables.collect::<Result<_>>()? })
    }
}

impl<'a> Study<'a> {
    fn new(experiment: &'a Run<'a>, config: &AblationConfig, asked: &[Protocol]) -> Result<Self> {
        let protocols = protocols(experiment, config, asked)?;
        let mut seeded = BTreeMap::new();
        for seed in &config.seeds {
            let config = crate::config::ExperimentConfig { seed: *seed, ..experiment.config.clone() };
            let varied = Run {
                context: experiment.context,
                config,
                dataset: experiment.dataset.clone(),
                manifest: experiment.manifest.clone(),
                folder: experiment.folder.clone(),
            };
            seeded.insert(*seed, varied);
        }
        let tasks = tasks(experiment, config, &protocols)?;
        Ok(Self { experiment, seeded, protocols, tasks, benches: Mutex::default() })
    }

    /// Makes every cell that is missing or of other inputs. Returns what failed; an interruption is an error.
    fn make(&self) -> Result<Vec<String>> {
        let experiment = self.experiment;
        pretrain::run(experiment)?;
        sequential::run(experiment)?;
        let bar = experiment.context.bar("ablation", (self.tasks.len() + self.protocols.len()) as u64);
        let (n_done, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let tell = || bar.set(n_done.fetch_add(1, Ordering::Relaxed) + 1);
        for protocol in &self.protocols {
            experiment.context.stop_if_asked()?;
            self.cells().baselines(*protocol, &|| self.bench(*protocol))?;
            tell();
        }
        train::side_by_side(&self.tasks, N_THREADS, |task| {
            experiment.context.stop_if_asked()?;
            let Err(error) = self.work(task) else {
                tell();
                return Ok(());
            };
            if error.chain().any(|cause| cause.is::<Interrupted>()) {
                return Err(error);
            }
            let failure =
                format!("{} under {} from seed {}: {error:#}", task.job.name(), task.job.split, task.seed);
            tracing::error!("{failure}");
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            Ok(())
        })?;
        bar.finish();
        Ok(failures.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn cells(&self) -> Cells<'_> {
        Cells { experiment: self.experiment }
    }

    fn work(&self, task: &Task) -> Result<()> {
        let varied = self.seeded.get(&task.seed).context("the seed is not one of the study's")?;
        for protocol in &task.protocols {
            self.cells().learner(varied, &task.job, *protocol, &|| self.bench(*protocol))?;
        }
        Ok(())
    }

    /// What judges under `protocol`, made when it is first needed.
    fn bench(&self, protocol: Protocol) -> Result<Arc<Bench>> {
        let mut benches = self.benches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bench) = benches.get(&protocol) {
            return Ok(Arc::clone(bench));
        }
        let bench = Arc::new(Bench::new(self.experiment, protocol)?);
        benches.insert(protocol, Arc::clone(&bench));
        Ok(bench)
    }

    /// The rows of all cells that are there.
    fn read(&self) -> Result<Vec<Row>> {
        let (cells, mut rows) = (self.cells(), Vec::new());
        for protocol in &self.protocols {
            rows.extend(cells.rows_of_baselines(*protocol)?);
        }
        for task in &self.tasks {
            for protocol in &task.protocols {
                rows.extend(cells.rows_of_learner(task.seed, &task.job, *protocol)?);
            }
        }
        if rows.is_empty() {
            bail!("there are no cells in {}: run the study first", self.experiment.path(FOLDER).display());
        }
        Ok(rows)
    }
}

/// The protocols that are asked for, else those of the configuration, else all of the run.
fn protocols(experiment: &Run<'_>, config: &AblationConfig, asked: &[Protocol]) -> Result<Vec<Protocol>> {
    let of_run = experiment.protocols();
    let wanted = if asked.is_empty() { &config.protocols[..] } else { asked };
    if wanted.is_empty() {
        return Ok(of_run);
    }
    if let Some(other) = wanted.iter().find(|protocol| !of_run.contains(protocol)) {
        bail!("the run is not judged under {other}: add it to evaluation.protocols");
    }
    Ok(of_run.into_iter().filter(|protocol| wanted.contains(protocol)).collect())
}

/// Every training, the first seed of everybody first.
fn tasks(experiment: &Run<'_>, config: &AblationConfig, protocols: &[Protocol]) -> Result<Vec<Task>> {
    let names = Names::of(&experiment.config);
    if let Some(unknown) =
        config.variants.iter().find(|name| names.parse(name).is_none_or(|it| it.learner != **name))
    {
        bail!("study.ablation.variants: there is no agent {unknown} in the configuration");
    }
    let mut splits: Vec<Protocol> = protocols.iter().map(|protocol| protocol.split()).collect();
    splits.sort_unstable();
    splits.dedup();
    let mut tasks = Vec::new();
    for (at, seed) in config.seeds.iter().enumerate() {
        for split in &splits {
            for mut job in jobs::of_split(experiment, *split)? {
                let learner = &job.learner;
                let takes_part = config.variants.is_empty() || config.variants.contains(&learner.name);
                if !takes_part || (names.is_rival(&learner.name) && at >= config.rival_seeds) {
                    continue;
                }
                check_budget(experiment, config, &job)?;
                let judges = |it: &&Protocol| {
                    it.split() == *split && (learner.protocols.is_empty() || learner.protocols.contains(it))
                };
                let protocols: Vec<Protocol> = protocols.iter().filter(judges).copied().collect();
                if protocols.is_empty() {
                    continue;
                }
                job.folder = folder(experiment, *seed);
                tasks.push(Task { seed: *seed, job, protocols });
            }
        }
    }
    Ok(tasks)
}

/// Where the trainings from a seed lie: those from the run's own seed are the run's own.
fn folder(experiment: &Run<'_>, seed: u64) -> PathBuf {
    if seed == experiment.config.seed {
        PathBuf::new()
    } else {
        PathBuf::from(format!("{FOLDER}/seed-{seed}"))
    }
}

/// Refuses a training with more updates than the study allows.
fn check_budget(experiment: &Run<'_>, config: &AblationConfig, job: &Job) -> Result<()> {
    let updates = job.learner.settings.max_updates(experiment.config.environment.horizon);
    if updates > config.max_updates {
        bail!(
            "{} would take up to {updates} updates, more than study.ablation.max_updates = {}: lower its n_episodes or \
             updates_per_step, or raise n_environments",
            job.name(),
            config.max_updates
        );
    }
    Ok(())
}
