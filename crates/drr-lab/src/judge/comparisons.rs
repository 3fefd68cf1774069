//! Everybody against everybody, on the same users, with the correction that so many comparisons need.

use crate::run::Cut;
use anyhow::{Context as _, Result};
use drr_core::HEADLINE_LENGTH;
use drr_data::Protocol;
use drr_eval::statistics::{
    N_RESAMPLES, PairedComparison, benjamini_hochberg, paired_comparisons, significance_letters,
};
use drr_eval::{Evaluation, Metric};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The share of false discoveries among the differences that are called different.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// The metric that a protocol's recommenders are compared by.
pub const fn primary(protocol: Protocol) -> Metric {
    Metric::primary(protocol)
}

/// The length of list at which a protocol's recommenders are compared: [`HEADLINE_LENGTH`], or else the greatest, which is
/// that of sessions.
pub fn length(lengths: impl Iterator<Item = usize> + Clone) -> Option<usize> {
    lengths.clone().find(|k| *k == HEADLINE_LENGTH).or_else(|| lengths.max())
}

/// The difference of two recommenders, user by user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// The protocol, with what tells apart its tables: `online factors_a`.
    pub protocol: String,
    /// The metric.
    pub metric: Metric,
    /// The length of the lists or sessions.
    pub k: usize,
    /// Whose value is the minuend.
    pub left: String,
    /// Whose value is the subtrahend.
    pub right: String,
    /// The difference, its probability under no difference, its size.
    pub result: PairedComparison,
    /// The probability corrected for all comparisons of the run (Benjamini and Hochberg 1995).
    pub q_value: f64,
}

impl Comparison {
    /// Whether the two can be told apart.
    pub fn is_distinguishable(&self) -> bool {
        self.q_value < FALSE_DISCOVERY_RATE && self.result.difference.excludes_zero()
    }

    /// The same from the other side.
    pub fn mirrored(&self) -> Self {
        let drr_eval::Interval { mean, low, high } = self.result.difference;
        let difference = drr_eval::Interval { mean: -mean, low: -high, high: -low };
        let result = PairedComparison { difference, effect_size: -self.result.effect_size, ..self.result };
        Self { left: self.right.clone(), right: self.left.clone(), result, ..self.clone() }
    }

    /// In words, from the left one's side.
    pub fn verdict(&self) -> &'static str {
        match (self.is_distinguishable(), self.result.difference.mean > 0.0) {
            (false, _) => "not distinguishable",
            (true, true) => "better",
            (true, false) => "worse",
        }
    }
}

/// All pairs of one protocol's recommenders, the oracle aside; q-values are still missing.
pub fn pairs(cut: &Cut<'_>, label: &str, k: usize, evaluations: &[Evaluation]) -> Result<Vec<Comparison>> {
    let metric = primary(cut.protocol);
    let judged: Vec<(&str, &[f64])> = evaluations
        .iter()
        .filter(|it| it.summary.recommender != "oracle")
        .map(|it| {
            Ok((it.summary.recommender.as_str(), it.values(metric, k).context("the metric was not judged")?))
        })
        .collect::<Result<_>>()?;
    let mut all = Vec::new();
    for (at, (left, values)) in judged.iter().enumerate().rev() {
        let others: Vec<&[f64]> = judged[..at].iter().map(|(_, values)| *values).collect();
        if others.is_empty() {
            continue;
        }
        let key = Protocol::table_key(label);
        let mut random = cut.seeds().stream(&format!("comparisons.{key}.{left}"));
        let results = paired_comparisons(values, &others, N_RESAMPLES, &mut random)?;
        for ((right, _), result) in judged[..at].iter().zip(results) {
            let (left, right) = ((*left).to_owned(), (*right).to_owned());
            all.push(Comparison { protocol: label.to_owned(), metric, k, left, right, result, q_value: 1.0 });
        }
    }
    Ok(all)
}

/// Fills in the q-values, over all comparisons of the run together.
pub fn correct(comparisons: &mut [Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().map(|it| it.result.p_value).collect();
    for (comparison, q_value) in comparisons.iter_mut().zip(benjamini_hochberg(&p_values)) {
        comparison.q_value = q_value;
    }
}

/// The letters of one table: recommenders that share one cannot be told apart.
pub fn letters(comparisons: &[Comparison], label: &str, means: &[(String, f64)]) -> BTreeMap<String, String> {
    let index: BTreeMap<&str, usize> =
        means.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
    let mut distinguishable = vec![vec![false; means.len()]; means.len()];
    for it in comparisons.iter().filter(|it| it.protocol == label) {
        if let (Some(left), Some(right)) = (index.get(&*it.left), index.get(&*it.right)) {
            distinguishable[*left][*right] = it.is_distinguishable();
            distinguishable[*right][*left] = it.is_distinguishable();
        }
    }
    let names: Vec<&str> = means.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<f64> = means.iter().map(|(_, mean)| *mean).collect();
    let letters = significance_letters(&names, &distinguishable, &values);
    means.iter().map(|(name, _)| name.clone()).zip(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recommenders_are_compared_at_10_or_at_the_length_of_sessions() {
        assert_eq!(length([5, 10, 20].into_iter()), Some(10));
        assert_eq!(length([1, 20].into_iter()), Some(20));
        assert_eq!(length(std::iter::empty()), None);
    }
}
