//! Two recommenders on the same users: the difference, whether it can be told from none, and what could be told.

use super::power::minimum_detectable_difference;
use super::resample::resampled_sums;
use super::{Interval, N_RESAMPLES, percentile_interval, sample_deviation};
use crate::EvalError;
use drr_core::RandomStream;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How one recommender compares with another on the same users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// The mean of the users' differences, left minus right, with its 95 % interval.
    pub difference: Interval,
    /// The two-sided bootstrap p-value of no difference, at least `2 / (n_resamples + 1)`; not adjusted for other
    /// comparisons, see [`super::benjamini_hochberg`].
    pub p_value: f64,
    /// Cohen's d_z (Cohen 1988, sec. 2.3.5): the mean of the differences in standard deviations of the differences; 0 if
    /// they do not deviate.
    pub effect_size: f64,
    /// The least true difference that these users would show with power .8 at the two-sided level .05.
    pub minimum_detectable: f64,
    /// The standard deviation of the differences, which [`super::required_users`] asks for.
    pub deviation: f64,
    /// The users compared: those for whom both have a value.
    pub n: usize,
}

/// Compares `left` with `right`, one value per user and the same users in the same order, by 2,000 resamples.
///
/// Users for whom either value is NaN are left out.
///
/// # Errors
///
/// Fails if both are not of the same users, and if nobody is left.
pub fn paired_comparison(
    left: &[f64],
    right: &[f64],
    random: &mut RandomStream,
) -> Result<PairedComparison, EvalError> {
    Ok(paired_comparisons(left, &[right], N_RESAMPLES, random)?[0])
}

/// Compares `reference` with each of `others` (reference minus other), all on the same resamples of users.
///
/// Each comparison is the one that it would be alone with the same random stream. The p-value is
/// `2 min(1 + #{m_b <= 0}, 1 + #{m_b >= 0}) / (n_resamples + 1)` of the resampled means `m_b`, at most 1 (Davison and
/// Hinkley 1997, sec. 4.2 and 5.4: the level at which the percentile interval just touches 0).
///
/// # Errors
///
/// Fails if one is not of the same users as the reference, without resamples, and if nobody is left in a comparison.
pub fn paired_comparisons(
    reference: &[f64],
    others: &[&[f64]],
    n_resamples: usize,
    random: &mut RandomStream,
) -> Result<Vec<PairedComparison>, EvalError> {
    if n_resamples == 0 {
        return Err(EvalError::NoResamples);
    }
    let key = random.next_u64();
    // Comparisons that leave out the same users share their resamples: mostly that is all of them.
    let mut groups: BTreeMap<Vec<usize>, Vec<(usize, Vec<f64>)>> = BTreeMap::new();
    for (at, other) in others.iter().enumerate() {
        if other.len() != reference.len() {
            return Err(EvalError::Unpaired { left: reference.len(), right: other.len() });
        }
        let all: Vec<f64> = reference.iter().zip(*other).map(|(left, right)| left - right).collect();
        let left_out: Vec<usize> = (0..all.len()).filter(|user| all[*user].is_nan()).collect();
        let differences: Vec<f64> = all.into_iter().filter(|difference| !difference.is_nan()).collect();
        if differences.is_empty() {
            return Err(EvalError::NoValues);
        }
        groups.entry(left_out).or_default().push((at, differences));
    }
    let mut comparisons: Vec<(usize, PairedComparison)> =
        groups.values().flat_map(|columns| compare_group(columns, n_resamples, key)).collect();
    comparisons.sort_unstable_by_key(|(at, _)| *at);
    Ok(comparisons.into_iter().map(|(_, comparison)| comparison).collect())
}

/// Compares columns of differences of the same users; each keeps its number.
fn compare_group(
    columns: &[(usize, Vec<f64>)],
    n_resamples: usize,
    key: u64,
) -> Vec<(usize, PairedComparison)> {
    let (width, n) = (columns.len(), columns[0].1.len());
    let rows: Vec<f64> =
        (0..n).flat_map(|user| columns.iter().map(move |(_, column)| column[user])).collect();
    let sums = resampled_sums(&rows, width, n_resamples, key);
    let compared = columns.iter().enumerate().map(|(column, (at, differences))| {
        let mut means: Vec<f64> = sums.iter().skip(column).step_by(width).map(|sum| sum / n as f64).collect();
        (*at, comparison(differences, &mut means))
    });
    compared.collect()
}

fn comparison(differences: &[f64], means: &mut [f64]) -> PairedComparison {
    let n = differences.len();
    let mean = differences.iter().sum::<f64>() / n as f64;
    let deviation = sample_deviation(differences);
    let tail = |extreme: fn(&f64) -> bool| 1 + means.iter().filter(|mean| extreme(mean)).count();
    let least = tail(|mean| *mean <= 0.0).min(tail(|mean| *mean >= 0.0));
    PairedComparison {
        p_value: (2.0 * least as f64 / (means.len() + 1) as f64).min(1.0),
        effect_size: if deviation > 0.0 { mean / deviation } else { 0.0 },
        minimum_detectable: minimum_detectable_difference(deviation, n),
        deviation,
        n,
        difference: percentile_interval(mean, means),
    }
}
