//! The cells of an ablation: one file for each training from each seed under each protocol.

use super::{Bench, FOLDER};
use crate::cache::digest_of;
use crate::files::read_json;
use crate::stages::evaluate::{forms, headline_of, renamed, without_rl};
use crate::stages::experiment::Experiment;
use crate::stages::jobs::{Job, World};
use crate::stages::names::Form;
use crate::stages::{pretrain, sequential, train};
use anyhow::{Context as _, Result};
use drr_core::{HEADLINE_LENGTH, Recommender};
use drr_data::Protocol;
use drr_eval::{Evaluation, Metric, Oracle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One recommender of one seed in one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The protocol, with what tells apart its tables.
    pub table: String,
    /// Who: a learner's name, or that of a recommender without RL.
    pub recommender: String,
    /// The root seed.
    pub seed: u64,
    /// The headline metric.
    pub metric: Metric,
    /// Its length.
    pub k: usize,
    /// Its mean over the users.
    pub mean: f64,
    /// Its value for each user; none where it is not defined.
    pub values: Vec<Option<f64>>,
    /// The share of the catalogue that is recommended to anyone, in lists of 10 or the greatest length below.
    pub coverage: Option<f64>,
    /// How unevenly, likewise.
    pub gini: Option<f64>,
    /// The means of all metrics.
    pub metrics: BTreeMap<String, f64>,
    /// Rounds of the final fit; 0 where nothing was trained.
    pub rounds: u64,
    /// Updates of the final fit.
    pub updates: u64,
    /// Seconds to choose and to fit.
    pub seconds: f64,
}

/// What a training took.
#[derive(Debug, Clone, Copy, Default)]
struct Effort {
    rounds: u64,
    updates: u64,
    seconds: f64,
}

/// A cell's file.
#[derive(Debug, Serialize, Deserialize)]
struct CellFile {
    /// The digest of all that decides about it.
    inputs: String,
    rows: Vec<Row>,
}

/// What judges, made only where something must be judged.
pub type Judges<'a> = &'a dyn Fn() -> Result<Arc<Bench>>;

/// The cells of one run.
#[derive(Clone, Copy)]
pub struct Cells<'a> {
    /// The run, with its own seed.
    pub experiment: &'a Experiment<'a>,
}

