//! The report of a run: what was done, how it came out, and how the training went.

mod answer;
mod costs;
mod ledger;
mod long_term;
mod names;
mod published;
mod results;
mod training;

use super::Experiment;
use super::evaluate::{load, load_costs};
use super::readme;
use super::staleness::{self, StalenessPoint, Upkeep};
use crate::console::aligned;
use anyhow::Result;
use drr_data::{read_per_user, read_training};
use drr_eval::report::{Cell, Plot, Report, Section, Series, Table};
use std::fmt::Write as _;

/// Writes the report, and returns what a terminal has room for: the answer and the short tables.
pub fn brief(experiment: &Experiment<'_>) -> Result<String> {
    run(experiment)?;
    let metrics = load(experiment)?;
    let mut text = format!("\n{}\n\n{}\n", title(experiment), experiment.manifest.dataset_line);
    for answer in answer::in_words(&metrics, &experiment.protocols()) {
        writeln!(text, "\n{answer}")?;
    }
    text.push_str(&aligned(&readme::block(experiment, &metrics)?));
    let path = |name| experiment.path(name).display().to_string();
    write!(text, "All tables and plots: {} and {}", path("report.html"), path("report.md"))?;
    Ok(text)
}

/// Writes `report.html` and `report.md`, and returns the latter.
pub fn run(experiment: &Experiment<'_>) -> Result<String> {
    let metrics = load(experiment)?;
    let rows = read_training(&experiment.path("training.parquet"))?;
    let per_user = read_per_user(&experiment.path("per_user.parquet"))?;
    let mut sections: Vec<Section> = answer::section(&metrics, &experiment.protocols()).into_iter().collect();
    for protocol in experiment.protocols() {
        sections.extend(results::sections(&metrics, protocol, &per_user));
        sections.extend(results::simulator_matrix(&metrics, protocol));
    }
    let mut about = Section {
        heading: "Who was judged".to_owned(),
        tables: vec![results::characters(&metrics)],
        ..Section::default()
    };
    if experiment.dataset.manifest().dataset == "ml-1m" {
        about.tables.push(published::table(&metrics));
    }
    sections.push(about);
    sections.push(costs::section(&load_costs(experiment)?));
    if let Some(points) = staleness::load(experiment)? {
        sections.push(staleness_section(&points));
    }
    if let Some(study) = super::long_term::load(experiment)? {
        sections.push(long_term::section(&study));
    }
    sections.extend(ledger::section(experiment)?);
    for split in experiment.splits() {
        sections.push(training::section(experiment, split, &rows)?);
    }
    let report = Report {
        title: title(experiment),
        dataset_line: experiment.manifest.dataset_line.clone(),
        facts: facts(experiment),
        sections,
    };
    let markdown = report.to_markdown();
    drr_store::write_bytes(&experiment.path("report.html"), report.to_html()?.as_bytes())?;
    drr_store::write_bytes(&experiment.path("report.md"), markdown.as_bytes())?;
    Ok(markdown)
}

fn title(experiment: &Experiment<'_>) -> String {
    format!("Does reinforcement learning recommend better? {}", experiment.dataset.manifest().dataset)
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

/// How the score falls with the time since training.
fn staleness_section(points: &[StalenessPoint]) -> Section {
    let mut series: Vec<Series> = Vec::new();
    for it in points {
        let name = format!("{}, {}", it.recommender, it.upkeep.words());
        let point = (it.days, it.precision.mean);
        match series.iter_mut().find(|series| series.name == name) {
            Some(found) => found.points.push(point),
            None => series.push(Series { name, points: vec![point] }),
        }
    }
    let row = |it: &StalenessPoint| {
        vec![
            Cell::text(&it.recommender),
            Cell::text(it.upkeep.words()),
            Cell::value(it.days, 0),
            Cell::value(it.n_users as f64, 0),
            Cell::estimate(it.precision.mean, (it.precision.low, it.precision.high), 4),
        ]
    };
    let columns = ["recommender", "upkeep", "days since training", "users", "P@10"];
    Section {
        heading: "How fast a model grows stale".to_owned(),
        prose: vec![format!(
            "The log is cut at a moment, and what follows is judged period by period: a model left as it is ({}), one that sees the growing histories of its users ({}), and one {} before each period.",
            Upkeep::Frozen.words(),
            Upkeep::GrowingHistory.words(),
            Upkeep::Retrained.words()
        )],
        tables: vec![Table {
            caption: "P@10 of users with something relevant in the period.".to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: points.iter().map(row).collect(),
            ..Table::default()
        }],
        plots: vec![Plot::Lines {
            title: "P@10 against the time since training".to_owned(),
            x_label: "days since training".to_owned(),
            y_label: "P@10".to_owned(),
            series,
        }],
        ..Section::default()
    }
}
