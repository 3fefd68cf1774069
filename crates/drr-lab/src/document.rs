//! Markdown: tables for a terminal, and blocks of a document that programs write, so that no figure in it is typed by hand.
//!
//! `<!-- results:NAME -->` and `<!-- /results:NAME -->` enclose what belongs to NAME.

use anyhow::{Context as _, Result, bail};
use std::path::Path;

/// Markdown with the columns of its tables padded to one width, numbers to the right.
pub fn aligned(markdown: &str) -> String {
    let lines: Vec<&str> = markdown.lines().collect();
    let is_row = |line: &&str| line.starts_with('|') && line.ends_with('|') && line.len() > 1;
    let mut text = String::new();
    for group in lines.chunk_by(|left, right| is_row(left) == is_row(right)) {
        if group.first().is_some_and(is_row) {
            text.push_str(&padded(group));
        } else {
            text.extend(group.iter().flat_map(|line| [line, "\n"]));
        }
    }
    text
}

/// The rows of one table, whose second row says which columns stand to the right.
fn padded(rows: &[&str]) -> String {
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let to_the_right =
        |column: usize| rows.get(1).and_then(|rule| rule.get(column)).is_some_and(|cell| cell.ends_with(':'));
    let is_rule = |cell: &str| cell.len() > 2 && cell.chars().all(|it| it == '-' || it == ':');
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !is_rule(cell));
        texts.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for column in 0..n_columns {
            let (cell, width) = (row.get(column).map_or("", String::as_str), width(column));
            line.push_str(&match (is_rule(cell), to_the_right(column)) {
                (true, _) => "-".repeat(width),
                (false, true) => format!("{cell:>width$}"),
                (false, false) => format!("{cell:<width$}"),
            });
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
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

    #[test]
    fn tables_are_padded_and_other_lines_kept() {
        let markdown = "Before:\n\n| who | how |\n|---|---:|\n| random | - |\n| a | -0.25 |\n\nAfter.\n";
        let expected = "Before:\n\nwho       how\n------  -----\nrandom      -\na       -0.25\n\nAfter.\n";
        assert_eq!(aligned(markdown), expected);
    }
}
