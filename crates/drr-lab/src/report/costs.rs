//! What every recommender cost, measured while it was fitted and asked.

use crate::judge::costs::CostRow;
use drr_eval::report::{Cell, Section, Table};

/// One table per protocol, folded away.
pub fn section(costs: &[CostRow]) -> Section {
    let mut protocols: Vec<&str> = costs.iter().map(|it| it.protocol.as_str()).collect();
    protocols.dedup();
    let tables = protocols.into_iter().map(|protocol| table(costs, protocol)).collect();
    Section {
        heading: "What each recommender costs".to_owned(),
        prose: vec!["Times are of this machine and its load then; the memory is the greatest growth while fitting. The time of an agent is its final fit's; that of an embedding space its own fit's.".to_owned()],
        tables,
        details: true,
        ..Section::default()
    }
}

fn table(costs: &[CostRow], protocol: &str) -> Table {
    let row = |it: &CostRow| {
        let cost = &it.cost;
        vec![
            Cell::text(&it.recommender),
            Cell::value(cost.seconds, 2),
            Cell::value(cost.peak_bytes as f64 / f64::from(1 << 20), 0),
            Cell::value(cost.n_parameters as f64, 0),
            Cell::value(cost.seconds_per_1000, 3),
        ]
    };
    let columns =
        ["recommender", "seconds to fit", "peak memory (MiB)", "parameters", "seconds for 1,000 lists of 10"];
    Table {
        caption: format!("Protocol \"{protocol}\"."),
        columns: columns.map(str::to_owned).to_vec(),
        rows: costs.iter().filter(|it| it.protocol == protocol).map(row).collect(),
        ..Table::default()
    }
}
