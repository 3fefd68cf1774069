//! Judging ranked lists of any other system by a protocol of a data set, beside random, popularity and the oracle.

mod listed;
mod lists;
#[cfg(test)]
mod tests;

pub use listed::{ListCounts, ListedRecommender};
pub use lists::named_lists;

use super::bench::Bench;
use crate::run::{Phase, RunManifest};
use anyhow::{Context as _, Result};
use drr_baselines::{Popularity, Random};
use drr_core::{Part, Protocol, Recommender};
use drr_eval::report::{Bar, Cell, Plot, Report, Section, Table};
use drr_eval::statistics::{N_RESAMPLES, paired_bootstrap_difference};
use drr_eval::{Evaluation, EvaluationSet, Interval, Metric, Oracle, evaluate};
use std::path::Path;

/// What to do about rows of users and items that the data set does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Stop, and name the first.
    Refuse,
    /// Leave them out, and count them.
    Drop,
}

/// The lists to judge.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Their file.
    pub lists: &'a Path,
    /// By what they are judged.
    pub protocol: Protocol,
    /// Their name in the report, or the recommender to take out of a file of several; else the file's name.
    pub name: Option<&'a str>,
    /// What to do about rows of users and items that the data set does not have.
    pub unknown: Unknown,
}

/// What a judgement of lists found.
#[derive(Debug)]
pub struct Scored {
    /// The lists first, then those beside them.
    pub evaluations: Vec<Evaluation>,
    /// What was left out of the lists.
    pub counts: ListCounts,
    /// How the file was understood, where its names do not say it.
    pub notes: Vec<String>,
    /// The lists minus popularity in precision, user by user, with the length of the lists.
    pub difference: (usize, Interval),
}

/// Judges, writes `score-NAME.html` and `score-NAME.md` into the run's folder, and returns the latter.
///
/// # Errors
///
/// Fails if the lists cannot be read or judged.
pub fn run(bench: &Bench<'_>, manifest: &RunManifest, request: &Request<'_>) -> Result<String> {
    let scored =
        score(bench, request).with_context(|| format!("in the data set {}", manifest.dataset_line))?;
    let name = scored.evaluations[0].summary.recommender.clone();
    let report = to_report(manifest, request, &scored);
    let markdown = report.to_markdown();
    let stem: String =
        name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    let page = bench.work.path(format!("score-{stem}.html"));
    drr_store::write_bytes(&page, report.to_html()?.as_bytes())?;
    drr_store::write_bytes(&page.with_extension("md"), markdown.as_bytes())?;
    Ok(format!("{markdown}\nwritten: {}", page.display()))
}

/// Judges the lists and those beside them.
///
/// # Errors
///
/// Fails if the lists cannot be read or judged.
pub fn score(bench: &Bench<'_>, request: &Request<'_>) -> Result<Scored> {
    let protocol = request.protocol;
    let set =
        bench.cases(Part::Test).with_context(|| format!("it cannot be judged by protocol {protocol}"))?;
    let (name, lists) = named_lists(request.lists, protocol, request.name, &**bench.work.watch)?;
    let lengths = &bench.evaluation.list_lengths;
    let k = bench.evaluation.headline();
    let longest = lengths.iter().copied().max().unwrap_or(k);
    let asked = (longest, request.unknown);
    let (listed, counts) = ListedRecommender::new(name, &lists, bench.cut.dataset, &set, asked, &bench.work)?;
    for warning in counts.warnings() {
        tracing::warn!("{}: {warning}", request.lists.display());
    }
    let notes = lists.notes;
    let all = beside(bench, &set, listed)?;
    let evaluations = all
        .iter()
        .map(|recommender| Ok(evaluate(&**recommender, &set, lengths)?))
        .collect::<Result<Vec<_>>>()?;
    let precision = |evaluation: &Evaluation| {
        let values = evaluation.values(Metric::Precision, k).map(<[f64]>::to_vec);
        values.with_context(|| format!("precision at {k} was not judged"))
    };
    let mut random = bench.cut.seeds().stream("bootstrap score");
    let difference = paired_bootstrap_difference(
        &precision(&evaluations[0])?,
        &precision(&evaluations[1])?,
        N_RESAMPLES,
        &mut random,
    )?;
    Ok(Scored { evaluations, counts, notes, difference: (k, difference) })
}

