//! The ablation: every agent of a run with its twins, and the other systems, from several seeds, in one table.
//!
//! A cell is one training from one seed under one protocol: its rounds are chosen on validation rows, it is fitted anew,
//! and judged on test rows. Each cell is a file; one that is there for the same inputs is not made again, and a training
//! that was killed goes on from its checkpoint. The cut, the embeddings, the simulators and the recommenders without RL
//! are the run's own, the same for all seeds: only the luck of the training varies.

mod cell;
mod markdown;
mod table;
mod tables;
#[cfg(test)]
mod tests;

pub use cell::FOLDER;

use crate::config::AblationConfig;
use crate::failure::Interrupted;
use crate::fit::train::{Training, side_by_side};
use crate::judge::Bench;
use crate::run::{RunManifest, Work};
use anyhow::{Context as _, Result, bail};
use cell::{Cells, Row};
use drr_data::Protocol;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tables::Tables;

/// Trainings side by side.
const N_THREADS: usize = 2;

/// What is asked for.
pub struct Request<'a> {
    /// Whether the table is made of the cells that are there, and nothing is trained.
    pub cells_only: bool,
    /// The document that the table is written into, between the markers `NAME-ablation`, or `NAME` where the run is called so.
    pub into: Option<&'a Path>,
}

/// A training from one of the seeds, and the protocols that judge it.
pub struct Task<'a> {
    /// The training.
    pub training: Training<'a>,
    /// By which protocols it is judged, at least one.
    pub protocols: Vec<Protocol>,
}

/// The study of one run.
pub struct Study<'a> {
    /// Where it is kept.
    pub work: Work<'a>,
    /// What the run says of itself.
    pub manifest: &'a RunManifest,
    /// The study's settings.
    pub config: &'a AblationConfig,
    /// The learners' own names, the run's agent first.
    pub learners: Vec<String>,
    /// What judges, by protocol, with the run's own seed.
    pub benches: Vec<Bench<'a>>,
    /// Every training, the first seed of everybody first.
    pub tasks: Vec<Task<'a>>,
}

/// Makes what is missing, writes the table, and returns it.
///
/// # Errors
///
/// Fails if a cell does, after the table of the others is written.
pub fn run(study: &Study<'_>, request: &Request<'_>) -> Result<String> {
    let work = study.work;
    let failures = if request.cells_only { Vec::new() } else { study.make()? };
    let rows = study.read()?;
    let lab = study.benches.first().map(|bench| bench.lab);
    let bandits: Vec<&str> = lab
        .iter()
        .flat_map(|lab| &lab.online.bandits)
        .map(drr_baselines::BaselineConfig::kind_name)
        .collect();
    let result = table::Ablation::of(&rows, &study.learners, &bandits, study.manifest)?;
    let data_set = study.benches.first().map_or("", |bench| &bench.cut.dataset.manifest().dataset);
    let text = markdown::text(&result, study.manifest, data_set, study.config);
    drr_store::write_bytes(&work.path(FOLDER).join("table.json"), &serde_json::to_vec_pretty(&result)?)?;
    drr_store::write_bytes(&work.path(FOLDER).join("table.md"), text.as_bytes())?;
    if let Some(path) = request.into {
        crate::document::write_block(path, &marker(&work.name()), &text)?;
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

/// The tables of each protocol, made when they are first needed.
type Made = Mutex<BTreeMap<Protocol, Arc<Tables>>>;

impl Study<'_> {
    /// Makes every cell that is missing or of other inputs. Returns what failed; an interruption is an error.
    fn make(&self) -> Result<Vec<String>> {
        let work = self.work;
        for bench in &self.benches {
            bench.spaces.fit()?;
            if bench.is_simulated() {
                bench.simulators.fit()?;
            }
            bench.sequential.fit()?;
        }
        let bar = work.bar("ablation", (self.tasks.len() + self.benches.len()) as u64);
        let (n_done, failures) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let tell = || bar.set(n_done.fetch_add(1, Ordering::Relaxed) + 1);
        let made = Made::default();
        for bench in &self.benches {
            work.stop_if_asked()?;
            Cells { bench }.baselines(&|| tables_of(&made, bench))?;
            tell();
        }
        side_by_side(&self.tasks, N_THREADS, |task| {
            work.stop_if_asked()?;
            let Err(error) = self.work_on(task, &made) else {
                tell();
                return Ok(());
            };
            if error.chain().any(|cause| cause.is::<Interrupted>()) {
                return Err(error);
            }
            let (job, seed) = (&task.training.job, task.training.cut.seed);
            let failure = format!("{} under {} from seed {seed}: {error:#}", job.name(), job.split);
            tracing::error!("{failure}");
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            Ok(())
        })?;
        bar.finish();
        Ok(failures.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn work_on(&self, task: &Task<'_>, made: &Made) -> Result<()> {
        for protocol in &task.protocols {
            let bench = self.bench(*protocol)?;
            Cells { bench }.learner(&task.training, &|| tables_of(made, bench))?;
        }
        Ok(())
    }

    fn bench(&self, protocol: Protocol) -> Result<&Bench<'_>> {
        let bench = self.benches.iter().find(|bench| bench.cut.protocol == protocol);
        bench.with_context(|| format!("{protocol} is not one of the study's protocols"))
    }

    /// The rows of all cells that are there.
    fn read(&self) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for bench in &self.benches {
            rows.extend(Cells { bench }.rows_of_baselines()?);
        }
        for task in &self.tasks {
            for protocol in &task.protocols {
                rows.extend(Cells { bench: self.bench(*protocol)? }.rows_of_learner(&task.training)?);
            }
        }
        if rows.is_empty() {
            bail!("there are no cells in {}: run the study first", self.work.path(FOLDER).display());
        }
        Ok(rows)
    }
}

/// What judges under the bench's protocol, made when it is first needed.
fn tables_of(made: &Made, bench: &Bench<'_>) -> Result<Arc<Tables>> {
    let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(tables) = made.get(&bench.cut.protocol) {
        return Ok(Arc::clone(tables));
    }
    let tables = Arc::new(Tables::new(bench)?);
    made.insert(bench.cut.protocol, Arc::clone(&tables));
    Ok(tables)
}
