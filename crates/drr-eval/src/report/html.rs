//! The report as one page without scripts, fonts or links to fetch.

use super::number::decimal;
use super::plot::{self, palette};
use super::{Cell, Plot, Report, ReportError, Section, Table};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
/// The sections that a page can have without a table of contents.
const MAX_WITHOUT_CONTENTS: usize = 4;

/// Renders the whole report.
pub(super) fn render(report: &Report) -> Result<String, ReportError> {
    let title = escaped(&report.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         <p class=\"dataset\">{}</p>\n",
        escaped(&report.dataset_line)
    );
    push_contents(&mut page, &report.sections);
    for (at, section) in report.sections.iter().enumerate() {
        push_section(&mut page, at, section)?;
    }
    push_facts(&mut page, &report.facts);
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(page)
}

/// Links to the sections, where there are more than fit on a screen.
fn push_contents(page: &mut String, sections: &[Section]) {
    if sections.len() <= MAX_WITHOUT_CONTENTS {
        return;
    }
    page.push_str("<nav class=\"contents\" aria-label=\"Contents\">\n<ul>\n");
    for (at, section) in sections.iter().enumerate() {
        let class = if section.level == 0 { "" } else { " class=\"part\"" };
        push(
            page,
            format_args!("<li{class}><a href=\"#section-{at}\">{}</a></li>\n", escaped(&section.heading)),
        );
    }
    page.push_str("</ul>\n</nav>\n");
}

fn push_facts(page: &mut String, facts: &[(String, String)]) {
    if facts.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>About this run</h2>\n<table class=\"facts\">\n");
    for (name, value) in facts {
        push(
            page,
            format_args!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(name), escaped(value)),
        );
    }
    page.push_str("</table>\n</section>\n");
}

