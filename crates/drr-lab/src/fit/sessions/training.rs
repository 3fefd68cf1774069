//! One training of the session agent, as a stage: in simulator A, with the users of R and A.

use super::bench::SessionBench;
use super::models::{Items, SessionModels, Tastes};
use super::space::{KnownSpace, SpaceContents};
use crate::failure::Interrupted;
use crate::fit::{begun_by, train};
use crate::run::cache::{Made, Stage, State};
use crate::run::code::Kind;
use crate::watch::Bar;
use anyhow::{Context as _, Result};
use drr_core::{ContextIdx, Judgement, Outcome, Part, Seeds, SessionRecommender, TrainingHooks, Validation};
use drr_data::{Attribute, TrainingRow, read_training, write_training};
use drr_env::RatingScale;
use drr_env::worlds::{Population, SessionWorld};
use drr_session::{SessionAgentConfig, SessionPolicy, SessionSetup, SessionSpace, SessionTrainer};
use drr_store::{digest_of, read_json};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a training went; `seconds` is the only part that a second run does not repeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionNote {
    /// Iterations.
    pub iterations: u64,
    /// Environment steps.
    pub steps: u64,
    /// Updates.
    pub updates: u64,
    /// The total reward of validation users in A along the way; nothing is chosen by it.
    pub validations: Vec<Validation>,
    /// The early signs of a collapse.
    pub warnings: Vec<String>,
    /// The duration, without what an interruption had done before.
    pub seconds: f64,
}

/// One training with all that it needs.
#[derive(Debug, Clone)]
pub struct SessionTraining<'a> {
    /// The models, and where everything is kept.
    pub models: SessionModels<'a>,
    /// The agent's name in files and reports.
    pub name: String,
    /// How it learns.
    pub config: SessionAgentConfig,
    /// What it acts in.
    pub contents: SpaceContents,
    /// The root seed of the training.
    pub seed: u64,
}

