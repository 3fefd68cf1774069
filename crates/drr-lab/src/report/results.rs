//! The tables and plots of one protocol.

use crate::judge::comparisons::{Comparison, length, letters};
use crate::judge::contestants::NO_RL;
use crate::judge::figures::{Judged, RunMetrics, best_agent, best_without_rl, headline};
use drr_core::{Form, HEADLINE_LENGTH, LearnerId, SessionKind, World};
use drr_data::{PerUserRow, Protocol};
use drr_eval::Metric;
use drr_eval::report::{Bar, Best, Cell, Plot, ScatterPoint, Section, Series, Table};
use std::collections::BTreeMap;

/// The recommenders without RL whose users are shown one by one, beside the agent's.
const SHOWN: [&str; 2] = ["popularity", "item_knn"];

/// The sections of one protocol, one for each of its tables.
///
/// `categories` is what the data set calls the items' categories.
pub fn sections(
    metrics: &RunMetrics,
    protocol: Protocol,
    per_user: &[PerUserRow],
    categories: &str,
) -> Vec<Section> {
    let tables = metrics.tables(protocol);
    tables.iter().map(|table| section(metrics, table, per_user, categories)).collect()
}

fn section(metrics: &RunMetrics, table: &str, per_user: &[PerUserRow], categories: &str) -> Section {
    let rows = metrics.table(table);
    let n_users = rows.first().map_or(0, |it| it.summary.n_users);
    let mut ks: Vec<usize> =
        rows.first().map(|it| it.summary.metrics.iter().map(|at| at.k).collect()).unwrap_or_default();
    ks.sort_unstable();
    ks.dedup();
    let letters = letter_column(metrics, table, &rows);
    let mut tables: Vec<Table> =
        ks.iter().rev().map(|k| metric_table(&rows, table, *k, n_users, &letters)).collect();
    tables.push(beyond_table(&rows, categories));
    let agent = best_agent(metrics, &rows);
    if let Some(agent) = agent {
        tables.push(comparison_table(metrics, table, &agent.summary.recommender, &rows));
    }
    let mut plots = vec![bars(&rows, table)];
    plots.extend(coverage_plot(&rows, table));
    plots.extend(curve_plot(&rows, table));
    plots.extend(histogram(metrics, per_user, &rows, table));
    Section {
        heading: format!("Protocol \"{table}\": results on test rows"),
        prose: agent
            .and_then(|agent| agent.id.as_ref())
            .map(|id| verdicts(metrics, table, id))
            .unwrap_or_default(),
        tables,
        plots,
        ..Section::default()
    }
}

fn letter_column(metrics: &RunMetrics, table: &str, rows: &[&Judged]) -> BTreeMap<String, String> {
    let means: Vec<(String, f64)> = rows
        .iter()
        .filter(|it| it.summary.recommender != "oracle")
        .filter_map(|it| Some((it.summary.recommender.clone(), headline(it)?.2.mean)))
        .collect();
    letters(&metrics.comparisons, table, &means)
}

pub(super) fn words(metric: Metric) -> &'static str {
    match metric {
        Metric::Ndcg => "NDCG",
        Metric::NdcgConstantIdeal => "NDCG (constant ideal)",
        Metric::NdcgRetrievedIdeal => "NDCG*",
        Metric::AveragePrecision => "MAP",
        Metric::ReciprocalRank => "MRR",
        Metric::HitRate => "hit rate",
        Metric::DiscountedReturn => "discounted return",
        Metric::TotalReward => "total reward",
        Metric::MeanReward => "reward a step",
        other => other.name(),
    }
}