fn push_section(page: &mut String, at: usize, section: &Section) -> Result<(), ReportError> {
    let heading = if section.level == 0 { "h2" } else { "h3" };
    push(
        page,
        format_args!("<section id=\"section-{at}\">\n<{heading}>{}</{heading}>\n", escaped(&section.heading)),
    );
    for paragraph in &section.prose {
        push(page, format_args!("<p>{}</p>\n", escaped(paragraph)));
    }
    if section.details {
        push(page, format_args!("<details>\n<summary>{}</summary>\n", escaped(&section.folded())));
    }
    for table in &section.tables {
        push_table(page, table);
    }
    if !section.plots.is_empty() {
        page.push_str("<div class=\"plots\">\n");
        for plot in &section.plots {
            push_plot(page, plot)?;
        }
        page.push_str("</div>\n");
    }
    if section.details {
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
    Ok(())
}

fn push_table(page: &mut String, table: &Table) {
    push(
        page,
        format_args!(
            "<div class=\"wide\"><table>\n<caption>{}</caption>\n<thead><tr>",
            escaped(&table.caption)
        ),
    );
    let class = |column: usize| if table.is_numeric(column) { " class=\"number\"" } else { "" };
    for (column, name) in table.columns.iter().enumerate() {
        push(page, format_args!("<th scope=\"col\"{}>{}</th>", class(column), escaped(name)));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for (at, row) in table.rows.iter().enumerate() {
        page.push_str("<tr>");
        for column in 0..table.columns.len() {
            let content = row.get(column).map_or_else(String::new, |it| cell(it, table.is_best(at, column)));
            push(page, format_args!("<td{}>{content}</td>", class(column)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn cell(cell: &Cell, best: bool) -> String {
    let (value, interval, digits) = match cell {
        Cell::Text(words) => return escaped(words),
        Cell::Value { value, interval, digits } => (*value, *interval, *digits),
    };
    let number = decimal(value, digits);
    let number = if best { format!("<b>{number}</b>") } else { number };
    match interval {
        None => number,
        Some((lo, hi)) => format!(
            "{number} <span class=\"interval\">[{}, {}]</span>",
            decimal(lo, digits),
            decimal(hi, digits)
        ),
    }
}

fn push_plot(page: &mut String, plot: &Plot) -> Result<(), ReportError> {
    let wide = if plot::is_wide(plot) { " class=\"broad\"" } else { "" };
    push(page, format_args!("<figure{wide}>\n<figcaption><b>{}</b>", escaped(plot.title())));
    let names: Vec<&String> = match plot {
        Plot::Lines { series, .. } => series.iter().map(|one| &one.name).collect(),
        Plot::Histogram { series, .. } => series.iter().map(|(name, _)| name).collect(),
        Plot::Bars { .. } | Plot::Standings { .. } | Plot::Scatter { .. } => Vec::new(),
    };
    // A single curve is named by the title.
    for (at, name) in names.iter().enumerate().filter(|_| names.len() > 1) {
        let (red, green, blue) = palette(at);
        let name = escaped(name);
        push(
            page,
            format_args!(
                "<span class=\"key\"><i style=\"background:rgb({red},{green},{blue})\"></i>{name}</span>"
            ),
        );
    }
    push(page, format_args!("</figcaption>\n{}</figure>\n", plot::draw(plot)?));
    Ok(())
}

fn push(page: &mut String, arguments: std::fmt::Arguments<'_>) {
    page.write_fmt(arguments).expect("writing to a string never fails");
}

/// Plain text that a browser shows as it is.
pub(super) fn escaped(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            _ => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Bar, Best, ScatterPoint, Series, Standing};

    /// A report with a hostile text wherever text can be.
    fn hostile() -> Report {
        let bad = || "<script>alert(\"1\")</script> & Söhne".to_owned();
        let series = vec![
            Series { name: bad(), points: vec![(0.0, 1.0), (1.0, 2.0)] },
            Series { name: bad(), points: vec![] },
        ];
        Report {
            title: bad(),
            dataset_line: bad(),
            facts: vec![(bad(), bad())],
            sections: vec![Section {
                heading: bad(),
                prose: vec![bad()],
                tables: vec![Table {
                    caption: bad(),
                    columns: vec![bad(), "n".into()],
                    rows: vec![vec![Cell::Text(bad()), Cell::estimate(0.5, (0.25, 0.75), 2)]],
                    ..Table::default()
                }],
                plots: vec![
                    Plot::Lines { title: bad(), x_label: bad(), y_label: bad(), series },
                    Plot::Bars {
                        title: bad(),
                        x_label: bad(),
                        bars: vec![Bar { name: bad(), value: 1.0, interval: Some((0.5, 1.5)) }],
                    },
                    Plot::Standings {
                        title: bad(),
                        x_label: bad(),
                        standings: vec![Standing {
                            name: bad(),
                            note: bad(),
                            value: 1.0,
                            ..Standing::default()
                        }],
                        digits: 2,
                    },
                    Plot::Scatter {
                        title: bad(),
                        x_label: bad(),
                        y_label: bad(),
                        points: vec![ScatterPoint { name: bad(), x: 1.0, y: 2.0 }],
                    },
                    Plot::Histogram {
                        title: bad(),
                        x_label: bad(),
                        series: vec![(bad(), vec![1.0]), (bad(), vec![])],
                        bins: 3,
                    },
                ],
                details: true,
                ..Section::default()
            }],
        }
    }

    #[test]
    fn nothing_hostile_gets_through_and_letters_stay() {
        let page = hostile().to_html().unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("&amp; Söhne"));
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = hostile().to_html().unwrap();
        let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
        for word in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!without_namespace.contains(word), "the page has {word}");
        }
    }

    #[test]
    fn tags_are_balanced() {
        let page = hostile().to_html().unwrap();
        for tag in ["section", "table", "tr", "td", "th", "figure", "div", "svg", "span", "main", "details"] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn a_number_is_shown_with_its_interval() {
        let page = hostile().to_html().unwrap();
        assert!(page.contains("0.50 <span class=\"interval\">[0.25, 0.75]</span>"));
    }

    #[test]
    fn the_best_number_is_bold_and_its_interval_is_not() {
        assert_eq!(cell(&Cell::value(0.5, 1), true), "<b>0.5</b>");
        let table = Table {
            columns: vec!["P@10".into()],
            rows: vec![vec![Cell::value(0.5, 1)], vec![Cell::estimate(0.7, (0.6, 0.8), 1)]],
            best: vec![Best::Highest],
            ..Table::default()
        };
        let mut page = String::new();
        push_table(&mut page, &table);
        assert!(page.contains("<b>0.7</b> <span") && !page.contains("<b>0.5</b>"), "{page}");
    }

    #[test]
    fn many_sections_get_a_table_of_contents_that_links_within_the_page() {
        let section = |at: usize| Section {
            heading: format!("<{at}>"),
            level: u8::from(at == 2),
            ..Section::default()
        };
        let report = |n| Report { sections: (0..n).map(section).collect(), ..Report::default() };
        assert!(!report(4).to_html().unwrap().contains("<nav"));
        let page = report(5).to_html().unwrap();
        assert!(page.contains("<a href=\"#section-4\">&lt;4&gt;</a>") && page.contains("<h3>&lt;2&gt;</h3>"));
        assert_eq!(page.matches("href=").count(), page.matches("href=\"#section-").count());
        for at in 0..5 {
            assert!(page.contains(&format!("id=\"section-{at}\"")));
        }
    }

    #[test]
    fn a_folded_section_says_what_is_in_it() {
        let page = hostile().to_html().unwrap();
        assert!(page.contains("<summary>1 table (1 row), 5 plots</summary>"), "{page}");
    }
}
