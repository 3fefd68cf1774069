//! Does RL help, and where? The same questions to data sets of several domains, each judged as the pipeline judges it.

use crate::document::write_block;
use crate::judge::comparisons::Comparison;
use crate::judge::figures::{Judged, RunMetrics, best_agent, best_without_rl, headline};
use crate::judge::sessions::{SessionComparison, SessionFigures, SessionLine, SessionTable};
use crate::run::{Run, Work};
use anyhow::Result;
use drr_core::{Form, Protocol};
use std::fmt::Write as _;
use std::path::Path;

/// The block of a document that the study writes.
const BLOCK: &str = "domains";
/// How long the work took, in a run's folder: when it is done already, it takes no time.
const MINUTES: &str = "minutes.json";
/// What stands before the figures of sessions.
const LONG_SESSIONS: &str = "long sessions";

/// One data set that was judged.
pub struct Domain {
    name: String,
    n_users: u64,
    n_items: u64,
    n_ratings: u64,
    has_time: bool,
    protocols: Vec<Protocol>,
    metrics: RunMetrics,
    sessions: Option<SessionFigures>,
    left_out: Vec<String>,
    provenance: String,
    minutes: f64,
}

/// What became of one data set.
pub enum Outcome {
    /// It was judged.
    Judged(Box<Domain>),
    /// It was not, and why.
    Refused {
        /// Its name.
        name: String,
        /// The reason.
        reason: String,
    },
}

impl Domain {
    /// A run on the log of that name that was judged within so many minutes.
    ///
    /// # Errors
    ///
    /// Fails if the figures of long sessions cannot be read.
    pub fn of(
        name: String,
        run: &Run<'_>,
        work: Work<'_>,
        metrics: RunMetrics,
        minutes: f64,
    ) -> Result<Self> {
        let manifest = run.dataset.manifest();
        let seed = format!("seed {}", run.manifest.seed);
        Ok(Self {
            name,
            n_users: manifest.n_users,
            n_items: manifest.n_items,
            n_ratings: manifest.n_ratings,
            has_time: manifest.has_time,
            protocols: run.protocols(),
            metrics,
            sessions: crate::judge::sessions::read(work)?,
            left_out: run.left_out(),
            provenance: run.manifest.provenance(&manifest.dataset, &seed),
            minutes,
        })
    }

    /// The tables of the logged protocols.
    fn tables(&self) -> Vec<Logged<'_>> {
        let tables = self.protocols.iter().flat_map(|protocol| self.metrics.tables(*protocol));
        tables.filter_map(|table| Logged::of(&self.metrics, table)).collect()
    }

    fn worlds(&self) -> impl Iterator<Item = &SessionTable> {
        self.sessions.iter().flat_map(|it| &it.tables)
    }
}

/// One table of a logged protocol: those who matter.
struct Logged<'a> {
    table: String,
    rows: Vec<&'a Judged>,
    agent: &'a Judged,
    against_best: Comparison,
    against_twin: Option<Comparison>,
}

impl<'a> Logged<'a> {
    fn of(metrics: &'a RunMetrics, table: String) -> Option<Self> {
        let rows = metrics.table(&table);
        let agent = best_agent(metrics, &rows)?;
        let name = &agent.summary.recommender;
        let against_best = metrics.comparison(&table, name, best_without_rl(&rows)?)?;
        let twin = agent.id.as_ref()?.with(Form::Greedy).to_string();
        let against_twin = metrics.comparison(&table, name, &twin);
        Some(Self { table, rows, agent, against_best, against_twin })
    }

    fn value(&self, recommender: &str) -> String {
        let row = self.rows.iter().find(|it| it.summary.recommender == recommender);
        row.and_then(|it| headline(it)).map_or_else(|| "-".to_owned(), |it| format!("{:.4}", it.2.mean))
    }

    fn metric(&self) -> String {
        headline(self.agent).map_or_else(String::new, |(metric, k, _)| format!("{}@{k}", metric.name()))
    }
}

/// The greatest time that the work in a run's folder took, this one included.
///
/// # Errors
///
/// Fails if it cannot be written.
pub fn kept_minutes(work: Work<'_>, minutes: f64) -> Result<f64> {
    let path = work.path(MINUTES);
    let before: Option<f64> = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let minutes = before.map_or(minutes, |it| it.max(minutes));
    drr_store::write_bytes(&path, serde_json::to_string(&minutes)?.as_bytes())?;
    Ok(minutes)
}

