//! The report of a run: what was done, how it came out, and how the training went.

mod answer;
mod block;
mod characters;
mod costs;
mod dynamics;
mod ledger;
mod long_term;
mod page;
mod published;
mod results;
mod sessions;
mod staleness;
mod training;

pub use block::{block, write_into};
pub use page::Page;

use crate::document::aligned;
use crate::fit::train;
use crate::judge::figures::{STAGE, load, load_costs};
use crate::{judge, study};
use anyhow::Result;
use drr_data::{read_per_user, read_training};
use drr_eval::report::{Report, Section};
use std::fmt::Write as _;

/// Writes the report, and returns what a terminal has room for: the answer and the short tables.
///
/// # Errors
///
/// Fails if a file of the run is missing, damaged, or of other data or settings.
pub fn brief(page: &Page<'_>) -> Result<String> {
    run(page)?;
    let metrics = load(page.work, page.manifest)?;
    let mut text = format!("\n{}\n\n{}\n", title(page), page.manifest.dataset_line);
    for answer in answer::in_words(&metrics, &page.protocols) {
        writeln!(text, "\n{answer}")?;
    }
    if let Some(figures) = judge::sessions::read(page.work)? {
        for answer in sessions::in_words(&figures) {
            writeln!(text, "\n{answer}")?;
        }
    }
    text.push_str(&aligned(&block(page, &metrics)?));
    let path = |name| page.work.path(name).display().to_string();
    write!(text, "All tables and plots: {} and {}", path("report.html"), path("report.md"))?;
    Ok(text)
}

/// Writes `report.html` and `report.md`, and returns the latter.
///
/// # Errors
///
/// Fails if a file of the run is missing, damaged, or of other data or settings.
pub fn run(page: &Page<'_>) -> Result<String> {
    let work = page.work;
    let metrics = load(work, page.manifest)?;
    let rows = read_training(&work.checked(train::STAGE, train::CURVES)?)?;
    let per_user = read_per_user(&work.checked(STAGE, "per_user.parquet")?)?;
    let mut sections: Vec<Section> = answer::section(&metrics, &page.protocols).into_iter().collect();
    for protocol in &page.protocols {
        sections.extend(results::sections(&metrics, *protocol, &per_user));
        sections.extend(results::simulator_matrix(&metrics, *protocol));
    }
    let mut about = Section {
        heading: "Who was judged".to_owned(),
        tables: vec![characters::table(&metrics)],
        ..Section::default()
    };
    if page.dataset.manifest().dataset == "ml-1m" {
        about.tables.push(published::table(&metrics));
    }
    sections.push(about);
    sections.push(costs::section(&load_costs(work)?));
    if let Some(points) = study::staleness::load(work)? {
        sections.push(staleness::section(&points));
    }
    if let Some(figures) = judge::sessions::read(work)? {
        sections.push(sessions::section(&figures));
    }
    if let Some(study) = study::long_term::load(work)? {
        sections.push(long_term::section(&study));
    }
    sections.extend(ledger::section(work)?);
    for (spaces, trainings) in &page.cuts {
        sections.push(training::section(spaces, trainings, &rows)?);
    }
    let report = Report {
        title: title(page),
        dataset_line: page.manifest.dataset_line.clone(),
        facts: facts(page),
        sections,
    };
    let markdown = report.to_markdown();
    drr_store::write_bytes(&work.path("report.html"), report.to_html()?.as_bytes())?;
    drr_store::write_bytes(&work.path("report.md"), markdown.as_bytes())?;
    Ok(markdown)
}

fn title(page: &Page<'_>) -> String {
    format!("Does reinforcement learning recommend better? {}", page.dataset.manifest().dataset)
}

fn facts(page: &Page<'_>) -> Vec<(String, String)> {
    let (manifest, run) = (page.dataset.manifest(), page.manifest);
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
        text("Version", run.program()),
    ];
    facts.extend(run.machine.iter().cloned());
    facts.extend(run.warnings.iter().map(|warning| text("Warning", warning.clone())));
    facts
}
