//! The figures of long sessions.

use crate::fit::sessions::CategorySource;
use drr_core::{Form, Knowledge};
use drr_env::worlds::Dynamics;
use drr_env::worlds::estimate::Estimates;
use drr_eval::{Interval, LONG_SESSION, PairedComparison, SeedFigures};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionFigures {
    /// The hash of the data set.
    pub dataset_hash: String,
    /// The hash of the run's configuration.
    pub config_hash: String,
    /// The number of judged users.
    pub n_users: usize,
    /// The number of items that may be shown.
    pub n_candidates: usize,
    /// Where the categories come from.
    pub categories: CategorySource,
    /// The attribute that they are, where they are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_attribute: Option<String>,
    /// The number of categories.
    pub n_categories: usize,
    /// What the log itself says of the dynamics; none where it has no times or too few sittings.
    #[serde(default)]
    pub estimates: Option<Estimates>,
    /// One table for each world.
    pub tables: Vec<SessionTable>,
    /// The figures by name: `long_session.session_agent.total_reward`. The last of equal names is that of the last table.
    #[serde(default)]
    pub values: BTreeMap<String, f64>,
}

/// Everybody in one world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionTable {
    /// The world's name.
    pub world: String,
    /// What happens in a session.
    pub dynamics: Dynamics,
    /// Everybody; the agent is the last.
    pub lines: Vec<SessionLine>,
}

/// One recommender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionLine {
    /// Its name.
    pub recommender: String,
    /// What it was told.
    pub knowledge: Knowledge,
    /// What was chosen for it, in words.
    pub settings: Option<String>,
    /// Whether it was learnt by reinforcement.
    pub is_learnt: bool,
    /// The total reward of a session in expectation over leaving.
    pub total_reward: SeedFigures,
    /// The length in steps.
    pub length: SeedFigures,
    /// The reward per step.
    pub reward_per_step: SeedFigures,
    /// The share of the candidates that is shown to anyone; the mean over seeds.
    pub coverage: f64,
    /// The agent's total reward minus this one's, user by user; none beside itself.
    pub agent_minus_this: Option<SessionComparison>,
}

/// A paired difference with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SessionComparison {
    /// The mean difference.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl SessionComparison {
    /// Of a paired comparison.
    #[must_use]
    pub const fn of(comparison: PairedComparison) -> Self {
        let interval = comparison.difference;
        Self { mean: interval.mean, low: interval.low, high: interval.high }
    }

    /// The difference with its sign and its interval.
    #[must_use]
    pub fn signed(self) -> String {
        format!("{:+.2} [{:+.2}, {:+.2}]", self.mean, self.low, self.high)
    }
}

impl SessionLine {
    /// The line in words: name, knowledge, total reward, length, reward per step, coverage, difference, settings.
    #[must_use]
    pub fn texts(&self) -> [String; 8] {
        let knows = match self.knowledge {
            Knowledge::Log => "the log",
            Knowledge::Dynamics => "the log and the dynamics",
            Knowledge::Judge => "the judge",
        };
        let interval = |it: Interval| format!("{:.2} [{:.2}, {:.2}]", it.mean, it.low, it.high);
        [
            self.recommender.clone(),
            knows.to_owned(),
            interval(self.total_reward.over_users),
            format!("{:.1}", self.length.over_users.mean),
            format!("{:.3}", self.reward_per_step.over_users.mean),
            format!("{:.3}", self.coverage),
            self.agent_minus_this.map_or_else(String::new, SessionComparison::signed),
            self.settings.clone().unwrap_or_default(),
        ]
    }
}

impl SessionTable {
    /// The line of this recommender.
    #[must_use]
    pub fn line(&self, recommender: &str) -> Option<&SessionLine> {
        self.lines.iter().find(|line| line.recommender == recommender)
    }

    /// The figures of every line by name.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, f64> {
        let of = |line: &SessionLine| {
            let figures = [
                ("total_reward", line.total_reward.over_users.mean),
                ("length", line.length.over_users.mean),
                ("coverage", line.coverage),
            ];
            figures.map(|(name, value)| (format!("{LONG_SESSION}.{}.{name}", line.recommender), value))
        };
        self.lines.iter().flat_map(of).collect()
    }

    /// The agent's own line.
    #[must_use]
    pub fn agent(&self) -> Option<&SessionLine> {
        self.lines.last()
    }

    /// The agent's twin that does not look ahead: with a discount of 0.
    #[must_use]
    pub fn twin(&self) -> Option<&SessionLine> {
        let name = format!("{}{}", self.agent()?.recommender, Form::Greedy.suffix());
        self.line(&name)
    }

    /// The best without reinforcement learning that was told nothing but the log.
    #[must_use]
    pub fn best_rule(&self) -> Option<&SessionLine> {
        self.best(Knowledge::Log)
    }

    /// The best without reinforcement learning that was told the dynamics too.
    #[must_use]
    pub fn best_told(&self) -> Option<&SessionLine> {
        self.best(Knowledge::Dynamics)
    }

    fn best(&self, knowledge: Knowledge) -> Option<&SessionLine> {
        let all = self.lines.iter().filter(|line| !line.is_learnt && line.knowledge == knowledge);
        all.max_by(|left, right| {
            left.total_reward.over_users.mean.total_cmp(&right.total_reward.over_users.mean)
        })
    }
}

/// A table as Markdown.
#[must_use]
pub fn table_as_markdown(table: &SessionTable, n_users: usize, n_candidates: usize) -> String {
    let mut text = format!(
        "\nProtocol \"long_session\", world {}, {n_users} test users, {n_candidates} candidates:\n\n",
        table.world
    );
    text.push_str("| recommender | knows | total reward | length | reward a step | coverage | agent minus this | chosen |\n");
    text.push_str("|---|---|---:|---:|---:|---:|---:|---|\n");
    for line in &table.lines {
        text.push_str(&format!("| {} |\n", line.texts().join(" | ")));
    }
    text
}
