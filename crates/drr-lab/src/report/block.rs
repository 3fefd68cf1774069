//! Writes a run's results between two markers of a document, so that no figure in it is typed by hand.
//!
//! `<!-- results:NAME -->` and `<!-- /results:NAME -->` enclose what belongs to the run NAME.

use super::one_session::OneSession;
use super::{Page, face};
use crate::document::{check_block, write_block};
use crate::judge::figures::{Judged, RunMetrics, headline, load};
use anyhow::Result;
use drr_core::{Form, World};
use drr_eval::Metric;
use std::fmt::Write as _;
use std::path::Path;

/// Replaces what stands between the markers of the run in the document at `path`. The picture of long sessions, where the run
/// has some, lies beside it: `ml-1m.md` shows `ml-1m-sessions.svg`.
///
/// # Errors
///
/// Fails if the run was not judged, and if the document has no place for it.
pub fn write_into(page: &Page<'_>, path: &Path) -> Result<()> {
    let name = page.work.name();
    if path.exists() {
        // No picture for a document that shows none.
        check_block(path, &name)?;
    }
    let head = write_head(page, path)?;
    write_block(path, &name, &format!("{head}{}", block(page, &load(page.work, page.manifest)?)?))
}

/// Writes the picture, and returns what stands above the tables: it, and one user's session.
fn write_head(page: &Page<'_>, path: &Path) -> Result<String> {
    let Some(figures) = crate::judge::sessions::read(page.work)? else { return Ok(String::new()) };
    let mut text = String::new();
    if let Some(picture) = face::picture(&figures, &page.dataset.manifest().dataset) {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let name = format!("{stem}-{}", face::PICTURE);
        drr_store::write_bytes(&path.with_file_name(&name), picture.to_svg()?.as_bytes())?;
        writeln!(text, "\n![{}]({name})", picture.title())?;
    }
    if let Some(session) = OneSession::of(page, &figures)? {
        text.push_str(&session.block());
    }
    Ok(text)
}

/// The run's results as Markdown: a short table for each protocol, the training's size, and what they are figures of.
///
/// # Errors
///
/// Fails if a learner was not trained.
pub fn block(page: &Page<'_>, metrics: &RunMetrics) -> Result<String> {
    let mut text = String::new();
    for protocol in &page.protocols {
        for table in metrics.tables(*protocol) {
            write_table(&mut text, metrics, &table)?;
            write_learners(&mut text, metrics, &table)?;
        }
    }
    if let Some(figures) = crate::judge::sessions::read(page.work)? {
        text.push_str(&super::sessions::block(&figures));
    }
    for (_, trainings) in &page.cuts {
        let Some(training) = trainings.first() else { continue };
        let (note, split) = (training.note()?, training.job.split);
        let reference = training.rules.reference_duration.map(|it| format!(" ({it})")).unwrap_or_default();
        writeln!(
            text,
            "\nThe final fit of {} on the cut \"{split}\": {} sessions, {} updates, {:.0} s{reference}; choosing the number of rounds before: {:.0} s.",
            training.job.name(),
            note.episodes,
            note.updates,
            note.seconds[1],
            note.seconds[0]
        )?;
    }
    let seed = format!("seed {}", page.manifest.seed);
    let provenance = page.manifest.provenance(&page.dataset.manifest().dataset, &seed);
    writeln!(text, "\nIntervals are 95 % bootstrap intervals over users. {provenance}\n")?;
    if let Some(line) = archive_line(page) {
        writeln!(text, "{line}\n")?;
    }
    Ok(text)
}

/// One table: the headline metric with its interval, NDCG, diversity, and the agent's difference.
fn write_table(text: &mut String, metrics: &RunMetrics, table: &str) -> Result<()> {
    let rows = metrics.table(table);
    let Some((metric, k, _)) = rows.first().and_then(|it| headline(it)) else { return Ok(()) };
    let n_users = rows.first().map_or(0, |it| it.summary.n_users);
    let ndcg = if rows[0].summary.metric(Metric::NdcgRetrievedIdeal, k).is_some() {
        Metric::NdcgRetrievedIdeal
    } else {
        Metric::NdcgConstantIdeal
    };
    writeln!(text, "\nProtocol \"{table}\", {n_users} test users:\n")?;
    writeln!(
        text,
        "| recommender | {}@{k} | {}@{k} | {}@{k} | coverage | Gini | agent minus this |",
        metric.name(),
        Metric::Ndcg.name(),
        ndcg.name()
    )?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|")?;
    let speaks = |row: &&&Judged| {
        let id = row.id.as_ref();
        id.is_some_and(|id| id.is_plain() && id.world == World::Logged && metrics.is_main(&id.name))
    };
    let agent = rows.iter().find(speaks).map(|row| &*row.summary.recommender);
    for it in rows {
        let Some((_, _, interval)) = headline(it) else { continue };
        let mean =
            |metric| it.summary.metric(metric, k).map_or("-".to_owned(), |it| format!("{:.4}", it.mean));
        let diversity = it.summary.diversity.iter().max_by_key(|at| at.k).map(|at| at.diversity);
        let (coverage, gini) = diversity.map_or((f64::NAN, f64::NAN), |it| (it.coverage, it.gini));
        let difference = agent.and_then(|agent| metrics.comparison(table, agent, &it.summary.recommender));
        let difference = difference.map_or_else(String::new, |it| {
            let d = it.result.difference;
            format!("{:+.4} [{:+.4}, {:+.4}]", d.mean, d.low, d.high)
        });
        writeln!(
            text,
            "| {} | {:.4} [{:.4}, {:.4}] | {} | {} | {coverage:.3} | {gini:.3} | {difference} |",
            it.summary.recommender,
            interval.mean,
            interval.low,
            interval.high,
            mean(Metric::Ndcg),
            mean(ndcg)
        )?;
    }
    Ok(())
}

/// Every further learner of a table beside its own untrained self, its twin with discount 0 and random order; nothing where
/// there is none.
fn write_learners(text: &mut String, metrics: &RunMetrics, table: &str) -> Result<()> {
    let mut rows = String::new();
    for it in metrics.table(table) {
        let name = &*it.summary.recommender;
        let Some(id) = &it.id else { continue };
        if !id.is_plain() || metrics.is_main(&id.name) {
            continue;
        }
        let minus = |other: &str| {
            let found = metrics.comparison(table, name, other).map(|it| it.result.difference);
            found
                .map_or_else(|| "-".to_owned(), |d| format!("{:+.4} [{:+.4}, {:+.4}]", d.mean, d.low, d.high))
        };
        let own = |form| minus(&id.with(form).to_string());
        let random = minus("random");
        writeln!(rows, "| {name} | {} | {} | {random} |", own(Form::Untrained), own(Form::Greedy))?;
    }
    if !rows.is_empty() {
        writeln!(text, "\n| learner | minus untrained | minus twin with discount 0 | minus random |")?;
        write!(text, "|---|---:|---:|---:|\n{rows}")?;
    }
    Ok(())
}

/// What a reader must know of the archive if it is not the official one.
fn archive_line(page: &Page<'_>) -> Option<String> {
    match (&page.dataset.manifest().source.md5, &page.official_md5) {
        (Some(ours), Some(official)) if ours != official => {
            Some(format!("The archive of this run has the MD5 {ours}; the official one has {official}."))
        }
        _ => None,
    }
}
