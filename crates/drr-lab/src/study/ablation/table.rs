//! The table of an ablation: what the seeds agree on, and who can be told from whom.

use super::cell::Row;
use crate::judge::comparisons::FALSE_DISCOVERY_RATE;
use crate::judge::contestants::{NO_RL, REWARD_MODEL};
use crate::run::RunManifest;
use anyhow::Result;
use drr_core::{Form, LearnerId, Mode, Protocol, Seeds};
use drr_eval::statistics::{
    N_RESAMPLES, benjamini_hochberg, interquartile_mean, paired_comparison, stratified_bootstrap_iqm,
};
use drr_eval::{Interval, Metric};
use serde::Serialize;

/// The loss, absolute in the headline metric, up to which somebody is not worse.
pub const MARGIN: f64 = 0.005;

/// The study's tables.
#[derive(Debug, Serialize)]
pub struct Ablation {
    /// The ingested data set's hash.
    pub dataset_hash: String,
    /// The configuration's hash.
    pub config_hash: String,
    /// The seeds of which there are cells.
    pub seeds: Vec<u64>,
    /// One for each table of each protocol.
    pub tables: Vec<AblationTable>,
}

/// One table.
#[derive(Debug, Serialize)]
pub struct AblationTable {
    /// The protocol, with what tells apart its tables.
    pub name: String,
    /// The headline metric.
    pub metric: Metric,
    /// Its length.
    pub k: usize,
    /// The users.
    pub n_users: usize,
    /// Who is best without RL on the test rows.
    pub best_without_rl: Option<String>,
    /// Who is best beside the agents' own space, where that is the best without RL.
    pub best_other: Option<String>,
    /// Everybody, the learners first.
    pub lines: Vec<Line>,
}

/// Whom a learner is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The best recommender without RL on the test rows.
    BestWithoutRl,
    /// The best beside the agents' own space, where that is the best.
    BestOther,
    /// The best bandit on the test rows.
    Bandit,
    /// The greedy one-step model.
    OneStep,
    /// The twin with discount 0.
    Greedy,
    /// The twin without TD learning.
    Supervised,
    /// The same space without RL.
    NoRl,
    /// Itself before its first update.
    Untrained,
    /// A random order.
    Random,
}

impl Against {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 9] = [
        Self::BestWithoutRl,
        Self::BestOther,
        Self::Bandit,
        Self::OneStep,
        Self::Greedy,
        Self::Supervised,
        Self::NoRl,
        Self::Untrained,
        Self::Random,
    ];
}

/// One row of a table.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Who.
    pub recommender: String,
    /// Whether it learns by RL, or is a twin or an untrained one of such.
    pub learns: bool,
    /// The seeds that it was trained from.
    pub seeds: Vec<u64>,
    /// The interquartile mean of the headline metric over the seeds; without a width where there is one seed.
    pub value: Interval,
    /// The mean share of the catalogue that is recommended.
    pub coverage: Option<f64>,
    /// The mean Gini coefficient.
    pub gini: Option<f64>,
    /// Whether fewer items are recommended than by popularity.
    pub degenerate: bool,
    /// The differences.
    pub differences: Vec<Difference>,
    /// Updates of the final fit, mean over the seeds.
    pub updates: f64,
    /// Seconds to choose and fit, mean over the seeds.
    pub seconds: f64,
}

impl Line {
    /// The difference to one of those that it is compared with.
    pub fn difference(&self, against: Against) -> Option<&Difference> {
        self.differences.iter().find(|it| it.against == against)
    }
}

/// A difference, paired by user, of the means over the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// To whom.
    pub against: Against,
    /// By name.
    pub name: String,
    /// Its mean and 95 % interval over users.
    pub interval: Interval,
    /// Two-sided, uncorrected.
    pub p_value: f64,
    /// Corrected for all comparisons of the study (Benjamini and Hochberg 1995).
    pub q_value: f64,
}

impl Difference {
    /// In words.
    pub fn verdict(&self) -> &'static str {
        let is_different = self.q_value < FALSE_DISCOVERY_RATE;
        match self.interval {
            it if it.low > 0.0 && is_different => "better",
            it if it.low > -MARGIN => "not worse",
            it if it.high < 0.0 && is_different => "worse",
            _ => "not distinguishable",
        }
    }
}

