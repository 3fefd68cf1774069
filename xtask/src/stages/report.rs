//! The report of a run: what was done, how it came out, and how the training went.

use super::Experiment;
use super::evaluate::{Comparison, NO_RL, RunMetrics, load};
use super::pretrain;
use super::train::{JobNote, Variant, note, variants};
use anyhow::Result;
use drr_data::{Protocol, TrainingRow, read_training};
use drr_eval::report::{Bar, Cell, Plot, Report, Section, Series, Table, thin};
use drr_eval::{EvaluationSummary, Metric};

/// The learning curves that are plotted, and the names of their axes.
const CURVES: [(&str, &str); 8] = [
    ("precision", "share of recommendations with a positive reward"),
    ("total_reward", "total reward of a session"),
    ("epsilon", "probability of noise"),
    ("critic_loss", "critic's loss"),
    ("mean_action", "mean of the actor's outputs"),
    ("td_error", "mean |TD error|"),
    ("validation", "P@10 on validation rows"),
    ("saturated_share", "share of outputs beyond .99"),
];
/// Points of a plotted curve.
const N_POINTS: usize = 200;

/// Writes `report.html` and `report.md`, and returns the latter.
pub fn run(experiment: &Experiment<'_>) -> Result<String> {
    let metrics = load(experiment)?;
    let rows = read_training(&experiment.path("training.parquet"))?;
    let mut sections = Vec::new();
    for protocol in experiment.protocols() {
        sections.push(results(&metrics, protocol));
        sections.push(training(experiment, protocol, &rows)?);
    }
    let report = Report {
        title: format!(
            "Does reinforcement learning recommend better? {}",
            experiment.dataset.manifest().dataset
        ),
        dataset_line: experiment.manifest.dataset_line.clone(),
        facts: facts(experiment),
        sections,
    };
    let markdown = report.to_markdown();
    crate::files::write(&experiment.path("report.html"), report.to_html()?.as_bytes())?;
    crate::files::write(&experiment.path("report.md"), markdown.as_bytes())?;
    Ok(markdown)
}

fn facts(experiment: &Experiment<'_>) -> Vec<(String, String)> {
    let manifest = experiment.dataset.manifest();
    let run = &experiment.manifest;
    let text = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![
        text(
            "Data set",
            format!(
                "{} ({} users, {} items, {} ratings)",
                manifest.dataset, manifest.n_users, manifest.n_items, manifest.n_ratings
            ),
        ),
        text("Data set hash", run.dataset_hash.clone()),
        text("Archive MD5", manifest.source.md5.clone().unwrap_or_else(|| "none".to_owned())),
        text("Configuration hash", run.config_hash.clone()),
        text("Seed", run.seed.to_string()),
        text("Version", run.version.clone()),
    ];
    facts.extend(run.machine.iter().cloned());
    facts.extend(run.warnings.iter().map(|warning| text("Warning", warning.clone())));
    facts
}

/// What a recommender is, for readers who do not know its short name.
fn meaning(name: &str) -> &str {
    match name {
        "random" => "a random order",
        "popularity" => "the number of positive ratings",
        "item_knn" => "cosine of items, shrunk, all neighbours",
        "pmf" => "factors trained on ratings, user folded in",
        "co_occurrence" => "sum of the history's co-occurrence factors",
        NO_RL => "the agent without RL: the user's vector is the action",
        "drr_ave_untrained" => "the agent before its first update",
        "drr_ave_gamma_0" => "the agent's greedy twin, discount 0",
        "drr_ave" => "the agent",
        "oracle" => "the relevant items first: the ceiling",
        _ => "",
    }
}

