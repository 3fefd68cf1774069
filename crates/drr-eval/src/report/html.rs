//! The report as one page without scripts, fonts or links to fetch.

use super::number::decimal;
use super::plot::{self, palette};
use super::{Cell, Plot, Report, ReportError, Section, Table};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

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
    for section in &report.sections {
        push_section(&mut page, section)?;
    }
    push_facts(&mut page, &report.facts);
    page.push_str("</main>\n</body>\n</html>\n");
    Ok(page)
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

fn push_section(page: &mut String, section: &Section) -> Result<(), ReportError> {
    push(page, format_args!("<section>\n<h2>{}</h2>\n", escaped(&section.heading)));
    for paragraph in &section.prose {
        push(page, format_args!("<p>{}</p>\n", escaped(paragraph)));
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
    for row in &table.rows {
        page.push_str("<tr>");
        for column in 0..table.columns.len() {
            let content = row.get(column).map_or_else(String::new, cell);
            push(page, format_args!("<td{}>{content}</td>", class(column)));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(words) => escaped(words),
        Cell::Value { value, interval: None, digits } => decimal(*value, *digits),
        Cell::Value { value, interval: Some((lo, hi)), digits } => format!(
            "{} <span class=\"interval\">[{}, {}]</span>",
            decimal(*value, *digits),
            decimal(*lo, *digits),
            decimal(*hi, *digits)
        ),
    }
}

fn push_plot(page: &mut String, plot: &Plot) -> Result<(), ReportError> {
    push(page, format_args!("<figure>\n<figcaption><b>{}</b>", escaped(plot.title())));
    if let Plot::Lines { series, .. } = plot
        && series.len() > 1
    {
        for (at, one) in series.iter().enumerate() {
            let (red, green, blue) = palette(at);
            let name = escaped(&one.name);
            push(
                page,
                format_args!(
                    "<span class=\"key\"><i style=\"background:rgb({red},{green},{blue})\"></i>{name}</span>"
                ),
            );
        }
    }
    push(page, format_args!("</figcaption>\n{}</figure>\n", plot::draw(plot)?));
    Ok(())
}

fn push(page: &mut String, arguments: std::fmt::Arguments<'_>) {
    page.write_fmt(arguments).expect("writing to a string never fails");
}

/// Plain text that a browser shows as it is.
fn escaped(plain: &str) -> String {
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
    use crate::report::{Bar, Series};

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
                }],
                plots: vec![
                    Plot::Lines { title: bad(), x_label: bad(), y_label: bad(), series },
                    Plot::Bars {
                        title: bad(),
                        x_label: bad(),
                        bars: vec![Bar { name: bad(), value: 1.0, interval: Some((0.5, 1.5)) }],
                    },
                ],
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
        for tag in ["section", "table", "tr", "td", "th", "figure", "div", "svg", "span", "main"] {
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
}
