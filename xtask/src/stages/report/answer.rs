//! The answer to "does RL recommend better?", all protocols in one table.

use super::results::{best_agent, best_without_rl, words};
use crate::stages::evaluate::{Comparison, RunMetrics, headline};
use crate::stages::jobs;
use drr_data::Protocol;
use drr_eval::report::{Cell, Section, Table};

/// One row for each table of each protocol; nothing where no agent was judged.
pub fn section(metrics: &RunMetrics, protocols: &[Protocol]) -> Option<Section> {
    let tables = protocols.iter().flat_map(|protocol| metrics.tables(*protocol));
    let found: Vec<Answer> = tables.filter_map(|table| Answer::of(metrics, &table)).collect();
    (!found.is_empty()).then(|| Section {
        heading: "Does RL recommend better?".to_owned(),
        prose: vec![in_words(&found)],
        tables: vec![Table {
            caption: "The agent beside the best recommender without RL under each protocol (best by the same test rows, which favours it), and beside its own twin with discount 0; 95 % intervals over users.".to_owned(),
            columns: ["protocol", "metric", "best without RL", "", "agent", "", "minus the best", "verdict", "minus its twin", "verdict"]
                .map(str::to_owned)
                .to_vec(),
            rows: found.iter().map(Answer::cells).collect(),
            ..Table::default()
        }],
        ..Section::default()
    })
}

/// How the agent did under one protocol.
struct Answer {
    table: String,
    agent: String,
    agent_value: f64,
    rival_value: f64,
    against_rival: Comparison,
    against_twin: Option<Comparison>,
}

impl Answer {
    fn of(metrics: &RunMetrics, table: &str) -> Option<Self> {
        let rows = metrics.table(table);
        let agent = best_agent(&rows)?;
        let rival = best_without_rl(&rows)?;
        let value = |name: &str| {
            let row = rows.iter().find(|it| it.summary.recommender == name)?;
            Some(headline(row)?.2.mean)
        };
        let twin = jobs::twin_of(agent);
        Some(Self {
            table: table.to_owned(),
            agent_value: value(agent)?,
            rival_value: value(&rival)?,
            against_rival: metrics.comparison(table, agent, &rival)?,
            against_twin: metrics.comparison(table, agent, &twin),
            agent: agent.to_owned(),
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let it = &self.against_rival;
        let difference = |it: &Comparison| {
            let d = it.result.difference;
            [Cell::estimate(d.mean, (d.low, d.high), 4), Cell::text(it.verdict())]
        };
        let mut cells = vec![
            Cell::text(&self.table),
            Cell::text(format!("{}@{}", words(it.metric), it.k)),
            Cell::text(&it.right),
            Cell::value(self.rival_value, 4),
            Cell::text(&self.agent),
            Cell::value(self.agent_value, 4),
        ];
        cells.extend(difference(it));
        cells.extend(self.against_twin.as_ref().map_or_else(|| ["-", "-"].map(Cell::text), difference));
        cells
    }
}

fn in_words(found: &[Answer]) -> String {
    let named = |verdict: &str| {
        let names = found.iter().filter(|it| it.against_rival.verdict() == verdict);
        names.map(|it| format!("\"{}\"", it.table)).collect::<Vec<_>>()
    };
    let part = |names: Vec<String>, words: &str| {
        (!names.is_empty()).then(|| format!("{words} under {}", names.join(", ")))
    };
    let parts = [
        part(named("better"), "better than the best recommender without RL"),
        part(named("worse"), "worse"),
        part(named("not distinguishable"), "not distinguishable from it"),
    ];
    format!("The agent is {}.", parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}