fn results(metrics: &RunMetrics, protocol: Protocol) -> Section {
    let of_protocol: Vec<&EvaluationSummary> =
        metrics.results.iter().filter(|it| it.protocol.name() == protocol.name()).collect();
    let comparisons: Vec<&Comparison> =
        metrics.comparisons.iter().filter(|it| it.protocol == protocol.name()).collect();
    let mut tables = Vec::new();
    let lengths: Vec<usize> =
        of_protocol.first().map(|it| it.diversity.iter().map(|at| at.k).collect()).unwrap_or_default();
    for k in lengths {
        tables.push(metric_table(&of_protocol, protocol, k));
    }
    tables.push(comparison_table(&comparisons));
    tables.push(Table {
        caption: "What the names mean.".to_owned(),
        columns: ["recommender", "what it is"].map(str::to_owned).to_vec(),
        rows: of_protocol
            .iter()
            .map(|it| [&*it.recommender, meaning(&it.recommender)].map(Cell::text).to_vec())
            .collect(),
    });
    let bars = of_protocol.iter().filter(|it| it.recommender != "oracle");
    let bars = bars.filter_map(|it| {
        let interval = it.metric(Metric::Precision, 10)?;
        Some(Bar {
            name: it.recommender.clone(),
            value: interval.mean,
            interval: Some((interval.low, interval.high)),
        })
    });
    let plot = Plot::Bars {
        title: format!("P@10 under protocol \"{protocol}\" (95 % bootstrap intervals over users)"),
        x_label: "P@10".to_owned(),
        bars: bars.collect(),
    };
    Section {
        heading: format!("Protocol \"{protocol}\": results on test rows"),
        prose: verdicts(&comparisons),
        tables,
        plots: vec![plot],
    }
}

fn metric_table(results: &[&EvaluationSummary], protocol: Protocol, k: usize) -> Table {
    let columns = [
        "recommender",
        "precision",
        "recall",
        "NDCG",
        "NDCG (constant ideal)",
        "hit rate",
        "coverage",
        "Gini",
    ];
    let cell = |summary: &EvaluationSummary, metric, with_interval: bool| {
        summary.metric(metric, k).map_or_else(
            || Cell::text("-"),
            |it| {
                if with_interval {
                    Cell::estimate(it.mean, (it.low, it.high), 4)
                } else {
                    Cell::value(it.mean, 4)
                }
            },
        )
    };
    let row = |summary: &&EvaluationSummary| {
        let mut row = vec![Cell::text(&summary.recommender)];
        row.push(cell(summary, Metric::Precision, true));
        let others = [Metric::Recall, Metric::Ndcg, Metric::NdcgConstantIdeal, Metric::HitRate];
        row.extend(others.map(|metric| cell(summary, metric, false)));
        let diversity = summary.diversity(k);
        row.push(diversity.map_or_else(|| Cell::text("-"), |it| Cell::value(it.coverage, 3)));
        row.push(diversity.map_or_else(|| Cell::text("-"), |it| Cell::value(it.gini, 3)));
        row
    };
    let n_users = results.first().map_or(0, |it| it.n_users);
    Table {
        caption: format!("Lists of {k}, protocol \"{protocol}\", {n_users} users."),
        columns: columns.map(str::to_owned).to_vec(),
        rows: results.iter().map(row).collect(),
    }
}

fn comparison_table(comparisons: &[&Comparison]) -> Table {
    let row = |it: &&Comparison| {
        let (d, verdict) = (it.difference, verdict(it));
        vec![Cell::text(&it.right), Cell::estimate(d.mean, (d.low, d.high), 4), Cell::text(verdict)]
    };
    Table {
        caption: "The agent's P@10 minus another's, paired by user, with its 95 % bootstrap interval."
            .to_owned(),
        columns: ["against", "difference", "verdict"].map(str::to_owned).to_vec(),
        rows: comparisons.iter().map(row).collect(),
    }
}

fn verdict(comparison: &Comparison) -> &'static str {
    match comparison.difference {
        d if d.low > 0.0 => "better",
        d if d.high < 0.0 => "worse",
        _ => "not distinguishable",
    }
}

