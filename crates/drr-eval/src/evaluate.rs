//! The judgement of one recommender under one protocol.
//!
//! The guard comes first, then the lists are asked for and checked, and only then is anything counted: there is no figure
//! for a recommender that leaks, repeats itself, or recommends what it may not.

use crate::statistics::{N_RESAMPLES, bootstrap_means};
use crate::{
    Case, Diversity, EvalError, EvaluationSet, Interval, ListView, Metric, Protocol, Provenance,
    check_origin, hits,
};
use drr_core::{ItemIdx, Part, Query, Recommender, ScoredItem, Seeds, UserIdx};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The queries that a recommender answers at once.
const CHUNK: usize = 64;

/// The seed of the bootstrap. It is the same in every evaluation, so that intervals differ by recommender alone.
pub(crate) const BOOTSTRAP: Seeds = Seeds(2018);

/// The mean of a metric over users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MetricMean {
    /// The metric.
    pub metric: Metric,
    /// The length of the lists.
    pub k: usize,
    /// The mean over users, with its 95 % interval.
    pub interval: Interval,
}

/// The diversity of all lists cut at `k`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DiversityAt {
    /// The length of the lists.
    pub k: usize,
    /// Coverage and Gini.
    pub diversity: Diversity,
}

/// The figures of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationSummary {
    /// The recommender's name.
    pub recommender: String,
    /// The protocol.
    pub protocol: Protocol,
    /// The version of the protocol's definition.
    pub protocol_version: u32,
    /// The part of the split that was judged on.
    pub part: Part,
    /// What is known about the rows that the recommender was fitted on.
    pub provenance: Provenance,
    /// The number of users.
    pub n_users: usize,
    /// The mean of each metric at each `k`.
    pub metrics: Vec<MetricMean>,
    /// Coverage and Gini at each `k`.
    pub diversity: Vec<DiversityAt>,
}

impl EvaluationSummary {
    /// The mean of `metric` at `k`; `None` if it was not judged at `k`.
    #[must_use]
    pub fn metric(&self, metric: Metric, k: usize) -> Option<Interval> {
        let found = self.metrics.iter().find(|it| (it.metric, it.k) == (metric, k));
        found.map(|it| it.interval)
    }

    /// Coverage and Gini at `k`; `None` if the lists were not judged at `k`.
    #[must_use]
    pub fn diversity(&self, k: usize) -> Option<Diversity> {
        self.diversity.iter().find(|it| it.k == k).map(|it| it.diversity)
    }
}

/// A metric's value for each user.
#[derive(Debug, Clone, PartialEq)]
pub struct PerUser {
    /// The metric.
    pub metric: Metric,
    /// The length of the lists.
    pub k: usize,
    /// The values, in the order of [`Evaluation::users`]; NaN for a user for whom the metric is undefined, who does not
    /// count in the mean.
    pub values: Vec<f64>,
}

/// All that was found out about one recommender under one protocol.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The figures.
    pub summary: EvaluationSummary,
    /// The users, in the order of the cases.
    pub users: Vec<UserIdx>,
    /// Each metric at each `k`, user by user.
    pub per_user: Vec<PerUser>,
    /// The lists, best first, as long as the greatest `k`.
    pub lists: Vec<Vec<ScoredItem>>,
}

impl Evaluation {
    /// The values of `metric` at `k`, user by user; `None` if it was not judged at `k`.
    #[must_use]
    pub fn values(&self, metric: Metric, k: usize) -> Option<&[f64]> {
        let found = self.per_user.iter().find(|it| (it.metric, it.k) == (metric, k));
        found.map(|it| it.values.as_slice())
    }
}

/// Judges `recommender` by its lists at each length of `ks`.
///
/// # Errors
///
/// Fails on leakage (see [`check_origin`]), on lists that break the contract of [`Recommender`], where the recommender
/// fails, and on unusable list lengths.
pub fn evaluate(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    ks: &[usize],
) -> Result<Evaluation, EvalError> {
    let k_max = longest(ks)?;
    let provenance = check_origin(recommender, set)?;
    let queries: Vec<&Query> = set.cases.iter().map(|case| &case.query).collect();
    let lists = ask(recommender, &queries, k_max)?;
    judge_lists(recommender, set, provenance, lists, ks)
}

/// Judges given lists as [`evaluate`] judges the lists it asked for.
pub(crate) fn judge_lists(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    provenance: Provenance,
    lists: Vec<Vec<ScoredItem>>,
    ks: &[usize],
) -> Result<Evaluation, EvalError> {
    let items = items_of(&lists);
    let per_user = judge(set, &items, ks);
    assemble(recommender.name(), set, provenance, per_user, lists, ks)
}

/// The greatest of the list lengths.
pub(crate) fn longest(ks: &[usize]) -> Result<usize, EvalError> {
    match ks.iter().max() {
        Some(k_max) if !ks.contains(&0) => Ok(*k_max),
        _ => Err(EvalError::ListLengths(ks.to_vec())),
    }
}

fn items_of(lists: &[Vec<ScoredItem>]) -> Vec<Vec<ItemIdx>> {
    lists.iter().map(|list| list.iter().map(|scored| scored.item).collect()).collect()
}

