//! Reading ranked lists that another system wrote: text with a header, or a run's own `lists.parquet`.

use anyhow::{Context as _, Result, bail};
use drr_core::Protocol;
use drr_data::read_lists;
use std::collections::BTreeSet;
use std::path::Path;

/// One place of somebody's ranked list.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignRow {
    /// The line of the file, or the row of the table, from 1.
    pub line: usize,
    /// The user's original id.
    pub user_id: String,
    /// The item's original id.
    pub item_id: String,
    /// Lists go from the least to the greatest: the rank, or the negative score.
    pub order: f64,
}

/// The names beside which lists are judged.
const TAKEN: [&str; 3] = ["popularity", "random", "oracle"];

/// Reads lists, and finds their name.
///
/// # Errors
///
/// Fails on an unreadable file, a missing column, or a number that is none, with the line and a remedy.
pub fn read_foreign_lists(
    path: &Path,
    protocol: Protocol,
    name: Option<&str>,
) -> Result<(String, Vec<ForeignRow>)> {
    let stem = path.file_stem().map_or_else(|| "lists".into(), |stem| stem.to_string_lossy().into_owned());
    let is_parquet = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("parquet"));
    let (name, rows) = if is_parquet {
        from_run(path, protocol, name)?
    } else {
        (name.map_or(stem, str::to_owned), from_text(path)?)
    };
    if rows.is_empty() {
        bail!("{} has no lists to judge", path.display());
    }
    let taken = TAKEN.contains(&name.as_str());
    Ok((if taken { format!("{name} (lists)") } else { name }, rows))
}

/// The lists of one recommender of a run.
fn from_run(path: &Path, protocol: Protocol, name: Option<&str>) -> Result<(String, Vec<ForeignRow>)> {
    let rows = read_lists(path).with_context(|| {
        format!("{} has not the columns of a lists.parquet: write the lists as csv", path.display())
    })?;
    let rows: Vec<_> = (1..).zip(rows).filter(|(_, row)| row.protocol == protocol.name()).collect();
    let names: BTreeSet<&str> = rows.iter().map(|(_, row)| row.recommender.as_str()).collect();
    let all = names.iter().copied().collect::<Vec<_>>().join(", ");
    let chosen = match name {
        _ if names.is_empty() => bail!("{} has no lists under protocol {protocol}", path.display()),
        Some(name) if names.contains(name) => name.to_owned(),
        _ if names.len() == 1 => all.clone(),
        _ => bail!("{} has lists of several recommenders: choose with --name one of {all}", path.display()),
    };
    let own = rows.iter().filter(|(_, row)| row.recommender == chosen);
    let rows = own.map(|(line, row)| ForeignRow {
        line: *line,
        user_id: row.user_id.clone(),
        item_id: row.item_id.clone(),
        order: f64::from(row.rank),
    });
    let rows = rows.collect();
    Ok((name.map_or(chosen, str::to_owned), rows))
}

/// Reads text with a header, fields separated by tabs if the header has one, else by commas.
fn from_text(path: &Path) -> Result<Vec<ForeignRow>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}: give a csv, tsv or parquet file", path.display()))?;
    let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
    let header = lines.next().map_or("", |(_, line)| line);
    let separator = if header.contains('\t') { '\t' } else { ',' };
    let columns: Vec<String> = fields(header, separator).map(str::to_ascii_lowercase).collect();
    let find = |names: &[&str]| columns.iter().position(|column| names.contains(&column.as_str()));
    let rank = find(&["rank"]);
    let (Some(user), Some(item), Some(order)) =
        (find(&["user", "user_id"]), find(&["item", "item_id"]), rank.or_else(|| find(&["score"])))
    else {
        bail!(
            "{} line 1: the header has no user, item, and rank or score: it reads {header:?}, and must name these columns",
            path.display()
        );
    };
    let mut rows = Vec::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        let values: Vec<&str> = fields(text, separator).collect();
        if values.len() != columns.len() {
            let (n, wanted) = (values.len(), columns.len());
            bail!(
                "{} line {line}: {n} fields, and the header has {wanted}: correct the line",
                path.display()
            );
        }
        let number: Option<f64> = values[order].parse().ok().filter(|number: &f64| number.is_finite());
        let Some(number) = number else {
            bail!("{} line {line}: {:?} is no number: correct the line", path.display(), values[order]);
        };
        rows.push(ForeignRow {
            line,
            user_id: values[user].to_owned(),
            item_id: values[item].to_owned(),
            order: if rank.is_some() { number } else { -number },
        });
    }
    Ok(rows)
}

fn fields(line: &str, separator: char) -> impl Iterator<Item = &str> {
    line.split(separator).map(|field| field.trim().trim_matches('"'))
}
