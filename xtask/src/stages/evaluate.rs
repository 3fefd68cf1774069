//! The judgement: every recommender under every protocol, on test rows, beside random, popularity and the oracle.

pub mod comparisons;
mod contestants;
mod costs;
mod forms;
mod sets;

pub use comparisons::Comparison;
#[cfg(test)]
pub use contestants::all as contestants;
pub use contestants::{NO_RL, REWARD_MODEL, configured, fit_baseline, renamed, without_rl};
pub use costs::CostRow;
pub use forms::{forms, headline_of, table_name};
pub use sets::{episodes, evaluation_set, simulated};

use super::Experiment;
use super::experiment::RunManifest;
use super::jobs::{self, World};
use super::names::Names;
use super::pretrain;
use super::sequential;
use super::simulator::Simulator;
use crate::cache::digest_of;
use crate::files::read_json;
use anyhow::{Context as _, Result, bail};
use contestants::Contestant;
use drr_core::{HEADLINE_LENGTH, ItemIdx, Part, PartSet, Query, Recommender, Seeds};
use drr_data::{ListRow, PerUserRow, Protocol, write_lists, write_per_user};
use drr_eval::{
    Canaries, CanaryUser, CanaryVerdict, Evaluation, EvaluationSet, EvaluationSummary, ListMeasures, Metric,
    Oracle, SessionEvaluation, SimulatorOracle, evaluate,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What stands behind the names of recommenders whose history grows along a reranked list.
pub const ADAPTIVE: &str = "_adaptive";

/// A recommender's row in one table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Judged {
    /// The protocol, with what tells apart its tables: `seed`, `online factors_a`.
    pub table: String,
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
    /// Which of the recommenders are agents.
    #[serde(default, skip_serializing_if = "Names::is_default")]
    pub names: Names,
    /// `protocol.recommender.metric@k` and its value.
    pub values: BTreeMap<String, f64>,
    /// Every row of every table.
    pub judged: Vec<Judged>,
    /// Everybody against everybody, by each protocol's primary metric.
    pub comparisons: Vec<Comparison>,
}

impl RunMetrics {
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

/// Judges what has changed since it was last judged.
pub fn run(experiment: &Experiment<'_>) -> Result<RunMetrics> {
    let stage = experiment.stage("evaluate");
    let mut digests = Vec::new();
    for split in experiment.splits() {
        digests.push(experiment.split_hash(split)?.to_owned());
        digests.extend(pretrain::digests(experiment, split)?);
    }
    for job in jobs::all(experiment)? {
        digests.push(experiment.digest(job.policy(true))?);
        digests.push(experiment.digest(job.policy(false))?);
    }
    digests.extend(sequential::digests(experiment)?);
    let inputs = digest_of(&(
        digests,
        &experiment.config.evaluation,
        &experiment.config.lab,
        // The figures name the configuration and the data set that they are of.
        (&experiment.manifest.dataset_hash, &experiment.manifest.config_hash),
    ))?;
    let outputs = ["metrics.json", "costs.json", "lists.parquet", "per_user.parquet"];
    let outputs = outputs.map(|name| experiment.path(name));
    stage.run(&inputs, &outputs, || judge(experiment))?;
    load(experiment)
}

/// The figures of a run that was judged.
pub fn load(experiment: &Experiment<'_>) -> Result<RunMetrics> {
    let metrics: RunMetrics = read_json(&experiment.path("metrics.json"), "run evaluate")?;
    check_origin(&experiment.folder, (&metrics.dataset_hash, &metrics.config_hash), &experiment.manifest)?;
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
                "the figures in {} are of another {what} than its {} names: run `cargo xtask pipeline` with that {what} and this \
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
    /// Which of the recommenders are agents.
    #[serde(default)]
    pub names: Names,
}

/// The same for a run's folder, whose figures and manifest are read; without either there is nothing to refuse.
pub fn check_folder(folder: &Path) -> Result<Option<Origin>> {
    let (metrics, manifest) = (folder.join("metrics.json"), folder.join("manifest.json"));
    if !metrics.exists() || !manifest.exists() {
        return Ok(None);
    }
    let origin: Origin = read_json(&metrics, "run evaluate")?;
    let manifest: RunManifest = read_json(&manifest, "run the pipeline")?;
    check_origin(folder, (&origin.dataset_hash, &origin.config_hash), &manifest)?;
    Ok(Some(origin))
}

/// What everybody cost.
pub fn load_costs(experiment: &Experiment<'_>) -> Result<Vec<CostRow>> {
    read_json(&experiment.path("costs.json"), "run evaluate")
}

/// What is collected along the way.
#[derive(Default)]
struct Collected {
    judged: Vec<Judged>,
    comparisons: Vec<Comparison>,
    costs: Vec<CostRow>,
    lists: Vec<ListRow>,
    per_user: Vec<PerUserRow>,
}

fn judge(experiment: &Experiment<'_>) -> Result<()> {
    let mut all = Collected::default();
    for protocol in experiment.protocols() {
        judge_protocol(experiment, protocol, &mut all)?;
    }
    comparisons::correct(&mut all.comparisons);
    let mut metrics = RunMetrics {
        dataset_hash: experiment.manifest.dataset_hash.clone(),
        config_hash: experiment.manifest.config_hash.clone(),
        seed: experiment.config.seed,
        names: Names::of(&experiment.config),
        values: BTreeMap::new(),
        judged: all.judged,
        comparisons: all.comparisons,
    };
    for it in &metrics.judged {
        metrics.values.extend(values(it));
    }
    write_lists(&experiment.path("lists.parquet"), &all.lists)?;
    write_per_user(&experiment.path("per_user.parquet"), &all.per_user)?;
    crate::files::write(&experiment.path("costs.json"), &serde_json::to_vec_pretty(&all.costs)?)?;
    crate::files::write(&experiment.path("metrics.json"), &serde_json::to_vec_pretty(&metrics)?)
}

fn judge_protocol(experiment: &Experiment<'_>, protocol: Protocol, all: &mut Collected) -> Result<()> {
    let set = evaluation_set(experiment, protocol, Part::Test)?;
    let mut contestants = contestants::all(experiment, protocol)?;
    let queries: Vec<Query> = set.cases.iter().map(|case| case.query.clone()).collect();
    for it in &mut contestants {
        it.cost.seconds_per_1000 = costs::seconds_per_1000(&*it.recommender, &queries)?;
        all.costs.push(CostRow {
            protocol: protocol.to_string(),
            recommender: it.recommender.name().to_owned(),
            cost: it.cost,
        });
    }
    let judge = Judge::new(experiment, protocol, &set)?;
    match protocol {
        Protocol::Online => {
            let log = experiment.dataset.log(protocol, &[Part::Test].into_iter().collect::<PartSet>())?;
            for world in World::SIMULATED {
                let simulator = Simulator::new(experiment, world, &log)?;
                judge.table(&table_name(protocol, Some(&simulator)), &contestants, Some(&simulator), all)?;
            }
        }
        _ => judge.table(protocol.name(), &contestants, None, all)?,
    }
    Ok(())
}

/// The judge of one protocol.
struct Judge<'a> {
    experiment: &'a Experiment<'a>,
    protocol: Protocol,
    set: &'a EvaluationSet,
    features: drr_eval::ItemFeatures,
    canaries: Canaries,
}