/// All rows of one recommender in one table, one for each seed.
struct Group<'a> {
    name: &'a str,
    id: Option<&'a LearnerId>,
    rows: Vec<&'a Row>,
}

impl Group<'_> {
    /// The mean over the seeds for each user, of those seeds that both have where both have several.
    fn per_user(&self, other: &Self) -> Vec<f64> {
        let shared = |row: &&&Row| {
            self.rows.len() == 1 || other.rows.len() == 1 || other.rows.iter().any(|it| it.seed == row.seed)
        };
        let rows: Vec<&&Row> = self.rows.iter().filter(shared).collect();
        let n_users = rows.first().map_or(0, |row| row.values.len());
        let mean = |user: usize| {
            let values = rows.iter().map(|row| row.values.get(user).copied().flatten().unwrap_or(f64::NAN));
            values.sum::<f64>() / rows.len() as f64
        };
        (0..n_users).map(mean).collect()
    }

    fn mean(&self, value: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
        let values: Option<Vec<f64>> = self.rows.iter().map(|row| value(row)).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn value(&self) -> f64 {
        interquartile_mean(&self.rows.iter().map(|row| row.mean).collect::<Vec<_>>())
    }
}

impl Ablation {
    /// The tables of these rows.
    pub fn of(rows: &[Row], learners: &[String], bandits: &[&str], manifest: &RunManifest) -> Result<Self> {
        let mut seeds: Vec<u64> = rows.iter().filter(|row| row.id.is_some()).map(|row| row.seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        Ok(Self {
            dataset_hash: manifest.dataset_hash.clone(),
            config_hash: manifest.config_hash.clone(),
            seeds,
            tables: tables(rows, learners, bandits)?,
        })
    }
}

/// The tables of these rows, with q-values over all of them.
pub fn tables(rows: &[Row], learners: &[String], bandits: &[&str]) -> Result<Vec<AblationTable>> {
    let mut order: Vec<&str> = Vec::new();
    for row in rows {
        if !order.contains(&&*row.table) {
            order.push(&row.table);
        }
    }
    let mut tables: Vec<AblationTable> =
        order.into_iter().map(|table| one_table(table, rows, learners, bandits)).collect::<Result<_>>()?;
    let all = || tables.iter().flat_map(|table| table.lines.iter().flat_map(|line| &line.differences));
    let p_values: Vec<f64> = all().map(|it| it.p_value).collect();
    let mut q_values = benjamini_hochberg(&p_values).into_iter();
    for table in &mut tables {
        for difference in table.lines.iter_mut().flat_map(|line| &mut line.differences) {
            difference.q_value = q_values.next().unwrap_or(1.0);
        }
    }
    Ok(tables)
}

fn one_table(table: &str, rows: &[Row], learners: &[String], bandits: &[&str]) -> Result<AblationTable> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in rows.iter().filter(|row| row.table == table) {
        match groups.iter_mut().find(|group| group.name == row.recommender) {
            Some(group) => group.rows.push(row),
            None => {
                groups.push(Group { name: &row.recommender, id: row.id.as_ref(), rows: vec![row] });
            }
        }
    }
    let best_of = |takes_part: &dyn Fn(&Group<'_>) -> bool| {
        let groups = groups.iter().filter(|group| takes_part(group));
        groups.max_by(|one, other| one.value().total_cmp(&other.value())).map(|group| group.name)
    };
    let is_without_rl = |group: &Group<'_>| group.id.is_none() && group.name != "oracle";
    let is_space = |name: &str| name.strip_suffix(Mode::Adaptive.suffix()).unwrap_or(name) == NO_RL;
    let without_rl = best_of(&is_without_rl);
    let best = Best {
        without_rl,
        other: without_rl
            .filter(|name| is_space(name))
            .and_then(|_| best_of(&|group| is_without_rl(group) && !is_space(group.name))),
        bandit: best_of(&|group| bandits.contains(&group.name)),
    };
    // The learners as they are listed, their twins behind them; then the others from the best on.
    let rank = |group: &Group<'_>| {
        group.id.map(|id| {
            let at = learners.iter().position(|name| *name == id.name);
            (at, id.mode == Mode::Adaptive, id.world, id.form)
        })
    };
    groups.sort_by(|one, other| match (rank(one), rank(other)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (left, right) => right.is_some().cmp(&left.is_some()).then(other.value().total_cmp(&one.value())),
    });
    let popularity = groups.iter().find(|group| group.name == "popularity");
    let least = popularity.and_then(|group| group.mean(|row| row.coverage));
    let lines = groups.iter().map(|group| line(table, group, &groups, best, least));
    let first = groups.first().and_then(|group| group.rows.first());
    Ok(AblationTable {
        name: table.to_owned(),
        metric: first.map_or(Metric::Precision, |row| row.metric),
        k: first.map_or(0, |row| row.k),
        n_users: first.map_or(0, |row| row.values.len()),
        best_without_rl: best.without_rl.map(str::to_owned),
        best_other: best.other.map(str::to_owned),
        lines: lines.collect::<Result<_>>()?,
    })
}

