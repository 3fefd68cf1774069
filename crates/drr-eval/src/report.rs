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

impl Table {
    /// Whether a column holds numbers, which are aligned to the right.
    fn is_numeric(&self, column: usize) -> bool {
        self.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Value { .. })))
    }
}

impl Cell {
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
}

impl Plot {
    /// What is shown.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Lines { title, .. } | Self::Bars { title, .. } => title,
        }
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
                }],
                plots: vec![Plot::Bars {
                    title: "b".into(),
                    x_label: "x".into(),
                    bars: vec![Bar::default()],
                }],
            }],
        };
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = r#"{"heading":"H","prose":[],"tables":[],"plots":[],"footer":""}"#;
        assert!(serde_json::from_str::<Section>(text).is_err());
    }
}
