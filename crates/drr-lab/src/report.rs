//! The report of a run: what was done, how it came out, and how the training went.

mod answer;
mod block;
mod characters;
mod costs;
mod dynamics;
mod face;
mod ledger;
mod long_term;
mod one_session;
mod page;
mod published;
mod results;
mod sessions;
mod staleness;
mod training;

pub use block::{block, write_into};
pub use characters::meaning;
pub use page::Page;

use crate::document::aligned;
use crate::fit::train;
use crate::judge::figures::{RunMetrics, STAGE, load, load_costs};
use crate::judge::sessions::SessionFigures;
use crate::{judge, study};
use anyhow::Result;
use drr_data::{Attribute, RowCounts, read_per_user, read_training};
use drr_eval::report::{Report, Section};
use one_session::OneSession;
use std::fmt::Write as _;

/// The greedy recommender from whose scores the agent for long sessions begins.
const GREEDY: &str = "greedy_mf_r";

/// Writes the report, and returns what a terminal has room for: the short tables, and last the answers.
///
/// # Errors
///
/// Fails if a file of the run is missing, damaged, or of other data or settings.
pub fn brief(page: &Page<'_>) -> Result<String> {
    run(page)?;
    let metrics = load(page.work, page.manifest)?;
    let mut text = format!("\n{}\n\n{}\n", title(page), page.manifest.dataset_line);
    text.push_str(&aligned(&block(page, &metrics)?));
    for answer in answers(page, &metrics, judge::sessions::read(page.work)?.as_ref()) {
        writeln!(text, "{answer}\n")?;
    }
    let path = |name| page.work.path(name).display().to_string();
    write!(text, "All tables and plots: {} and {}", path("report.html"), path("report.md"))?;
    Ok(text)
}

/// The answers in words: under logged ratings, and in long sessions.
fn answers(page: &Page<'_>, metrics: &RunMetrics, figures: Option<&SessionFigures>) -> Vec<String> {
    let of_logs = answer::in_words(metrics, &page.protocols);
    of_logs.into_iter().chain(figures.into_iter().flat_map(sessions::in_words)).collect()
}

/// Writes `report.html`, `report.md` and, where the run has long sessions, their picture; returns the second.
///
/// # Errors
///
/// Fails if a file of the run is missing, damaged, or of other data or settings.
pub fn run(page: &Page<'_>) -> Result<String> {
    let work = page.work;
    let metrics = load(work, page.manifest)?;
    let figures = judge::sessions::read(work)?;
    let dataset = &page.dataset.manifest().dataset;
    let mut sections: Vec<Section> = Vec::new();
    sections.extend(face::section(answers(page, &metrics, figures.as_ref()), figures.as_ref(), dataset));
    if let Some(figures) = &figures {
        if let Some(picture) = face::picture(figures, dataset) {
            drr_store::write_bytes(&work.path(face::PICTURE), picture.to_svg()?.as_bytes())?;
        }
        sections.extend(OneSession::of(page, figures)?.iter().flat_map(OneSession::sections));
    }
    sections.extend(body(page, &metrics, figures.as_ref())?);
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

/// What comes after the answer.
fn body(page: &Page<'_>, metrics: &RunMetrics, figures: Option<&SessionFigures>) -> Result<Vec<Section>> {
    let work = page.work;
    let rows = read_training(&work.checked(train::STAGE, train::CURVES)?)?;
    let per_user = read_per_user(&work.checked(STAGE, "per_user.parquet")?)?;
    let mut sections: Vec<Section> = answer::section(metrics, &page.protocols).into_iter().collect();
    let categories = page.dataset.categories().map_or("categories", Attribute::name);
    for protocol in &page.protocols {
        sections.extend(results::sections(metrics, *protocol, &per_user, categories));
        sections.extend(results::simulator_matrix(metrics, *protocol));
    }
    sections.push(judged(page, metrics));
    sections.push(costs::section(&load_costs(work)?));
    if let Some(points) = study::staleness::load(work)? {
        sections.push(staleness::section(&points));
    }
    sections.extend(figures.map(sessions::section));
    if let Some(study) = study::long_term::load(work)? {
        sections.push(long_term::section(&study));
    }
    sections.extend(ledger::section(work)?);
    for (spaces, trainings) in &page.cuts {
        sections.push(training::section(spaces, trainings, &rows)?);
    }
    // Whoever has no figures may not be trained.
    if figures.is_some() {
        sections.extend(training::of_sessions(&page.sessions)?);
    }
    Ok(sections)
}

/// Who was judged, beside published figures where there are some.
fn judged(page: &Page<'_>, metrics: &RunMetrics) -> Section {
    let mut tables = vec![characters::table(metrics)];
    if page.dataset.manifest().dataset == "ml-1m" {
        tables.push(published::table(metrics));
    }
    Section { heading: "Who was judged".to_owned(), tables, ..Section::default() }
}

fn title(page: &Page<'_>) -> String {
    format!("Does reinforcement learning recommend better? {}", page.dataset.manifest().dataset)
}

/// What was in the raw files and is not in the data set, as far as there is any.
fn not_used(counts: RowCounts) -> impl Iterator<Item = (&'static str, u64)> {
    let all = [
        ("Rows dropped: the user had rated the item before", counts.duplicates_dropped),
        ("Rows dropped: user or item unknown", counts.unknown_dropped),
        ("Rows dropped: rating not on the scale", counts.out_of_range_dropped),
        ("Users without a rating, left out", counts.unrated_users),
        ("Items without a rating, left out", counts.unrated_items),
    ];
    all.into_iter().filter(|(_, n)| *n > 0)
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
        text(
            "Archive checksum",
            manifest.source.checksum.clone().unwrap_or_else(|| "not recorded".to_owned()),
        ),
        text("Configuration hash", run.config_hash.clone()),
        text("Seed", run.seed.to_string()),
        text("Version", run.program()),
    ];
    facts.extend(run.machine.iter().cloned());
    facts.extend(not_used(manifest.counts).map(|(name, n)| text(name, n.to_string())));
    facts.extend(page.left_out.iter().map(|sentence| text("Left out", sentence.clone())));
    facts.extend(run.warnings.iter().map(|warning| text("Warning", warning.clone())));
    facts
}
