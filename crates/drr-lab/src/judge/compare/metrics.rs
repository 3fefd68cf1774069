//! Every metric of every recommender in either run, the headline first, and the paired differences over the users of both.

use super::Side;
use crate::judge::check::{Judged, UserValues};
use crate::judge::comparisons::primary;
use anyhow::{Result, bail};
use drr_core::{HEADLINE_LENGTH, Protocol, Seeds};
use drr_eval::Interval;
use drr_eval::report::{Bar, Cell, Plot, Section, Table};
use drr_eval::statistics::{benjamini_hochberg, paired_comparison};
use rayon::prelude::*;
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
    /// The metric that is compared: `precision@10`.
    pub metric: String,
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

/// The headline metric of a recommender, at 10 or else at the greatest length; of the lengths that both runs have, where there are
/// such.
fn headline(before: &Judged, after: &Judged, table: &str, recommender: &str) -> Option<String> {
    let protocol = table.split(' ').next()?;
    let protocol = Protocol::of_name(protocol)?;
    let metric = primary(protocol).name();
    let lengths = |judged: &Judged| -> BTreeSet<u32> {
        let names = judged.metrics(table, recommender).into_iter();
        names.filter_map(|name| name.strip_prefix(&format!("{metric}@"))?.parse().ok()).collect()
    };
    let [left, right] = [before, after].map(lengths);
    let both: BTreeSet<u32> = left.intersection(&right).copied().collect();
    let lengths = if both.is_empty() { left.union(&right).copied().collect() } else { both };
    let usual = HEADLINE_LENGTH as u32;
    let k = if lengths.contains(&usual) { usual } else { lengths.into_iter().next_back()? };
    Some(format!("{metric}@{k}"))
}

/// A recommender under a protocol and one metric, as `precision@10`.
type Line = (String, String, String);

/// Protocols and recommenders of either run, in order.
fn recommenders(before: &Side, after: &Side) -> BTreeSet<(String, String)> {
    [before, after].into_iter().flat_map(|side| side.judged.recommenders()).collect()
}

/// Compares every recommender of either run by the headline metric of its protocol.
pub fn compare(before: &Side, after: &Side) -> Result<Vec<Compared>> {
    let lines = recommenders(before, after).into_iter().filter_map(|(protocol, recommender)| {
        let metric = headline(&before.judged, &after.judged, &protocol, &recommender)?;
        Some((protocol, recommender, metric))
    });
    compare_lines(before, after, lines.collect())
}

/// Compares every recommender of either run by every metric, or by those that `wanted` names: `ndcg` or `ndcg@10`.
///
/// # Errors
///
/// Refuses a name that no metric has, and lists those there are.
pub fn compare_all(before: &Side, after: &Side, wanted: Option<&str>) -> Result<Vec<Compared>> {
    let mut lines = Vec::new();
    for (protocol, recommender) in recommenders(before, after) {
        let names = [before, after].map(|side| side.judged.metrics(&protocol, &recommender));
        let mut names: Vec<String> = names.into_iter().flatten().collect();
        names.sort_by_key(|name| (name.split('@').next().map(str::to_owned), k_of(name)));
        names.dedup();
        lines.extend(names.into_iter().map(|metric| (protocol.clone(), recommender.clone(), metric)));
    }
    if let Some(wanted) = wanted {
        let all: BTreeSet<String> = lines.iter().map(|(_, _, metric)| metric.clone()).collect();
        lines.retain(|(_, _, metric)| metric == wanted || metric.split('@').next() == Some(wanted));
        if lines.is_empty() {
            let all = all.into_iter().collect::<Vec<_>>().join(", ");
            bail!(
                "no metric of either run is named {wanted}: give --metric one of {all}, with or without its length"
            );
        }
    }
    compare_lines(before, after, lines)
}

/// The length in `precision@10`.
pub fn k_of(metric: &str) -> u32 {
    metric.split_once('@').and_then(|(_, k)| k.parse().ok()).unwrap_or(0)
}

