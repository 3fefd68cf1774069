//! What a data set looks like, before anything is fitted: sizes, distributions, times, attributes, and the pattern in the
//! order of ratings that the paper starts from (Liu et al. 2018, fig. 1).

mod attributes;
mod calendar;
mod streaks;
mod text;

use crate::{DataError, Dataset};
use drr_core::{InteractionLog, POSITIVE_RATING};
use serde::Serialize;
use std::collections::BTreeMap;

pub use attributes::{AttributeSummary, WordCount};
pub use streaks::{Streak, StreakKind};

/// A rating up to this value counts as negative: 1 and 2 stars.
///
/// The paper does not say what it counts. Three stars are neither positive nor negative here: they end both streaks.
pub const NEGATIVE_RATING: f32 = 2.0;
/// The longest streak that is told apart.
const LONGEST_STREAK: usize = 10;

/// What is worth knowing of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// The name of the data set.
    pub dataset: String,
    /// Users with at least one rating.
    pub n_users: usize,
    /// Items with at least one rating.
    pub n_items: usize,
    /// Ratings.
    pub n_ratings: usize,
    /// Ratings as a share of all pairs of a user and an item.
    pub density: f64,
    /// The mean of all ratings.
    pub mean_rating: f64,
    /// Each rating and how often it was given, in ascending order.
    pub rating_histogram: Vec<RatingCount>,
    /// How many ratings a user gave.
    pub ratings_per_user: Summary,
    /// How many ratings an item got.
    pub ratings_per_item: Summary,
    /// When the ratings were given; `None` for a data set without times.
    pub time_span: Option<TimeSpan>,
    /// The share of ratings given in the same second as another by the same user, in `[0, 1]`: their order is unknown.
    /// `None` for a data set without times.
    pub shared_second: Option<f64>,
    /// What is said of the users beside their ids.
    pub user_attributes: Vec<AttributeSummary>,
    /// What is said of the items beside their ids and titles.
    pub item_attributes: Vec<AttributeSummary>,
    /// The mean rating after streaks of positive, then of negative ratings. Empty for a data set without times.
    pub streaks: Vec<Streak>,
}

/// A rating and how often it was given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RatingCount {
    /// The rating.
    pub rating: f32,
    /// How often it was given.
    pub count: usize,
}

/// A distribution of numbers in six of them. Quartiles are interpolated linearly between neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Summary {
    /// The smallest.
    pub min: f64,
    /// A quarter is at most this.
    pub lower_quartile: f64,
    /// Half is at most this.
    pub median: f64,
    /// The mean.
    pub mean: f64,
    /// Three quarters are at most this.
    pub upper_quartile: f64,
    /// The largest.
    pub max: f64,
}

/// When ratings were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TimeSpan {
    /// The earliest time, seconds since 1970.
    pub first_timestamp: i64,
    /// The latest time, seconds since 1970.
    pub last_timestamp: i64,
    /// The day of the earliest, `2000-04-25` (UTC).
    pub first_date: String,
    /// The day of the latest.
    pub last_date: String,
}

impl Summary {
    /// The summary of `counts`; all zeros if there is none.
    #[must_use]
    pub fn of(counts: Vec<usize>) -> Self {
        Self::of_numbers(counts.into_iter().map(|count| count as f64).collect())
    }

    /// The summary of finite numbers; all zeros if there is none.
    #[must_use]
    pub fn of_numbers(mut numbers: Vec<f64>) -> Self {
        numbers.sort_unstable_by(f64::total_cmp);
        let (Some(min), Some(max)) = (numbers.first(), numbers.last()) else { return Self::default() };
        Self {
            min: *min,
            lower_quartile: quantile(&numbers, 0.25),
            median: quantile(&numbers, 0.5),
            mean: mean(&numbers),
            upper_quartile: quantile(&numbers, 0.75),
            max: *max,
        }
    }
}

/// The mean; of numbers whose sum is not finite by their shares.
fn mean(numbers: &[f64]) -> f64 {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    if mean.is_finite() { mean } else { numbers.iter().map(|number| number / n).sum() }
}

