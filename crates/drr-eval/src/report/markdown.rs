//! The report as GitHub's Markdown.

use super::number::{decimal, significant};
use super::{Bar, Cell, Plot, Report, Section, Series, Standing, Table};
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
    let marks = if section.level == 0 { "##" } else { "###" };
    if !section.heading.is_empty() {
        push(text, format_args!("\n{marks} {}\n", escaped(&section.heading)));
    }
    for paragraph in &section.prose {
        push(text, format_args!("\n{}\n", escaped(paragraph)));
    }
    if section.details {
        push(text, format_args!("\n<details>\n<summary>{}</summary>\n", escaped(&section.folded())));
    }
    for table in &section.tables {
        push_table(text, table);
    }
    for plot in &section.plots {
        push_plot(text, plot);
    }
    if section.details {
        text.push_str("\n</details>\n");
    }
}

/// Renders one table.
pub(super) fn table(table: &Table) -> String {
    let mut text = String::new();
    push_table(&mut text, table);
    text
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
    for (at, row) in table.rows.iter().enumerate() {
        text.push('|');
        for column in 0..table.columns.len() {
            let content = row.get(column).map_or_else(String::new, |it| cell(it, table.is_best(at, column)));
            push(text, format_args!(" {content} |"));
        }
        text.push('\n');
    }
}

fn cell(cell: &Cell, best: bool) -> String {
    let (value, interval, digits) = match cell {
        Cell::Text(words) => return escaped(words),
        Cell::Value { value, interval, digits } => (*value, *interval, *digits),
    };
    let number = decimal(value, digits);
    let number = if best { format!("**{number}**") } else { number };
    match interval {
        None => number,
        Some((lo, hi)) => format!("{number} [{}, {}]", decimal(lo, digits), decimal(hi, digits)),
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
        Plot::Standings { title, x_label, standings, digits } => {
            push(text, format_args!("\nPlot: {} ({})\n\n", escaped(title), escaped(x_label)));
            for standing in standings {
                push(text, format_args!("- {}\n", standing_line(standing, *digits)));
            }
        }
        Plot::Scatter { title, x_label, y_label, points } => {
            let (title, x_label, y_label) = (escaped(title), escaped(x_label), escaped(y_label));
            push(text, format_args!("\nPlot: {title} ({y_label} against {x_label})\n\n"));
            for point in points {
                let (x, y) = (significant(point.x), significant(point.y));
                push(text, format_args!("- {}: {y} at {x}\n", escaped(&point.name)));
            }
        }
        Plot::Histogram { title, x_label, series, .. } => {
            push(text, format_args!("\nPlot: {} (distribution of {})\n\n", escaped(title), escaped(x_label)));
            for (name, values) in series {
                push(text, format_args!("- {}: {}\n", escaped(name), quartiles(values)));
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

/// A distribution by its ends and quartiles, each the value at its rank.
fn quartiles(values: &[f64]) -> String {
    let mut finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_unstable_by(f64::total_cmp);
    let Some(last) = finite.len().checked_sub(1) else {
        return "no values".to_owned();
    };
    let at = |quarter: usize| significant(finite[(2 * quarter * last + 4) / 8]);
    let n = finite.len();
    format!("{n} values, least {}, quartiles {}, {}, {}, greatest {}", at(0), at(1), at(2), at(3), at(4))
}

fn bar_line(bar: &Bar) -> String {
    let interval = bar
        .interval
        .map(|(lo, hi)| format!(" [{}, {}]", significant(lo), significant(hi)))
        .unwrap_or_default();
    format!("{}: {}{interval}", escaped(&bar.name), significant(bar.value))
}

fn standing_line(standing: &Standing, digits: u8) -> String {
    let Standing { name, note, value, interval, .. } = standing;
    let note = if note.is_empty() { String::new() } else { format!(" ({})", escaped(note)) };
    format!(
        "{}{note}: {}",
        escaped(name),
        cell(&Cell::Value { value: *value, interval: *interval, digits }, false)
    )
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
    use crate::report::{Best, ScatterPoint};

    #[test]
    fn a_table_has_intervals_and_aligned_numbers_and_no_ragged_rows() {
        let table = Table {
            caption: "Precision".into(),
            columns: vec!["recommender".into(), "P@10".into()],
            rows: vec![
                vec![Cell::text("a|b"), Cell::estimate(0.31904, (0.303, 0.3349), 3)],
                vec![Cell::text("none")],
            ],
            ..Table::default()
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

    #[test]
    fn a_folded_part_has_a_lower_heading_bold_numbers_and_its_plots_in_words() {
        let table = Table {
            columns: vec!["P@10".into()],
            rows: vec![vec![Cell::value(0.5, 1)], vec![Cell::value(0.7, 1)]],
            best: vec![Best::Lowest],
            ..Table::default()
        };
        let (title, x_label) = ("t".to_owned(), "x".to_owned());
        let point = ScatterPoint { name: "a|b".into(), x: 0.5, y: 2.0 };
        let plots = vec![
            Plot::Scatter {
                title: title.clone(),
                x_label: x_label.clone(),
                y_label: "y".into(),
                points: vec![point],
            },
            Plot::Histogram {
                title,
                x_label,
                series: vec![("s".into(), (0..=8).map(f64::from).collect())],
                bins: 2,
            },
        ];
        let section = Section {
            heading: "H".into(),
            tables: vec![table],
            plots,
            level: 1,
            details: true,
            ..Section::default()
        };
        let mut text = String::new();
        push_section(&mut text, &section);
        let expected = "\n### H\n\n<details>\n<summary>1 table (2 rows), 2 plots</summary>\n\n\n\n| P@10 |\n|---:|\n| **0.5** |\n| 0.7 |\n\
            \nPlot: t (y against x)\n\n- a\\|b: 2 at 0.5\n\
            \nPlot: t (distribution of x)\n\n- s: 9 values, least 0, quartiles 2, 4, 6, greatest 8\n\
            \n</details>\n";
        assert_eq!(text, expected);
    }
}
