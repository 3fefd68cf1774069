//! The judgement: every recommender under every protocol, on test rows, beside random, popularity and the oracle.

use super::bench::Bench;
use super::comparisons::{self, Comparison};
use super::contestants::{self, Contestant};
use super::costs::{self, CostRow};
use super::features::item_features;
use super::figures::{Judged, RunMetrics, STAGE};
use super::forms::{forms, one_form, table_name};
use crate::fit::simulator::Simulator;
use crate::fit::train::Training;
use crate::run::cache::Made;
use crate::run::code::Kind;
use crate::run::{Phase, RunManifest, Work};
use anyhow::{Context as _, Result};
use drr_core::{HEADLINE_LENGTH, ItemIdx, LearnerId, Part, Query, Recommender, Seeds, SessionKind, World};
use drr_data::{Dataset, ListRow, PerUserRow, write_lists, write_per_user};
use drr_eval::{
    Canaries, CanaryUser, Evaluation, EvaluationSet, EvaluationSummary, ListMeasures, Oracle,
    SessionEvaluation, SimulatorOracle, evaluate,
};
use drr_store::digest_of;
use std::collections::BTreeMap;

/// Everything that a run judges.
#[derive(Debug)]
pub struct Evaluated<'a> {
    /// Where the figures are kept.
    pub work: Work<'a>,
    /// What the run says of itself.
    pub manifest: &'a RunManifest,
    /// The root seed.
    pub seed: u64,
    /// The learners' own names, the run's agent first.
    pub learners: Vec<String>,
    /// What judges, one for each protocol.
    pub benches: Vec<Bench<'a>>,
    /// Every training of the run.
    pub trainings: &'a [Training<'a>],
}

/// Judges what has changed since it was last judged.
///
/// # Errors
///
/// Fails if something is not fitted, and if a judgement or the disk does.
pub fn run(evaluated: &Evaluated<'_>) -> Result<()> {
    let work = evaluated.work;
    let mut digests = Vec::new();
    for bench in &evaluated.benches {
        digests.push(bench.cut.hash()?.to_owned());
        digests.extend(bench.spaces.digests()?);
        digests.extend(bench.sequential.digests()?);
        digests.extend(bench.simulator_digests()?);
    }
    for training in evaluated.trainings {
        digests.push(training.policy_digest(true)?);
        digests.push(training.policy_digest(false)?);
    }
    let settings: Vec<_> = evaluated.benches.iter().map(|bench| (bench.evaluation, bench.lab)).collect();
    // The figures name the configuration and the data set that they are of.
    let names = (&evaluated.manifest.dataset_hash, &evaluated.manifest.config_hash);
    let inputs = digest_of(&(digests, settings, names))?;
    let outputs = ["metrics.json", "costs.json", "lists.parquet", "per_user.parquet"];
    let outputs = outputs.map(|name| work.path(name));
    work.stage(STAGE, Kind::Evaluate).run(&inputs, &outputs, |made| judge(evaluated, made))
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

fn judge(evaluation: &Evaluated<'_>, made: &mut Made) -> Result<()> {
    let work = evaluation.work;
    let mut all = Collected::default();
    for bench in &evaluation.benches {
        judge_protocol(bench, &mut all)?;
    }
    comparisons::correct(&mut all.comparisons);
    let mut metrics = RunMetrics {
        dataset_hash: evaluation.manifest.dataset_hash.clone(),
        config_hash: evaluation.manifest.config_hash.clone(),
        seed: evaluation.seed,
        learners: evaluation.learners.clone(),
        values: BTreeMap::new(),
        judged: all.judged,
        comparisons: all.comparisons,
    };
    for it in &metrics.judged {
        metrics.values.extend(values(it));
    }
    let (lists, per_user) = (work.path("lists.parquet"), work.path("per_user.parquet"));
    made.add(&lists, &write_lists(&lists, &all.lists)?);
    made.add(&per_user, &write_per_user(&per_user, &all.per_user)?);
    made.write(&work.path("costs.json"), &serde_json::to_vec_pretty(&all.costs)?)?;
    made.write(&work.path("metrics.json"), &serde_json::to_vec_pretty(&metrics)?)
}

fn judge_protocol(bench: &Bench<'_>, all: &mut Collected) -> Result<()> {
    let protocol = bench.cut.protocol;
    let set = bench.cases(Part::Test)?;
    let mut contestants = contestants::all(bench)?;
    let queries: Vec<Query> = set.cases.iter().map(|case| case.query.clone()).collect();
    for it in &mut contestants {
        it.cost.seconds_per_1000 = costs::seconds_per_1000(&**bench.work.watch, &*it.recommender, &queries)?;
        all.costs.push(CostRow {
            protocol: protocol.to_string(),
            recommender: it.recommender.name().to_owned(),
            cost: it.cost,
        });
    }
    let judge = Judge::new(bench, &set)?;
    match protocol.facts().sessions {
        SessionKind::Simulated => {
            let log = bench.cut.part(Part::Test)?;
            for world in World::SIMULATED {
                let simulator = bench.simulators.of(world, &log)?;
                judge.table(&table_name(protocol, Some(&simulator)), &contestants, Some(&simulator), all)?;
            }
        }
        _ => judge.table(protocol.name(), &contestants, None, all)?,
    }
    Ok(())
}

/// The judge of one protocol.
struct Judge<'a> {
    bench: &'a Bench<'a>,
    set: &'a EvaluationSet,
    features: drr_eval::ItemFeatures,
    canaries: Canaries,
}