/// The answer to "does RL help?", in words that follow from the intervals.
fn verdicts(comparisons: &[&Comparison]) -> Vec<String> {
    let against = |name: &str| comparisons.iter().find(|it| it.right == name);
    let mut prose = Vec::new();
    let questions = [
        ("popularity", "Is the agent better than recommending what is popular?"),
        ("drr_ave_untrained", "Did training change anything?"),
        (NO_RL, "Does the agent add anything to the same vectors without RL?"),
        ("drr_ave_gamma_0", "Does looking ahead (discount above 0) add anything to its greedy twin?"),
        ("item_knn", "Does it stand above item neighbours, which need no training of networks?"),
    ];
    for (name, question) in questions {
        if let Some(it) = against(name) {
            let d = it.difference;
            let answer = match verdict(it) {
                "better" => "Yes",
                "worse" => "No, it is worse",
                _ => "Not distinguishable",
            };
            prose.push(format!(
                "{question} {answer}: {:+.4} in P@10 [{:+.4}, {:+.4}].",
                d.mean, d.low, d.high
            ));
        }
    }
    prose
}

fn training(experiment: &Experiment<'_>, protocol: Protocol, rows: &[TrainingRow]) -> Result<Section> {
    let mut prose = Vec::new();
    let pmf = pretrain::pmf_note(experiment, protocol)?;
    let best = pmf.validation_rmse.iter().copied().fold(f64::INFINITY, f64::min);
    prose.push(format!(
        "The rating factorization took {} epochs; its best validation RMSE is {best:.4}.",
        pmf.epochs
    ));
    for variant in variants(experiment) {
        let reference = experiment.config.training.reference_duration.as_deref();
        prose.push(job_prose(variant, &note(experiment, protocol, variant)?, reference));
    }
    let plots = CURVES.iter().filter_map(|(name, label)| curve(protocol, rows, name, label)).collect();
    Ok(Section { heading: format!("Protocol \"{protocol}\": training"), prose, tables: Vec::new(), plots })
}

fn job_prose(variant: Variant, note: &JobNote, reference: Option<&str>) -> String {
    let reference = reference.map(|it| format!(" ({it})")).unwrap_or_default();
    let (name, [choose, fit]) = (variant.name(), note.seconds);
    let chosen = match note.validations.iter().find(|it| it.round == note.rounds) {
        Some(it) => format!(
            "{} of {} validated rounds did best on validation rows (P@10 {:.4}; untrained {:.4})",
            note.rounds,
            note.validations.last().map_or(0, |last| last.round),
            it.score,
            note.validations.first().map_or(f64::NAN, |first| first.score)
        ),
        None => format!("{} rounds were set by the configuration", note.rounds),
    };
    format!(
        "{name}: {chosen}; the final fit took {} sessions and {} updates. Choosing took {choose:.0} s, the final fit {fit:.0} s{reference}. Final checkpoint {}.",
        note.episodes, note.updates, note.checkpoint
    )
}

fn curve(protocol: Protocol, rows: &[TrainingRow], name: &str, label: &str) -> Option<Plot> {
    let prefix = format!("{protocol}/");
    let mut series: Vec<Series> = Vec::new();
    for row in rows.iter().filter(|row| row.name == name && row.series.starts_with(&prefix)) {
        let point = (row.step as f64, row.value);
        let short = &row.series[prefix.len()..];
        match series.iter_mut().find(|it| it.name == short) {
            Some(found) => found.points.push(point),
            None => series.push(Series { name: short.to_owned(), points: vec![point] }),
        }
    }
    for it in &mut series {
        it.points = thin(&it.points, N_POINTS);
    }
    let plot = Plot::Lines {
        title: format!("{label} (\"{protocol}\")"),
        x_label: "environment steps".to_owned(),
        y_label: name.replace('_', " "),
        series,
    };
    matches!(&plot, Plot::Lines { series, .. } if !series.is_empty()).then_some(plot)
}