impl Cells<'_> {
    fn path(self, name: &str) -> PathBuf {
        self.experiment.path(FOLDER).join("cells").join(format!("{name}.json"))
    }

    fn path_of(self, seed: u64, job: &Job, protocol: Protocol) -> PathBuf {
        self.path(&format!("{protocol}-{}-seed-{seed}", job.name()))
    }

    fn path_of_baselines(self, protocol: Protocol) -> PathBuf {
        self.path(&format!("{protocol}-without-rl"))
    }

    /// The rows of the recommenders without RL, if they were judged.
    pub fn rows_of_baselines(self, protocol: Protocol) -> Result<Vec<Row>> {
        rows(&self.path_of_baselines(protocol))
    }

    /// The rows of a training, if it was judged.
    pub fn rows_of_learner(self, seed: u64, job: &Job, protocol: Protocol) -> Result<Vec<Row>> {
        rows(&self.path_of(seed, job, protocol))
    }

    /// What decides about every cell of a protocol besides who is judged.
    fn judgement(self, protocol: Protocol) -> Result<String> {
        let config = &self.experiment.config;
        let lab = &config.lab;
        let sessions = (&lab.episodes, lab.online.n_steps, &lab.rerank);
        digest_of(&(protocol, &config.evaluation.list_lengths, config.evaluation.n_observed, sessions))
    }

    /// Writes the rows that `judge` finds, unless the file has those of the same inputs.
    fn keep(
        self,
        path: &std::path::Path,
        inputs: String,
        judge: impl FnOnce() -> Result<Vec<Row>>,
    ) -> Result<()> {
        let there = path.exists() && !self.experiment.context.force;
        if there && read_json::<CellFile>(path, "run the study").is_ok_and(|cell| cell.inputs == inputs) {
            return Ok(());
        }
        let cell = CellFile { inputs, rows: judge()? };
        crate::files::write(path, &serde_json::to_vec(&cell)?)
    }

    /// Trains and judges one learner under one protocol.
    pub fn learner(
        self,
        varied: &Experiment<'_>,
        job: &Job,
        protocol: Protocol,
        judges: Judges<'_>,
    ) -> Result<()> {
        let inputs = digest_of(&(
            train::inputs(varied, job)?,
            self.judgement(protocol)?,
            self.experiment.config.seed,
        ))?;
        self.keep(&self.path_of(varied.config.seed, job, protocol), inputs, || {
            train::run_job(varied, job)?;
            let bench = judges()?;
            let trained = job.load_policy(varied, true)?;
            let note = train::note(varied, job)?;
            let seconds = note.seconds[0] + note.seconds[1];
            let effort = Effort { rounds: note.rounds, updates: note.updates, seconds };
            let seed = varied.config.seed;
            let mut rows = self.judge(protocol, &bench, &*trained, seed, effort)?;
            // Before the first update the twins are the agent, and both worlds are one.
            if job.learner.form == Form::Agent && job.world == World::of(job.split)[0] {
                let untrained = job.load_policy(varied, false)?;
                let name = format!("{}{}", job.learner.name, Form::Untrained.suffix());
                let untrained = renamed(untrained, name);
                rows.extend(self.judge(protocol, &bench, &*untrained, seed, Effort::default())?);
            }
            Ok(rows)
        })
    }

    /// Fits and judges everybody without RL under one protocol.
    pub fn baselines(self, protocol: Protocol, judges: Judges<'_>) -> Result<()> {
        let experiment = self.experiment;
        let lab = crate::config::LabConfig {
            agents: Vec::new(),
            rivals: Vec::new(),
            rival_protocols: BTreeMap::new(),
            staleness: None,
            long_term: None,
            canaries_per_user: 0,
            ..experiment.config.lab.clone()
        };
        let inputs = digest_of(&(
            lab,
            self.judgement(protocol)?,
            pretrain::digests(experiment, protocol.split())?,
            sequential::digests(experiment)?,
            experiment.split_hash(protocol)?,
            (experiment.config.seed, experiment.positive(protocol)),
        ))?;
        self.keep(&self.path_of_baselines(protocol), inputs, || {
            let (bench, seed) = (judges()?, experiment.config.seed);
            let mut rows = Vec::new();
            for it in without_rl(experiment, protocol)? {
                let effort = Effort { seconds: it.cost.seconds, ..Effort::default() };
                rows.extend(self.judge(protocol, &bench, &*it.recommender, seed, effort)?);
            }
            if bench.tables.iter().all(|(_, simulator)| simulator.is_none()) {
                let oracle = Oracle::new(&bench.cases);
                rows.extend(self.judge(protocol, &bench, &oracle, seed, Effort::default())?);
            }
            Ok(rows)
        })
    }

    /// The rows of one recommender in all tables of a protocol.
    fn judge(
        self,
        protocol: Protocol,
        bench: &Bench,
        recommender: &dyn Recommender,
        seed: u64,
        effort: Effort,
    ) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (table, simulator) in &bench.tables {
            let forms = forms(self.experiment, protocol, &bench.cases, recommender, simulator.as_ref())?;
            for it in forms {
                rows.push(row(table, seed, &it.evaluation, effort)?);
            }
        }
        Ok(rows)
    }
}

fn rows(path: &std::path::Path) -> Result<Vec<Row>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(read_json::<CellFile>(path, "run the study")?.rows)
}

fn row(table: &str, seed: u64, evaluation: &Evaluation, effort: Effort) -> Result<Row> {
    let summary = &evaluation.summary;
    let recommender = summary.recommender.clone();
    let (metric, k, interval) =
        headline_of(summary).with_context(|| format!("{recommender} has no headline metric in {table}"))?;
    let values = evaluation.values(metric, k).context("the metric has no values")?;
    let diversity = summary
        .diversity(HEADLINE_LENGTH)
        .or_else(|| summary.diversity.iter().max_by_key(|it| it.k).map(|it| it.diversity));
    let named = |it: &drr_eval::MetricMean| (format!("{}@{}", it.metric.name(), it.k), it.interval.mean);
    Ok(Row {
        table: table.to_owned(),
        recommender,
        seed,
        metric,
        k,
        mean: interval.mean,
        values: values.iter().map(|value| value.is_finite().then_some(*value)).collect(),
        coverage: diversity.map(|it| it.coverage),
        gini: diversity.map(|it| it.gini),
        metrics: summary.metrics.iter().map(named).collect(),
        rounds: effort.rounds,
        updates: effort.updates,
        seconds: effort.seconds,
    })
}
