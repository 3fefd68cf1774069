//! Long sessions: the answer in words, and everybody's line.

use super::dynamics;
use crate::fit::sessions::CategorySource;
use crate::judge::sessions::{
    SessionComparison, SessionFigures, SessionLine, SessionTable, table_as_markdown,
};
use drr_eval::report::{Cell, Section, Table};
use std::fmt::Write as _;

/// The answer of each world, a sentence or two.
pub fn in_words(figures: &SessionFigures) -> Vec<String> {
    figures.tables.iter().filter_map(|table| words(table, figures.n_users)).collect()
}

fn words(table: &SessionTable, n_users: usize) -> Option<String> {
    let (agent, rule) = (table.agent()?, table.best_rule()?);
    let over = rule.agent_minus_this?;
    let verdict = match over {
        SessionComparison { low, .. } if low > 0.0 => "RL recommends better here",
        SessionComparison { high, .. } if high < 0.0 => "RL recommends worse here",
        _ => "nobody can tell whether RL recommends better here",
    };
    let mut text = format!(
        "In long sessions ({}, {n_users} users): {verdict}: {} has a total reward of {:.2} a session, the best rule without RL ({}) {:.2}, a difference of {}.",
        table.world,
        agent.recommender,
        mean(agent),
        rule.recommender,
        mean(rule),
        over.signed()
    );
    if let Some((twin, difference)) = table.twin().and_then(|twin| Some((twin, twin.agent_minus_this?))) {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            " Its twin with discount 0, which takes the best answer now and so bores, has {:.2}, a difference of {}.",
            mean(twin),
            difference.signed()
        );
    }
    if let Some((told, difference)) = table.best_told().and_then(|told| Some((told, told.agent_minus_this?)))
    {
        let _ = write!(
            text,
            " The best rule that is told how users change ({}) has {:.2}, a difference of {}.",
            told.recommender,
            mean(told),
            difference.signed()
        );
    }
    Some(text)
}

fn mean(line: &SessionLine) -> f64 {
    line.total_reward.over_users.mean
}

/// What the categories are, in brackets.
fn whence(figures: &SessionFigures) -> String {
    match (&figures.category_attribute, figures.categories) {
        (Some(name), CategorySource::DataSet) => format!(" (their {name})"),
        (None, CategorySource::DataSet) => String::new(),
        (_, CategorySource::Clusters) => " (clusters of their vectors)".to_owned(),
    }
}

/// The section of the report.
pub fn section(figures: &SessionFigures) -> Section {
    let mut prose = vec![format!(
        "Users who grow tired of sameness, come to like what they see, and leave. What a user thinks of an item is fitted on the log; what happens in a session is posited, and no log of single ratings can tell it. {} items may be shown, the same ones by everybody, in {} categories{}. Agents are trained in one simulator of tastes (A) and everybody is judged in another (B), with users of whom the first ratings are known. The total reward is in expectation over leaving.",
        figures.n_candidates,
        figures.n_categories,
        whence(figures)
    )];
    let mut tables: Vec<Table> = figures.tables.iter().map(table).collect();
    if let Some((words, of_log)) = dynamics::table(figures) {
        prose.push(words);
        tables.push(of_log);
    }
    Section { heading: "Does RL help in long sessions?".to_owned(), prose, tables, ..Section::default() }
}

fn table(table: &SessionTable) -> Table {
    let columns = [
        "recommender",
        "knows",
        "total reward",
        "length",
        "reward a step",
        "coverage",
        "agent minus this",
        "chosen",
    ];
    Table {
        caption: format!("{}: everybody in B. 95 % intervals over users.", table.world),
        columns: columns.map(str::to_owned).to_vec(),
        rows: table.lines.iter().map(cells).collect(),
        ..Table::default()
    }
}

fn cells(line: &SessionLine) -> Vec<Cell> {
    line.texts().into_iter().map(Cell::Text).collect()
}

/// The tables as Markdown.
pub fn block(figures: &SessionFigures) -> String {
    let markdown = |table| table_as_markdown(table, figures.n_users, figures.n_candidates);
    let tables: String = figures.tables.iter().map(markdown).collect();
    tables + &dynamics::block(figures)
}
