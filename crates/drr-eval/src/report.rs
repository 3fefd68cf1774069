//! A report as data, and its two renderings: a page with plots and plain Markdown.
//!
//! The model knows nothing of recommenders: headings, prose, tables and plots. So anything that has figures can fill it,
//! it can be stored as JSON, and both renderings always show the same numbers.

mod html;
mod markdown;
mod number;
mod plot;
mod thin;

pub use number::decimal;
pub use thin::{MAX_POINTS, thin};

use serde::{Deserialize, Serialize};

/// A reason why a report cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The drawing library refused a plot.
    #[error("failed to draw the plot {title:?}: {reason}")]
    Plot {
        /// The plot's title.
        title: String,
        /// What the library said.
        reason: String,
    },
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The heading of the page.
    pub title: String,
    /// Which data set was used and why, in one sentence.
    pub dataset_line: String,
    /// What is needed to repeat the run: name and value, in order.
    pub facts: Vec<(String, String)>,
    /// The body.
    pub sections: Vec<Section>,
}

/// A part of a report under its own heading.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// Paragraphs of plain text.
    pub prose: Vec<String>,
    /// Tables, shown after the prose.
    pub tables: Vec<Table>,
    /// Plots, shown after the tables.
    pub plots: Vec<Plot>,
    /// How deep it lies: 0 for a section of the page, 1 for a part of the section before it.
    #[serde(default)]
    pub level: u8,
    /// Whether tables and plots are folded away until a reader asks for them; prose is always shown.
    #[serde(default)]
    pub details: bool,
}

/// A table; rows shorter than the header are filled with empty cells.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// One sentence above the table.
    pub caption: String,
    /// The header.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Which number of each column is the best, to be shown in bold; columns without an entry have none.
    #[serde(default)]
    pub best: Vec<Best>,
    /// Rows (from 0) that do not compete for the best: an oracle, say.
    #[serde(default)]
    pub out_of_competition: Vec<usize>,
}

/// Which number of a column is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// None is.
    #[default]
    None,
    /// The greatest one.
    Highest,
    /// The least one.
    Lowest,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, with its interval where there is one.
    Value {
        /// The number; one that is not finite is shown as a dash.
        value: f64,
        /// The lower and the upper end of its interval.
        interval: Option<(f64, f64)>,
        /// Digits after the point.
        digits: u8,
    },
}

impl Section {
    /// What is folded away: `2 tables (48 rows), 1 plot`.
    fn folded(&self) -> String {
        let counted = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        let n_rows = self.tables.iter().map(|table| table.rows.len()).sum();
        let tables = format!("{} ({})", counted(self.tables.len(), "table"), counted(n_rows, "row"));
        match (self.tables.is_empty(), self.plots.is_empty()) {
            (false, true) => tables,
            (true, _) => counted(self.plots.len(), "plot"),
            (false, false) => format!("{tables}, {}", counted(self.plots.len(), "plot")),
        }
    }
}

impl Table {
    /// The caption and the table in GitHub's Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::table(self)
    }

    /// Whether a column holds numbers, which are aligned to the right.
    fn is_numeric(&self, column: usize) -> bool {
        self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Value { .. })))
    }

    /// Whether a cell is shown in bold: it competes, and no competitor looks better. Numbers that look alike are alike.
    fn is_best(&self, row: usize, column: usize) -> bool {
        let sign = match self.best.get(column) {
            Some(Best::Highest) => 1.0,
            Some(Best::Lowest) => -1.0,
            Some(Best::None) | None => return false,
        };
        let number = |row: usize| {
            let competes = !self.out_of_competition.contains(&row);
            self.rows[row].get(column).and_then(Cell::shown).filter(|_| competes).map(|value| sign * value)
        };
        number(row).is_some_and(|own| (0..self.rows.len()).filter_map(number).all(|other| other <= own))
    }
}

impl Cell {
    /// The number as rounded as it is shown, if it is one.
    fn shown(&self) -> Option<f64> {
        match self {
            Self::Value { value, digits, .. } if value.is_finite() => decimal(*value, *digits).parse().ok(),
            _ => None,
        }
    }

    /// A cell of words.
    #[must_use]
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// A number without an interval.
    #[must_use]
    pub const fn value(value: f64, digits: u8) -> Self {
        Self::Value { value, interval: None, digits }
    }

