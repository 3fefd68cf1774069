//! What a command answers goes to standard output; everything about its progress goes to standard error.

use std::fmt::Display;
use std::io::Write as _;

/// Prints one answer, or one line of one. A reader who has seen enough and closed the pipe is no reason to fail.
pub fn say(line: impl Display) {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error);
            complain(&error.context(
                "the answer cannot be written to standard output: free some space, or send it elsewhere",
            ));
            std::process::exit(1);
        }
        _ => {}
    }
}

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

/// Prints why the command failed, with its causes.
#[expect(clippy::print_stderr, reason = "an error must be seen even if no log is set up")]
pub fn complain(error: &anyhow::Error) {
    eprintln!("error: {}", told(error));
}

/// The error and its causes, joined by colons. A cause that the message before it ends with is not told twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_padded_and_other_lines_kept() {
        let markdown = "Before:\n\n| who | how |\n|---|---:|\n| random | - |\n| a | -0.25 |\n\nAfter.\n";
        let expected = "Before:\n\nwho       how\n------  -----\nrandom      -\na       -0.25\n\nAfter.\n";
        assert_eq!(aligned(markdown), expected);
    }

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow::anyhow!("no such file").context("failed to open a.zip: no such file");
        assert_eq!(told(&error.context("reading")), "reading: failed to open a.zip: no such file");
    }
}
