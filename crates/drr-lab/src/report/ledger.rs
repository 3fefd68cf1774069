//! The ledger of the searches for settings.

use crate::run::Work;
use crate::study::sweep;
use anyhow::Result;
use drr_data::LedgerRow;
use drr_eval::report::{Cell, Section, Table};

/// Every trial of the run's searches; none if there was no search.
pub fn section(work: Work<'_>) -> Result<Option<Section>> {
    let Some(rows) = sweep::read(work)? else { return Ok(None) };
    let n_looks = rows.iter().filter(|row| row.part == "test").count();
    let cells = |row: &LedgerRow| {
        vec![
            Cell::text(&row.protocol),
            Cell::text(&row.recommender),
            Cell::value(f64::from(row.trial), 0),
            Cell::text(&row.part),
            Cell::text(&row.metric),
            Cell::value(row.value, 4),
            Cell::value(row.seconds, 1),
            Cell::text(&row.settings),
        ]
    };
    let columns =
        ["protocol", "recommender", "trial", "judged on", "metric", "value", "processor seconds", "settings"];
    Ok(Some(Section {
        heading: "Searches for settings".to_owned(),
        prose: vec![format!(
            "Choices are made on validation rows; test rows were looked at {n_looks} times."
        )],
        tables: vec![Table {
            caption: "Every trial.".to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: rows.iter().map(cells).collect(),
            ..Table::default()
        }],
        details: true,
        ..Section::default()
    }))
}