fn metric_table(
    rows: &[&Judged],
    table: &str,
    k: usize,
    n_users: usize,
    letters: &BTreeMap<String, String>,
) -> Table {
    let metrics: Vec<Metric> = rows
        .first()
        .map(|it| it.summary.metrics.iter().filter(|at| at.k == k).map(|at| at.metric).collect())
        .unwrap_or_default();
    let mut columns = vec!["recommender".to_owned(), "letters".to_owned()];
    columns.extend(metrics.iter().map(|metric| format!("{}@{k}", words(*metric))));
    let with_diversity = rows.iter().any(|it| it.summary.diversity(k).is_some());
    if with_diversity {
        columns.extend(["coverage", "Gini"].map(str::to_owned));
    }
    let cells = |it: &&Judged| {
        let name = &it.summary.recommender;
        let mut cells = vec![Cell::text(name), Cell::text(letters.get(name).cloned().unwrap_or_default())];
        for (at, metric) in metrics.iter().enumerate() {
            cells.push(it.summary.metric(*metric, k).map_or_else(
                || Cell::text("-"),
                |found| match at {
                    0 => Cell::estimate(found.mean, (found.low, found.high), 4),
                    _ => Cell::value(found.mean, 4),
                },
            ));
        }
        if let Some(diversity) = it.summary.diversity(k) {
            cells.extend([Cell::value(diversity.coverage, 3), Cell::value(diversity.gini, 3)]);
        }
        cells
    };
    let mut best = vec![Best::None; 2];
    best.extend(std::iter::repeat_n(Best::Highest, metrics.len()));
    let headline = rows.first().and_then(|it| headline(it)).map_or_else(String::new, |(metric, k, _)| {
        format!(" Recommenders that share a letter cannot be told apart by {}@{k}.", words(metric))
    });
    let oracle = rows.iter().position(|it| it.summary.recommender == "oracle");
    Table {
        caption: format!("Protocol \"{table}\" at {k}, {n_users} users.{headline}"),
        columns,
        rows: rows.iter().map(cells).collect(),
        best,
        out_of_competition: oracle.into_iter().collect(),
    }
}