/// The `share` quantile of sorted numbers, with linear interpolation (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    let (low, high) = (sorted[below], sorted[above]);
    let part = position - below as f64;
    let between = low + part * (high - low);
    if between.is_finite() { between } else { (1.0 - part) * low + part * high }
}

/// Describes a data set.
///
/// # Errors
///
/// Fails if the rows are no log, which opening the data set has ruled out.
pub fn describe(dataset: &Dataset) -> Result<Description, DataError> {
    let log = dataset.full_log()?;
    let has_time = dataset.manifest().has_time;
    let mut per_user = vec![(0_usize, 0.0_f64); log.n_users()];
    let mut per_item = vec![(0_usize, 0.0_f64); log.n_items()];
    let mut histogram: BTreeMap<u32, RatingCount> = BTreeMap::new();
    for row in log.iter() {
        for (count, sum) in [&mut per_user[row.user.index()], &mut per_item[row.item.index()]] {
            *count += 1;
            *sum += f64::from(row.rating);
        }
        let entry = histogram.entry(row.rating.to_bits());
        entry.or_insert(RatingCount { rating: row.rating, count: 0 }).count += 1;
    }
    let mut rating_histogram: Vec<RatingCount> = histogram.into_values().collect();
    rating_histogram.sort_by(|left, right| left.rating.total_cmp(&right.rating));
    let n_pairs = log.n_users() as f64 * log.n_items() as f64;
    let rating_sum: f64 = per_item.iter().map(|(_, sum)| sum).sum();
    Ok(Description {
        dataset: dataset.manifest().dataset.clone(),
        n_users: log.n_users(),
        n_items: log.n_items(),
        n_ratings: log.len(),
        density: ratio(log.len() as f64, n_pairs),
        mean_rating: ratio(rating_sum, log.len() as f64),
        rating_histogram,
        ratings_per_user: Summary::of(log.users().map(|user| log.of_user(user).len()).collect()),
        ratings_per_item: Summary::of(per_item.iter().map(|(count, _)| *count).collect()),
        time_span: if has_time { time_span(&log) } else { None },
        shared_second: has_time.then(|| shared_second(&log)),
        user_attributes: attributes::summaries(dataset.users(), &per_user),
        item_attributes: attributes::summaries(dataset.items(), &per_item),
        streaks: if has_time {
            streaks::streaks(&log, POSITIVE_RATING, NEGATIVE_RATING, LONGEST_STREAK)
        } else {
            Vec::new()
        },
    })
}

/// A quotient that is 0 where there is nothing to divide by.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn time_span(log: &InteractionLog) -> Option<TimeSpan> {
    let first = log.iter().map(|row| row.timestamp).min()?;
    let last = log.iter().map(|row| row.timestamp).max()?;
    Some(TimeSpan {
        first_timestamp: first,
        last_timestamp: last,
        first_date: calendar::date_of(first),
        last_date: calendar::date_of(last),
    })
}

fn shared_second(log: &InteractionLog) -> f64 {
    let mut n_shared = 0;
    for user in log.users() {
        let groups = log.of_user(user).timestamps.chunk_by(|left, right| left == right);
        n_shared += groups.map(<[i64]>::len).filter(|len| *len > 1).sum::<usize>();
    }
    ratio(n_shared as f64, log.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        // Sorted 1 2 4 8: positions .75, 1.5 and 2.25.
        let summary = Summary::of(vec![8, 1, 4, 2]);
        let expected = Summary {
            min: 1.0,
            lower_quartile: 1.75,
            median: 3.0,
            mean: 3.75,
            upper_quartile: 5.0,
            max: 8.0,
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn nothing_and_one_count_have_a_summary_too() {
        assert_eq!(Summary::of(Vec::new()), Summary::default());
        let one = Summary::of(vec![7]);
        assert_eq!((one.min, one.median, one.max), (7.0, 7.0, 7.0));
    }
}
