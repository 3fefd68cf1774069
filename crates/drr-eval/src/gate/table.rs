//! The judgement as a table.

use super::judge::{GateReport, LineReport, Outcome, Verdict};
use crate::report::{Cell, Table};

/// Digits of the figures.
const DIGITS: u8 = 4;

impl GateReport {
    /// One row per line: what was recorded, what was found, and what that comes to.
    #[must_use]
    pub fn table(&self) -> Table {
        let columns = ["figure", "recorded", "tolerance", "found", "users", "verdict"];
        Table {
            caption: self.summary(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: self.lines.iter().map(row).collect(),
            ..Table::default()
        }
    }

    /// The outcome in one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |test: fn(&Verdict) -> bool| self.lines.iter().filter(|line| test(&line.verdict)).count();
        let n_lines = self.lines.len();
        match self.outcome {
            Outcome::Held => format!("Held: all {n_lines} figures are as recorded."),
            Outcome::Regressed => {
                let n_worse = count(|verdict| *verdict == Verdict::Regressed);
                format!("Regressed: {n_worse} of {n_lines} figures are worse than recorded.")
            }
            Outcome::NotEnough => {
                let n_open = count(|verdict| matches!(verdict, Verdict::NotEnough { .. }));
                format!("Not enough users to tell: {n_open} of {n_lines} figures have too wide an interval.")
            }
        }
    }
}

fn row(report: &LineReport) -> Vec<Cell> {
    let LineReport { line, found, n_users, verdict } = report;
    let found = if line.exact {
        Cell::value(found.mean, DIGITS)
    } else {
        Cell::estimate(found.mean, (found.low, found.high), DIGITS)
    };
    vec![
        Cell::text(line.label()),
        Cell::value(line.value, DIGITS),
        if line.exact { Cell::text("exact") } else { Cell::value(line.tolerance, DIGITS) },
        found,
        Cell::value(*n_users as f64, 0),
        Cell::Text(words(*verdict)),
    ]
}

fn words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Held => "held".to_owned(),
        Verdict::Regressed => "regressed".to_owned(),
        Verdict::NotEnough { needed_users } => format!("not enough users: {needed_users} needed"),
    }
}
