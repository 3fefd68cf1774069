//! What the log says of the dynamics of a session, beside what is posited.

use crate::judge::sessions::SessionFigures;
use drr_env::worlds::estimate::{Bucket, Estimate, Estimates};
use drr_eval::report::{Cell, Table};

/// The parameters: in words, what the log says, what is posited.
fn rows(estimates: &Estimates, figures: &SessionFigures) -> Vec<[String; 3]> {
    let dynamics = figures.tables.first().map(|table| table.dynamics);
    let posited = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |it| format!("{it}"));
    let row = |name: &str, estimate: Estimate, value: Option<f64>| {
        let Estimate { value: mean, low, high } = estimate;
        [name.to_owned(), format!("{mean:+.4} [{low:+.4}, {high:+.4}]"), posited(value)]
    };
    vec![
        row(
            "hazard: the probability that a sitting ends after a rating, without staleness",
            estimates.base_hazard,
            dynamics.map(|it| it.hazard),
        ),
        row(
            "impatience: how much it rises with a unit of staleness above the threshold",
            estimates.impatience,
            dynamics.map(|it| it.impatience),
        ),
        row("how much it rises with a unit of satisfaction, in ratings", estimates.satisfaction, None),
        row(
            "fatigue: what a unit of staleness takes from a rating",
            estimates.fatigue,
            dynamics.map(|it| it.fatigue),
        ),
    ]
}

fn sixths(buckets: &[Bucket]) -> String {
    let hazards: Vec<String> = buckets.iter().map(|it| format!("{:.2}", 100.0 * it.hazard)).collect();
    hazards.join(", ")
}

/// What it is of, in words.
fn words(estimates: &Estimates) -> String {
    format!(
        "What the log itself says of the dynamics, from {} ratings in {} sittings (no gap of more than an hour) of users whom the predicting model has not seen: a sitting ends after {:.2} % of the ratings. By sixths of the ratings in the order of satisfaction that is {} %, in the order of staleness {} %. Intervals are 95 %, clustered by user. A growing taste cannot be told from single ratings at all.",
        estimates.n_ratings,
        estimates.n_sittings,
        100.0 * estimates.hazard,
        sixths(&estimates.by_satisfaction),
        sixths(&estimates.by_staleness)
    )
}

const COLUMNS: [&str; 3] = ["number", "the log says", "posited"];

/// The table of the report with its sentence, where the log says anything.
pub fn table(figures: &SessionFigures) -> Option<(String, Table)> {
    let estimates = figures.estimates.as_ref()?;
    let cells = |row: [String; 3]| row.map(Cell::Text).to_vec();
    let table = Table {
        caption: "What the log says of the dynamics".to_owned(),
        columns: COLUMNS.map(str::to_owned).to_vec(),
        rows: rows(estimates, figures).into_iter().map(cells).collect(),
        ..Table::default()
    };
    Some((words(estimates), table))
}

/// The same as Markdown.
pub fn block(figures: &SessionFigures) -> String {
    let Some(estimates) = &figures.estimates else { return String::new() };
    let mut text = format!("\n{}\n\n| {} |\n|---|---|---|\n", words(estimates), COLUMNS.join(" | "));
    for row in rows(estimates, figures) {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}
