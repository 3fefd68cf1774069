//! One user's session by a greedy recommender, by the best rule and by the agent, side by side.
//!
//! Whose session it is follows from a rule, so that nobody can pick a pleasant one: the user in the middle, by what the agent
//! gains over the best rule.

use super::Page;
use crate::judge::sessions::{SessionFigures, SessionTable, rows};
use anyhow::Result;
use drr_core::ItemIdx;
use drr_data::{Dataset, SessionRow};
use drr_env::RatingScale;
use drr_eval::report::{Cell, Section, Table};
use std::collections::{BTreeMap, BTreeSet};

/// The steps that variety is counted in, and the least that are shown.
const N_FIRST: usize = 8;
/// The most steps that are shown where there is no room for all.
const N_SHORT: usize = 16;
/// A user counts as gone when it is less probable than this that they are still there.
const STILL_THERE: f64 = 0.5;
/// The categories of the known items that are named.
const N_NAMED: usize = 4;

/// The session of one user by three recommenders.
pub struct OneSession {
    user_id: String,
    /// The total reward by the agent minus that by the best rule.
    gain: f64,
    /// What recommenders are told of the user, in words.
    known: Option<String>,
    scale: (f32, f32),
    sides: [Side; 3],
}

/// The session by one recommender.
struct Side {
    recommender: String,
    title: &'static str,
    steps: Vec<Step>,
    total_reward: f64,
    /// The step after which the user is rather gone than there; none for a user who stays to the end.
    leaves_after: Option<usize>,
}

/// One step.
struct Step {
    item: String,
    categories: Vec<String>,
    /// The answer as a rating.
    answer: f64,
    survival: f64,
}

impl OneSession {
    /// The session of the run's user in the middle; none where the run has no agent or no rule.
    ///
    /// # Errors
    ///
    /// Fails if the sessions' file is missing or not as it was left, or if the data set is another.
    pub fn of(page: &Page<'_>, figures: &SessionFigures) -> Result<Option<Self>> {
        let Some(names) = figures.tables.first().and_then(names) else { return Ok(None) };
        let rows = rows(page.work)?;
        let [greedy, rule, agent] = names.map(|name| sessions_of(&rows, name));
        let Some((user, gain)) = median_user(&rule, &agent) else { return Ok(None) };
        let scale = page.dataset.manifest().rating_scale;
        let titles = ["greedy", "the best rule without RL", "the agent"];
        let mut sides = Vec::new();
        for ((sessions, name), title) in [greedy, rule, agent].iter().zip(names).zip(titles) {
            let steps = sessions.get(user).map_or(&[][..], Vec::as_slice);
            sides.push(side(page.dataset, (name, title), steps, scale)?);
        }
        let Ok(sides) = sides.try_into() else { return Ok(None) };
        Ok(Some(Self { user_id: user.to_owned(), gain, known: known(page, user)?, scale, sides }))
    }

    /// The section of the report: its first steps, and the whole of it folded away.
    pub fn sections(&self) -> [Section; 2] {
        let n_steps = self.sides.iter().map(|side| side.leaves_after.unwrap_or(side.steps.len())).max();
        let short = Section {
            heading: "One user's session, three ways".to_owned(),
            prose: self.prose(),
            tables: vec![self.table(self.n_short())],
            ..Section::default()
        };
        let whole = Section {
            heading: "The whole of that session".to_owned(),
            tables: vec![self.table(n_steps.unwrap_or(0))],
            level: 1,
            details: true,
            ..Section::default()
        };
        [short, whole]
    }

    /// The first steps as Markdown.
    pub fn block(&self) -> String {
        let prose: String = self.prose().iter().map(|line| format!("\n{line}\n")).collect();
        format!("\nOne user's session, three ways:\n{prose}{}", self.table(self.n_short()).to_markdown())
    }

    /// The steps to show where there is no room for all: until the user has left the first of the three.
    fn n_short(&self) -> usize {
        let first = self.sides.iter().filter_map(|side| side.leaves_after).min();
        first.map_or(N_FIRST, |step| (step + 1).clamp(N_FIRST, N_SHORT))
    }

    fn prose(&self) -> Vec<String> {
        let mut whose = format!(
            "This is test user {}, whom a rule picks: of all test users, by what the agent gains over the best rule, the one in the middle ({:+.2}).",
            self.user_id, self.gain
        );
        if let Some(known) = &self.known {
            whose.push(' ');
            whose.push_str(known);
        }
        let (lowest, highest) = self.scale;
        let how = format!(
            "An answer is a rating from {lowest} to {highest}, in brackets the probability that the user is there to give it. Leaving is not drawn: the user \"leaves\" after the step that makes it less probable than one half that they are still there. The total reward counts all steps by their probability; a rating in the middle of the scale is worth 0, the best 1."
        );
        let sides: Vec<String> = self.sides.iter().map(Side::in_words).collect();
        vec![whose, sides.join(" "), how]
    }