/// A difference with its interval.
fn difference(it: &Comparison) -> String {
    let d = it.result.difference;
    format!("{:+.4} [{:+.4}, {:+.4}]", d.mean, d.low, d.high)
}

/// Makes the document's text, and writes it into the document where one is given.
///
/// # Errors
///
/// Fails if the document has no place for it or cannot be written.
pub fn write(outcomes: &[Outcome], into: Option<&Path>) -> Result<String> {
    let text = text(outcomes);
    if let Some(path) = into {
        write_block(path, BLOCK, &text)?;
    }
    Ok(text)
}

fn text(outcomes: &[Outcome]) -> String {
    let judged: Vec<&Domain> = outcomes
        .iter()
        .filter_map(|it| match it {
            Outcome::Judged(domain) => Some(&**domain),
            Outcome::Refused { .. } => None,
        })
        .collect();
    let mut text = String::new();
    sets(&mut text, outcomes);
    in_words(&mut text, &judged);
    logged(&mut text, &judged);
    long_sessions(&mut text, &judged);
    text.push_str("\n## What the figures are of\n\n");
    for domain in &judged {
        let _ = writeln!(text, "- {}", domain.provenance);
    }
    text.push('\n');
    text
}

/// A row for each data set, judged or not.
fn sets(text: &mut String, outcomes: &[Outcome]) {
    text.push_str(
        "\n## The data sets\n\nRows, users and items as they are used: after repeats were merged and rare ones left out.\n\n| data set | users | items | rows | minutes | not judged |\n|---|---:|---:|---:|---:|---|\n",
    );
    for outcome in outcomes {
        let _ = match outcome {
            Outcome::Judged(it) => writeln!(
                text,
                "| {} | {} | {} | {} | {:.1} | {} |",
                it.name,
                it.n_users,
                it.n_items,
                it.n_ratings,
                it.minutes,
                it.left_out.join("; ")
            ),
            Outcome::Refused { name, reason } => {
                writeln!(text, "| {name} | - | - | - | - | {} |", reason.replace(['\n', '|'], " "))
            }
        };
    }
}

/// Three sentences for each data set.
fn in_words(text: &mut String, judged: &[&Domain]) {
    text.push_str("\n## In words\n\nBetter and worse are said where the interval of the difference excludes zero and, under the logged protocols, the corrected probability (q) is below .05.\n");
    for domain in judged {
        let _ = write!(
            text,
            "\n**{}.** {}\n{}\n{}\n",
            domain.name,
            who_wins(domain),
            does_order_matter(domain),
            does_looking_ahead_pay(domain)
        );
    }
}

fn who_wins(domain: &Domain) -> String {
    let mut parts = Vec::new();
    for it in domain.tables() {
        let (agent, best) = (&it.agent.summary.recommender, &it.against_best.right);
        let verdict = match it.against_best.verdict() {
            "better" => format!("{agent} is better than {best}, the best without RL"),
            "worse" => format!("{best} is better than {agent}"),
            _ => format!("{agent} cannot be told from {best}, the best without RL"),
        };
        parts.push(format!(
            "under \"{}\" {verdict} ({} {} against {}, {}, q = {:.3})",
            it.table,
            it.metric(),
            it.value(agent),
            it.value(best),
            difference(&it.against_best),
            it.against_best.q_value
        ));
    }
    for world in domain.worlds() {
        let (Some(agent), Some(rule)) = (world.agent(), world.best_rule()) else { continue };
        let Some(over) = rule.agent_minus_this else { continue };
        let (agent_name, rule_name) = (&agent.recommender, &rule.recommender);
        let verdict = match over {
            SessionComparison { low, .. } if low > 0.0 => {
                format!("{agent_name} is better than {rule_name}, the best rule")
            }
            SessionComparison { high, .. } if high < 0.0 => {
                format!("{rule_name} is better than {agent_name}")
            }
            _ => format!("{agent_name} cannot be told from {rule_name}, the best rule"),
        };
        parts.push(format!(
            "in {LONG_SESSIONS} {verdict} (total reward {} against {}, {})",
            total(agent),
            total(rule),
            over.signed()
        ));
    }
    if parts.is_empty() {
        return "Who wins: nobody was judged.".to_owned();
    }
    format!("Who wins: {}.", parts.join("; "))
}