impl<'a> Judge<'a> {
    fn new(experiment: &'a Experiment<'a>, protocol: Protocol, set: &'a EvaluationSet) -> Result<Self> {
        let features = sets::item_features(experiment, protocol)?;
        // Candidates of "rerank" are all rated, and in a session everybody's candidates differ: nothing can be planted.
        let per_user = match protocol {
            Protocol::Rerank | Protocol::Episodes | Protocol::Online => 0,
            _ => experiment.config.lab.canaries_per_user,
        };
        let rated: Vec<Vec<ItemIdx>> =
            set.cases.iter().map(|case| case.rated.iter().map(|(item, _)| *item).collect()).collect();
        let users: Vec<CanaryUser<'_>> = set
            .cases
            .iter()
            .zip(&rated)
            .map(|(case, rated)| CanaryUser {
                user: case.query.user,
                candidates: &case.query.allowed,
                relevant: &case.relevant,
                rated,
            })
            .collect();
        let mut random = experiment.seeds(protocol).stream("canaries");
        let canaries = Canaries::plant(&users, &features.popularity_share, per_user, &mut random);
        Ok(Self { experiment, protocol, set, features, canaries })
    }

    /// Judges everybody in one table, the oracle last.
    fn table(
        &self,
        table: &str,
        contestants: &[Contestant],
        simulator: Option<&Simulator>,
        all: &mut Collected,
    ) -> Result<()> {
        let experiment = self.experiment;
        let bar = experiment.context.bar(&format!("evaluate {table}"), contestants.len() as u64 + 1);
        let mut evaluations = Vec::new();
        for (at, contestant) in contestants.iter().enumerate() {
            experiment.context.stop_if_asked()?;
            for it in forms(experiment, self.protocol, self.set, &*contestant.recommender, simulator)? {
                all.judged.push(self.row(table, &*contestant.recommender, &it)?);
                evaluations.push(it.evaluation);
            }
            bar.set(at as u64 + 1);
        }
        let of_table = |oracle: &dyn Recommender| {
            forms::one_form(experiment, self.protocol, self.set, oracle, simulator)
        };
        let oracle = match simulator {
            Some(simulator) => of_table(&SimulatorOracle(simulator))?,
            None => of_table(&Oracle::new(self.set))?,
        };
        all.judged.push(self.row(table, &Oracle::new(self.set), &oracle)?);
        evaluations.push(oracle.evaluation);
        bar.finish();
        let primary = comparisons::primary(self.protocol);
        let judged = evaluations[0].per_user.iter().filter(|it| it.metric == primary);
        let k = comparisons::length(judged.map(|it| it.k)).context("nothing was judged")?;
        all.comparisons.extend(comparisons::pairs(experiment, self.protocol, table, k, &evaluations)?);
        for evaluation in &evaluations {
            all.lists.extend(list_rows(experiment, table, evaluation));
            all.per_user.extend(per_user_rows(experiment, table, evaluation));
        }
        Ok(())
    }

