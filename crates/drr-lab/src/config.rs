//! The configuration of an experiment: one complete TOML file, every section owned by the crate that reads it.

mod lab;
mod long_term;
mod old_names;
mod staleness;
mod study;
mod variants;

pub use lab::{EpisodesConfig, LabConfig};
pub use long_term::LongTermConfig;
pub use old_names::{is_old_name, warn_of_old_name};
pub use staleness::StalenessConfig;
pub use study::{AblationConfig, StudyConfig};
pub use variants::{AgentVariant, check_name, supervised};

use crate::shelf::{Preset, Shelf};
use anyhow::{Context as _, Result, bail};
use drr_agent::AgentConfig;
use drr_core::Starts;
use drr_data::{Protocol, RowPolicy, SplitConfig, SyntheticConfig};
use drr_embed::{CoOccurrenceConfig, ContinuationFactorsConfig, EaseFactorsConfig, PmfConfig};
use drr_env::{RewardConfig, SessionStart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentConfig {
    /// The root of all randomness.
    pub seed: u64,
    /// What is read, and how strictly.
    pub data: DataConfig,
    /// Where the cuts between train, validation and test are.
    pub split: SplitConfig,
    /// The vectors of items and users.
    pub embedding: EmbeddingConfig,
    /// The simulated users.
    pub environment: EnvironmentConfig,
    /// How the agent is trained.
    pub training: TrainingConfig,
    /// The agent.
    pub agent: AgentConfig,
    /// The evaluation.
    pub evaluation: EvaluationConfig,
    /// The laboratory around the agent.
    #[serde(default)]
    pub lab: LabConfig,
    /// The studies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub study: StudyConfig,
}

/// The data set and the rules for its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// A name of the registry.
    pub dataset: String,
    /// The least rating that counts as positive.
    pub positive_rating: f32,
    /// What happens to bad rows.
    pub rows: RowPolicy,
    /// The generator's settings; read where the data set is the synthetic one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<SyntheticConfig>,
}

/// In which space the agent acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceKind {
    /// Factors trained on ratings.
    Pmf,
    /// Factors of the items' cosines.
    CoOccurrence,
    /// Factors of EASE's weights.
    EaseFactors,
    /// Factors trained on ratings, with the items' biases as one more coordinate.
    RatingFactors,
    /// Factors of the regression of the rest of a log on its beginning.
    ContinuationFactors,
}

impl SpaceKind {
    /// Those that every run fits: the first predicts ratings, the second ranks.
    pub const ALWAYS: [Self; 2] = [Self::Pmf, Self::CoOccurrence];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pmf => "pmf",
            Self::CoOccurrence => "co_occurrence",
            Self::EaseFactors => "ease_factors",
            Self::RatingFactors => "rating_factors",
            Self::ContinuationFactors => "continuation_factors",
        }
    }

    /// Whether only the protocols whose own space it is have it fitted, with a file of its own.
    pub const fn is_fitted_on_demand(self) -> bool {
        matches!(self, Self::EaseFactors | Self::ContinuationFactors)
    }
}

/// The embeddings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    /// The space of the agent's actions.
    pub space: SpaceKind,
    /// Other spaces for the cuts of some protocols, chosen on validation rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spaces: BTreeMap<Protocol, SpaceKind>,
    /// The factorization of the ratings.
    pub pmf: PmfConfig,
    /// The factorization of the co-occurrences.
    pub co_occurrence: CoOccurrenceConfig,
    /// The factors of EASE.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ease_factors: EaseFactorsConfig,
    /// The continuation factors.
    #[serde(default, skip_serializing_if = "is_default")]
    pub continuation_factors: ContinuationFactorsConfig,
    /// Other settings of the continuation factors for the cuts of some protocols, chosen on validation rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub continuations: BTreeMap<Protocol, ContinuationFactorsConfig>,
    /// The factors of the ratings with their biases: the ratings at which an item counts half.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rating_damping: f64,
}

