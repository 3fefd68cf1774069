//! The headline metric of every recommender in either run, and the paired differences over the users of both.

use super::Side;
use super::lists::K;
use crate::stages::check::{Judged, UserValues};
use crate::stages::evaluate::comparisons::primary;
use anyhow::Result;
use drr_core::{Protocol, Seeds};
use drr_eval::report::{Bar, Cell, Plot, Section, Table};
use drr_eval::statistics::{benjamini_hochberg, paired_comparison};
use drr_eval::{Interval, Metric};
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

/// The metric that a recommender is compared by, at 10 or else at the greatest length that was judged.
fn headline(before: &Judged, after: &Judged, table: &str, recommender: &str) -> Option<(Metric, u32)> {
    let protocol = table.split(' ').next()?;
    let protocol = Protocol::ALL.into_iter().find(|it| it.name() == protocol)?;
    let metric = primary(protocol);
    let lengths = [before, after].into_iter().flat_map(|judged| {
        let names = judged.metrics(table, recommender).into_iter();
        let own = names.filter_map(|name| name.strip_prefix(&format!("{}@", metric.name()))?.parse().ok());
        own.collect::<Vec<u32>>()
    });
    let lengths: BTreeSet<u32> = lengths.collect();
    let k = if lengths.contains(&K) { K } else { lengths.into_iter().next_back()? };
    Some((metric, k))
}

/// Compares every recommender of either run.
pub fn compare(before: &Side, after: &Side) -> Result<Vec<Compared>> {
    let names: BTreeSet<(String, String)> =
        [before, after].into_iter().flat_map(|side| side.judged.recommenders()).collect();
    let (mut all, mut p_values) = (Vec::new(), Vec::new());
    for (protocol, recommender) in names {
        let Some((metric, k)) = headline(&before.judged, &after.judged, &protocol, &recommender) else {
            continue;
        };
        let values = |judged: &Judged| judged.get(&protocol, &recommender, metric.name(), k).cloned();
        let (left, right) = (values(&before.judged), values(&after.judged));
        let mean = |of: &Option<UserValues>| of.as_ref().map(|of| of.values().sum::<f64>() / of.len() as f64);
        let means = [mean(&left), mean(&right)];
        let mut difference = None;
        if let (Some(left), Some(right)) = (left, right) {
            let both = right.iter().filter_map(|(user, new)| left.get(user).map(|old| (*new, *old)));
            let (new, old): (Vec<f64>, Vec<f64>) = both.unzip();
            if !new.is_empty() {
                let result = paired_comparison(&new, &old, &mut BOOTSTRAP.stream("compare"))?;
                p_values.push(result.p_value);
                difference = Some(Difference { interval: result.difference, n_users: result.n, q: 1.0 });
            }
        }
        let metric = format!("{}@{k}", metric.name());
        all.push(Compared { protocol, recommender, metric, means, difference });
    }
    let differences = all.iter_mut().filter_map(|it| it.difference.as_mut());
    for (difference, q) in differences.zip(benjamini_hochberg(&p_values)) {
        difference.q = q;
    }
    Ok(all)
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
pub fn section(protocol: &str, all: &[&Compared], before: &Side, after: &Side) -> Section {
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
             Benjamini and Hochberg over all comparisons of this page; above {LEVEL} a difference is not \
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