fn line(
    table: &str,
    group: &Group<'_>,
    groups: &[Group<'_>],
    best: Best<'_>,
    least_coverage: Option<f64>,
) -> Result<Line> {
    let means: Vec<f64> = group.rows.iter().map(|row| row.mean).collect();
    let key = Protocol::table_key(table);
    let mut random = Seeds(2018).stream(&format!("ablation.{key}.{}", group.name));
    let value = stratified_bootstrap_iqm(&[means], N_RESAMPLES, &mut random)?;
    let coverage = group.mean(|row| row.coverage);
    let degenerate = coverage.zip(least_coverage).is_some_and(|(own, least)| own < least);
    let mut differences = Vec::new();
    for (against, name) in opponents(group.id, best) {
        let Some(other) = groups.iter().find(|it| it.name == name) else { continue };
        let (own, others) = (group.per_user(other), other.per_user(group));
        // Trained from other seeds throughout: nothing can be paired.
        if own.is_empty() || others.is_empty() {
            continue;
        }
        let mut random = Seeds(2018).stream(&format!("ablation.{key}.{}.{name}", group.name));
        let result = paired_comparison(&own, &others, &mut random)?;
        let (interval, p_value) = (result.difference, result.p_value);
        differences.push(Difference { against, name, interval, p_value, q_value: 1.0 });
    }
    Ok(Line {
        recommender: group.name.to_owned(),
        learns: group.id.is_some(),
        seeds: group.rows.iter().map(|row| row.seed).collect(),
        value,
        coverage,
        gini: group.mean(|row| row.gini),
        degenerate: degenerate && group.name != "oracle",
        differences,
        updates: group.mean(|row| Some(row.updates as f64)).unwrap_or(0.0),
        seconds: group.mean(|row| Some(row.seconds)).unwrap_or(0.0),
    })
}

/// Who is best on the test rows.
#[derive(Debug, Clone, Copy)]
struct Best<'a> {
    without_rl: Option<&'a str>,
    other: Option<&'a str>,
    bandit: Option<&'a str>,
}

/// Whom a learner is compared with, by name; who is not in the table is left out later. Those without RL are not compared:
/// that is the laboratory's table.
fn opponents(id: Option<&LearnerId>, best: Best<'_>) -> Vec<(Against, String)> {
    let Some(id) = id else { return Vec::new() };
    let of_table = [
        (Against::BestWithoutRl, best.without_rl),
        (Against::BestOther, best.other),
        (Against::Bandit, best.bandit),
    ];
    let mut all: Vec<(Against, String)> =
        of_table.into_iter().filter_map(|(against, best)| Some((against, best?.to_owned()))).collect();
    all.push((Against::OneStep, REWARD_MODEL.to_owned()));
    if id.form == Form::Agent {
        all.push((Against::Greedy, id.with(Form::Greedy).to_string()));
        all.push((Against::Supervised, id.with(Form::Supervised).to_string()));
    }
    all.push((Against::NoRl, NO_RL.to_owned()));
    if id.form != Form::Untrained {
        all.push((Against::Untrained, id.with(Form::Untrained).to_string()));
    }
    all.push((Against::Random, "random".to_owned()));
    all
}
