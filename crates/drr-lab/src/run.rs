//! One run: its folder, its data set, its cuts, and the cache of its stages.

pub mod cache;
pub mod context;
pub mod cut;
pub mod data;
pub mod manifest;
pub mod work;

pub use context::Context;
pub use cut::{Cut, Phase};
pub use manifest::RunManifest;
pub use work::Work;

use crate::config::ExperimentConfig;
use anyhow::{Context as _, Result};
use data::{Source, ingested};
use drr_core::Protocol;
use drr_data::Dataset;
use drr_store::digest_of;
use std::path::{Path, PathBuf};

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
        for sub in ["embeddings", "simulators", "policies", "checkpoints"] {
            std::fs::create_dir_all(folder.join(sub))?;
        }
        drr_store::write_bytes(&folder.join("config.toml"), config.to_toml()?.as_bytes())?;
        drr_store::write_bytes(&folder.join("manifest.json"), &serde_json::to_vec_pretty(&manifest)?)?;
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
    #[must_use]
    pub fn in_context<'b>(&self, context: &'b Context) -> Run<'b> {
        Run {
            context,
            config: self.config.clone(),
            dataset: self.dataset.clone(),
            manifest: self.manifest.clone(),
            folder: self.folder.clone(),
        }
    }

    /// Where the run's work is done.
    #[must_use]
    pub fn work(&self) -> Work<'_> {
        Work { folder: &self.folder, force: self.context.force, watch: &self.context.watch }
    }

    /// The run's data as a protocol sees them.
    #[must_use]
    pub const fn cut(&self, protocol: Protocol) -> Cut<'_> {
        let (seed, positive_rating) = (self.config.seed, self.config.data.positive_rating);
        Cut { dataset: &self.dataset, protocol, seed, positive_rating }
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
}
