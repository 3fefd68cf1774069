//! One run: its folder, its data set, its cuts, and the cache of its stages.

pub mod allowed;
pub mod cache;
pub mod chosen;
pub mod code;
pub mod context;
pub mod cut;
pub mod data;
pub mod identity;
mod known;
pub mod manifest;
pub mod own;
pub mod work;

pub use context::Context;
pub use cut::{Cut, Phase};
pub use identity::Name;
pub use known::instead;
pub use manifest::RunManifest;
pub use work::Work;

use crate::config::ExperimentConfig;
use crate::failure::NotEnough;
use allowed::LeftOut;
use anyhow::{Context as _, Result, bail};
use data::{Source, ingested};
use drr_core::Protocol;
use drr_data::Dataset;
use drr_store::{Lock, digest_of, write_bytes};
use manifest::CONFIG;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One run of one configuration on one data set. While it exists, no other process writes into its folder.
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
    /// The protocols that the data set does not allow.
    left_out: Vec<LeftOut>,
    /// Keeps others out; none for a run that is only read.
    lock: Option<Arc<Lock>>,
}

impl<'a> Run<'a> {
    /// Ingests the source and writes the configuration and the manifest into the run's folder.
    ///
    /// # Errors
    ///
    /// Refuses a folder that has a run of another data set or configuration ([`identity`]), unless work is forced.
    pub fn begin(
        context: &'a Context,
        config: ExperimentConfig,
        source: &Source,
        name: Name<'_>,
    ) -> Result<Self> {
        let folder = context.runs_dir().join(name.text());
        let lock = Some(Arc::new(context.lock(&folder)?));
        let (dataset, dir) = ingested(context, &config, source)?;
        let dataset_dir = dir.path.strip_prefix(&context.data_dir).unwrap_or(&dir.path).to_owned();
        let text = config.to_toml()?;
        let manifest = RunManifest {
            format: manifest::FORMAT,
            dataset_line: source.reason.clone(),
            dataset_dir,
            dataset_hash: dir.hash,
            config_hash: digest_of(&config)?,
            config_file: drr_store::bytes_digest(text.as_bytes()),
            warnings: source.warnings.clone(),
            left_out: source.left_out.clone(),
            seed: config.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            code: manifest::code()?,
            revision: context.revision.clone(),
            machine: context.watch.machine(),
        };
        if !context.force {
            identity::check(&folder, &manifest, name)?;
        }
        allowed::check_reward(&dataset, &config)?;
        let left_out = allowed::left_out(&dataset, &config);
        let run = Self { context, config, dataset, manifest, folder, left_out, lock };
        run.write(&text)?;
        run.say_left_out();
        Ok(run)
    }

    fn write(&self, config: &str) -> Result<()> {
        for sub in ["embeddings", "policies", "checkpoints"] {
            std::fs::create_dir_all(self.folder.join(sub))?;
        }
        write_bytes(&self.folder.join(CONFIG), config.as_bytes())?;
        self.manifest.write(&self.folder)
    }

    /// A run that exists, to work on: its own configuration and data set, whatever the shipped ones say now.
    ///
    /// # Errors
    ///
    /// Fails if there is none, and if its configuration or its data set are not what they were.
    pub fn open(context: &'a Context, name: &str) -> Result<Self> {
        let folder = folder_of(context, name)?;
        // There is nothing to lock, and nothing must appear, where there is no run.
        RunManifest::read(&folder)?;
        let lock = Arc::new(context.lock(&folder)?);
        Ok(Self { lock: Some(lock), ..Self::read(context, name)? })
    }

    /// The same, to read from: others may work on it meanwhile, and what they change is refused by its digest.
    ///
    /// # Errors
    ///
    /// As [`Run::open`].
    pub fn read(context: &'a Context, name: &str) -> Result<Self> {
        let folder = folder_of(context, name)?;
        let manifest = RunManifest::read(&folder)?;
        manifest.check_config(&folder)?;
        let config = ExperimentConfig::load(&folder.join(CONFIG))?;
        let place = data_dir_of(context, &folder).join(&manifest.dataset_dir);
        let anew = || {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            format!(
                "the run cannot be read without its data set {}: `drr ingest --run {name} --force` makes that anew",
                place.display()
            )
        };
        let mut dataset = Dataset::open(&place).with_context(anew)?;
        dataset.choose_categories(config.categories())?;
        if dataset.manifest().hash != manifest.dataset_hash {
            bail!("the data set in {} is another than the run's; {}", place.display(), anew());
        }
        let left_out = allowed::left_out(&dataset, &config);
        let run = Self { context, config, dataset, manifest, folder, left_out, lock: None };
        run.say_left_out();
        Ok(run)
    }