    fn table(&self, n_steps: usize) -> Table {
        let mut columns = vec!["step".to_owned()];
        for side in &self.sides {
            columns.extend([format!("{} ({})", side.title, side.recommender), "answer".to_owned()]);
        }
        let row = |at: usize| {
            let cells = self.sides.iter().flat_map(|side| side.cells(at));
            std::iter::once((at + 1).to_string()).chain(cells).map(Cell::Text).collect()
        };
        let n_steps = n_steps.min(self.sides.iter().map(|side| side.steps.len()).max().unwrap_or(0));
        Table {
            caption: format!("The first {n_steps} steps."),
            columns,
            rows: (0..n_steps).map(row).collect(),
            ..Table::default()
        }
    }
}

impl Side {
    /// The item with its categories and the answer; dashes after the user has left.
    fn cells(&self, at: usize) -> [String; 2] {
        let is_there = self.leaves_after.is_none_or(|last| at < last);
        let Some(step) = self.steps.get(at).filter(|_| is_there) else {
            return ["-", "-"].map(str::to_owned);
        };
        let item = match step.categories.is_empty() {
            true => step.item.clone(),
            false => format!("{}: {}", step.item, step.categories.join(", ")),
        };
        let leaves = if self.leaves_after == Some(at + 1) { ", leaves" } else { "" };
        [item, format!("{:.1}\u{a0}({:.0}\u{a0}%){leaves}", step.answer, 100.0 * step.survival)]
    }

    fn in_words(&self) -> String {
        let first = &self.steps[..N_FIRST.min(self.steps.len())];
        let categories: BTreeSet<&String> = first.iter().flat_map(|step| &step.categories).collect();
        let variety = match categories.len() {
            0 => String::new(),
            n => format!(" shows {n} categories in its first {} steps and", first.len()),
        };
        let leaves = match self.leaves_after {
            Some(step) => format!("the user leaves after step {step}"),
            None => format!("the user stays for all {} steps", self.steps.len()),
        };
        let mut title = self.title.to_owned();
        title[..1].make_ascii_uppercase();
        format!("{title}{variety} has a total reward of {:.2}; {leaves}.", self.total_reward)
    }
}

/// Who is shown: greedy, the best rule, the agent.
fn names(table: &SessionTable) -> Option<[&str; 3]> {
    let of = |line: Option<_>| line.map(|line: &crate::judge::sessions::SessionLine| &*line.recommender);
    Some([of(table.line(super::GREEDY))?, of(table.best_rule())?, of(table.agent())?])
}

/// The sessions of one recommender from its first seed, by users.
fn sessions_of<'r>(rows: &'r [SessionRow], recommender: &str) -> BTreeMap<&'r str, Vec<&'r SessionRow>> {
    let mut sessions: BTreeMap<&str, Vec<&SessionRow>> = BTreeMap::new();
    let of_line = || rows.iter().filter(|row| row.recommender == recommender);
    let seed = of_line().next().map(|row| row.seed);
    for row in of_line().filter(|row| Some(row.seed) == seed) {
        sessions.entry(&row.user_id).or_default().push(row);
    }
    sessions
}

fn total_reward(steps: &[&SessionRow]) -> f64 {
    steps.iter().map(|row| row.survival * f64::from(row.reward)).sum()
}

/// The user for whom the difference of total rewards is the median, with it: of an even number of users the lower of the two
/// in the middle, of equals the first id.
fn median_user<'r>(
    rule: &BTreeMap<&'r str, Vec<&'r SessionRow>>,
    agent: &BTreeMap<&'r str, Vec<&'r SessionRow>>,
) -> Option<(&'r str, f64)> {
    let gain = |(user, steps): (&&'r str, &Vec<&SessionRow>)| {
        Some((*user, total_reward(steps) - total_reward(rule.get(user)?)))
    };
    let mut gains: Vec<(&str, f64)> = agent.iter().filter_map(gain).collect();
    gains.sort_by(|left, right| left.1.total_cmp(&right.1));
    gains.get(gains.len().checked_sub(1)? / 2).copied()
}