/// What the lists are like, beside how right they are.
fn beyond_table(rows: &[&Judged], categories: &str) -> Table {
    let optional =
        |value: Option<f64>, digits| value.map_or_else(|| Cell::text("-"), |it| Cell::value(it, digits));
    let cells = |it: &&Judged| {
        let measures = &it.measures;
        let canaries = it.canaries.map_or_else(
            || "-".to_owned(),
            |verdict| format!("{} / {}", verdict.planted_listed, verdict.control_listed),
        );
        let order = it.shuffled_share.map(|share| 100.0 * (1.0 - share));
        vec![
            Cell::text(&it.summary.recommender),
            optional(measures.average_popularity, 3),
            optional(measures.novelty, 2),
            optional(measures.intra_list_diversity_genre, 3),
            optional(measures.intra_list_diversity_embedding, 3),
            optional(measures.calibration_genre, 3),
            optional(order, 1),
            Cell::text(canaries),
        ]
    };
    let columns = [
        "recommender",
        "average popularity",
        "novelty (bits)",
        &format!("diversity of {categories}"),
        "diversity of vectors",
        &format!("miscalibration of {categories}"),
        "order matters (%)",
        "planted / control items listed",
    ];
    let of_lists = rows.first().filter(|it| it.summary.protocol.facts().sessions == SessionKind::None);
    let k = of_lists.and_then(|it| length(it.summary.diversity.iter().map(|of| of.k)));
    let k = k.unwrap_or(HEADLINE_LENGTH);
    Table {
        caption: format!(
            "What the lists of {k} are like; how much of the score is lost when histories are shuffled; and whether planted items are listed more often than their controls."
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.iter().map(cells).collect(),
        ..Table::default()
    }
}

fn comparison_table(metrics: &RunMetrics, table: &str, agent: &str, rows: &[&Judged]) -> Table {
    let others = rows.iter().map(|it| &it.summary.recommender).filter(|name| *name != agent);
    let found: Vec<Comparison> = others.filter_map(|other| metrics.comparison(table, agent, other)).collect();
    let row = |it: &Comparison| {
        let (d, result) = (it.result.difference, &it.result);
        vec![
            Cell::text(&it.right),
            Cell::estimate(d.mean, (d.low, d.high), 4),
            Cell::value(it.q_value, 4),
            Cell::value(result.effect_size, 2),
            Cell::value(result.minimum_detectable, 4),
            Cell::text(it.verdict()),
        ]
    };
    let metric = found.first().map_or_else(String::new, |it| format!("{}@{}", words(it.metric), it.k));
    let columns =
        ["against", "difference", "q-value", "effect size", "least difference to be seen", "verdict"];
    Table {
        caption: format!(
            "{agent} minus another, {metric}, paired by user: 95 % bootstrap interval, q-value over all comparisons of the run (Benjamini and Hochberg), Cohen's d of the differences, and the difference that these users would show in four of five samples."
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: found.iter().map(row).collect(),
        ..Table::default()
    }
}

/// The answer to "does RL help?", in words that follow from the comparisons.
fn verdicts(metrics: &RunMetrics, table: &str, id: &LearnerId) -> Vec<String> {
    let agent = &id.to_string();
    let rows = metrics.table(table);
    let twin = |form| id.with(form).to_string();
    let mut questions = vec![
        ("popularity".to_owned(), "Is the agent better than recommending what is popular?".to_owned()),
        (twin(Form::Untrained), "Did training change anything?".to_owned()),
        (NO_RL.to_owned(), "Does the agent add anything to the same vectors without RL?".to_owned()),
        (
            twin(Form::Supervised),
            "Does TD learning add anything to the supervised part of the loss?".to_owned(),
        ),
        (
            twin(Form::Greedy),
            "Does looking ahead (discount above 0) add anything to its greedy twin?".to_owned(),
        ),
    ];
    if let Some(name) = best_without_rl(&rows) {
        let question = format!("Does RL recommend better than the best recommender without RL here, {name}?");
        questions.push((name.to_owned(), question));
    }
    let answers = questions.into_iter().filter_map(|(name, question)| {
        let it = metrics.comparison(table, agent, &name)?;
        let d = it.result.difference;
        let answer = match it.verdict() {
            "better" => "Yes",
            "worse" => "No, it is worse",
            _ => "Not distinguishable",
        };
        let metric = format!("{}@{}", words(it.metric), it.k);
        Some(format!(
            "{question} {answer}: {:+.4} in {metric} [{:+.4}, {:+.4}], q = {:.4}.",
            d.mean, d.low, d.high, it.q_value
        ))
    });
    answers.collect()
}

fn bars(rows: &[&Judged], table: &str) -> Plot {
    let of = rows.first().and_then(|it| headline(it)).map_or_else(
        || ("value".to_owned(), HEADLINE_LENGTH),
        |(metric, k, _)| (format!("{}@{k}", words(metric)), k),
    );
    let bars = rows.iter().filter(|it| it.summary.recommender != "oracle").filter_map(|it| {
        let (_, _, interval) = headline(it)?;
        let name = it.summary.recommender.clone();
        Some(Bar { name, value: interval.mean, interval: Some((interval.low, interval.high)) })
    });
    Plot::Bars {
        title: format!("{} under protocol \"{table}\" (95 % bootstrap intervals over users)", of.0),
        x_label: of.0,
        bars: bars.collect(),
    }
}

/// Coverage against the headline metric: precise lists of the same few items stand at the left.
fn coverage_plot(rows: &[&Judged], table: &str) -> Option<Plot> {
    let points = rows.iter().filter(|it| it.summary.recommender != "oracle").filter_map(|it| {
        let (_, _, interval) = headline(it)?;
        let at = it.summary.diversity.iter().max_by_key(|at| at.k)?;
        Some(ScatterPoint {
            name: it.summary.recommender.clone(),
            x: at.diversity.coverage,
            y: interval.mean,
        })
    });
    let points: Vec<ScatterPoint> = points.collect();
    let (metric, k, _) = headline(rows.first()?)?;
    (points.len() > 2).then(|| Plot::Scatter {
        title: format!("Coverage against {}@{k}, protocol \"{table}\"", words(metric)),
        x_label: "share of the catalogue that is recommended to anyone".to_owned(),
        y_label: format!("{}@{k}", words(metric)),
        points,
    })
}

fn curve_plot(rows: &[&Judged], table: &str) -> Option<Plot> {
    let series: Vec<Series> = rows
        .iter()
        .filter(|it| !it.curve.is_empty())
        .map(|it| Series {
            name: it.summary.recommender.clone(),
            points: it.curve.iter().zip(1..).map(|(value, step)| (f64::from(step), *value)).collect(),
        })
        .collect();
    let y_label = match rows.first()?.summary.protocol.facts().sessions {
        SessionKind::Simulated => "mean reward of the step",
        _ => "mean hits so far",
    };
    (!series.is_empty()).then(|| Plot::Lines {
        title: format!("Step by step, protocol \"{table}\""),
        x_label: "step of the session".to_owned(),
        y_label: y_label.to_owned(),
        series,
    })
}

/// How the headline metric spreads over users.
fn histogram(metrics: &RunMetrics, per_user: &[PerUserRow], rows: &[&Judged], table: &str) -> Option<Plot> {
    let (metric, k, _) = headline(rows.first()?)?;
    let values = |name: &str| -> Vec<f64> {
        let of = per_user.iter().filter(|row| {
            row.protocol == table
                && row.recommender == name
                && row.metric == metric.name()
                && row.k as usize == k
        });
        of.map(|row| row.value).collect()
    };
    let is_agent = |row: &&&Judged| {
        let id = row.id.as_ref();
        id.is_some_and(|id| id.is_plain() && id.world == World::Logged && metrics.is_main(&id.name))
    };
    let agent = rows.iter().filter(is_agent).map(|row| &*row.summary.recommender);
    let series: Vec<(String, Vec<f64>)> = SHOWN
        .into_iter()
        .chain(agent)
        .map(|name| (name.to_owned(), values(name)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    (series.len() > 1).then(|| Plot::Histogram {
        title: format!("{}@{k} of the users, protocol \"{table}\"", words(metric)),
        x_label: format!("{}@{k}", words(metric)),
        series,
        bins: 11,
    })
}

/// Who was trained in which simulator, judged in which: an agent that is good only at home has learned the simulator.
pub fn simulator_matrix(metrics: &RunMetrics, protocol: Protocol) -> Option<Section> {
    let tables = metrics.tables(protocol);
    let first = metrics.table(tables.first().filter(|_| tables.len() > 1)?);
    let is_trained_there = |row: &&&Judged| row.id.as_ref().is_some_and(|id| id.world != World::Logged);
    let trained = first.iter().filter(is_trained_there).map(|row| &*row.summary.recommender);
    let trained: Vec<&str> = trained.collect();
    let cell = |table: &String, name: &str| {
        let found = metrics.table(table).into_iter().find(|it| it.summary.recommender == name);
        found.and_then(headline).map_or_else(
            || Cell::text("-"),
            |(_, _, interval)| Cell::estimate(interval.mean, (interval.low, interval.high), 3),
        )
    };
    let row = |name: &&str| {
        std::iter::once(Cell::text(*name)).chain(tables.iter().map(|table| cell(table, name))).collect()
    };
    let mut columns = vec!["trained in".to_owned()];
    columns.extend(tables.iter().map(|table| format!("judged in {}", table.replace("online ", ""))));
    Some(Section {
        heading: "Trained in one simulator, judged in the other".to_owned(),
        tables: vec![Table {
            caption: "Total reward of a session; the simulators share neither rows nor parameters."
                .to_owned(),
            columns,
            rows: trained.iter().map(row).collect(),
            ..Table::default()
        }],
        ..Section::default()
    })
}
