//! Bootstrap intervals over users, comparisons of many recommenders, and how many users a question needs.
//!
//! Users are the independent units, so users are resampled (Efron 1979), and the interval is the percentile one. Metrics
//! of one evaluation share their resamples, and two recommenders are compared on the differences of the same users. Where
//! many are compared at once, their p-values are adjusted together ([`benjamini_hochberg`]); where several training seeds
//! were run, seeds are resampled within tasks ([`stratified_bootstrap_iqm`]).

mod interquartile;
mod letters;
mod multiple;
mod paired;
mod power;
mod resample;
mod student;

pub use interquartile::{interquartile_mean, stratified_bootstrap_iqm};
pub use letters::significance_letters;
pub use multiple::benjamini_hochberg;
pub use paired::{PairedComparison, paired_comparison, paired_comparisons};
pub(crate) use power::users_for;
pub use power::{minimum_detectable_difference, required_users};
pub use student::student_t_interval;

use crate::EvalError;
use drr_core::{RandomStream, Seeds};
use rand::{Rng, RngCore};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The resamples of an evaluation's intervals.
pub const N_RESAMPLES: usize = 2_000;

/// A mean and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean of the values themselves.
    pub mean: f64,
    /// The 2.5 % quantile of the resampled means.
    pub low: f64,
    /// The 97.5 % quantile of the resampled means.
    pub high: f64,
}

impl Interval {
    /// Whether zero lies outside: for a difference, whether it can be told from none.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// The mean of `values`, one per user, with a bootstrap interval.
///
/// # Errors
///
/// Fails without values or resamples.
pub fn bootstrap_mean(
    values: &[f64],
    n_resamples: usize,
    random: &mut RandomStream,
) -> Result<Interval, EvalError> {
    Ok(bootstrap_means(&[values], n_resamples, random)?[0])
}

/// The mean of `left - right`, user by user, with a bootstrap interval.
///
/// # Errors
///
/// Fails if both are not of the same users, and without values or resamples.
pub fn paired_bootstrap_difference(
    left: &[f64],
    right: &[f64],
    n_resamples: usize,
    random: &mut RandomStream,
) -> Result<Interval, EvalError> {
    if left.len() != right.len() {
        return Err(EvalError::Unpaired { left: left.len(), right: right.len() });
    }
    let differences: Vec<f64> = left.iter().zip(right).map(|(left, right)| left - right).collect();
    bootstrap_mean(&differences, n_resamples, random)
}

/// The means of several columns of values of the same users; all columns share the resamples of users.
///
/// # Errors
///
/// Fails if the columns are of different lengths, and without values or resamples.
pub fn bootstrap_means(
    columns: &[&[f64]],
    n_resamples: usize,
    random: &mut RandomStream,
) -> Result<Vec<Interval>, EvalError> {
    let n_users = columns.first().map_or(0, |column| column.len());
    if let Some(other) = columns.iter().find(|column| column.len() != n_users) {
        return Err(EvalError::Unpaired { left: n_users, right: other.len() });
    }
    if n_users == 0 {
        return Err(EvalError::NoValues);
    }
    if n_resamples == 0 {
        return Err(EvalError::NoResamples);
    }
    let panels: Vec<Vec<[f64; PANEL]>> =
        columns.chunks(PANEL).map(|columns| panel(columns, n_users)).collect();
    // Each block of resamples draws from a stream of its own, so that any number of threads finds the same.
    let root = Seeds(random.next_u64());
    let blocks: Vec<Vec<f64>> = (0..n_resamples.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let mut random = root.stream(&format!("block {block}"));
            let n_of_block = BLOCK.min(n_resamples - block * BLOCK);
            (0..n_of_block).flat_map(|_| resampled_means(&panels, n_users, &mut random)).collect()
        })
        .collect();
    let width = panels.len() * PANEL;
    let mut resampled = vec![Vec::with_capacity(n_resamples); columns.len()];
    for row in blocks.iter().flat_map(|block| block.chunks_exact(width)) {
        for (means, mean) in resampled.iter_mut().zip(row) {
            means.push(*mean);
        }
    }
    let intervals = columns.iter().zip(&mut resampled).map(|(column, means)| {
        let mean = column.iter().sum::<f64>() / n_users as f64;
        percentile_interval(mean, means)
    });
    Ok(intervals.collect())
}

/// The columns that are averaged side by side, in registers.
const PANEL: usize = 8;

/// The resamples that one stream draws.
const BLOCK: usize = 50;

/// At most [`PANEL`] columns, one row per user, missing columns filled with 0.
fn panel(columns: &[&[f64]], n_users: usize) -> Vec<[f64; PANEL]> {
    let value = |user: usize, at: usize| columns.get(at).map_or(0.0, |column| column[user]);
    (0..n_users).map(|user| std::array::from_fn(|at| value(user, at))).collect()
}

