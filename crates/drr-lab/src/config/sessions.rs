//! Long sessions with simulated users who have a memory.

use anyhow::{Context as _, Result, bail};
use drr_baselines::{BaselineConfig, DampedItemMeanConfig};
use drr_embed::PmfConfig;
use drr_env::worlds::Dynamics;
use drr_session::SessionAgentConfig;
use serde::{Deserialize, Serialize};

/// By how many ratings of the mean an item mean is damped where nothing is said.
const DAMPING: f64 = 10.0;

/// Lines that are always there and have nothing to choose.
const ALWAYS_THERE: [&str; 2] = ["random", "popularity"];

/// The protocol of long sessions: who is held out, who is known by what, and what happens in a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionsConfig {
    /// The share of the users who are held out for the test, and of those held out for validation.
    pub held_out_fraction: f64,
    /// The first ratings of a user that a recommender is told.
    pub n_known: usize,
    /// The least number of ratings, among the rows that recommenders are fitted on, of an item that may be shown. Without it
    /// the greater of 5 and 1 % of those rows' users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_item_ratings: Option<usize>,
    /// The factorization: of what recommenders know, of the simulator to train in, and of the judge, each of its own rows.
    pub model: PmfConfig,
    /// What happens in a session.
    pub dynamics: Dynamics,
    /// The items' attribute that stands for their categories, here and in the measures of lists. Without it the first of kind
    /// `categories` with 2 to 200 words, else the first of kind `category` with as many that each item has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<String>,
    /// The number of clusters of item vectors that stand for categories where the items have none.
    pub n_clusters: usize,
    /// The agent.
    pub agent: SessionAgentConfig,
    /// The iterations of its twin with a discount of 0, which learns faster.
    pub twin_iterations: u64,
    /// Whether the agent's item vectors have the categories.
    pub with_categories: bool,
    /// Whether the agent begins as the greedy policy of the factorization; else it begins from nothing, with scores of 0.
    pub with_base: bool,
    /// The recommenders without RL whose scores rules rank by: settings of their own for the damped item mean (10 ratings of
    /// the mean where nothing is said), EASE and item neighbours, and further kinds as lines of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<BaselineConfig>,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            held_out_fraction: 0.1,
            n_known: 10,
            min_item_ratings: None,
            model: PmfConfig {
                dim: 16,
                l2: 8.0,
                bias_l2: 3.0,
                fixed_l2: true,
                epochs: 10,
                ..PmfConfig::default()
            },
            dynamics: Dynamics::growing_taste(),
            categories: None,
            n_clusters: 18,
            agent: SessionAgentConfig::default(),
            twin_iterations: 60,
            with_categories: true,
            with_base: true,
            rules: Vec::new(),
        }
    }
}

impl SessionsConfig {
    /// Checks what serde cannot.
    ///
    /// # Errors
    ///
    /// Names the key that is out of its range.
    pub fn check(&self) -> Result<()> {
        if !(self.held_out_fraction > 0.0 && self.held_out_fraction <= 0.4) {
            bail!(
                "sessions.held_out_fraction = {} must be above 0 and at most 0.4: so many users are held out twice, and three \
                 models need the rest",
                self.held_out_fraction
            );
        }
        let least = self.min_item_ratings.unwrap_or(1);
        for (key, value, least) in [
            ("n_known", self.n_known, 1),
            ("min_item_ratings", least, 1),
            ("n_clusters", self.n_clusters, 2),
            ("twin_iterations", usize::try_from(self.twin_iterations).unwrap_or(usize::MAX), 1),
        ] {
            if value < least {
                bail!("sessions.{key} = {value} must be at least {least}");
            }
        }
        if self.agent.discount <= 0.0 {
            bail!(
                "sessions.agent.discount = {} must be above 0: the twin has 0 already",
                self.agent.discount
            );
        }
        self.check_rules()?;
        self.agent.check().context("in sessions.agent")?;
        self.model.check().context("in sessions.model")?;
        self.dynamics.check().context("in sessions.dynamics")
    }

    fn check_rules(&self) -> Result<()> {
        for (at, rule) in self.rules.iter().enumerate() {
            let kind = rule.kind_name();
            if self.rules[..at].iter().any(|it| it.kind_name() == kind) {
                bail!("sessions.rules names {kind} twice: leave one of them out");
            }
            if rule.needs_item_vectors() || ALWAYS_THERE.contains(&kind) {
                bail!("sessions.rules names {kind}, which is no rule with settings: leave it out");
            }
            rule.check().with_context(|| format!("in sessions.rules, {kind}"))?;
        }
        Ok(())
    }

    /// The settings of the rules in the order of their lines: those of the kinds that are always there, then further ones.
    #[must_use]
    pub fn all_rules(&self) -> Vec<BaselineConfig> {
        let own = |default: BaselineConfig| {
            let given = self.rules.iter().find(|it| it.kind_name() == default.kind_name());
            given.cloned().unwrap_or(default)
        };
        let mean = BaselineConfig::DampedItemMean(DampedItemMeanConfig { damping: DAMPING });
        let defaults = ["ease", "item_knn"].into_iter().filter_map(BaselineConfig::default_of);
        let mut all: Vec<BaselineConfig> = std::iter::once(mean).chain(defaults).map(own).collect();
        for rule in &self.rules {
            if !all.iter().any(|it| it.kind_name() == rule.kind_name()) {
                all.push(rule.clone());
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_the_three_that_are_always_there_with_their_own_settings_and_further_ones() {
        let kinds = |config: &SessionsConfig| -> Vec<&str> {
            config.all_rules().iter().map(BaselineConfig::kind_name).collect()
        };
        let mut config = SessionsConfig::default();
        assert_eq!(kinds(&config), ["damped_item_mean", "ease", "item_knn"]);
        let default = |kind: &str| BaselineConfig::default_of(kind).unwrap();
        config.rules = vec![default("svd_plus_plus"), default("damped_item_mean")];
        config.check().unwrap();
        assert_eq!(kinds(&config), ["damped_item_mean", "ease", "item_knn", "svd_plus_plus"]);
        assert_eq!(config.all_rules()[0], default("damped_item_mean"));
        for wrong in ["svd_plus_plus", "lin_ucb", "random"] {
            let rules = vec![default("svd_plus_plus"), default(wrong)];
            let error =
                SessionsConfig { rules, ..SessionsConfig::default() }.check().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("sessions.rules"), "{error}");
        }
    }
}
