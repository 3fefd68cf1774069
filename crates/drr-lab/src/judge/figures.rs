//! What stands in a run's `metrics.json`, and whether it is of the run's data and settings.

use super::comparisons::Comparison;
use super::costs::CostRow;
use super::forms::headline_of;
use crate::run::cache::check_output;
use crate::run::{RunManifest, Work};
use anyhow::{Result, bail};
use drr_core::LearnerId;
use drr_data::Protocol;
use drr_eval::{CanaryVerdict, EvaluationSummary, ListMeasures, Metric};
use drr_store::read_json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The name of the stage that judges.
pub const STAGE: &str = "evaluate";

/// A recommender's row in one table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// The protocol, with what tells apart its tables: `first_ratings`, `online factors_a`.
    pub table: String,
    /// Who it is, if it is a learner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<LearnerId>,
    /// The figures.
    pub summary: EvaluationSummary,
    /// What the lists of 10 are like.
    pub measures: ListMeasures,
    /// Step by step, where the protocol has sessions.
    pub curve: Vec<f64>,
    /// What the planted items say, where there are any.
    pub canaries: Option<CanaryVerdict>,
    /// The score with shuffled histories, divided by the score with true ones; of recommenders that read the order.
    pub shuffled_share: Option<f64>,
}

/// What stands in `metrics.json`. Nothing in it depends on the clock or the machine's paths.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunMetrics {
    /// The ingested data set's hash.
    pub dataset_hash: String,
    /// The configuration's hash.
    pub config_hash: String,
    /// The root seed.
    pub seed: u64,
    /// The learners' own names, the run's agent first.
    pub learners: Vec<String>,
    /// `protocol.recommender.metric@k` and its value.
    pub values: BTreeMap<String, f64>,
    /// Every row of every table.
    pub judged: Vec<Judged>,
    /// Everybody against everybody, by each protocol's primary metric.
    pub comparisons: Vec<Comparison>,
}

impl RunMetrics {
    /// Whether `name` is the agent that the run is about.
    #[must_use]
    pub fn is_main(&self, name: &str) -> bool {
        self.learners.first().is_some_and(|main| main == name)
    }

    /// The rows of one table.
    pub fn table(&self, table: &str) -> Vec<&Judged> {
        self.judged.iter().filter(|it| it.table == table).collect()
    }

    /// The names of the tables of a protocol, in order.
    pub fn tables(&self, protocol: Protocol) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for it in self.judged.iter().filter(|it| it.summary.protocol == protocol) {
            if names.last() != Some(&it.table) {
                names.push(it.table.clone());
            }
        }
        names
    }

    /// How `left` compares with `right` in a table, from the left one's side.
    pub fn comparison(&self, table: &str, left: &str, right: &str) -> Option<Comparison> {
        let of_table = || self.comparisons.iter().filter(|it| it.protocol == table);
        let found = of_table().find(|it| (&*it.left, &*it.right) == (left, right)).cloned();
        found.or_else(|| {
            let mirrored = of_table().find(|it| (&*it.left, &*it.right) == (right, left))?;
            Some(mirrored.mirrored())
        })
    }
}

/// The figures of a run that was judged.
pub fn load(work: Work<'_>, manifest: &RunManifest) -> Result<RunMetrics> {
    let metrics: RunMetrics = read_json(&work.checked(STAGE, "metrics.json")?, "run evaluate")?;
    check_origin(work.folder, (&metrics.dataset_hash, &metrics.config_hash), manifest)?;
    Ok(metrics)
}

/// Refuses figures of another data set or configuration than the run's folder has now: a stage was run there with others
/// since, under the same name.
fn check_origin(folder: &Path, hashes: (&str, &str), manifest: &RunManifest) -> Result<()> {
    let of =
        [("data set", hashes.0, &manifest.dataset_hash), ("configuration", hashes.1, &manifest.config_hash)];
    for (what, then, now) in of {
        if then != now {
            bail!(
                "the figures in {} are of another {what} than its {} names: run `drr pipeline` with that {what} and this \
                 --run again, or the other one under another --run",
                folder.join("metrics.json").display(),
                folder.join("manifest.json").display()
            );
        }
    }
    Ok(())
}

/// What the figures of a run's folder are of.
#[derive(Debug, Deserialize)]
pub struct Origin {
    /// The ingested data set's hash.
    pub dataset_hash: String,
    /// The configuration's hash.
    pub config_hash: String,
    /// Every row, as far as it says whose it is.
    judged: Vec<OriginRow>,
}

#[derive(Debug, Deserialize)]
struct OriginRow {
    table: String,
    #[serde(default)]
    id: Option<LearnerId>,
    summary: OriginSummary,
}

#[derive(Debug, Deserialize)]
struct OriginSummary {
    recommender: String,
}

impl Origin {
    /// Whether a row of a table is a learner's.
    #[must_use]
    pub fn is_learner(&self, table: &str, recommender: &str) -> bool {
        let is_row = |row: &&OriginRow| row.table == table && row.summary.recommender == recommender;
        self.judged.iter().find(is_row).is_some_and(|row| row.id.is_some())
    }
}

/// The same for a folder that somebody named. Where it is a run's, the files that are asked of it must be as the evaluation
/// left them; a folder of somebody else's figures has neither a manifest nor stages, and there is nothing to refuse.
pub fn check_folder(folder: &Path, files: &[&str]) -> Result<Option<Origin>> {
    if !folder.join(RunManifest::FILE).exists() && !folder.join("stages").exists() {
        return Ok(None);
    }
    let manifest = RunManifest::read(folder)?;
    for file in files.iter().chain(&["metrics.json"]) {
        check_output(folder, STAGE, &folder.join(file))?;
    }
    let origin: Origin = read_json(&folder.join("metrics.json"), "run evaluate")?;
    check_origin(folder, (&origin.dataset_hash, &origin.config_hash), &manifest)?;
    Ok(Some(origin))
}

/// What everybody cost.
///
/// # Errors
///
/// Fails if the run was not judged.
pub fn load_costs(work: Work<'_>) -> Result<Vec<CostRow>> {
    Ok(read_json(&work.checked(STAGE, "costs.json")?, "run evaluate")?)
}

/// The row that speaks for `learner` in a table: its plain one, or the best of those trained in a simulator.
pub fn row_of<'a>(rows: &[&'a Judged], learner: &str) -> Option<&'a Judged> {
    best_of(rows, |row| row.id.as_ref().is_some_and(|id| id.is_plain() && id.name == learner))
}

/// The row that speaks for the run's own agent.
pub fn best_agent<'a>(metrics: &RunMetrics, rows: &[&'a Judged]) -> Option<&'a Judged> {
    row_of(rows, metrics.learners.first()?)
}

/// The recommender without RL with the best value.
pub fn best_without_rl<'a>(rows: &[&'a Judged]) -> Option<&'a str> {
    let best = best_of(rows, |row| row.id.is_none() && row.summary.recommender != "oracle");
    best.map(|row| &*row.summary.recommender)
}

fn best_of<'a>(rows: &[&'a Judged], is_meant: impl Fn(&Judged) -> bool) -> Option<&'a Judged> {
    let meant = rows.iter().filter(|row| is_meant(row));
    let valued = meant.filter_map(|row| Some((*row, headline(row)?.2.mean)));
    valued.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(row, _)| row)
}

/// The mean of a recommender's primary metric in its table.
pub fn headline(judged: &Judged) -> Option<(Metric, usize, drr_eval::Interval)> {
    headline_of(&judged.summary)
}
