//! The answer to "does RL recommend better?", all protocols in one table.

use super::results::words;
use crate::judge::comparisons::Comparison;
use crate::judge::figures::{Judged, RunMetrics, best_agent, best_without_rl, headline, row_of};
use drr_core::Form;
use drr_data::Protocol;
use drr_eval::report::{Cell, Section, Table};

/// The answer for the run's own agent, a sentence for each table.
pub fn in_words(metrics: &RunMetrics, protocols: &[Protocol]) -> Vec<String> {
    said(&answers(metrics, protocols))
}

fn said(answers: &[Answer]) -> Vec<String> {
    answers.iter().filter(|it| it.is_main).map(Answer::in_words).collect()
}

fn answers(metrics: &RunMetrics, protocols: &[Protocol]) -> Vec<Answer> {
    let tables = protocols.iter().flat_map(|protocol| metrics.tables(*protocol));
    tables.flat_map(|table| Answer::all(metrics, &table)).collect()
}

/// One row for each agent in each table of each protocol; nothing where no agent was judged.
pub fn section(metrics: &RunMetrics, protocols: &[Protocol]) -> Option<Section> {
    let found = answers(metrics, protocols);
    let mut columns =
        vec!["protocol", "metric", "best without RL", "", "agent", "", "minus the best", "verdict"];
    columns.extend(["minus its twin without TD", "verdict", "minus its twin with discount 0", "verdict"]);
    (!found.is_empty()).then(|| Section {
        heading: "Does RL recommend better under each protocol?".to_owned(),
        tables: vec![Table {
            caption: "Each agent beside the best recommender without RL under each protocol (best by the same test rows, which favours it), and beside its own twins: one without TD learning, which has the supervised part of the loss alone, and one with discount 0, which does not look ahead. 95 % intervals over users.".to_owned(),
            columns: columns.into_iter().map(str::to_owned).collect(),
            rows: found.iter().map(Answer::cells).collect(),
            ..Table::default()
        }],
        ..Section::default()
    })
}

/// How one agent did in one table.
struct Answer {
    table: String,
    agent: String,
    is_main: bool,
    agent_value: f64,
    best_value: f64,
    against_best: Comparison,
    against_supervised: Option<Comparison>,
    against_greedy: Option<Comparison>,
}

impl Answer {
    /// The answers of one table, the run's own agent first.
    fn all(metrics: &RunMetrics, table: &str) -> Vec<Self> {
        let rows = metrics.table(table);
        let others = metrics.learners.iter().skip(1).filter_map(|name| row_of(&rows, name));
        let agents = best_agent(metrics, &rows).into_iter().chain(others);
        agents.filter_map(|agent| Self::of(metrics, table, agent)).collect()
    }

    fn of(metrics: &RunMetrics, table: &str, row: &Judged) -> Option<Self> {
        let rows = metrics.table(table);
        let best = best_without_rl(&rows)?;
        let best_row = rows.iter().find(|it| it.summary.recommender == best)?;
        let (id, agent) = (row.id.as_ref()?, &row.summary.recommender);
        let against = |form| metrics.comparison(table, agent, &id.with(form).to_string());
        Some(Self {
            table: table.to_owned(),
            is_main: metrics.is_main(&id.name),
            agent_value: headline(row)?.2.mean,
            best_value: headline(best_row)?.2.mean,
            against_best: metrics.comparison(table, agent, best)?,
            against_supervised: against(Form::Supervised),
            against_greedy: against(Form::Greedy),
            agent: agent.clone(),
        })
    }

    fn cells(&self) -> Vec<Cell> {
        let it = &self.against_best;
        let difference = |it: Option<&Comparison>| match it {
            Some(it) => {
                let d = it.result.difference;
                [Cell::estimate(d.mean, (d.low, d.high), 4), Cell::text(it.verdict())]
            }
            None => ["-", "-"].map(Cell::text),
        };
        let mut cells = vec![
            Cell::text(&self.table),
            Cell::text(format!("{}@{}", words(it.metric), it.k)),
            Cell::text(&it.right),
            Cell::value(self.best_value, 4),
            Cell::text(&self.agent),
            Cell::value(self.agent_value, 4),
        ];
        for against in [Some(it), self.against_supervised.as_ref(), self.against_greedy.as_ref()] {
            cells.extend(difference(against));
        }
        cells
    }

    /// One protocol in plain words.
    fn in_words(&self) -> String {
        let compared = |it: &Comparison, whom: &str| match it.verdict() {
            "not distinguishable" => format!("not distinguishable from {whom}"),
            verdict => format!("{verdict} than {whom}"),
        };
        let mut parts =
            vec![compared(&self.against_best, &format!("the best without RL ({})", self.against_best.right))];
        if let Some(it) = &self.against_supervised {
            parts.push(compared(it, "its twin without TD learning"));
        }
        if let Some(it) = &self.against_greedy {
            parts.push(compared(it, "its twin with discount 0"));
        }
        format!("\"{}\": {} is {}. {}", self.table, self.agent, joined(&parts), self.conclusion())
    }

    /// What learning from rewards added; looking ahead is a question of its own.
    fn conclusion(&self) -> &'static str {
        let is_better = |it: &Comparison| it.verdict() == "better";
        match (&self.against_supervised, &self.against_greedy) {
            (Some(supervised), _) if !is_better(supervised) => "RL added nothing here.",
            (Some(_), Some(greedy)) if !is_better(greedy) => {
                "Learning from rewards added something, looking ahead nothing."
            }
            (Some(_), _) => "RL added something here.",
            (None, Some(greedy)) if is_better(greedy) => "Looking ahead added something here.",
            (None, Some(_)) => "Looking ahead added nothing here.",
            (None, None) => "No twin was trained, so what RL added is not known.",
        }
    }
}

fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_eval::statistics::PairedComparison;
    use drr_eval::{Interval, Metric};

    fn comparison(right: &str, mean: f64) -> Comparison {
        let difference = Interval { mean, low: mean - 0.01, high: mean + 0.01 };
        let result = PairedComparison {
            difference,
            p_value: 0.001,
            effect_size: 1.0,
            minimum_detectable: 0.01,
            deviation: 0.1,
            n: 100,
        };
        Comparison {
            protocol: "first_ratings".to_owned(),
            metric: Metric::Precision,
            k: 10,
            left: "strong".to_owned(),
            right: right.to_owned(),
            result,
            q_value: 0.001,
        }
    }

    fn answer(supervised: Option<f64>, greedy: f64) -> Answer {
        Answer {
            table: "first_ratings".to_owned(),
            agent: "strong".to_owned(),
            is_main: true,
            agent_value: 0.4,
            best_value: 0.39,
            against_best: comparison("item_knn", 0.1),
            against_supervised: supervised.map(|mean| comparison("strong_no_td", mean)),
            against_greedy: Some(comparison("strong_gamma_0", greedy)),
        }
    }

    #[test]
    fn an_agent_that_is_not_better_than_its_twin_without_td_owes_nothing_to_rl() {
        let words = answer(Some(0.0), 0.1).in_words();
        assert!(words.contains("better than the best without RL (item_knn), not distinguishable"), "{words}");
        assert!(words.ends_with("RL added nothing here."), "{words}");
        assert!(answer(Some(-0.1), 0.1).in_words().ends_with("RL added nothing here."));
        assert!(answer(Some(0.1), 0.1).in_words().ends_with("RL added something here."));
        assert!(answer(Some(0.1), 0.0).in_words().ends_with("looking ahead nothing."));
        assert!(answer(None, 0.0).in_words().ends_with("Looking ahead added nothing here."));
    }
}