impl<'a> Judge<'a> {
    fn new(bench: &'a Bench<'a>, set: &'a EvaluationSet) -> Result<Self> {
        let features = item_features(&bench.cut, &*bench.spaces.own(Phase::Final)?)?;
        // Candidates of "rerank" are all rated, and in a session everybody's candidates differ: nothing can be planted.
        let ranks = bench.cut.protocol.facts().ranks_catalogue;
        let per_user = if ranks { bench.lab.canaries_per_user } else { 0 };
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
        let mut random = bench.cut.seeds().stream("canaries");
        let canaries = Canaries::plant(&users, &features.popularity_share, per_user, &mut random);
        Ok(Self { bench, set, features, canaries })
    }

    /// Judges everybody in one table, the oracle last.
    fn table(
        &self,
        table: &str,
        contestants: &[Contestant],
        simulator: Option<&Simulator>,
        all: &mut Collected,
    ) -> Result<()> {
        let bench = self.bench;
        let bar = bench.work.bar(&format!("evaluate {table}"), contestants.len() as u64 + 1);
        let mut evaluations = Vec::new();
        for (at, contestant) in contestants.iter().enumerate() {
            bench.work.stop_if_asked()?;
            let who = (&*contestant.recommender, contestant.id.as_ref());
            for it in forms(bench, self.set, who, simulator)? {
                all.judged.push(self.row(table, who.0, it.id, &it.evaluation)?);
                evaluations.push(it.evaluation.evaluation);
            }
            bar.set(at as u64 + 1);
        }
        let of_table = |oracle: &dyn Recommender| one_form(bench, self.set, oracle, simulator);
        let oracle = match simulator {
            Some(simulator) => of_table(&SimulatorOracle(simulator))?,
            None => of_table(&Oracle::new(self.set))?,
        };
        all.judged.push(self.row(table, &Oracle::new(self.set), None, &oracle)?);
        evaluations.push(oracle.evaluation);
        bar.finish();
        let primary = comparisons::primary(bench.cut.protocol);
        let judged = evaluations[0].per_user.iter().filter(|it| it.metric == primary);
        let k = comparisons::length(judged.map(|it| it.k)).context("nothing was judged")?;
        all.comparisons.extend(comparisons::pairs(&bench.cut, table, k, &evaluations)?);
        for evaluation in &evaluations {
            all.lists.extend(list_rows(bench.cut.dataset, table, evaluation));
            all.per_user.extend(per_user_rows(bench.cut.dataset, table, evaluation));
        }
        Ok(())
    }

    fn row(
        &self,
        table: &str,
        recommender: &dyn Recommender,
        id: Option<LearnerId>,
        it: &SessionEvaluation,
    ) -> Result<Judged> {
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
            id,
            measures: ListMeasures::of(&lists, &histories, &self.features, self.length()),
            canaries,
            shuffled_share: self.shuffled_share(recommender, &summary)?,
            curve: it.curve.clone(),
            summary,
        })
    }

    /// The length at which lists are looked at beside the metrics; sessions are cut there too.
    fn length(&self) -> usize {
        let are_lists = self.bench.cut.protocol.facts().sessions == SessionKind::None;
        if are_lists { self.bench.evaluation.headline() } else { HEADLINE_LENGTH }
    }

    /// What is left of the score when histories are shuffled, under the protocols that rank the catalogue.
    fn shuffled_share(
        &self,
        recommender: &dyn Recommender,
        summary: &EvaluationSummary,
    ) -> Result<Option<f64>> {
        let ranks = self.bench.cut.protocol.facts().ranks_catalogue;
        if !ranks || ["oracle", "random"].contains(&&*summary.recommender) {
            return Ok(None);
        }
        let metric = comparisons::primary(self.bench.cut.protocol);
        let shuffled = self.set.shuffled(&mut Seeds(self.bench.cut.seed).stream("shuffled histories"));
        let k = self.length();
        let then = evaluate(recommender, &shuffled, &[k])?.summary;
        let (then, now) = (then.metric(metric, k), summary.metric(metric, k));
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

fn list_rows(dataset: &Dataset, table: &str, evaluation: &Evaluation) -> Vec<ListRow> {
    let mut rows = Vec::new();
    for (user, list) in evaluation.users.iter().zip(&evaluation.lists) {
        for (rank, scored) in (1..).zip(list) {
            rows.push(ListRow {
                protocol: table.to_owned(),
                recommender: evaluation.summary.recommender.clone(),
                user_id: dataset.user_id(*user).to_owned(),
                rank,
                item_id: dataset.item_id(scored.item).to_owned(),
                score: scored.score,
            });
        }
    }
    rows
}

/// Every metric of every user; what is undefined for a user has no row.
fn per_user_rows(dataset: &Dataset, table: &str, evaluation: &Evaluation) -> Vec<PerUserRow> {
    let mut rows = Vec::new();
    for of in &evaluation.per_user {
        for (user, value) in evaluation.users.iter().zip(&of.values).filter(|(_, value)| value.is_finite()) {
            rows.push(PerUserRow {
                protocol: table.to_owned(),
                recommender: evaluation.summary.recommender.clone(),
                user_id: dataset.user_id(*user).to_owned(),
                metric: of.metric.name().to_owned(),
                k: u32::try_from(of.k).unwrap_or(u32::MAX),
                value: *value,
            });
        }
    }
    rows
}