/// Compares line by line, with q-values over all of them.
fn compare_lines(before: &Side, after: &Side, lines: Vec<Line>) -> Result<Vec<Compared>> {
    // Each line has the same resamples whoever computes it, so the figures do not hang on the number of threads.
    let compared: Result<Vec<(Compared, Option<f64>)>> =
        lines.into_par_iter().map(|line| compare_line(before, after, line)).collect();
    let (mut all, p_values): (Vec<Compared>, Vec<Option<f64>>) = compared?.into_iter().unzip();
    let p_values: Vec<f64> = p_values.into_iter().flatten().collect();
    let differences = all.iter_mut().filter_map(|it| it.difference.as_mut());
    for (difference, q) in differences.zip(benjamini_hochberg(&p_values)) {
        difference.q = q;
    }
    Ok(all)
}

/// One comparison and its p-value; there is none if the line is in one run only.
fn compare_line(before: &Side, after: &Side, line: Line) -> Result<(Compared, Option<f64>)> {
    let (protocol, recommender, metric) = line;
    let name = metric.split('@').next().unwrap_or_default();
    let values = |side: &Side| side.judged.get(&protocol, &recommender, name, k_of(&metric)).cloned();
    let (left, right) = (values(before), values(after));
    let mean = |of: &Option<UserValues>| of.as_ref().map(|of| of.values().sum::<f64>() / of.len() as f64);
    let means = [mean(&left), mean(&right)];
    let (mut difference, mut p_value) = (None, None);
    if let (Some(left), Some(right)) = (left, right) {
        let both = right.iter().filter_map(|(user, new)| left.get(user).map(|old| (*new, *old)));
        let (new, old): (Vec<f64>, Vec<f64>) = both.unzip();
        if !new.is_empty() {
            let result = paired_comparison(&new, &old, &mut BOOTSTRAP.stream("compare"))?;
            p_value = Some(result.p_value);
            difference = Some(Difference { interval: result.difference, n_users: result.n, q: 1.0 });
        }
    }
    Ok((Compared { protocol, recommender, metric, means, difference }, p_value))
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

/// The cells of both means, the difference, its users, its q-value, and the verdict.
fn cells(it: &Compared, verdict: fn(&Difference) -> &'static str) -> Vec<Cell> {
    let mean = |value: Option<f64>| value.map_or_else(|| Cell::text("–"), |value| Cell::value(value, 4));
    let mut cells = it.means.map(mean).to_vec();
    if let Some(difference) = &it.difference {
        let Interval { mean, low, high } = difference.interval;
        cells.push(Cell::estimate(mean, (low, high), 4));
        cells.push(Cell::value(difference.n_users as f64, 0));
        cells.push(Cell::value(difference.q, 4));
        cells.push(Cell::text(verdict(difference)));
    }
    cells
}

/// The table of all metrics of one protocol.
pub fn table_of_all(all: &[&Compared]) -> Table {
    // Not every metric is better when it is greater.
    let greater = |difference: &Difference| match verdict(difference) {
        "B is better" => "greater in B",
        "A is better" => "greater in A",
        other => other,
    };
    let row = |it: &&Compared| {
        let mut row = vec![Cell::text(it.recommender.clone()), Cell::text(it.metric.clone())];
        row.extend(cells(it, greater));
        row
    };
    let columns = ["recommender", "metric", "A", "B", "B - A", "users of both", "q-value", "verdict"];
    Table {
        caption: "Every metric in both runs; these q-values are over all lines of such tables.".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: all.iter().map(row).collect(),
        ..Table::default()
    }
}

/// The section of one protocol.
pub fn section(protocol: &str, all: &[&Compared], before: &Side, after: &Side) -> Section {
    let rows = all.iter().map(|it| {
        let name = vec![Cell::text(it.recommender.clone())];
        name.into_iter().chain(cells(it, verdict)).collect::<Vec<_>>()
    });
    let metric = all.first().map_or("", |it| it.metric.as_str());
    let columns = ["recommender", "A", "B", "B - A", "users of both", "q-value", "verdict"];
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
             Benjamini and Hochberg over all headline comparisons of this page; above {LEVEL} a difference is not \
             distinguishable from chance.",
            before.name, after.name
        )],
        tables: vec![Table {
            caption: format!("{metric} in both runs."),
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.collect(),
            ..Table::default()
        }],
        plots: vec![Plot::Bars {
            title: format!("Change of {metric}"),
            x_label: "B - A".to_owned(),
            bars: bars.collect(),
        }],
        ..Section::default()
    }
}