/// Whether a setting is as it is where nobody set it: it is then left out, as it was before there was such a setting.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl EmbeddingConfig {
    /// The space of the agent's actions under `protocol`.
    pub fn space_of(&self, protocol: Protocol) -> SpaceKind {
        self.spaces.get(&protocol.split()).copied().unwrap_or(self.space)
    }

    /// Refuses values out of their ranges, with the table that they stand in.
    fn check(&self) -> Result<()> {
        self.pmf.check().context("in [embedding.pmf]")?;
        self.co_occurrence.check().context("in [embedding.co_occurrence]")?;
        self.ease_factors.check().context("in [embedding.ease_factors]")?;
        self.continuation_factors.check().context("in [embedding.continuation_factors]")?;
        if !self.rating_damping.is_finite() || self.rating_damping < 0.0 {
            bail!(
                "in [embedding]: rating_damping is {}, but must be a finite number of at least 0",
                self.rating_damping
            );
        }
        for (protocol, settings) in &self.continuations {
            settings.check().with_context(|| format!("in [embedding.continuations.{protocol}]"))?;
        }
        Ok(())
    }

    /// The settings of the continuation factors under `protocol`.
    pub fn continuation_of(&self, protocol: Protocol) -> &ContinuationFactorsConfig {
        self.continuations.get(&protocol.split()).unwrap_or(&self.continuation_factors)
    }
}

/// The simulated users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentConfig {
    /// N, the latest positive items that the agent sees.
    pub history_length: usize,
    /// T, the steps of a session.
    pub horizon: usize,
    /// The reward.
    pub reward: RewardConfig,
    /// Where sessions start under protocol "first_ratings" and the others of unknown users.
    #[serde(alias = "start_seed")]
    pub start_first_ratings: SessionStart,
    /// Where sessions start under protocol "temporal" and the others of known users.
    pub start_temporal: SessionStart,
}

impl EnvironmentConfig {
    /// Where sessions start under `protocol`.
    pub const fn start(&self, protocol: Protocol) -> SessionStart {
        match protocol.facts().starts {
            Starts::BeforeTheCut => self.start_temporal,
            Starts::FirstRatings => self.start_first_ratings,
        }
    }
}

/// How training ends and what is trained beside the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Whether the number of rounds is chosen on validation rows before the final fit; else it is the agent's own.
    pub choose_on_validation: bool,
    /// Whether the twin with a discount of 0 is trained too.
    pub greedy_twin: bool,
    /// Whether the twin without TD learning is trained too: the supervised part of the agent's loss alone. An agent
    /// without such a part has none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub supervised_twin: bool,
    /// The agent's name in files and reports; else that of its state module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long somebody else took for the same, in words: shown beside the durations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_duration: Option<String>,
}

/// The evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Which protocols.
    pub protocols: Vec<Protocol>,
    /// The lengths of the judged lists.
    pub list_lengths: Vec<usize>,
    /// The first ratings of a held-out user that are known, in protocol "first_ratings".
    pub n_observed: usize,
}