/// The figures of values that were already judged, with the diversity of the lists at `ks`.
pub(crate) fn assemble(
    recommender: &str,
    set: &EvaluationSet,
    provenance: Provenance,
    per_user: Vec<PerUser>,
    lists: Vec<Vec<ScoredItem>>,
    ks: &[usize],
) -> Result<Evaluation, EvalError> {
    let metrics = metric_means(&per_user)?;
    let items = items_of(&lists);
    let diversity = ks
        .iter()
        .map(|&k| {
            let cut = items.iter().map(|list| &list[..k.min(list.len())]);
            DiversityAt { k, diversity: Diversity::of(cut, &set.catalogue) }
        })
        .collect();
    let summary = EvaluationSummary {
        recommender: recommender.to_owned(),
        protocol: set.protocol,
        protocol_version: set.protocol.version(),
        part: set.part,
        provenance,
        n_users: set.cases.len(),
        metrics,
        diversity,
    };
    let users = set.cases.iter().map(|case| case.query.user).collect();
    Ok(Evaluation { summary, users, per_user, lists })
}

/// Asks for all lists, many queries at once, and checks them.
pub(crate) fn ask(
    recommender: &dyn Recommender,
    queries: &[&Query],
    k: usize,
) -> Result<Vec<Vec<ScoredItem>>, EvalError> {
    let chunks: Vec<Vec<Vec<ScoredItem>>> = queries
        .par_chunks(CHUNK)
        .map(|chunk| {
            let queries: Vec<Query> = chunk.iter().map(|query| (*query).clone()).collect();
            let lists = recommender.recommend(&queries, k)?;
            if lists.len() != queries.len() {
                let (n_queries, n_lists) = (queries.len(), lists.len());
                return Err(EvalError::CountOfLists {
                    recommender: recommender.name().to_owned(),
                    n_queries,
                    n_lists,
                });
            }
            for (query, list) in queries.iter().zip(&lists) {
                check_list(recommender, query, list, k)?;
            }
            Ok(lists)
        })
        .collect::<Result<_, _>>()?;
    Ok(chunks.into_iter().flatten().collect())
}

/// Refuses a list that is too long, or that has an item twice or one that is not allowed.
pub(crate) fn check_list(
    recommender: &dyn Recommender,
    query: &Query,
    list: &[ScoredItem],
    k: usize,
) -> Result<(), EvalError> {
    let (name, user) = (|| recommender.name().to_owned(), query.user);
    if list.len() > k {
        return Err(EvalError::TooLong { recommender: name(), user, length: list.len(), k });
    }
    for (rank, ScoredItem { item, .. }) in list.iter().enumerate() {
        if !query.allowed.contains(*item) {
            return Err(EvalError::NotAllowed { recommender: name(), user, item: *item });
        }
        if list[..rank].iter().any(|earlier| earlier.item == *item) {
            return Err(EvalError::Repeated { recommender: name(), user, item: *item });
        }
    }
    Ok(())
}

/// Each metric at each length, for each user.
fn judge(set: &EvaluationSet, lists: &[Vec<ItemIdx>], ks: &[usize]) -> Vec<PerUser> {
    let metrics = Metric::of_protocol(set.protocol);
    let columns: Vec<(usize, Metric)> =
        ks.iter().flat_map(|k| metrics.iter().map(|metric| (*k, *metric))).collect();
    let of_users: Vec<Vec<f64>> = set
        .cases
        .par_iter()
        .zip(lists)
        .with_min_len(CHUNK)
        .map(|(case, list)| judge_one(set.protocol, case, list, &columns))
        .collect();
    columns
        .iter()
        .enumerate()
        .map(|(at, (k, metric))| PerUser {
            metric: *metric,
            k: *k,
            values: of_users.iter().map(|values| values[at]).collect(),
        })
        .collect()
}

/// One user's value in each column; NaN where the metric is undefined for the user.
fn judge_one(protocol: Protocol, case: &Case, list: &[ItemIdx], columns: &[(usize, Metric)]) -> Vec<f64> {
    let hits = hits(list.iter().copied(), &case.relevant);
    let ratings: Vec<Option<f32>> = list.iter().map(|item| case.rating(*item)).collect();
    let n_relevant = case.relevant.len();
    columns
        .iter()
        .map(|(k, metric)| match metric.is_defined(protocol, n_relevant) {
            true => metric.value(&ListView { hits: &hits, ratings: &ratings, n_relevant, k: *k }),
            false => f64::NAN,
        })
        .collect()
}

/// The means over the users for whom each metric is defined; a metric that is defined for nobody is left out.
fn metric_means(per_user: &[PerUser]) -> Result<Vec<MetricMean>, EvalError> {
    let random = || BOOTSTRAP.stream("bootstrap");
    let is_whole = |it: &&PerUser| !it.values.iter().any(|value| value.is_nan());
    let whole: Vec<&[f64]> = per_user.iter().filter(is_whole).map(|it| it.values.as_slice()).collect();
    let mut of_whole = match whole.is_empty() {
        true => Vec::new(),
        false => bootstrap_means(&whole, N_RESAMPLES, &mut random())?,
    }
    .into_iter();
    let mut means = Vec::with_capacity(per_user.len());
    for it in per_user {
        let interval = if is_whole(&it) {
            of_whole.next()
        } else {
            let defined: Vec<f64> = it.values.iter().copied().filter(|value| !value.is_nan()).collect();
            match defined.is_empty() {
                true => None,
                false => bootstrap_means(&[&defined], N_RESAMPLES, &mut random())?.pop(),
            }
        };
        means.extend(interval.map(|interval| MetricMean { metric: it.metric, k: it.k, interval }));
    }
    Ok(means)
}
