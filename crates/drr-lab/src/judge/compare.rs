//! Comparing two runs: settings, metrics user by user, and which lists changed for whom.

mod lists;
mod metrics;
mod policy;
mod settings;
#[cfg(test)]
mod tests;

use crate::judge::check::{Judged, folder_of};
use crate::judge::figures::check_folder;
use crate::run::Context;
use crate::run::RunManifest;
use anyhow::{Context as _, Result};
use drr_data::Dataset;
use drr_eval::report::{Report, Section};
use lists::Lists;
use std::path::{Path, PathBuf};

/// One of the two runs.
#[derive(Debug)]
pub struct Side {
    /// Its folder's name.
    name: String,
    folder: PathBuf,
    judged: Judged,
    lists: Lists,
    manifest: RunManifest,
    config: toml::Table,
}

impl Side {
    fn read(context: &Context, name: &str) -> Result<Self> {
        let folder = folder_of(context, name)?;
        let remedy = "run `drr pipeline` again";
        let text = |file: &str| {
            let path = folder.join(file);
            std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}: {remedy}", path.display()))
        };
        let damaged = |file: &str| format!("{} is damaged: {remedy}", folder.join(file).display());
        let manifest = RunManifest::read(&folder)?;
        manifest.check_config(&folder)?;
        let config = text("config.toml")?.parse().with_context(|| damaged("config.toml"))?;
        let own = folder.file_name().map_or_else(|| name.to_owned(), |it| it.to_string_lossy().into_owned());
        check_folder(&folder, &["per_user.parquet", "lists.parquet"])?;
        let (judged, lists) = (Judged::read(&folder)?, Lists::read(&folder)?);
        Ok(Self { name: own, folder, judged, lists, manifest, config })
    }
}

/// Compares, writes the page and its Markdown, and returns the latter.
///
/// `metric` keeps the table of all metrics to one: `ndcg`, or `ndcg@10`.
pub fn run(
    context: &Context,
    (before, after): (&str, &str),
    metric: Option<&str>,
    out: Option<&Path>,
) -> Result<String> {
    let (before, after) = (Side::read(context, before)?, Side::read(context, after)?);
    let page = out.map_or_else(|| after.folder.join(format!("compare-{}.html", before.name)), Path::to_owned);
    // Titles are a help where the data set is at hand; a damaged one is no help.
    let dataset_dir = context.data_dir.join(&after.manifest.dataset_dir);
    let dataset = if dataset_dir.exists() { Some(Dataset::open(&dataset_dir)?) } else { None };
    let mut sections = vec![settings::section(&before, &after)];
    let comparisons = metrics::compare(&before, &after)?;
    let all = metrics::compare_all(&before, &after, metric)?;
    let mut tables: Vec<&str> = comparisons.iter().map(|it| it.protocol.as_str()).collect();
    tables.dedup();
    for table in tables {
        let own: Vec<_> = comparisons.iter().filter(|it| it.protocol == table).collect();
        let mut section = metrics::section(table, &own, &before, &after);
        section
            .tables
            .push(metrics::table_of_all(&all.iter().filter(|it| it.protocol == table).collect::<Vec<_>>()));
        sections.push(section);
        let changes: Vec<Section> = own
            .iter()
            .filter(|it| it.difference.is_some())
            .filter_map(|it| policy::section(it, &before, &after, dataset.as_ref()))
            .collect();
        sections.extend(changes);
    }
    let report = Report {
        title: format!("{} and {}", before.name, after.name),
        dataset_line: after.manifest.dataset_line.clone(),
        facts: vec![
            ("A".to_owned(), before.folder.display().to_string()),
            ("B".to_owned(), after.folder.display().to_string()),
            ("Data set hash of A".to_owned(), before.manifest.dataset_hash.clone()),
            ("Data set hash of B".to_owned(), after.manifest.dataset_hash.clone()),
        ],
        sections,
    };
    let markdown = report.to_markdown();
    drr_store::write_bytes(&page, report.to_html()?.as_bytes())?;
    drr_store::write_bytes(&page.with_extension("md"), markdown.as_bytes())?;
    Ok(format!("{markdown}\nwritten: {}", page.display()))
}
