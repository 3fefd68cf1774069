//! What a log of ratings can say about the dynamics of a session: little, and this says how little.
//!
//! A *sitting* is a user's ratings without a gap of more than an hour. Within it, the end of the sitting is regressed on how
//! satisfied the user is and on how stale the rated item's categories are, and what a rating lacks to its prediction on the
//! staleness. Intervals are 95 % and robust to what a user's ratings have in common (clustered by user; Liang and Zeger 1986).

mod regression;

use crate::EnvError;
use drr_core::{Categories, InteractionLog, ItemIdx, UserIdx};
use regression::{Row, least_squares};
use serde::{Deserialize, Serialize};

/// How sittings are cut and staleness is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SittingConfig {
    /// The longest gap within a sitting, in the units of the timestamps: seconds.
    pub gap: i64,
    /// The number of the latest ratings whose mean is the satisfaction.
    pub window: usize,
    /// lambda, as in [`super::Dynamics`].
    pub staleness_decay: f64,
    /// theta, as in [`super::Dynamics`].
    pub threshold: f64,
}

impl Default for SittingConfig {
    fn default() -> Self {
        Self { gap: 3600, window: 5, staleness_decay: 0.8, threshold: 1.0 }
    }
}

/// A number with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The hazard of leaving in one part of the ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// The mean of what the ratings are divided by.
    pub mean: f64,
    /// The share of the ratings that end a sitting.
    pub hazard: f64,
    /// The number of ratings.
    pub n: usize,
}

/// What a log says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimates {
    /// The number of sittings.
    pub n_sittings: usize,
    /// The number of ratings.
    pub n_ratings: usize,
    /// The share of the ratings that end a sitting.
    pub hazard: f64,
    /// h0: the probability that a sitting ends after a rating of mean satisfaction without staleness above the threshold.
    pub base_hazard: Estimate,
    /// kappa: how much that rises with a unit of staleness above the threshold.
    pub impatience: Estimate,
    /// How much it rises with a unit of satisfaction (in ratings): below 0 where dissatisfied users leave.
    pub satisfaction: Estimate,
    /// What a unit of staleness takes from a rating, beside its prediction.
    pub fatigue: Estimate,
    /// The hazard by sixths of the ratings in the order of satisfaction.
    pub by_satisfaction: Vec<Bucket>,
    /// The hazard by sixths of the ratings in the order of staleness.
    pub by_staleness: Vec<Bucket>,
}

/// The number of parts that ratings are divided into.
const N_BUCKETS: usize = 6;

/// One rating in its sitting.
#[derive(Debug, Clone, Copy)]
struct Moment {
    user: usize,
    satisfaction: f64,
    staleness: f64,
    /// What the rating has beyond its prediction.
    residual: f64,
    ends: bool,
}

/// Estimates the dynamics from the sittings of a log; `predict` gives the rating that a user would give to an item outside of
/// any sitting, from a model that was not fitted on the rating itself.
///
/// # Errors
///
/// Fails where there is too little to estimate: no times, no categories, or nobody who rates twice in a sitting.
pub fn estimate(
    log: &InteractionLog,
    categories: &Categories,
    predict: impl Fn(UserIdx, ItemIdx) -> f32,
    config: &SittingConfig,
) -> Result<Estimates, EnvError> {
    let moments = moments(log, categories, predict, config);
    let too_little = || {
        let remedy = "the dynamics need a log with times, categories, and sittings of several ratings";
        EnvError::setting("log", &format!("{} ratings", moments.len()), remedy)
    };
    let n_sittings = moments.iter().filter(|moment| moment.ends).count();
    let mean = moments.iter().map(|moment| moment.satisfaction).sum::<f64>() / moments.len().max(1) as f64;
    let leaving: Vec<Row<3>> = moments
        .iter()
        .map(|moment| Row {
            cluster: moment.user,
            inputs: [1.0, (moment.staleness - config.threshold).max(0.0), moment.satisfaction - mean],
            output: f64::from(u8::from(moment.ends)),
        })
        .collect();
    let [base_hazard, impatience, satisfaction] = least_squares(&leaving).ok_or_else(too_little)?;
    let [slope] = least_squares(&within_users(&moments)).ok_or_else(too_little)?;
    Ok(Estimates {
        n_sittings,
        n_ratings: moments.len(),
        hazard: n_sittings as f64 / moments.len() as f64,
        base_hazard,
        impatience,
        satisfaction,
        fatigue: Estimate { value: -slope.value, low: -slope.high, high: -slope.low },
        by_satisfaction: buckets(&moments, |moment| moment.satisfaction),
        by_staleness: buckets(&moments, |moment| moment.staleness),
    })
}

fn moments(
    log: &InteractionLog,
    categories: &Categories,
    predict: impl Fn(UserIdx, ItemIdx) -> f32,
    config: &SittingConfig,
) -> Vec<Moment> {
    let mut moments = Vec::with_capacity(log.len());
    let mut staleness = vec![0.0; categories.n_categories()];
    for user in log.users() {
        let ratings = log.of_user(user);
        let n = ratings.len();
        let mean = ratings.ratings.iter().map(|it| f64::from(*it)).sum::<f64>() / n.max(1) as f64;
        staleness.fill(0.0);
        for at in 0..n {
            let item = ratings.items[at];
            let latest = &ratings.ratings[(at + 1).saturating_sub(config.window)..=at];
            let satisfaction =
                latest.iter().map(|it| f64::from(*it)).sum::<f64>() / latest.len() as f64 - mean;
            let (of_item, weight) = (categories.of(item), f64::from(categories.weight(item)));
            let sum: f64 = of_item.iter().map(|it| staleness[usize::from(*it)]).sum();
            let ends = at + 1 == n || ratings.timestamps[at + 1] - ratings.timestamps[at] > config.gap;
            moments.push(Moment {
                user: user.index(),
                satisfaction,
                staleness: weight * sum,
                residual: f64::from(ratings.ratings[at]) - f64::from(predict(user, item)),
                ends,
            });
            if ends {
                staleness.fill(0.0);
                continue;
            }
            staleness.iter_mut().for_each(|it| *it *= config.staleness_decay);
            for category in of_item {
                staleness[usize::from(*category)] += weight;
            }
        }
    }
    moments
}

/// Staleness and residual less their means over the user's ratings: how generous a user is says nothing of staleness.
fn within_users(moments: &[Moment]) -> Vec<Row<1>> {
    let mut rows = Vec::with_capacity(moments.len());
    for of_user in moments.chunk_by(|left, right| left.user == right.user) {
        let mean = |value: fn(&Moment) -> f64| of_user.iter().map(value).sum::<f64>() / of_user.len() as f64;
        let (staleness, residual) = (mean(|it| it.staleness), mean(|it| it.residual));
        rows.extend(of_user.iter().map(|moment| Row {
            cluster: moment.user,
            inputs: [moment.staleness - staleness],
            output: moment.residual - residual,
        }));
    }
    rows
}

fn buckets(moments: &[Moment], value: impl Fn(&Moment) -> f64) -> Vec<Bucket> {
    let mut sorted: Vec<(f64, bool)> = moments.iter().map(|moment| (value(moment), moment.ends)).collect();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let size = sorted.len().div_ceil(N_BUCKETS).max(1);
    let bucket = |part: &[(f64, bool)]| Bucket {
        mean: part.iter().map(|it| it.0).sum::<f64>() / part.len() as f64,
        hazard: part.iter().filter(|it| it.1).count() as f64 / part.len() as f64,
        n: part.len(),
    };
    sorted.chunks(size).map(bucket).collect()
}
