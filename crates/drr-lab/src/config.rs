//! The configuration of an experiment: a TOML file, every section owned by the crate that reads it.
//!
//! A file says what differs from the defaults, which are the shipped agent's ([`ExperimentConfig::default`]), or from
//! another file or preset that it `extends`. A run's folder has the whole of it ([`ExperimentConfig::to_toml`]).

mod complete;
mod defaults;
mod explain;
mod lab;
mod load;
mod long_term;
mod merge;
mod old_names;
mod places;
mod sessions;
mod staleness;
mod study;
#[cfg(test)]
mod tests;
mod variants;

pub use explain::nearest;
pub use lab::{EpisodesConfig, LabConfig, SessionSettings, SessionVariant};
pub use load::says;
pub use long_term::LongTermConfig;
pub use old_names::{is_old_name, warn_of_old_name};
pub use sessions::SessionsConfig;
pub use staleness::StalenessConfig;
pub use study::{AblationConfig, LongSessionStudyConfig, StudyConfig, TrainedWorld};
pub use variants::{AgentVariant, check_name, supervised};

use crate::presets::{NoPresets, Presets};
use crate::shelf::Shelf;
use anyhow::{Context as _, Result, bail};
use drr_agent::AgentConfig;
use drr_core::{HEADLINE_LENGTH, Starts};
use drr_data::{Protocol, RowPolicy, SplitConfig, SyntheticConfig};
use drr_embed::{CoOccurrenceConfig, ContinuationFactorsConfig, EaseFactorsConfig, PmfConfig};
use drr_env::{RewardConfig, SessionStart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The format of configurations that this program writes, the number `format` at their top.
///
/// It rises when a file of the old form would mean something else, or nothing. A file without the number is of the current
/// format. Files from before there was one may say `embedding.co_occurrence.positive`, which is dropped where it equals
/// `data.positive_rating`.
pub const FORMAT: u32 = 1;

/// An experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExperimentConfig {
    /// The format of the file, [`FORMAT`].
    pub format: u32,
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
    pub lab: LabConfig,
    /// Long sessions with users who have a memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionsConfig>,
    /// The studies.
    #[serde(skip_serializing_if = "is_default")]
    pub study: StudyConfig,
}

/// The data set and the rules for its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// A name of the registry.
    pub dataset: String,
    /// The least rating that counts as positive.
    pub positive_rating: f32,
    /// What happens to bad rows.
    pub rows: RowPolicy,
    /// The generator's settings; read where the data set is the synthetic one.
    #[serde(skip_serializing_if = "Option::is_none")]
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
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingConfig {
    /// The space of the agent's actions.
    pub space: SpaceKind,
    /// Other spaces for the cuts of some protocols, chosen on validation rows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub spaces: BTreeMap<Protocol, SpaceKind>,
    /// The factorization of the ratings.
    pub pmf: PmfConfig,
    /// The factorization of the co-occurrences.
    pub co_occurrence: CoOccurrenceConfig,
    /// The factors of EASE.
    #[serde(skip_serializing_if = "is_default")]
    pub ease_factors: EaseFactorsConfig,
    /// The continuation factors.
    #[serde(skip_serializing_if = "is_default")]
    pub continuation_factors: ContinuationFactorsConfig,
    /// Other settings of the continuation factors for the cuts of some protocols, chosen on validation rows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub continuations: BTreeMap<Protocol, ContinuationFactorsConfig>,
    /// The factors of the ratings with their biases: the ratings at which an item counts half.
    #[serde(skip_serializing_if = "is_default")]
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
#[serde(deny_unknown_fields, default)]
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
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Whether the number of rounds is chosen on validation rows before the final fit; else it is the agent's own.
    pub choose_on_validation: bool,
    /// Whether the twin with a discount of 0 is trained too.
    pub greedy_twin: bool,
    /// Whether the twin without TD learning is trained too: the supervised part of the agent's loss alone. An agent
    /// without such a part has none.
    #[serde(skip_serializing_if = "is_default")]
    pub supervised_twin: bool,
    /// The agent's name in files and reports; else that of its state module.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How long somebody else took for the same, in words: shown beside the durations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_duration: Option<String>,
}

/// The evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Which protocols.
    pub protocols: Vec<Protocol>,
    /// The lengths of the judged lists. How long to train is chosen by lists of [`HEADLINE_LENGTH`], whatever stands here.
    pub list_lengths: Vec<usize>,
    /// The first ratings of a held-out user that are known, in protocol "first_ratings".
    pub n_observed: usize,
}

impl EvaluationConfig {
    /// The length of list that a table shows first: [`HEADLINE_LENGTH`] where it is judged, else the greatest.
    #[must_use]
    pub fn headline(&self) -> usize {
        let greatest = || self.list_lengths.iter().copied().max();
        let is_judged = self.list_lengths.contains(&HEADLINE_LENGTH);
        if is_judged { HEADLINE_LENGTH } else { greatest().unwrap_or(HEADLINE_LENGTH) }
    }
}

impl ExperimentConfig {
    /// The items' attribute that is to stand for their categories, where one is named.
    #[must_use]
    pub fn categories(&self) -> Option<&str> {
        self.sessions.as_ref()?.categories.as_deref()
    }

    /// Reads a file, which may extend others beside it, and checks what serde cannot.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_with(path, &NoPresets)
    }

    /// Reads a file, or a preset by its name.
    ///
    /// `extends = "NAME"` at the top of a file names another one, seen from the file's own folder, or else a preset; chains may
    /// be of any length. Tables are merged key by key: one whose `kind` changes is replaced, `false` takes an optional one
    /// away, and arrays are replaced.
    pub fn load_with(path: &Path, presets: &dyn Presets) -> Result<Self> {
        let (text, is_preset) = load::text_of(path, presets)?;
        load::load(&load::Text { text: &text, name: path, is_preset }, presets)
    }

    /// The built-in preset of this name.
    pub fn preset(name: &str) -> Result<Self> {
        Self::load_with(Path::new(name), &Shelf::default())
    }

    /// Reads `text` as if it stood in `path`.
    pub fn parse(text: &str, path: &Path, presets: &dyn Presets) -> Result<Self> {
        load::load(&load::Text { text, name: path, is_preset: false }, presets)
    }

    /// The agent's name in files and reports.
    pub fn agent_name(&self) -> &str {
        self.training.name.as_deref().unwrap_or_else(|| self.agent.state.name())
    }

    fn check(&self) -> Result<()> {
        if self.format != FORMAT {
            bail!("format is {}, but this program knows {FORMAT} alone", self.format);
        }
        // Others are measured by these.
        if self.environment.history_length == 0 || self.environment.horizon == 0 {
            bail!("environment.history_length and environment.horizon must be at least 1");
        }
        self.agent.check()?;
        self.split.check()?;
        self.embedding.check()?;
        self.lab.check(self.environment.horizon)?;
        self.sessions.as_ref().map_or(Ok(()), SessionsConfig::check)?;
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
        if lengths.is_empty() {
            bail!(
                "evaluation.list_lengths is empty: name at least one length, for example {HEADLINE_LENGTH}"
            );
        }
        Ok(())
    }

    /// The configuration as TOML, complete.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }
}