    fn row(&self, table: &str, recommender: &dyn Recommender, it: &SessionEvaluation) -> Result<Judged> {
        let lists: Vec<Vec<ItemIdx>> =
            it.evaluation.lists.iter().map(|list| list.iter().map(|scored| scored.item).collect()).collect();
        let histories: Vec<_> = self.set.cases.iter().map(|case| case.query.history.as_slice()).collect();
        let summary = it.evaluation.summary.clone();
        let canaries = if self.canaries.is_empty() || summary.recommender == "oracle" {
            None
        } else {
            let verdict = self.canaries.test(&lists)?;
            verdict.refuse(&summary.recommender, drr_eval::canary::CANARY_LEVEL)?;
            Some(verdict)
        };
        Ok(Judged {
            table: table.to_owned(),
            measures: ListMeasures::of(&lists, &histories, &self.features, HEADLINE_LENGTH),
            canaries,
            shuffled_share: self.shuffled_share(recommender, &summary)?,
            curve: it.curve.clone(),
            summary,
        })
    }

    /// What is left of the score when histories are shuffled, under the protocols that rank the catalogue.
    fn shuffled_share(
        &self,
        recommender: &dyn Recommender,
        summary: &EvaluationSummary,
    ) -> Result<Option<f64>> {
        let ranks = matches!(
            self.protocol,
            Protocol::Seed | Protocol::Temporal | Protocol::Holdout | Protocol::LeaveOneOut
        );
        if !ranks || ["oracle", "random"].contains(&&*summary.recommender) {
            return Ok(None);
        }
        let metric = comparisons::primary(self.protocol);
        let shuffled =
            self.set.shuffled(&mut Seeds(self.experiment.config.seed).stream("shuffled histories"));
        let then = evaluate(recommender, &shuffled, &[HEADLINE_LENGTH])?.summary;
        let (then, now) = (then.metric(metric, HEADLINE_LENGTH), summary.metric(metric, HEADLINE_LENGTH));
        let share = then.zip(now).map(|(then, now)| then.mean / now.mean);
        Ok(share.filter(|share| share.is_finite()))
    }
}

fn values(judged: &Judged) -> Vec<(String, f64)> {
    let summary = &judged.summary;
    let prefix = format!("{}.{}", judged.table, summary.recommender);
    let mut values = Vec::new();
    for it in &summary.metrics {
        values.push((format!("{prefix}.{}@{}", it.metric.name(), it.k), it.interval.mean));
    }
    for it in &summary.diversity {
        values.push((format!("{prefix}.coverage@{}", it.k), it.diversity.coverage));
        values.push((format!("{prefix}.gini@{}", it.k), it.diversity.gini));
    }
    values
}

fn list_rows(experiment: &Experiment<'_>, table: &str, evaluation: &Evaluation) -> Vec<ListRow> {
    let mut rows = Vec::new();
    for (user, list) in evaluation.users.iter().zip(&evaluation.lists) {
        for (rank, scored) in (1..).zip(list) {
            rows.push(ListRow {
                protocol: table.to_owned(),
                recommender: evaluation.summary.recommender.clone(),
                user_id: experiment.dataset.user_record(*user).id.clone(),
                rank,
                item_id: experiment.dataset.item_record(scored.item).id.clone(),
                score: scored.score,
            });
        }
    }
    rows
}

/// Every metric of every user; what is undefined for a user has no row.
fn per_user_rows(experiment: &Experiment<'_>, table: &str, evaluation: &Evaluation) -> Vec<PerUserRow> {
    let mut rows = Vec::new();
    for of in &evaluation.per_user {
        for (user, value) in evaluation.users.iter().zip(&of.values).filter(|(_, value)| value.is_finite()) {
            rows.push(PerUserRow {
                protocol: table.to_owned(),
                recommender: evaluation.summary.recommender.clone(),
                user_id: experiment.dataset.user_record(*user).id.clone(),
                metric: of.metric.name().to_owned(),
                k: u32::try_from(of.k).unwrap_or(u32::MAX),
                value: *value,
            });
        }
    }
    rows
}

/// The mean of a recommender's primary metric in its table.
pub fn headline(judged: &Judged) -> Option<(Metric, usize, drr_eval::Interval)> {
    headline_of(&judged.summary)
}