fn does_order_matter(domain: &Domain) -> String {
    let shares: Vec<String> = domain
        .tables()
        .iter()
        .filter_map(|it| {
            let lost = 100.0 * (1.0 - it.agent.shuffled_share?);
            Some(format!("{lost:.0} % of {}'s score under \"{}\"", it.agent.summary.recommender, it.table))
        })
        .collect();
    match (domain.has_time, shares.is_empty()) {
        (false, _) => "Does order matter: nobody can tell, since the log has no times.".to_owned(),
        (true, true) => "Does order matter: nobody who reads the order was judged.".to_owned(),
        (true, false) => {
            format!("Does order matter: shuffled histories cost {}.", shares.join(" and "))
        }
    }
}

fn does_looking_ahead_pay(domain: &Domain) -> String {
    let mut parts: Vec<String> = domain
        .tables()
        .iter()
        .filter_map(|it| {
            let twin = it.against_twin.as_ref()?;
            let verdict = match twin.verdict() {
                "better" => "it pays",
                "worse" => "it costs",
                _ => "nobody can tell",
            };
            Some(format!("under \"{}\" {verdict} ({})", it.table, difference(twin)))
        })
        .collect();
    for world in domain.worlds() {
        let Some(over) = world.twin().and_then(|it| it.agent_minus_this) else { continue };
        let verdict = match over {
            SessionComparison { low, .. } if low > 0.0 => "it pays",
            SessionComparison { high, .. } if high < 0.0 => "it costs",
            _ => "nobody can tell",
        };
        parts.push(format!("in {LONG_SESSIONS} {verdict} ({})", over.signed()));
    }
    if parts.is_empty() {
        return "Does looking ahead pay: no twin was judged.".to_owned();
    }
    format!("Does looking ahead pay, beside the twin with discount 0: {}.", parts.join("; "))
}

/// Who is judged under the logged protocols.
fn logged(text: &mut String, judged: &[&Domain]) {
    text.push_str(
        "\n## Logged protocols\n\n| data set | protocol | users | metric | random | popularity | best without RL | its value | agent with discount 0 | agent | oracle | agent minus the best | q | agent minus its twin | q |\n|---|---|---:|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for domain in judged {
        for it in domain.tables() {
            let agent = &it.agent.summary.recommender;
            let (twin, against_twin, q) = match &it.against_twin {
                None => ["-", "-", "-"].map(str::to_owned).into(),
                Some(twin) => (it.value(&twin.right), difference(twin), format!("{:.3}", twin.q_value)),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {twin} | {} | {} | {} | {:.3} | {against_twin} | {q} |",
                domain.name,
                it.table,
                it.agent.summary.n_users,
                it.metric(),
                it.value("random"),
                it.value("popularity"),
                it.against_best.right,
                it.value(&it.against_best.right),
                it.value(agent),
                it.value("oracle"),
                difference(&it.against_best),
                it.against_best.q_value,
            );
        }
    }
}

/// Who is judged in long sessions.
fn long_sessions(text: &mut String, judged: &[&Domain]) {
    text.push_str(
        "\n## Long sessions\n\nEverybody is judged by another model of the users than the agent was trained in; weights of rules are tuned, those named `tuned_in_b` in the judging model. The oracle knows the judging model, and takes its best answer now.\n\n| data set | users | categories | random | popularity | best rule | its total reward | oracle | twin with discount 0 | agent | agent minus the rule | agent minus its twin |\n|---|---:|---|---:|---:|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for domain in judged {
        let Some(figures) = &domain.sessions else { continue };
        let categories = figures.category_attribute.as_deref().unwrap_or("clusters");
        for world in &figures.tables {
            let (Some(agent), Some(rule)) = (world.agent(), world.best_rule()) else { continue };
            let of = |name: &str| world.line(name).map_or_else(|| "-".to_owned(), total);
            let minus = |line: Option<&SessionLine>| {
                line.and_then(|it| it.agent_minus_this)
                    .map_or_else(|| "-".to_owned(), SessionComparison::signed)
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} {categories} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                domain.name,
                figures.n_users,
                figures.n_categories,
                of("greedy_random"),
                of("greedy_popularity"),
                rule.recommender,
                total(rule),
                of("greedy_judge"),
                world.twin().map_or_else(|| "-".to_owned(), total),
                total(agent),
                minus(Some(rule)),
                minus(world.twin()),
            );
        }
    }
}

fn total(line: &SessionLine) -> String {
    format!("{:.2}", line.total_reward.over_users.mean)
}
