//! The cells of an ablation: one file for each training from each seed under each protocol.

use super::tables::Tables;
use crate::config::LabConfig;
use crate::fit::train::Training;
use crate::judge::Bench;
use crate::judge::contestants::{renamed, without_rl, worlds};
use crate::judge::forms::{Judgement, forms, headline_of};
use crate::run::code::Kind;
use anyhow::{Context as _, Result};
use drr_core::{Form, HEADLINE_LENGTH, LearnerId, Recommender};
use drr_eval::{Metric, Oracle, SessionEvaluation};
use drr_store::digest_of;
use drr_store::{read_sealed, write_sealed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of the study in the run's folder.
pub const FOLDER: &str = "ablation";

/// One recommender of one seed in one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The protocol, with what tells apart its tables.
    pub table: String,
    /// Who: a learner's name, or that of a recommender without RL.
    pub recommender: String,
    /// Who it is, if it is a learner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<LearnerId>,
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
    /// The digest of the code that judged.
    code: String,
    rows: Vec<Row>,
}

/// What judges, made only where something must be judged.
pub type Judges<'a> = &'a dyn Fn() -> Result<Arc<Tables>>;

/// The cells of one run under one protocol.
#[derive(Clone, Copy)]
pub struct Cells<'a> {
    /// What judges, with the run's own seed.
    pub bench: &'a Bench<'a>,
}

impl Cells<'_> {
    fn path(self, name: &str) -> PathBuf {
        let protocol = self.bench.cut.protocol;
        self.bench.work.path(FOLDER).join("cells").join(format!("{protocol}-{name}.json"))
    }

    fn path_of(self, training: &Training<'_>) -> PathBuf {
        self.path(&format!("{}-seed-{}", training.job.name(), training.cut.seed))
    }

    fn path_of_baselines(self) -> PathBuf {
        self.path("without-rl")
    }

    /// The rows of the recommenders without RL, if they were judged.
    pub fn rows_of_baselines(self) -> Result<Vec<Row>> {
        rows(&self.path_of_baselines())
    }

    /// The rows of a training, if it was judged.
    pub fn rows_of_learner(self, training: &Training<'_>) -> Result<Vec<Row>> {
        rows(&self.path_of(training))
    }

    /// What decides about every cell besides who is judged.
    fn judgement(self) -> Result<String> {
        let (lab, evaluation) = (self.bench.lab, self.bench.evaluation);
        let sessions = (&lab.episodes, lab.online.n_steps, &lab.rerank);
        Ok(digest_of(&(self.bench.cut.protocol, &evaluation.list_lengths, evaluation.n_observed, sessions))?)
    }

    /// Writes the rows that `judge` finds, unless the file has those of the same inputs.
    fn keep(self, path: &Path, inputs: String, judge: impl FnOnce() -> Result<Vec<Row>>) -> Result<()> {
        let code = Kind::Evaluate.code()?;
        let there = path.exists() && !self.bench.work.force;
        if there
            && read_sealed::<CellFile>(path, "").is_ok_and(|cell| cell.inputs == inputs && cell.code == code)
        {
            return Ok(());
        }
        let cell = CellFile { inputs, code, rows: judge()? };
        write_sealed(path, &cell)?;
        Ok(())
    }

    /// Trains and judges one learner.
    pub fn learner(self, training: &Training<'_>, judges: Judges<'_>) -> Result<()> {
        let inputs = digest_of(&(training.inputs()?, self.judgement()?, self.bench.cut.seed))?;
        self.keep(&self.path_of(training), inputs, || {
            training.run()?;
            let tables = judges()?;
            let trained = training.load_policy(true)?;
            let note = training.note()?;
            let seconds = note.seconds[0] + note.seconds[1];
            let effort = Effort { rounds: note.rounds, updates: note.updates, seconds };
            let (seed, job) = (training.cut.seed, &training.job);
            let mut rows = self.judge(&tables, (&*trained, Some(&job.id())), seed, effort)?;
            // Before the first update the twins are the agent, and both worlds are one.
            if job.learner.form == Form::Agent && job.world == worlds(job.split)[0] {
                let id = job.id().with(Form::Untrained);
                let untrained = renamed(training.load_policy(false)?, id.to_string());
                rows.extend(self.judge(&tables, (&*untrained, Some(&id)), seed, Effort::default())?);
            }
            Ok(rows)
        })
    }

    /// Fits and judges everybody without RL.
    pub fn baselines(self, judges: Judges<'_>) -> Result<()> {
        let bench = self.bench;
        let lab = LabConfig {
            agents: Vec::new(),
            session_agents: Vec::new(),
            rivals: Vec::new(),
            rival_protocols: BTreeMap::new(),
            staleness: None,
            long_term: None,
            canaries_per_user: 0,
            ..bench.lab.clone()
        };
        let inputs = digest_of(&(
            lab,
            self.judgement()?,
            bench.spaces.digests()?,
            [bench.sequential.digests()?, bench.simulator_digests()?].concat(),
            bench.cut.hash()?,
            (bench.cut.seed, bench.cut.positive()),
        ))?;
        self.keep(&self.path_of_baselines(), inputs, || {
            let (tables, seed) = (judges()?, bench.cut.seed);
            let mut rows = Vec::new();
            for it in without_rl(bench)? {
                let effort = Effort { seconds: it.cost.seconds, ..Effort::default() };
                rows.extend(self.judge(&tables, (&*it.recommender, None), seed, effort)?);
            }
            if tables.tables.iter().all(|(_, simulator)| simulator.is_none()) {
                let oracle = Oracle::new(&tables.cases);
                rows.extend(self.judge(&tables, (&oracle, None), seed, Effort::default())?);
            }
            Ok(rows)
        })
    }

    /// The rows of one recommender in all tables.
    fn judge(
        self,
        tables: &Tables,
        who: (&dyn Recommender, Option<&LearnerId>),
        seed: u64,
        effort: Effort,
    ) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (table, simulator) in &tables.tables {
            for it in forms(self.bench, &tables.cases, who, simulator.as_ref())? {
                rows.push(row(table, seed, it, effort)?);
            }
        }
        Ok(rows)
    }
}

fn rows(path: &Path) -> Result<Vec<Row>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(read_sealed::<CellFile>(path, "run the study again, which makes it anew")?.rows)
}

fn row(table: &str, seed: u64, judgement: Judgement, effort: Effort) -> Result<Row> {
    let Judgement { id, evaluation: SessionEvaluation { evaluation, .. } } = judgement;
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
        id,
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
