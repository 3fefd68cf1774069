//! The judgement: every recommender under every protocol, on test rows, beside random, popularity and the oracle.

use super::Experiment;
use super::experiment::Phase;
use super::pretrain;
use super::train::{Variant, policy_file, variants};
use crate::cache::digest_of;
use crate::config::SpaceKind;
use anyhow::{Context as _, Result};
use drr_agent::DrrPolicy;
use drr_baselines::{FoldInRecommender, ItemKnn, ItemKnnConfig, Popularity, Random};
use drr_core::{ItemSet, Part, PartSet, Recommender, RowOrigin};
use drr_data::{ListRow, PerUserRow, Protocol, write_lists, write_per_user};
use drr_eval::statistics::{N_RESAMPLES, paired_bootstrap_difference};
use drr_eval::{Evaluation, EvaluationSet, EvaluationSummary, Interval, Metric, Oracle, evaluate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rows of the report that are not an agent's.
pub const NO_RL: &str = "no_rl";

/// The difference of two recommenders' precision at 10, user by user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// The protocol.
    pub protocol: String,
    /// Whose precision is the minuend.
    pub left: String,
    /// Whose precision is the subtrahend.
    pub right: String,
    /// The mean difference and its 95 % interval.
    pub difference: Interval,
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
    /// `protocol.recommender.metric@k` and its value.
    pub values: BTreeMap<String, f64>,
    /// Every recommender's summary.
    pub results: Vec<EvaluationSummary>,
    /// The agent against the others.
    pub comparisons: Vec<Comparison>,
}

/// The held-out cases of one part under a protocol.
pub fn evaluation_set(experiment: &Experiment<'_>, protocol: Protocol, part: Part) -> Result<EvaluationSet> {
    let config = &experiment.config;
    let positive = config.data.positive_rating;
    let phase = if part == Part::Validation { Phase::Choose } else { Phase::Final };
    let past = experiment.log(protocol, phase)?;
    let permitted: Vec<RowOrigin> = vec![past.origin().clone()];
    let held_out = experiment.dataset.log(protocol, &[part].into_iter().collect::<PartSet>())?;
    Ok(match protocol {
        Protocol::Seed => {
            let catalogue = ItemSet::full(held_out.n_items());
            EvaluationSet::seed(
                &held_out,
                catalogue,
                positive,
                config.evaluation.n_observed,
                part,
                permitted,
            )?
        }
        _ => EvaluationSet::temporal(&past, &held_out, positive, part, permitted)?,
    })
}

/// Everybody who is judged, agents last.
pub fn recommenders(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    set: &EvaluationSet,
) -> Result<Vec<Box<dyn Recommender>>> {
    let config = &experiment.config;
    let positive = config.data.positive_rating;
    let log = experiment.log(protocol, Phase::Final)?;
    let space = |kind| pretrain::space(experiment, protocol, Phase::Final, kind);
    let popularity = || Popularity::fit(&log, positive);
    let own = config.embedding.space;
    let mut all: Vec<Box<dyn Recommender>> = vec![
        Box::new(Random::new(log.n_items(), experiment.seeds(protocol).child("random"))),
        Box::new(popularity()),
        Box::new(ItemKnn::fit(&log, &ItemKnnConfig { positive, ..ItemKnnConfig::default() })?),
    ];
    let other = match own {
        SpaceKind::Pmf => SpaceKind::CoOccurrence,
        SpaceKind::CoOccurrence => SpaceKind::Pmf,
    };
    all.push(Box::new(FoldInRecommender::new(other.name(), space(other)?, popularity())?));
    all.push(Box::new(FoldInRecommender::new(NO_RL, space(own)?, popularity())?));
    let own = space(own)?;
    for variant in variants(experiment) {
        if variant == Variant::Agent {
            let path = experiment.path(policy_file(protocol, variant, false));
            all.push(Box::new(Renamed::new(DrrPolicy::load(&path, Arc::clone(&own))?, "drr_ave_untrained")));
        }
    }
    for variant in variants(experiment).into_iter().rev() {
        let path = experiment.path(policy_file(protocol, variant, true));
        all.push(Box::new(DrrPolicy::load(&path, Arc::clone(&own))?));
    }
    all.push(Box::new(Oracle::new(set)));
    Ok(all)
}

/// A recommender under another name.
struct Renamed<R> {
    inner: R,
    name: &'static str,
}

impl<R: Recommender> Renamed<R> {
    const fn new(inner: R, name: &'static str) -> Self {
        Self { inner, name }
    }
}

impl<R: Recommender> Recommender for Renamed<R> {
    fn name(&self) -> &str {
        self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.inner.origin()
    }

    fn recommend(
        &self,
        queries: &[drr_core::Query],
        k: usize,
    ) -> Result<Vec<Vec<drr_core::ScoredItem>>, drr_core::RecommendError> {
        self.inner.recommend(queries, k)
    }
}