    /// A number with its interval.
    #[must_use]
    pub const fn estimate(value: f64, interval: (f64, f64), digits: u8) -> Self {
        Self::Value { value, interval: Some(interval), digits }
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Plot {
    /// Curves over a common horizontal axis.
    Lines {
        /// What is shown.
        title: String,
        /// The name of the horizontal axis.
        x_label: String,
        /// The name of the vertical axis.
        y_label: String,
        /// The curves.
        series: Vec<Series>,
    },
    /// Horizontal bars from zero, with whiskers for their intervals.
    Bars {
        /// What is shown.
        title: String,
        /// The name of the value axis.
        x_label: String,
        /// The bars, from the top.
        bars: Vec<Bar>,
    },
    /// Who got how much, for whoever reads nothing else: bars from zero with plain names, whiskers for their intervals, and
    /// one that is set off by its colour.
    Standings {
        /// What is shown.
        title: String,
        /// The name of the value axis.
        x_label: String,
        /// The bars, from the top.
        standings: Vec<Standing>,
        /// Digits after the point.
        digits: u8,
    },
    /// Named points: one figure against another.
    Scatter {
        /// What is shown.
        title: String,
        /// The name of the horizontal axis.
        x_label: String,
        /// The name of the vertical axis.
        y_label: String,
        /// The points.
        points: Vec<ScatterPoint>,
    },
    /// How values are distributed: the share of each series' values in each of `bins` equal intervals.
    Histogram {
        /// What is shown.
        title: String,
        /// The name of the value axis.
        x_label: String,
        /// Names and values; values that are not finite are left out.
        series: Vec<(String, Vec<f64>)>,
        /// The number of intervals between the least and the greatest value of all series, at least 1.
        bins: usize,
    },
}

impl Plot {
    /// What is shown.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Lines { title, .. }
            | Self::Bars { title, .. }
            | Self::Standings { title, .. }
            | Self::Scatter { title, .. }
            | Self::Histogram { title, .. } => title,
        }
    }

    /// The plot as a file of its own, an SVG with its title, its text and its paper, light or dark as the reader's screen is.
    /// Curves have no key there.
    ///
    /// # Errors
    ///
    /// Fails if the plot cannot be drawn.
    pub fn to_svg(&self) -> Result<String, ReportError> {
        plot::standalone(self)
    }
}

/// One curve, its points in the order of `x`; points that are not finite are left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points.
    pub points: Vec<(f64, f64)>,
}

/// One named point; one that is not finite is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScatterPoint {
    /// The name beside the point.
    pub name: String,
    /// Its place on the horizontal axis.
    pub x: f64,
    /// Its place on the vertical axis.
    pub y: f64,
}

/// One bar; one that is not finite is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The name beside the bar.
    pub name: String,
    /// Its length.
    pub value: f64,
    /// The lower and the upper end of its interval.
    pub interval: Option<(f64, f64)>,
}

/// One of those who stand beside each other; one that is not finite is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The name in plain words.
    pub name: String,
    /// The name in tables, or another remark, in small letters below.
    pub note: String,
    /// The length of the bar.
    pub value: f64,
    /// The lower and the upper end of its interval.
    pub interval: Option<(f64, f64)>,
    /// Whom the plot is about.
    pub role: Role,
}

/// What one bar is beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Someone to compare with.
    #[default]
    Other,
    /// A variant of the subject: its colour, paler.
    Variant,
    /// Whom the plot is about.
    Subject,
}

impl Report {
    /// One page that needs nothing else: style and plots are inside, there is no script.
    ///
    /// # Errors
    ///
    /// Fails if a plot cannot be drawn.
    pub fn to_html(&self) -> Result<String, ReportError> {
        html::render(self)
    }

    /// The same in GitHub's Markdown; a plot becomes the ends and extremes of its curves.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::render(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_json() {
        let report = Report {
            title: "T".into(),
            dataset_line: "D".into(),
            facts: vec![("seed".into(), "7".into())],
            sections: vec![Section {
                heading: "H".into(),
                prose: vec!["p".into()],
                tables: vec![Table {
                    caption: "c".into(),
                    columns: vec!["a".into()],
                    rows: vec![vec![Cell::text("x")], vec![Cell::estimate(0.5, (0.4, 0.6), 3)]],
                    best: vec![Best::Lowest],
                    out_of_competition: vec![0],
                }],
                plots: vec![Plot::Bars {
                    title: "b".into(),
                    x_label: "x".into(),
                    bars: vec![Bar::default()],
                }],
                level: 1,
                details: true,
            }],
        };
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn a_report_from_before_the_newer_fields_is_read() {
        let text =
            r#"{"heading":"H","prose":[],"tables":[{"caption":"","columns":[],"rows":[]}],"plots":[]}"#;
        let section: Section = serde_json::from_str(text).unwrap();
        let tables = vec![Table::default()];
        assert_eq!(section, Section { heading: "H".into(), tables, ..Section::default() });
    }

    #[test]
    fn the_best_are_those_that_look_best_among_competitors() {
        let column = [0.501, 0.499, 0.9, f64::NAN, 0.3];
        let table = Table {
            rows: column.iter().map(|value| vec![Cell::value(*value, 2), Cell::value(*value, 2)]).collect(),
            best: vec![Best::Highest],
            out_of_competition: vec![2],
            ..Table::default()
        };
        let best = |column| (0..5).filter(|row| table.is_best(*row, column)).collect::<Vec<_>>();
        assert_eq!(best(0), [0, 1]);
        assert!(best(1).is_empty());
        let lowest = Table { best: vec![Best::None, Best::Lowest], ..table.clone() };
        assert!(lowest.is_best(4, 1) && !lowest.is_best(4, 0));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = r#"{"heading":"H","prose":[],"tables":[],"plots":[],"footer":""}"#;
        let error = serde_json::from_str::<Section>(text).unwrap_err().to_string();
        assert!(error.contains("unknown field `footer`"), "{error}");
    }
}
