//! What all stages of one run share: the configuration, the data set, and the run's folder.

use crate::config::ExperimentConfig;
use crate::run::cache::{Stage, digest_of, file_digest};
use crate::run::context::Context;
use crate::run::data::{Source, ingested};
use anyhow::{Context as _, Result};
use drr_core::{InteractionLog, PartSet, Positives, Seeds};
use drr_data::{Dataset, Protocol};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Before or after the choice on validation rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Fitted on train rows, judged on validation rows: for choosing.
    Choose,
    /// Fitted on train and validation rows with what was chosen: for the test.
    Final,
}

impl Phase {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Final => "final",
        }
    }

    /// The rows that may be fitted on.
    pub fn parts(self) -> PartSet {
        match self {
            Self::Choose => PartSet::train(),
            Self::Final => PartSet::train_and_validation(),
        }
    }
}

/// What stands in a run's `manifest.json`: enough to find and recompute everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunManifest {
    /// Which data set, and why.
    pub dataset_line: String,
    /// The ingested data set's folder under the data folder.
    pub dataset_dir: PathBuf,
    /// The hash of the ingested data set.
    pub dataset_hash: String,
    /// The hash of the configuration.
    pub config_hash: String,
    /// What is doubtful about the data: an archive that is not the official one, a host that did not answer.
    pub warnings: Vec<String>,
    /// The root seed.
    pub seed: u64,
    /// The version of the project.
    pub version: String,
    /// The machine.
    pub machine: Vec<(String, String)>,
}

/// One run of one configuration on one data set.
pub struct Run<'a> {
    /// The command's surroundings.
    pub context: &'a Context,
    /// The configuration.
    pub config: ExperimentConfig,
    /// The data set.
    pub dataset: Dataset,
    /// What the run says of itself.
    pub manifest: RunManifest,
    /// The run's folder.
    pub folder: PathBuf,
}

impl<'a> Run<'a> {
    /// Ingests the source and writes the configuration and the manifest into the run's folder.
    pub fn begin(
        context: &'a Context,
        config: ExperimentConfig,
        source: &Source,
        name: &str,
    ) -> Result<Self> {
        let (dataset, dir) = ingested(context, &config, source)?;
        let folder = context.runs_dir().join(name);
        let dataset_dir = dir.path.strip_prefix(&context.data_dir).unwrap_or(&dir.path).to_owned();
        let manifest = RunManifest {
            dataset_line: source.reason.clone(),
            dataset_dir,
            dataset_hash: dir.hash,
            config_hash: digest_of(&config)?,
            warnings: source.warnings.clone(),
            seed: config.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: context.watch.machine(),
        };
        for sub in ["embeddings", "policies", "checkpoints"] {
            std::fs::create_dir_all(folder.join(sub))?;
        }
        crate::run::files::write(&folder.join("config.toml"), config.to_toml()?.as_bytes())?;
        crate::run::files::write(&folder.join("manifest.json"), &serde_json::to_vec_pretty(&manifest)?)?;
        Ok(Self { context, config, dataset, manifest, folder })
    }

    /// A run that exists: its own configuration and data set, whatever the shipped ones say now.
    pub fn open(context: &'a Context, name: &str) -> Result<Self> {
        // A bare name, or the folder itself as people copy it from the screen.
        let named = context.runs_dir().join(name);
        let folder = if named.exists() || !Path::new(name).is_dir() { named } else { PathBuf::from(name) };
        let path = folder.join("manifest.json");
        let text = std::fs::read(&path).with_context(|| {
            format!("there is no run in {}: make it with `drr pipeline --run {name}`", folder.display())
        })?;
        let manifest: RunManifest = serde_json::from_slice(&text)
            .with_context(|| format!("{} is damaged: run the pipeline again", path.display()))?;
        let config = ExperimentConfig::load(&folder.join("config.toml"))?;
        let dataset = Dataset::open(&context.data_dir.join(&manifest.dataset_dir))?;
        Ok(Self { context, config, dataset, manifest, folder })
    }

    /// The same run in other surroundings.
    pub fn reopen<'b>(&self, context: &'b Context) -> Result<Run<'b>> {
        Run::open(context, &self.folder.to_string_lossy())
    }

    /// The cache of one stage.
    pub fn stage(&self, name: &str) -> Stage {
        Stage::new(&self.folder, name, self.context.force)
    }

    /// The root seed of one protocol.
    pub fn seeds(&self, protocol: Protocol) -> Seeds {
        Seeds(self.config.seed).child(protocol.facts().key)
    }

    /// The rows of a phase.
    pub fn log(&self, protocol: Protocol, phase: Phase) -> Result<InteractionLog> {
        Ok(self.dataset.log(protocol, &phase.parts())?)
    }

    /// The split's hash.
    pub fn split_hash(&self, protocol: Protocol) -> Result<&str> {
        Ok(self.dataset.split_hash(protocol)?)
    }

    /// The protocols of the evaluation that the data set allows.
    pub fn protocols(&self) -> Vec<Protocol> {
        let all = &self.config.evaluation.protocols;
        let (possible, not): (Vec<_>, Vec<_>) =
            all.iter().copied().partition(|protocol| self.dataset.split_hash(*protocol).is_ok());
        for protocol in not {
            tracing::warn!(
                "the data set does not allow the protocol {protocol}, which is left out: it has no times or too few rows"
            );
        }
        possible
    }

    /// The cuts that these protocols judge by, each once.
    pub fn splits(&self) -> Vec<Protocol> {
        let mut splits: Vec<Protocol> = self.protocols().into_iter().map(Protocol::split).collect();
        splits.sort_unstable();
        splits.dedup();
        splits
    }

    /// The least rating that counts as positive: under "leave-one-out" every rating does, as in the literature on
    /// sequences.
    pub fn positive(&self, protocol: Protocol) -> f32 {
        match protocol.facts().positives {
            Positives::EveryRating => self.dataset.manifest().rating_scale.0,
            Positives::FromThreshold => self.config.data.positive_rating,
        }
    }

    /// A file of the run.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// The digest of a file of the run, as an input of a later stage.
    pub fn digest(&self, name: impl AsRef<Path>) -> Result<String> {
        file_digest(&self.path(name))
    }
}
