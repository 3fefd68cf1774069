//! Precision at 10 of every recommender in either run, and the paired differences over the users of both.

use super::Side;
use super::lists::K;
use crate::stages::check::Judged;
use anyhow::Result;
use drr_core::{Protocol, Seeds};
use drr_eval::Interval;
use drr_eval::report::{Bar, Cell, Plot, Section, Table};
use drr_eval::statistics::{N_RESAMPLES, bootstrap_mean};
use std::collections::BTreeSet;

/// The seed of the resamples.
const BOOTSTRAP: Seeds = Seeds(2018);
/// The share of false discoveries that is allowed.
const LEVEL: f64 = 0.05;

/// One recommender in both runs.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The protocol.
    pub protocol: String,
    /// The recommender.
    pub recommender: String,
    /// Its mean in each run, where it was judged.
    pub means: [Option<f64>; 2],
    /// B minus A over the users of both; none if it is in one run only.
    pub difference: Option<Difference>,
}

/// A paired difference.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Its mean and interval.
    pub interval: Interval,
    /// The number of users of both runs.
    pub n_users: usize,
    /// The q-value over all comparisons of the page.
    pub q: f64,
}

/// Compares every recommender of either run.
pub fn compare(before: &Side, after: &Side) -> Result<Vec<Compared>> {
    let names: BTreeSet<(String, String)> =
        [before, after].into_iter().flat_map(|side| side.judged.recommenders()).collect();
    let (mut all, mut p_values) = (Vec::new(), Vec::new());
    for (protocol, recommender) in names {
        let values = |judged: &Judged| judged.get(&protocol, &recommender, "precision", K).cloned();
        let (left, right) = (values(&before.judged), values(&after.judged));
        let mean = |of: &Option<std::collections::BTreeMap<String, f64>>| {
            of.as_ref().map(|of| of.values().sum::<f64>() / of.len() as f64)
        };
        let means = [mean(&left), mean(&right)];
        let mut difference = None;
        if let (Some(left), Some(right)) = (left, right) {
            let pairs: Vec<f64> =
                right.iter().filter_map(|(user, value)| left.get(user).map(|old| value - old)).collect();
            if !pairs.is_empty() {
                let interval = bootstrap_mean(&pairs, N_RESAMPLES, &mut BOOTSTRAP.stream("compare"))?;
                p_values.push(p_value(&pairs, interval.mean));
                difference = Some(Difference { interval, n_users: pairs.len(), q: 1.0 });
            }
        }
        all.push(Compared { protocol, recommender, means, difference });
    }
    let differences = all.iter_mut().filter_map(|it| it.difference.as_mut());
    for (difference, q) in differences.zip(benjamini_hochberg(&p_values)) {
        difference.q = q;
    }
    Ok(all)
}

/// The two-sided p-value of a mean difference, by the normal approximation of its mean.
fn p_value(values: &[f64], mean: f64) -> f64 {
    let n = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (n - 1.0).max(1.0) / n).sqrt();
    // One user has no spread to judge by.
    if mean == 0.0 || values.len() < 2 {
        1.0
    } else if error == 0.0 {
        0.0
    } else {
        upper_tails((mean / error).abs())
    }
}

/// `P(|Z| > z)` of a standard normal `Z`, to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26).
fn upper_tails(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (series * (-x * x).exp()).clamp(0.0, 1.0)
}

/// The q-values of p-values: the least share of false discoveries at which each is one (Benjamini and Hochberg 1995).
fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|left, right| p_values[*left].total_cmp(&p_values[*right]));
    let mut q_values = vec![1.0; n];
    let mut least: f64 = 1.0;
    for (rank, at) in order.into_iter().enumerate().rev() {
        least = least.min(p_values[at] * n as f64 / (rank + 1) as f64);
        q_values[at] = least;
    }
    q_values
}

/// The difference in words.
pub fn verdict(difference: &Difference) -> &'static str {
    if difference.q > LEVEL || !difference.interval.excludes_zero() {
        "not distinguishable"
    } else if difference.interval.mean > 0.0 {
        "B is better"
    } else {
        "A is better"
    }
}

/// The section of one protocol.
pub fn section(protocol: Protocol, all: &[&Compared], before: &Side, after: &Side) -> Section {
    let mean = |value: Option<f64>| value.map_or_else(|| Cell::text("–"), |value| Cell::value(value, 4));
    let rows = all.iter().map(|it| {
        let mut cells = vec![Cell::text(it.recommender.clone()), mean(it.means[0]), mean(it.means[1])];
        if let Some(difference) = &it.difference {
            let Interval { mean, low, high } = difference.interval;
            cells.push(Cell::estimate(mean, (low, high), 4));
            cells.push(Cell::value(difference.n_users as f64, 0));
            cells.push(Cell::value(difference.q, 4));
            cells.push(Cell::text(verdict(difference)));
        }
        cells
    });
    let columns = ["recommender", "P@10 of A", "P@10 of B", "B - A", "users of both", "q-value", "verdict"];
    let bars = all.iter().flat_map(|it| {
        it.difference.map(|difference| Bar {
            name: it.recommender.clone(),
            value: difference.interval.mean,
            interval: Some((difference.interval.low, difference.interval.high)),
        })
    });
    Section {
        heading: format!("Protocol {protocol}"),
        prose: vec![format!(
            "A is {}, B is {}. Differences are of the same users, with 95 % bootstrap intervals. The q-value is that of \
             Benjamini and Hochberg over all comparisons of this page; above {LEVEL} a difference is not \
             distinguishable from chance.",
            before.name, after.name
        )],
        tables: vec![Table {
            caption: "Precision at 10 in both runs.".to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }],
        plots: vec![Plot::Bars {
            title: "Change of precision at 10".to_owned(),
            x_label: "B - A".to_owned(),
            bars: bars.collect(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_values_are_those_of_a_hand_computed_example() {
        // p n / rank: .01*4/1 = .04, .02*4/2 = .04, .03*4/3 = .04, .5*4/4 = .5.
        let q_values = benjamini_hochberg(&[0.03, 0.5, 0.01, 0.02]);
        for (found, expected) in q_values.iter().zip([0.04, 0.5, 0.04, 0.04]) {
            assert!((found - expected).abs() < 1e-12, "{q_values:?}");
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    #[test]
    fn the_tails_of_the_normal_are_those_of_the_table() {
        assert!((upper_tails(1.959_964) - 0.05).abs() < 1e-6 && (upper_tails(0.0) - 1.0).abs() < 1e-6);
    }
}
