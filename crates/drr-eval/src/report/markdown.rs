//! The report as GitHub's Markdown.

use super::number::{decimal, significant};
use super::{Bar, Cell, Plot, Report, Section, Series, Table};
use std::fmt::Write as _;

/// Renders the whole report.
pub(super) fn render(report: &Report) -> String {
    let mut text = format!("# {}\n\n{}\n", escaped(&report.title), escaped(&report.dataset_line));
    for section in &report.sections {
        push_section(&mut text, section);
    }
    if !report.facts.is_empty() {
        text.push_str("\n## About this run\n\n| fact | value |\n|---|---|\n");
        for (name, value) in &report.facts {
            push(&mut text, format_args!("| {} | {} |\n", escaped(name), escaped(value)));
        }
    }
    text
}

fn push_section(text: &mut String, section: &Section) {
    push(text, format_args!("\n## {}\n", escaped(&section.heading)));
    for paragraph in &section.prose {
        push(text, format_args!("\n{}\n", escaped(paragraph)));
    }
    for table in &section.tables {
        push_table(text, table);
    }
    for plot in &section.plots {
        push_plot(text, plot);
    }
}

fn push_table(text: &mut String, table: &Table) {
    push(text, format_args!("\n{}\n\n|", escaped(&table.caption)));
    for column in &table.columns {
        push(text, format_args!(" {} |", escaped(column)));
    }
    text.push_str("\n|");
    for column in 0..table.columns.len() {
        text.push_str(if table.is_numeric(column) { "---:|" } else { "---|" });
    }
    text.push('\n');
    for row in &table.rows {
        text.push('|');
        for column in 0..table.columns.len() {
            push(text, format_args!(" {} |", row.get(column).map_or_else(String::new, cell)));
        }
        text.push('\n');
    }
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(words) => escaped(words),
        Cell::Value { value, interval: None, digits } => decimal(*value, *digits),
        Cell::Value { value, interval: Some((lo, hi)), digits } => {
            format!("{} [{}, {}]", decimal(*value, *digits), decimal(*lo, *digits), decimal(*hi, *digits))
        }
    }
}

fn push_plot(text: &mut String, plot: &Plot) {
    match plot {
        Plot::Lines { title, x_label, y_label, series } => {
            let (title, x_label, y_label) = (escaped(title), escaped(x_label), escaped(y_label));
            push(text, format_args!("\nPlot: {title} ({y_label} against {x_label})\n\n"));
            for one in series {
                push(text, format_args!("- {}\n", ends_and_extremes(one)));
            }
        }
        Plot::Bars { title, x_label, bars } => {
            push(text, format_args!("\nPlot: {} ({})\n\n", escaped(title), escaped(x_label)));
            for bar in bars {
                push(text, format_args!("- {}\n", bar_line(bar)));
            }
        }
    }
}

fn ends_and_extremes(series: &Series) -> String {
    let name = escaped(&series.name);
    let mut finite = series.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()).copied();
    let Some(first) = finite.next() else {
        return format!("{name}: no points");
    };
    let (mut n_points, mut last, mut min, mut max) = (1, first, first, first);
    for point in finite {
        n_points += 1;
        last = point;
        min = if point.1 < min.1 { point } else { min };
        max = if point.1 > max.1 { point } else { max };
    }
    let at = |point: (f64, f64)| format!("{} at {}", significant(point.1), significant(point.0));
    let (first, last, min, max) = (at(first), at(last), at(min), at(max));
    format!("{name}: {n_points} points, first {first}, last {last}, least {min}, greatest {max}")
}

fn bar_line(bar: &Bar) -> String {
    let interval = bar
        .interval
        .map(|(lo, hi)| format!(" [{}, {}]", significant(lo), significant(hi)))
        .unwrap_or_default();
    format!("{}: {}{interval}", escaped(&bar.name), significant(bar.value))
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a string never fails");
}

/// Plain text that Markdown shows as it is, in one line.
fn escaped(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '\\' | '|' | '<' | '*' | '`' => text.extend(['\\', letter]),
            '\n' | '\r' => text.push(' '),
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_intervals_and_aligned_numbers_and_no_ragged_rows() {
        let table = Table {
            caption: "Precision".into(),
            columns: vec!["recommender".into(), "P@10".into()],
            rows: vec![
                vec![Cell::text("a|b"), Cell::estimate(0.31904, (0.303, 0.3349), 3)],
                vec![Cell::text("none")],
            ],
        };
        let mut text = String::new();
        push_table(&mut text, &table);
        let expected = "\nPrecision\n\n| recommender | P@10 |\n|---|---:|\n| a\\|b | 0.319 [0.303, 0.335] |\n| none |  |\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_curve_is_told_by_its_ends_and_extremes() {
        let series =
            Series { name: "loss".into(), points: vec![(1.0, 5.0), (2.0, 9.0), (3.0, f64::NAN), (4.0, 2.5)] };
        let expected = "loss: 3 points, first 5 at 1, last 2.5 at 4, least 2.5 at 4, greatest 9 at 2";
        assert_eq!(ends_and_extremes(&series), expected);
        assert_eq!(ends_and_extremes(&Series::default()), ": no points");
    }

    #[test]
    fn facts_and_prose_are_escaped_and_stay_on_their_line() {
        let report = Report {
            title: "A <b>".into(),
            dataset_line: "one\ntwo".into(),
            facts: vec![("hash".into(), "a|b".into())],
            sections: vec![],
        };
        let text = render(&report);
        assert!(text.starts_with("# A \\<b>\n\none two\n"), "{text}");
        assert!(text.ends_with("| hash | a\\|b |\n"), "{text}");
    }
}