impl SessionTraining<'_> {
    fn file(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("sessions/{}-seed-{}{ending}", self.name, self.seed))
    }

    fn stage(&self) -> Stage {
        let name = format!("train-sessions-{}-seed-{}", self.name, self.seed);
        self.models.work.stage(&name, Kind::SessionAgent)
    }

    /// The digest of all that decides about it.
    ///
    /// # Errors
    ///
    /// Fails if the models are not fitted.
    pub fn inputs(&self) -> Result<String> {
        let SessionModels { cut, config, .. } = &self.models;
        let categories = self.models.dataset.categories().map(Attribute::name);
        let world =
            (config.n_known, config.min_item_ratings, categories, config.n_clusters, &config.dynamics);
        let agent = (&self.config, self.contents, self.seed);
        Ok(digest_of(&(agent, world, cut.hash(), self.models.digests()?))?)
    }

    /// The space that the agent acts in.
    ///
    /// # Errors
    ///
    /// Fails if the models are not fitted.
    pub fn space(&self, items: &Items) -> Result<Arc<dyn SessionSpace>> {
        let (lowest, highest) = self.models.dataset.manifest().rating_scale;
        let scale = RatingScale::new(lowest, highest)?;
        Ok(Arc::new(KnownSpace::new(self.models.known()?, items, scale, self.contents)?))
    }

    /// How it went.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained.
    pub fn note(&self) -> Result<SessionNote> {
        let path = self.models.work.path(self.file(".json"));
        self.stage().check_output(&path)?;
        Ok(read_json(&path, "run train")?)
    }

    /// Its learning curves.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained.
    pub fn curves(&self) -> Result<Vec<TrainingRow>> {
        let path = self.models.work.path(self.file(".parquet"));
        self.stage().check_output(&path)?;
        Ok(read_training(&path)?)
    }

    /// The trained policy, or that before training, which is the base.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained, or on other data, settings or models than the run has now.
    pub fn policy(&self, trained: bool, items: &Items) -> Result<SessionPolicy> {
        let ending = if trained { ".safetensors" } else { "-untrained.safetensors" };
        let path = self.models.work.path(self.file(ending));
        self.stage().check_inputs(&self.inputs()?)?;
        self.stage().check_output(&path)?;
        Ok(SessionPolicy::load(&path, self.space(items)?)?)
    }

    /// Trains, unless that was done.
    ///
    /// # Errors
    ///
    /// Fails if the training or the disk does, and with [`Interrupted`] if the user asked to stop.
    pub fn run(&self) -> Result<()> {
        let work = self.models.work;
        let (stage, inputs) = (self.stage(), self.inputs()?);
        let endings = [".safetensors", "-untrained.safetensors", ".json", ".parquet"];
        let outputs = endings.map(|ending| work.path(self.file(ending)));
        let checkpoints =
            work.path(format!("checkpoints/sessions-{}-seed-{}-{}", self.name, self.seed, &inputs[..8]));
        let of_other_code = stage.state(&inputs, &outputs)? == State::OfOtherCode;
        if (work.force || of_other_code) && checkpoints.exists() {
            std::fs::remove_dir_all(&checkpoints)?;
        }
        stage.run(&inputs, &outputs, |made| {
            begun_by::check(&checkpoints, &Kind::SessionAgent.code()?, work.other_code)?;
            self.train(&checkpoints, &outputs, made)
        })
    }

    fn train(&self, checkpoints: &Path, outputs: &[PathBuf; 4], made: &mut Made) -> Result<()> {
        let (models, work) = (&self.models, self.models.work);
        let items = models.items()?;
        let population = Arc::new(models.population(&[Part::Train, Part::SimulatorA], Tastes::A, &items)?);
        let begun = work.watch.seconds();
        let mut trainer = self.trainer(&population, &items)?;
        let [policy, untrained, note, curves] = outputs;
        made.add(untrained, &trainer.policy()?.save(untrained)?);
        let done = trainer.resume(&checkpoints.join("final"))?;
        let bar = work.bar(&format!("train {}", self.name), self.config.n_iterations);
        bar.set(done);
        let judge = SessionBench::new(models, &items, Part::Validation, Tastes::A, models.config.dynamics)?;
        let mut hooks = Hooks { models, bar: &*bar, judge };
        let outcome = trainer.run(self.config.n_iterations, Some(&checkpoints.join("final")), &mut hooks)?;
        if outcome == Outcome::Interrupted {
            return Err(Interrupted.into());
        }
        bar.finish();
        made.add(policy, &trainer.policy()?.save(policy)?);
        let rows = train::rows_of(&format!("long_session/{}", self.name), trainer.metrics());
        made.add(curves, &write_training(curves, &rows)?);
        let seconds = work.watch.seconds() - begun;
        let told = SessionNote {
            iterations: self.config.n_iterations,
            steps: trainer.n_steps(),
            updates: trainer.n_updates(),
            validations: trainer.validations().to_vec(),
            warnings: trainer.warnings().iter().map(ToString::to_string).collect(),
            seconds,
        };
        tracing::info!(
            steps = told.steps,
            updates = told.updates,
            path = trainer.path_name(),
            "{} is trained in long sessions, {seconds:.0} s",
            self.name
        );
        made.write(note, &serde_json::to_vec_pretty(&told)?)
    }

    fn trainer(&self, population: &Arc<Population>, items: &Items) -> Result<SessionTrainer<SessionWorld>> {
        let dynamics = self.models.config.dynamics;
        let world = SessionWorld::new(population, dynamics, 1)?;
        let contexts = (0..population.n_contexts()).map(ContextIdx::from);
        let setup = SessionSetup {
            name: self.name.clone(),
            environments: vec![world; self.config.n_sessions],
            horizon: dynamics.horizon,
            space: self.space(items)?,
            known: contexts.map(|context| population.known(context).to_vec()).collect(),
            seeds: Seeds(self.seed).child("sessions"),
        };
        SessionTrainer::new(&self.config, setup).with_context(|| format!("{} cannot be trained", self.name))
    }
}

struct Hooks<'a> {
    models: &'a SessionModels<'a>,
    bar: &'a dyn Bar,
    /// Validation users in A.
    judge: SessionBench,
}

impl TrainingHooks for Hooks<'_> {
    fn progress(&mut self, round: u64, _n_rounds: u64) {
        self.bar.set(round);
    }

    fn validate_session(
        &mut self,
        policy: &dyn SessionRecommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Some(Judgement::from(self.judge.total_reward(policy)?)))
    }

    fn should_stop(&self) -> bool {
        self.models.work.interrupted()
    }
}