/// Judges what has changed since it was last judged.
pub fn run(experiment: &Experiment<'_>) -> Result<RunMetrics> {
    let stage = experiment.stage("evaluate");
    let mut digests = Vec::new();
    for protocol in experiment.protocols() {
        digests.push(experiment.split_hash(protocol)?.to_owned());
        digests.extend(pretrain::digests(experiment, protocol)?);
        for variant in variants(experiment) {
            digests.push(experiment.digest(policy_file(protocol, variant, true))?);
            digests.push(experiment.digest(policy_file(protocol, variant, false))?);
        }
    }
    let inputs = digest_of(&(
        digests,
        &experiment.config.evaluation,
        experiment.config.data.positive_rating,
        experiment.config.seed,
    ))?;
    let outputs = ["metrics.json", "lists.parquet", "per_user.parquet"].map(|name| experiment.path(name));
    stage.run(&inputs, &outputs, || judge(experiment))?;
    load(experiment)
}

/// The figures of a run that was judged.
pub fn load(experiment: &Experiment<'_>) -> Result<RunMetrics> {
    let path = experiment.path("metrics.json");
    let text = std::fs::read(&path)
        .with_context(|| format!("cannot read {}: run evaluate first", path.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("{} is damaged: run evaluate --force", path.display()))
}

fn judge(experiment: &Experiment<'_>) -> Result<()> {
    let mut metrics = RunMetrics {
        dataset_hash: experiment.manifest.dataset_hash.clone(),
        config_hash: experiment.manifest.config_hash.clone(),
        seed: experiment.config.seed,
        values: BTreeMap::new(),
        results: Vec::new(),
        comparisons: Vec::new(),
    };
    let (mut lists, mut per_user) = (Vec::new(), Vec::new());
    for protocol in experiment.protocols() {
        let set = evaluation_set(experiment, protocol, Part::Test)?;
        let all = recommenders(experiment, protocol, &set)?;
        let bar = experiment.context.bar(&format!("evaluate {protocol}"), all.len() as u64);
        let mut evaluations = Vec::new();
        for (at, recommender) in all.iter().enumerate() {
            let evaluation = evaluate(&**recommender, &set, &experiment.config.evaluation.list_lengths)?;
            lists.extend(list_rows(experiment, protocol, &evaluation));
            per_user.extend(per_user_rows(experiment, protocol, &evaluation));
            evaluations.push(evaluation);
            bar.set(at as u64 + 1);
        }
        bar.finish();
        metrics.comparisons.extend(comparisons(experiment, protocol, &evaluations)?);
        for evaluation in evaluations {
            metrics.values.extend(values(&evaluation.summary));
            metrics.results.push(evaluation.summary);
        }
    }
    write_lists(&experiment.path("lists.parquet"), &lists)?;
    write_per_user(&experiment.path("per_user.parquet"), &per_user)?;
    crate::files::write(&experiment.path("metrics.json"), &serde_json::to_vec_pretty(&metrics)?)
}

fn values(summary: &EvaluationSummary) -> Vec<(String, f64)> {
    let prefix = format!("{}.{}", summary.protocol.name(), summary.recommender);
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

/// The agent minus everybody else, paired by user.
fn comparisons(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    evaluations: &[Evaluation],
) -> Result<Vec<Comparison>> {
    let precision = |evaluation: &Evaluation| {
        let values = evaluation.values(Metric::Precision, 10).map(<[f64]>::to_vec);
        values.context("precision at 10 was not judged")
    };
    let agent = Variant::Agent.name();
    let Some(left) = evaluations.iter().find(|it| it.summary.recommender == agent) else {
        return Ok(Vec::new());
    };
    let left = precision(left)?;
    let mut all = Vec::new();
    for other in evaluations.iter().filter(|it| ![agent, "oracle"].contains(&it.summary.recommender.as_str()))
    {
        let mut random =
            experiment.seeds(protocol).stream(&format!("bootstrap {}", other.summary.recommender));
        let difference = paired_bootstrap_difference(&left, &precision(other)?, N_RESAMPLES, &mut random)?;
        all.push(Comparison {
            protocol: protocol.to_string(),
            left: agent.to_owned(),
            right: other.summary.recommender.clone(),
            difference,
        });
    }
    Ok(all)
}

fn list_rows(experiment: &Experiment<'_>, protocol: Protocol, evaluation: &Evaluation) -> Vec<ListRow> {
    let mut rows = Vec::new();
    for (user, list) in evaluation.users.iter().zip(&evaluation.lists) {
        for (rank, scored) in (1..).zip(list) {
            rows.push(ListRow {
                protocol: protocol.to_string(),
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

fn per_user_rows(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    evaluation: &Evaluation,
) -> Vec<PerUserRow> {
    let mut rows = Vec::new();
    for of in &evaluation.per_user {
        for (user, value) in evaluation.users.iter().zip(&of.values) {
            rows.push(PerUserRow {
                protocol: protocol.to_string(),
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
