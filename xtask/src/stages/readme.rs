//! Writes a run's results between two markers of a document, so that no figure in it is typed by hand.
//!
//! `<!-- results:NAME -->` and `<!-- /results:NAME -->` enclose what belongs to the run NAME.

use super::Experiment;
use super::evaluate::{RunMetrics, headline, load};
use super::jobs::{Job, World};
use super::names::Form;
use super::train::note;
use anyhow::{Context as _, Result, bail};
use drr_eval::Metric;
use std::fmt::Write as _;
use std::path::Path;

/// Replaces what stands between the markers of the run in the document at `path`.
pub fn run(experiment: &Experiment<'_>, path: &Path) -> Result<()> {
    let name =
        experiment.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_block(path, &name, &block(experiment, &load(experiment)?)?)
}

/// Refuses a document that has no place for the block `name`: better before the work than after it.
pub fn check_block(path: &Path, name: &str) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    replace(&text, name, "").map(drop).with_context(|| format!("in {}", path.display()))
}

/// Replaces what stands between the markers `name` in the document at `path`; a missing document is made.
pub fn write_block(path: &Path, name: &str, block: &str) -> Result<()> {
    if !path.exists() {
        let text = format!("# {name}\n\n<!-- results:{name} -->\n{block}<!-- /results:{name} -->\n");
        drr_store::write_bytes(path, text.as_bytes())?;
        return Ok(());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let replaced = replace(&text, name, block).with_context(|| format!("in {}", path.display()))?;
    drr_store::write_bytes(path, replaced.as_bytes())?;
    Ok(())
}

fn replace(text: &str, name: &str, block: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- results:{name} -->"), format!("<!-- /results:{name} -->"));
    let Some((before, rest)) = text.split_once(&begin) else {
        bail!("there is no line {begin}: write it and {end} where the results belong")
    };
    let Some((_, after)) = rest.split_once(&end) else { bail!("there is no line {end} after {begin}") };
    Ok(format!("{before}{begin}\n{block}{end}{after}"))
}

/// The run's results as Markdown: a short table for each protocol, the training's size, and what they are figures of.
pub fn block(experiment: &Experiment<'_>, metrics: &RunMetrics) -> Result<String> {
    let mut text = String::new();
    for protocol in experiment.protocols() {
        for table in metrics.tables(protocol) {
            write_table(&mut text, metrics, &table)?;
            write_learners(&mut text, metrics, &table)?;
        }
    }
    for split in experiment.splits() {
        let job = Job::main(experiment, split, World::of(split)[0]);
        let note = note(experiment, &job)?;
        let reference = experiment.config.training.reference_duration.as_deref();
        let reference = reference.map(|it| format!(" ({it})")).unwrap_or_default();
        writeln!(
            text,
            "\nThe final fit of {} on the cut \"{split}\": {} sessions, {} updates, {:.0} s{reference}; choosing the number of rounds before: {:.0} s.",
            job.name(),
            note.episodes,
            note.updates,
            note.seconds[1],
            note.seconds[0]
        )?;
    }
    let run = &experiment.manifest;
    let machine: Vec<String> = run.machine.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let short = |hash: &str| hash.get(..16).unwrap_or(hash).to_owned();
    writeln!(
        text,
        "\nIntervals are 95 % bootstrap intervals over users. Data set {} (hash {}), configuration hash {}, seed {}, version {}; {}.\n",
        experiment.dataset.manifest().dataset,
        short(&run.dataset_hash),
        short(&run.config_hash),
        run.seed,
        run.version,
        machine.join(", ")
    )?;
    if let Some(line) = archive_line(experiment)? {
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
    let names = rows.iter().map(|it| &*it.summary.recommender);
    let speaks = |name: &&str| {
        metrics
            .names
            .parse(name)
            .is_some_and(|it| it.is_plain() && metrics.names.is_main(it.learner) && it.world == World::Logged)
    };
    let agent = names.clone().find(speaks);
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
        let Some(parsed) = metrics.names.parse(name) else { continue };
        if !parsed.is_plain() || metrics.names.is_main(parsed.learner) {
            continue;
        }
        let minus = |other: &str| {
            let found = metrics.comparison(table, name, other).map(|it| it.result.difference);
            found
                .map_or_else(|| "-".to_owned(), |d| format!("{:+.4} [{:+.4}, {:+.4}]", d.mean, d.low, d.high))
        };
        let own = |form| minus(&parsed.with(form));
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
fn archive_line(experiment: &Experiment<'_>) -> Result<Option<String>> {
    let manifest = experiment.dataset.manifest();
    let official = experiment.context.registry().load(&manifest.dataset)?.md5;
    Ok(match (&manifest.source.md5, official) {
        (Some(ours), Some(official)) if *ours != official => {
            Some(format!("The archive of this run has the MD5 {ours}; the official one has {official}."))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n<!-- results:x -->\nold\n<!-- /results:x -->\nb\n";
        let new = replace(text, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- results:x -->\nnew\n<!-- /results:x -->\nb\n");
        assert_eq!(replace(&new, "x", "new\n").unwrap(), new);
    }

    #[test]
    fn missing_markers_are_named() {
        assert!(replace("", "x", "").unwrap_err().to_string().contains("<!-- results:x -->"));
        assert!(
            replace("<!-- results:x -->", "x", "").unwrap_err().to_string().contains("<!-- /results:x -->")
        );
    }
}