    /// The same run with another root seed: everything that depends on it is made anew.
    ///
    /// # Errors
    ///
    /// Refuses that unless work is forced, since the folder has the other seed's results.
    pub fn with_seed(mut self, seed: u64) -> Result<Self> {
        if self.config.seed == seed {
            return Ok(self);
        }
        if !self.context.force {
            return Err(identity::other("root seed", &self.config.seed, &seed, &self.folder));
        }
        self.config.seed = seed;
        let text = self.config.to_toml()?;
        self.manifest.seed = seed;
        self.manifest.config_hash = digest_of(&self.config)?;
        self.manifest.config_file = drr_store::bytes_digest(text.as_bytes());
        self.write(&text)?;
        Ok(self)
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
            left_out: self.left_out.clone(),
            lock: self.lock.clone(),
        }
    }

    /// Where the run's work is done.
    #[must_use]
    pub fn work(&self) -> Work<'_> {
        let Context { force, other_code, ref watch, .. } = *self.context;
        Work { folder: &self.folder, force, other_code, watch }
    }

    /// The run's data as a protocol sees them.
    #[must_use]
    pub const fn cut(&self, protocol: Protocol) -> Cut<'_> {
        let (seed, positive_rating) = (self.config.seed, self.config.data.positive_rating);
        Cut { dataset: &self.dataset, protocol, seed, positive_rating }
    }

    /// The protocols of the evaluation that the data set allows.
    pub fn protocols(&self) -> Vec<Protocol> {
        let all = self.config.evaluation.protocols.iter().copied();
        all.filter(|protocol| !self.left_out.iter().any(|it| it.protocol == *protocol)).collect()
    }

    /// What the data do not allow, with the reason, a sentence each: what the settings that follow from them leave out, and the
    /// protocols of the evaluation that they have no parts for.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let sentence = |it: &LeftOut| format!("the protocol {} is left out: {}", it.protocol, it.why);
        self.manifest.left_out.iter().cloned().chain(self.left_out.iter().map(sentence)).collect()
    }

    /// Refuses to learn where no protocol is left, and no long sessions are asked for.
    ///
    /// # Errors
    ///
    /// Says why each protocol is left out.
    pub fn check_judged(&self) -> Result<()> {
        let asks_for_rows = !self.config.evaluation.protocols.is_empty();
        if asks_for_rows && self.protocols().is_empty() && self.config.sessions.is_none() {
            let why = self.left_out().join("; ");
            return Err(NotEnough(format!("no protocol can be judged: {why}. Use more data")).into());
        }
        Ok(())
    }

    /// Says once what is left out, when the run is there.
    fn say_left_out(&self) {
        for sentence in self.left_out() {
            tracing::warn!("{sentence}");
        }
    }

    /// The cuts that these protocols judge by, each once.
    pub fn splits(&self) -> Vec<Protocol> {
        let mut splits: Vec<Protocol> = self.protocols().into_iter().map(Protocol::split).collect();
        splits.sort_unstable();
        splits.dedup();
        splits
    }
}

/// The data folder of a run: the command's, or for a run that lies elsewhere the one around it.
fn data_dir_of(context: &Context, folder: &Path) -> PathBuf {
    let around = folder.canonicalize().ok().and_then(|path| path.ancestors().nth(2).map(Path::to_owned));
    match around {
        Some(around) if !folder.starts_with(context.runs_dir()) && around.join("processed").is_dir() => {
            around
        }
        _ => context.data_dir.clone(),
    }
}

/// The folder of a run: a bare name, or the folder itself as people copy it from the screen.
fn folder_of(context: &Context, name: &str) -> Result<PathBuf> {
    let (runs, given) = (context.runs_dir(), PathBuf::from(name));
    let named = runs.join(name);
    if named.is_dir() {
        return Ok(named);
    }
    if !given.is_dir() {
        let (name, runs) = (drr_intake::shown(name), context.runs_dir());
        bail!(
            "there is no run {name} in {}{}; make it with `drr pipeline --run {name}` and the --config or the --dataset that you want, \
             or give the --data-dir that it lies in",
            runs.display(),
            instead(&runs, &name)
        );
    }
    Ok(given)
}