impl ExperimentConfig {
    /// Reads a file and checks what serde cannot.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}: check the path", path.display()))?;
        Self::parse(&Preset { place: path.to_owned(), text })
    }

    /// The built-in preset of this name.
    pub fn preset(name: &str) -> Result<Self> {
        Self::parse(&Shelf::default().configuration(Path::new(name))?)
    }

    /// Reads a preset and checks what serde cannot.
    pub fn parse(preset: &Preset) -> Result<Self> {
        let place = preset.place.display();
        let config: Self =
            toml::from_str(&preset.text).with_context(|| format!("{place} is no valid configuration"))?;
        config.check().with_context(|| format!("in {place}"))?;
        if toml::from_str(&preset.text)
            .is_ok_and(|table| old_names::uses_old_names(&toml::Value::Table(table)))
        {
            warn_of_old_name();
        }
        Ok(config)
    }

    /// The agent's name in files and reports.
    pub fn agent_name(&self) -> &str {
        self.training.name.as_deref().unwrap_or_else(|| self.agent.state.name())
    }

    fn check(&self) -> Result<()> {
        self.agent.check()?;
        self.split.check()?;
        self.embedding.check()?;
        self.lab.check(self.environment.horizon)?;
        self.study.check()?;
        if self.evaluation.protocols.is_empty() {
            bail!("evaluation.protocols is empty: name \"first_ratings\", \"temporal\" or both");
        }
        let mut protocols = self.evaluation.protocols.clone();
        protocols.sort_unstable();
        if let Some(twice) = protocols.windows(2).find(|pair| pair[0] == pair[1]) {
            bail!("evaluation.protocols names \"{}\" twice", twice[0]);
        }
        let mut lengths = self.evaluation.list_lengths.clone();
        lengths.sort_unstable();
        if lengths.first() == Some(&0) || lengths.windows(2).any(|pair| pair[0] == pair[1]) {
            bail!(
                "evaluation.list_lengths must be at least 1 and differ: {:?}",
                self.evaluation.list_lengths
            );
        }
        if self.environment.history_length == 0 || self.environment.horizon == 0 {
            bail!("environment.history_length and environment.horizon must be at least 1");
        }
        if !self.evaluation.list_lengths.contains(&10) {
            bail!("evaluation.list_lengths must contain 10, by which the number of rounds is chosen");
        }
        #[expect(clippy::float_cmp, reason = "both are written in the same file")]
        if self.embedding.co_occurrence.positive != self.data.positive_rating {
            bail!("embedding.co_occurrence.positive must equal data.positive_rating");
        }
        Ok(())
    }

    /// The configuration as TOML, complete.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Vec<std::path::PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn every_shipped_configuration_loads_and_survives_a_round_trip() {
        assert!(shipped().len() >= 4);
        for path in shipped() {
            let config = ExperimentConfig::load(&path).unwrap();
            let again: ExperimentConfig = toml::from_str(&config.to_toml().unwrap()).unwrap();
            assert_eq!(config, again, "{}", path.display());
        }
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let text = std::fs::read_to_string(&shipped()[0]).unwrap().replace("discount", "discuont");
        let error = toml::from_str::<ExperimentConfig>(&text).unwrap_err().to_string();
        assert!(error.contains("discuont"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_refused_with_its_table() {
        let mut config = ExperimentConfig::load(&shipped()[0]).unwrap();
        let own = ContinuationFactorsConfig { recency: 0.0, ..ContinuationFactorsConfig::default() };
        config.embedding.continuations.insert(Protocol::Temporal, own);
        let error = format!("{:#}", config.check().unwrap_err());
        assert!(error.contains("[embedding.continuations.temporal]") && error.contains("recency"), "{error}");
        let refused = |change: fn(&mut EmbeddingConfig)| {
            let mut config = ExperimentConfig::load(&shipped()[0]).unwrap();
            change(&mut config.embedding);
            format!("{:#}", config.check().unwrap_err())
        };
        let error = refused(|it| it.co_occurrence.shrink = -1.0);
        assert!(error.contains("[embedding.co_occurrence]") && error.contains("shrink"), "{error}");
        let error = refused(|it| it.ease_factors.lambda = 0.0);
        assert!(error.contains("[embedding.ease_factors]") && error.contains("lambda"), "{error}");
        let error = refused(|it| it.rating_damping = f64::NAN);
        assert!(error.contains("[embedding]") && error.contains("rating_damping"), "{error}");
    }

    #[test]
    fn what_would_give_a_run_that_cannot_be_read_is_refused() {
        let refused = |change: fn(&mut ExperimentConfig)| {
            let mut config = ExperimentConfig::load(&shipped()[0]).unwrap();
            change(&mut config);
            format!("{:#}", config.check().unwrap_err())
        };
        let error = refused(|it| {
            it.evaluation.protocols = vec![Protocol::FirstRatings, Protocol::Temporal, Protocol::FirstRatings]
        });
        assert!(error.contains("\"first_ratings\" twice"), "{error}");
        assert!(refused(|it| it.evaluation.list_lengths = vec![10, 5, 5]).contains("list_lengths"));
        assert!(refused(|it| it.evaluation.list_lengths = vec![0, 10]).contains("list_lengths"));
        assert!(refused(|it| it.environment.history_length = 0).contains("history_length"));
        let error = refused(|it| it.agent.replay.capacity = it.agent.batch_size - 1);
        assert!(error.contains("capacity") && error.contains("batch_size"), "{error}");
    }

    #[test]
    fn a_space_and_its_settings_may_be_the_cuts_own() {
        let mut config = ExperimentConfig::load(&shipped()[0]).unwrap();
        assert!(!config.to_toml().unwrap().contains("continuation"), "what nobody set is not written");
        let own = ContinuationFactorsConfig { dim: 7, ..ContinuationFactorsConfig::default() };
        config.embedding.spaces.insert(Protocol::Holdout, SpaceKind::ContinuationFactors);
        config.embedding.continuations.insert(Protocol::Holdout, own);
        let again: ExperimentConfig = toml::from_str(&config.to_toml().unwrap()).unwrap();
        // Sessions are of the cut of "holdout".
        assert_eq!(again.embedding.space_of(Protocol::Episodes), SpaceKind::ContinuationFactors);
        assert_eq!(again.embedding.continuation_of(Protocol::Episodes).dim, 7);
        assert_eq!(again.embedding.continuation_of(Protocol::FirstRatings).dim, 100);
        assert_eq!(again.embedding.space_of(Protocol::FirstRatings), config.embedding.space);
    }
}