/// The lists, popularity, random and the oracle, in this order.
fn beside(
    bench: &Bench<'_>,
    set: &EvaluationSet,
    listed: ListedRecommender,
) -> Result<Vec<Box<dyn Recommender>>> {
    let log = bench.cut.log(Phase::Final)?;
    Ok(vec![
        Box::new(listed),
        Box::new(Popularity::fit(&log, bench.cut.positive_rating)),
        Box::new(Random::new(log.n_items(), bench.cut.seeds().child("random"))),
        Box::new(Oracle::new(set)),
    ])
}

fn to_report(manifest: &RunManifest, request: &Request<'_>, scored: &Scored) -> Report {
    let (k, difference) = scored.difference;
    let name = &scored.evaluations[0].summary.recommender;
    let verdict = match difference {
        it if it.low > 0.0 => "better than popularity",
        it if it.high < 0.0 => "worse than popularity",
        _ => "not distinguishable from popularity",
    };
    let mut prose = vec![
        format!(
            "{name} minus popularity in precision at {k}, user by user: {:.4} [{:.4}, {:.4}], {verdict}.",
            difference.mean, difference.low, difference.high
        ),
        format!("The provenance of {name} is not verified: nobody knows which rows it was fitted on."),
    ];
    prose.extend(scored.notes.iter().map(|note| format!("How the file was read: {note}.")));
    prose.extend(scored.counts.warnings());
    let rows = scored.evaluations.iter().map(|evaluation| row(evaluation, k)).collect();
    let bars = scored.evaluations.iter().map(|evaluation| {
        let found = evaluation.summary.metric(Metric::Precision, k);
        Bar {
            name: evaluation.summary.recommender.clone(),
            value: found.map_or(f64::NAN, |it| it.mean),
            interval: found.map(|it| (it.low, it.high)),
        }
    });
    let columns = ["recommender", "P", "R", "nDCG", "hit rate", "coverage", "Gini"];
    let section = Section {
        heading: format!("Protocol {}", request.protocol),
        prose,
        tables: vec![Table {
            caption: format!(
                "Means over {} users of lists cut at {k}, with 95 % intervals.",
                scored.evaluations[0].summary.n_users
            ),
            columns: columns.map(str::to_owned).to_vec(),
            rows,
            ..Table::default()
        }],
        plots: vec![Plot::Bars {
            title: format!("Precision at {k}"),
            x_label: format!("P@{k}"),
            bars: bars.collect(),
        }],
        ..Section::default()
    };
    Report {
        title: format!("How good are the lists of {name}?"),
        dataset_line: manifest.dataset_line.clone(),
        facts: vec![
            ("Lists".to_owned(), request.lists.display().to_string()),
            ("Data set hash".to_owned(), manifest.dataset_hash.clone()),
            ("Protocol version".to_owned(), request.protocol.version().to_string()),
        ],
        sections: vec![section],
    }
}

fn row(evaluation: &Evaluation, k: usize) -> Vec<Cell> {
    let summary = &evaluation.summary;
    let mut cells = vec![Cell::text(summary.recommender.clone())];
    for metric in [Metric::Precision, Metric::Recall, Metric::Ndcg, Metric::HitRate] {
        cells.push(
            summary
                .metric(metric, k)
                .map_or_else(|| Cell::text("–"), |it| Cell::estimate(it.mean, (it.low, it.high), 4)),
        );
    }
    if let Some(diversity) = summary.diversity(k) {
        cells.push(Cell::value(diversity.coverage, 4));
        cells.push(Cell::value(diversity.gini, 4));
    }
    cells
}
