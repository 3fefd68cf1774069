//! The table of an ablation as Markdown.

use super::table::{Ablation, AblationTable, Against, Difference, Line, MARGIN};
use crate::config::AblationConfig;
use crate::run::RunManifest;
use std::fmt::Write as _;

/// The whole document's block.
pub fn text(ablation: &Ablation, run: &RunManifest, data_set: &str, config: &AblationConfig) -> String {
    let mut text = String::new();
    for table in &ablation.tables {
        write_table(&mut text, table);
    }
    write_legend(&mut text);
    write_footer(&mut text, ablation, (run, data_set), config);
    text
}

/// What the column of these differences is called.
const fn column(against: Against) -> &'static str {
    match against {
        Against::BestWithoutRl => "minus best without RL",
        Against::BestOther => "minus best other",
        Against::Bandit => "minus best bandit",
        Against::OneStep => "minus one-step model",
        Against::Greedy => "minus twin with discount 0",
        Against::Supervised => "minus twin without TD",
        Against::NoRl => "minus no_rl",
        Against::Untrained => "minus untrained",
        Against::Random => "minus random",
    }
}

fn write_table(text: &mut String, table: &AblationTable) {
    let best = table.best_without_rl.as_deref().unwrap_or("nobody");
    let other = table.best_other.as_ref();
    let other = other.map(|name| format!(", of the others {name}")).unwrap_or_default();
    let metric = format!("{}@{}", table.metric.name(), table.k);
    let mut columns = Against::ALL.to_vec();
    columns.retain(|against| table.lines.iter().any(|line| line.difference(*against).is_some()));
    let titles: Vec<&str> = columns.iter().map(|against| column(*against)).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\nProtocol \"{}\", {} test users, {metric}; the best without RL on these rows is {best}{other}:\n",
        table.name, table.n_users
    );
    let _ = writeln!(
        text,
        "| recommender | {metric} | seeds | coverage | Gini | {} | updates | seconds |",
        titles.join(" | ")
    );
    let _ = writeln!(text, "|---|---:|---:|---:|---:|{}---:|---:|", "---|".repeat(columns.len()));
    for line in &table.lines {
        write_line(text, line, &columns);
    }
}

fn write_line(text: &mut String, line: &Line, columns: &[Against]) {
    let optional = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let value = match line.seeds.len() {
        1 => format!("{:.4}", line.value.mean),
        _ => format!("{:.4} [{:.4}, {:.4}]", line.value.mean, line.value.low, line.value.high),
    };
    let degenerate = if line.degenerate { " (degenerate)" } else { "" };
    let differences: Vec<String> = columns
        .iter()
        .map(|against| line.difference(*against).map_or_else(|| "-".to_owned(), difference))
        .collect();
    let _ = writeln!(
        text,
        "| {}{degenerate} | {value} | {} | {} | {} | {} | {:.0} | {:.1} |",
        line.recommender,
        if line.learns { line.seeds.len().to_string() } else { "-".to_owned() },
        optional(line.coverage),
        optional(line.gini),
        differences.join(" | "),
        line.updates,
        line.seconds
    );
}

fn difference(it: &Difference) -> String {
    let Difference { interval, q_value, .. } = it;
    let (mean, low, high) = (interval.mean, interval.low, interval.high);
    format!("{} {mean:+.4} [{low:+.4}, {high:+.4}] q {q_value:.3}", it.verdict())
}

fn write_legend(text: &mut String) {
    let _ = writeln!(
        text,
        "\nValues of learners are interquartile means over the seeds, with stratified bootstrap intervals over the seeds where \
         there are several. Differences are paired by user, of each user's mean over the seeds, with 95 % bootstrap intervals \
         over the users; q is the p-value corrected for all comparisons of this document (Benjamini and Hochberg). Values \
         and differences average the seeds differently, so where both are small their signs may differ. Better: the interval is \
         above 0 and q below .05. Else not worse: its lower end is above -{MARGIN}, though it may lie below 0. Else worse: the \
         interval is below 0 and q below .05. The best without RL is the best on the very test rows, with settings chosen on validation rows: the \
         harder line. Degenerate: fewer items are recommended to anyone than by popularity. Updates are those of the final \
         fit, seconds those of choosing and of the final fit together, on one thread beside another training."
    );
}

fn write_footer(
    text: &mut String,
    ablation: &Ablation,
    (run, data_set): (&RunManifest, &str),
    config: &AblationConfig,
) {
    let list = |seeds: &[u64]| seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let planned = if ablation.seeds.len() == config.seeds.len() {
        String::new()
    } else {
        format!(" (of those fixed beforehand, {}: unfinished)", list(&config.seeds))
    };
    let seeds = format!("seeds {}{planned}", list(&ablation.seeds));
    let _ = writeln!(text, "\n{}\n", run.provenance(data_set, &seeds));
}