/// The mean of every column over one resample of users. How often each user was drawn is counted first: the counts stay
/// in the nearest cache, while the values are read once, in order.
fn resampled_means(panels: &[Vec<[f64; PANEL]>], n_users: usize, random: &mut RandomStream) -> Vec<f64> {
    let mut counts = vec![0_u32; n_users];
    for _ in 0..n_users {
        counts[random.random_range(0..n_users)] += 1;
    }
    let mut means = Vec::with_capacity(panels.len() * PANEL);
    for panel in panels {
        let mut sums = [0.0; PANEL];
        for (count, row) in counts.iter().zip(panel) {
            let count = f64::from(*count);
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += count * value;
            }
        }
        means.extend(sums.map(|sum| sum / n_users as f64));
    }
    means
}

/// The 95 % percentile interval of `mean`; sorts the resampled values.
fn percentile_interval(mean: f64, resampled: &mut [f64]) -> Interval {
    resampled.sort_unstable_by(f64::total_cmp);
    Interval { mean, low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) }
}

/// The standard deviation of a sample, with `n - 1`; 0 for fewer than two values.
pub(crate) fn sample_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// The quantile of sorted values, interpolated linearly between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn random() -> RandomStream {
        Seeds(1).stream("bootstrap")
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!(quantile(&[7.0], 0.975), 7.0);
        // numpy.quantile of the same values, by default "linear".
        let sorted = [1.0, 1.5, 2.6, 3.0, 4.0, 9.0];
        for (share, expected) in [(0.025, 1.0625), (0.25, 1.775), (0.975, 8.375)] {
            assert!((quantile(&sorted, share) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_deviation_of_a_sample_divides_by_one_less_than_its_size() {
        assert!((sample_deviation(&[1.0, 2.0, 3.0, 4.0]) - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(sample_deviation(&[3.0]), 0.0);
    }

    #[test]
    fn the_interval_of_a_fair_coin_is_the_normal_one() {
        // The mean of 400 tosses has the standard deviation 1 / 40: the interval is .5 -+ 1.96 / 40 = .5 -+ .049.
        let tosses: Vec<f64> = (0..400).map(|toss| f64::from(toss % 2)).collect();
        let interval = bootstrap_mean(&tosses, N_RESAMPLES, &mut random()).unwrap();
        assert_eq!(interval.mean, 0.5);
        assert!((interval.low - 0.451).abs() < 0.005 && (interval.high - 0.549).abs() < 0.005);
    }

    #[test]
    fn pairing_finds_a_small_difference_among_large_ones() {
        let left: Vec<f64> = (0..200).map(|user| f64::from(user % 50)).collect();
        let right: Vec<f64> = left.iter().map(|value| value - 0.5).collect();
        let difference = paired_bootstrap_difference(&left, &right, 500, &mut random()).unwrap();
        assert_eq!(difference, Interval { mean: 0.5, low: 0.5, high: 0.5 });
        assert!(difference.excludes_zero());
        let none = paired_bootstrap_difference(&left, &left, 500, &mut random()).unwrap();
        assert!(!none.excludes_zero());
    }

    #[test]
    fn what_cannot_be_averaged_or_paired_is_an_error() {
        assert!(matches!(bootstrap_mean(&[], 10, &mut random()), Err(EvalError::NoValues)));
        assert!(matches!(bootstrap_mean(&[1.0], 0, &mut random()), Err(EvalError::NoResamples)));
        let unpaired = paired_bootstrap_difference(&[1.0], &[], 10, &mut random());
        assert!(matches!(unpaired, Err(EvalError::Unpaired { left: 1, right: 0 })));
    }

    proptest! {
        #[test]
        fn the_same_seed_gives_the_same_interval_around_the_mean(values in prop::collection::vec(-1.0_f64..1.0, 1..50)) {
            let interval = bootstrap_mean(&values, 200, &mut random()).unwrap();
            prop_assert_eq!(interval, bootstrap_mean(&values, 200, &mut random()).unwrap());
            prop_assert!(interval.low <= interval.high);
            let (low, high) = values.iter().fold((1.0_f64, -1.0_f64), |(low, high), it| (low.min(*it), high.max(*it)));
            prop_assert!(interval.low >= low - 1e-12 && interval.high <= high + 1e-12);
        }

        #[test]
        fn a_column_has_the_interval_that_it_would_have_alone(values in prop::collection::vec(0.0_f64..1.0, 1..30)) {
            let twice: Vec<f64> = values.iter().map(|value| value * 2.0).collect();
            let both = bootstrap_means(&[&values, &twice], 100, &mut random()).unwrap();
            prop_assert_eq!(both[0], bootstrap_mean(&values, 100, &mut random()).unwrap());
            prop_assert_eq!(both[1], bootstrap_mean(&twice, 100, &mut random()).unwrap());
        }
    }
}
