//! Lines beside each other: the same users, several seeds.

use super::{LongSessionEvaluation, SessionMeasure};
use crate::evaluate::BOOTSTRAP;
use crate::statistics::{
    N_RESAMPLES, bootstrap_mean, paired_comparison, sample_deviation, student_t_interval,
};
use crate::{EvalError, Interval, PairedComparison};
use serde::{Deserialize, Serialize};

/// One measure of a recommender that was trained from several seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedFigures {
    /// The measure.
    pub measure: SessionMeasure,
    /// The mean over users of each user's mean over the seeds; users are resampled. It says how much other users would change.
    pub over_users: Interval,
    /// The mean of each seed, in the order given.
    pub of_seeds: Vec<f64>,
    /// The mean of the seeds with Student's 95 % interval, which says how much other seeds would change; `None` for one seed.
    pub over_seeds: Option<Interval>,
    /// The standard deviation of the seeds' means; 0 for one seed.
    pub deviation: f64,
}

/// Each user's mean over the seeds of one recommender, in the order of the users.
///
/// # Errors
///
/// Fails without an evaluation, and if the seeds were judged on different users.
pub fn mean_of_seeds(
    seeds: &[&LongSessionEvaluation],
    measure: SessionMeasure,
) -> Result<Vec<f64>, EvalError> {
    let first = seeds.first().ok_or(EvalError::NoValues)?;
    let mut sums = vec![0.0; first.users.len()];
    for seed in seeds {
        same_users(first, seed)?;
        sums.iter_mut().zip(seed.values(measure)).for_each(|(sum, value)| *sum += value);
    }
    Ok(sums.into_iter().map(|sum| sum / seeds.len() as f64).collect())
}

/// The figures of one recommender over its seeds.
///
/// # Errors
///
/// As [`mean_of_seeds`].
pub fn over_seeds(
    seeds: &[&LongSessionEvaluation],
    measure: SessionMeasure,
) -> Result<SeedFigures, EvalError> {
    let of_users = mean_of_seeds(seeds, measure)?;
    let over_users = bootstrap_mean(&of_users, N_RESAMPLES, &mut BOOTSTRAP.stream("bootstrap"))?;
    let of_seeds: Vec<f64> = seeds.iter().map(|seed| seed.summary.measure(measure).mean).collect();
    let (over_seeds, deviation) = (student_t_interval(&of_seeds), sample_deviation(&of_seeds));
    Ok(SeedFigures { measure, over_users, of_seeds, over_seeds, deviation })
}

/// Compares two recommenders user by user, left minus right, each by its mean over the seeds that it has.
///
/// # Errors
///
/// As [`mean_of_seeds`], and if the two were judged on different users.
pub fn compare_sessions(
    left: &[&LongSessionEvaluation],
    right: &[&LongSessionEvaluation],
    measure: SessionMeasure,
) -> Result<PairedComparison, EvalError> {
    let (of_left, of_right) = (mean_of_seeds(left, measure)?, mean_of_seeds(right, measure)?);
    if let (Some(left), Some(right)) = (left.first(), right.first()) {
        same_users(left, right)?;
    }
    paired_comparison(&of_left, &of_right, &mut BOOTSTRAP.stream("comparison"))
}

fn same_users(left: &LongSessionEvaluation, right: &LongSessionEvaluation) -> Result<(), EvalError> {
    if left.users == right.users {
        return Ok(());
    }
    let name = |it: &LongSessionEvaluation| it.summary.recommender.clone();
    Err(EvalError::OtherUsers { left: name(left), right: name(right) })
}
