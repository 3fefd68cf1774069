//! The study of models that grow stale.

use crate::study::staleness::{StalenessPoint, Upkeep};
use drr_eval::report::{Cell, Plot, Section, Series, Table};

/// How the score falls with the time since training.
pub fn section(points: &[StalenessPoint]) -> Section {
    let mut series: Vec<Series> = Vec::new();
    for it in points {
        let name = format!("{}, {}", it.recommender, it.upkeep.words());
        let point = (it.days, it.precision.mean);
        match series.iter_mut().find(|series| series.name == name) {
            Some(found) => found.points.push(point),
            None => series.push(Series { name, points: vec![point] }),
        }
    }
    let row = |it: &StalenessPoint| {
        vec![
            Cell::text(&it.recommender),
            Cell::text(it.upkeep.words()),
            Cell::value(it.days, 0),
            Cell::value(it.n_users as f64, 0),
            Cell::estimate(it.precision.mean, (it.precision.low, it.precision.high), 4),
        ]
    };
    let columns = ["recommender", "upkeep", "days since training", "users", "P@10"];
    Section {
        heading: "How fast a model grows stale".to_owned(),
        prose: vec![format!(
            "The log is cut at a moment, and what follows is judged period by period: a model left as it is ({}), one that sees the growing histories of its users ({}), and one {} before each period.",
            Upkeep::Frozen.words(),
            Upkeep::GrowingHistory.words(),
            Upkeep::Retrained.words()
        )],
        tables: vec![Table {
            caption: "P@10 of users with something relevant in the period.".to_owned(),
            columns: columns.map(str::to_owned).to_vec(),
            rows: points.iter().map(row).collect(),
            ..Table::default()
        }],
        plots: vec![Plot::Lines {
            title: "P@10 against the time since training".to_owned(),
            x_label: "days since training".to_owned(),
            y_label: "P@10".to_owned(),
            series,
        }],
        ..Section::default()
    }
}