fn side(
    dataset: &Dataset,
    (recommender, title): (&str, &'static str),
    rows: &[&SessionRow],
    (lowest, highest): (f32, f32),
) -> Result<Side> {
    let scale = RatingScale::new(lowest, highest)?;
    let step = |row: &&SessionRow| {
        let (item, categories) = match dataset.item(&row.item_id) {
            Some(item) => described(dataset, item),
            None => (row.item_id.clone(), Vec::new()),
        };
        let answer = f64::from(row.reward.mul_add(scale.half_range(), scale.middle()));
        Step { item, categories, answer, survival: row.survival }
    };
    let leaves_after = rows.windows(2).position(|pair| pair[1].survival < STILL_THERE).map(|at| at + 1);
    Ok(Side {
        recommender: recommender.to_owned(),
        title,
        steps: rows.iter().map(step).collect(),
        total_reward: total_reward(rows),
        leaves_after,
    })
}

/// `Matrix, The (1999)`, and its categories.
fn described(dataset: &Dataset, item: ItemIdx) -> (String, Vec<String>) {
    (dataset.item_name(item), dataset.item_categories(item).map(str::to_owned).collect())
}

/// What recommenders are told of the user: `Known of the user are 10 ratings, 4.1 on average; by category Drama 6, War 2.`
fn known(page: &Page<'_>, user: &str) -> Result<Option<String>> {
    let Some(training) = page.sessions.first() else { return Ok(None) };
    let Some(user) = page.dataset.user(user) else { return Ok(None) };
    let log = page.dataset.full_log()?;
    let (known, _) = log.of_user(user).split_at(training.models.config.n_known);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for category in known.items.iter().flat_map(|item| page.dataset.item_categories(*item)) {
        *counts.entry(category).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named: Vec<String> = counts.iter().take(N_NAMED).map(|(name, n)| format!("{name} {n}")).collect();
    let mean = known.ratings.iter().sum::<f32>() / known.ratings.len().max(1) as f32;
    let named = if named.is_empty() { String::new() } else { format!("; by category {}", named.join(", ")) };
    Ok(Some(format!("Known of the user are {} ratings, {mean:.1} on average{named}.", known.items.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(recommender: &str, user: &str, steps: &[(f32, f64)]) -> Vec<SessionRow> {
        let row = |(at, (reward, survival)): (usize, &(f32, f64))| SessionRow {
            protocol: "long_session".to_owned(),
            recommender: recommender.to_owned(),
            seed: 1,
            user_id: user.to_owned(),
            step: at as u32 + 1,
            item_id: at.to_string(),
            reward: *reward,
            survival: *survival,
        };
        steps.iter().enumerate().map(row).collect()
    }

    #[test]
    fn the_user_is_the_one_in_the_middle_by_what_the_agent_gains() {
        let mut rows = Vec::new();
        // The rule has 1 everywhere; the agent gains 2, 0.5, -1 and 0.75.
        for (user, reward) in [("a", 3.0), ("b", 1.5), ("c", 0.0), ("d", 1.75)] {
            rows.extend(session("rule", user, &[(1.0, 1.0)]));
            rows.extend(session("agent", user, &[(reward, 1.0)]));
        }
        // Another seed's sessions do not count.
        rows.extend(
            session("agent", "b", &[(9.0, 1.0)]).into_iter().map(|row| SessionRow { seed: 2, ..row }),
        );
        let (rule, agent) = (sessions_of(&rows, "rule"), sessions_of(&rows, "agent"));
        assert_eq!(median_user(&rule, &agent), Some(("b", 0.5)));
        assert_eq!(median_user(&rule, &sessions_of(&rows, "nobody")), None);
    }
    fn side(steps: &[(f64, f64)], leaves_after: Option<usize>) -> Side {
        let step = |(answer, survival): &(f64, f64)| Step {
            item: "Title (1999)".to_owned(),
            categories: vec!["Drama".to_owned(), "War".to_owned()],
            answer: *answer,
            survival: *survival,
        };
        Side {
            recommender: "r".to_owned(),
            title: "the agent",
            steps: steps.iter().map(step).collect(),
            total_reward: 2.5,
            leaves_after,
        }
    }

    #[test]
    fn nothing_is_shown_after_the_user_has_left() {
        let left = side(&[(4.0, 1.0), (3.26, 0.61), (3.0, 0.4)], Some(2));
        assert_eq!(left.cells(0), ["Title (1999): Drama, War", "4.0\u{a0}(100\u{a0}%)"]);
        assert_eq!(left.cells(1), ["Title (1999): Drama, War", "3.3\u{a0}(61\u{a0}%), leaves"]);
        assert_eq!(left.cells(2), ["-", "-"]);
        let words = left.in_words();
        assert!(words.starts_with("The agent shows 2 categories in its first 3 steps"), "{words}");
        assert!(words.ends_with("has a total reward of 2.50; the user leaves after step 2."), "{words}");
        let stays = side(&[(4.0, 1.0), (3.0, 0.9)], None);
        assert!(stays.in_words().ends_with("the user stays for all 2 steps."));
        assert_eq!(stays.cells(1)[1], "3.0\u{a0}(90\u{a0}%)");
        assert_eq!(stays.cells(2), ["-", "-"]);
    }
}
