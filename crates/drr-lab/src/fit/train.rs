//! Training: the number of rounds is chosen on validation rows, then the agent is fitted anew on train and validation.
//!
//! One job is one agent under one protocol. Jobs run side by side, each on one thread: networks this small are slower
//! on two.

use super::begun_by;
use super::learner::{Job, Settings};
use super::simulator::Simulators;
use super::spaces::Spaces;
use crate::config::{EnvironmentConfig, SpaceKind};
use crate::failure::Interrupted;
use crate::run::cache::{Made, Stage, State};
use crate::run::code::Kind;
use crate::run::{Cut, Phase, Work};
use anyhow::{Context as _, Result, bail};
use drr_agent::{AgentConfig, DrrPolicy, OnlineAgent, OnlineConfig};
use drr_core::{EmbeddingSpace, Metrics, Outcome, Recommender, Validation, World};
use drr_data::{TrainingRow, read_training, write_training};
use drr_env::Unrated;
use drr_rivals::RivalPolicy;
use drr_store::{digest_of, read_json};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

mod rating;
mod returns;
mod sessions;
mod surroundings;
mod system;
mod watching;

use surroundings::Surroundings;
pub use system::Steps;
use watching::{Hooks, ValidationSet};

/// The file of all learning curves of a run.
pub const CURVES: &str = "training.parquet";
/// The stage that joins them.
pub const STAGE: &str = "training";

/// How a job went; `seconds` is the only part that a second run does not repeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobNote {
    /// Rounds of the final fit.
    pub rounds: u64,
    /// Sessions of the final fit.
    pub episodes: u64,
    /// Updates of the final fit.
    pub updates: u64,
    /// The validations that the rounds were chosen by; empty if nothing was chosen.
    pub validations: Vec<Validation>,
    /// The digest of the final checkpoint.
    pub checkpoint: String,
    /// The duration of choosing and of the final fit, without what an interruption had done before.
    pub seconds: [f64; 2],
}

/// What every training of a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The simulated users.
    pub environment: &'a EnvironmentConfig,
    /// Whether the number of rounds is chosen on validation rows before the final fit; else it is the agent's own.
    pub choose_on_validation: bool,
    /// How long somebody else took for the same, in words.
    pub reference_duration: Option<&'a str>,
    /// The ratings of a held-out user that are known.
    pub n_observed: usize,
    /// The steps of a validation session with simulated users.
    pub n_online_steps: usize,
}

/// One training with all that it needs.
#[derive(Debug, Clone)]
pub struct Training<'a> {
    /// Where it is kept.
    pub work: Work<'a>,
    /// What it is trained on, with the training's own root seed.
    pub cut: Cut<'a>,
    /// The spaces of the cut.
    pub spaces: Spaces<'a>,
    /// The simulators of the run.
    pub simulators: Simulators<'a>,
    /// How it is trained.
    pub rules: Rules<'a>,
    /// Who is trained, and where its files lie.
    pub job: Job,
}

impl Training<'_> {
    /// How it went.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained.
    pub fn note(&self) -> Result<JobNote> {
        let path = self.work.path(self.job.file("policies", ".json"));
        self.stage().check_output(&path)?;
        Ok(read_json(&path, "run train")?)
    }

    /// The space that the learner acts in.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn space(&self, phase: Phase) -> Result<Arc<dyn EmbeddingSpace>> {
        self.spaces.load(phase, self.job.learner.space.unwrap_or_else(|| self.spaces.own_kind()))
    }

    /// The trained policy, or that of the same networks before training.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained.
    pub fn load_policy(&self, trained: bool) -> Result<Box<dyn Recommender>> {
        let (path, space) = self.policy(trained)?;
        Ok(match &self.job.learner.settings {
            Settings::Drr(_) => Box::new(DrrPolicy::load(&path, space)?),
            Settings::Rival(_) => Box::new(RivalPolicy::load(&path, space)?),
            Settings::Session(session) => Box::new(sessions::ranker(self, session, &path)?),
        })
    }

    /// The file of the trained policy, or of that before training, with the space that it acts in.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained, or on other data, settings or embeddings than the run has now.
    pub fn policy(&self, trained: bool) -> Result<(PathBuf, Arc<dyn EmbeddingSpace>)> {
        let space = self.space(Phase::Final)?;
        let path = self.work.path(self.job.policy(trained));
        if !path.exists() {
            bail!(
                "{} is not trained under {}: add it to evaluation.protocols and run the pipeline",
                self.job.name(),
                self.job.split
            );
        }
        self.stage().check_inputs(&self.inputs()?)?;
        self.stage().check_output(&path)?;
        Ok((path, space))
    }

    /// The digest of the trained policy, or of that before training.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the training wrote.
    pub fn policy_digest(&self, trained: bool) -> Result<String> {
        self.stage().check_output(&self.work.path(self.job.policy(trained)))
    }

    /// The digest of all that decides about it: its own settings, its cut and its space.
    ///
    /// # Errors
    ///
    /// Fails if the spaces are not fitted, and in a simulated world if the simulators are not.
    pub fn inputs(&self) -> Result<String> {
        let rules = &self.rules;
        let kind = self.job.learner.space.unwrap_or_else(|| self.spaces.own_kind());
        let settings = (&self.job.learner.settings, rules.environment, rules.choose_on_validation, kind);
        let judged = (rules.n_observed, rules.n_online_steps);
        let world = self.job.world;
        Ok(digest_of(&(
            (settings, judged, world),
            self.spaces.digests_of(kind)?,
            self.ratings()?,
            self.cut.hash()?,
            (self.cut.seed, self.cut.positive()),
        ))?)
    }

    /// What predicts the ratings that no log has: nothing, where nothing is predicted.
    fn ratings(&self) -> Result<Vec<String>> {
        match (self.job.world, self.rules.environment.reward.unrated) {
            (World::Logged, Unrated::Constant { .. }) => Ok(Vec::new()),
            (World::Logged, Unrated::Predicted {}) => self.spaces.digests_of(SpaceKind::Pmf),
            (World::A | World::B, _) => self.simulators.digests(),
        }
    }

    /// The steps of a session in training: an agent for sessions has those that it is judged by.
    fn horizon(&self) -> usize {
        match self.job.learner.settings {
            Settings::Session(_) => self.rules.n_online_steps,
            Settings::Drr(_) | Settings::Rival(_) => self.rules.environment.horizon,
        }
    }

    /// Checkpoints of other inputs must not be resumed: their folder carries the inputs' hash.
    fn checkpoints(&self) -> Result<PathBuf> {
        let inputs = self.inputs()?;
        Ok(self.work.path(self.job.file("checkpoints", &format!("-{}", &inputs[..8]))))
    }

    fn kind(&self) -> Kind {
        match self.job.learner.settings {
            Settings::Drr(_) => Kind::Agent,
            Settings::Rival(_) => Kind::Rival,
            Settings::Session(_) => Kind::SessionLearner,
        }
    }

    fn stage(&self) -> Stage {
        let name = format!("train-{}-{}", self.job.split, self.job.name());
        Stage::new(&self.work.path(&self.job.folder), &name, self.kind(), self.work.force)
    }

    /// Trains, unless that was done.
    ///
    /// # Errors
    ///
    /// Fails if the training or the disk does, with [`Interrupted`] if the user asked to stop, and where an unfinished
    /// training was begun by other code and nobody said what to do with it.
    pub fn run(&self) -> Result<()> {
        let (work, job) = (&self.work, &self.job);
        let (stage, inputs) = (self.stage(), self.inputs()?);
        let outputs = [
            work.path(job.policy(true)),
            work.path(job.policy(false)),
            work.path(job.file("policies", ".json")),
            work.path(job.file("policies", ".parquet")),
        ];
        std::fs::create_dir_all(work.path(&job.folder).join("policies"))?;
        let checkpoints = self.checkpoints()?;
        // A training that is done goes on from nothing: what is wrong with it is not in its checkpoints, or they are of other code.
        let done = stage.state(&inputs, &outputs)? == State::OfOtherCode;
        if (work.force || done) && checkpoints.exists() {
            std::fs::remove_dir_all(&checkpoints)?;
        }
        stage.run(&inputs, &outputs, |made| {
            begun_by::check(&checkpoints, &self.kind().code()?, work.other_code)?;
            self.train(&checkpoints, made)
        })
    }

    fn train(&self, checkpoints: &Path, made: &mut Made) -> Result<()> {
        let (work, job, watch) = (&self.work, &self.job, self.work.watch);
        let mut series = Vec::new();
        let settings = &job.learner.settings;
        let mut chosen = settings.n_rounds();
        let (mut validations, mut seconds) = (Vec::new(), [0.0; 2]);
        if self.rules.choose_on_validation && settings.may_choose_rounds() {
            let mut fit = Fit::new(self, settings, Phase::Choose)?;
            let begun = watch.seconds();
            fit.run(self.work, chosen, &checkpoints.join("choose"))?;
            seconds[0] = watch.seconds() - begun;
            validations = fit.steps.validations().to_vec();
            chosen = best_round(&validations).unwrap_or(chosen);
            series.extend(fit.curves(job, Phase::Choose));
        }
        let mut fit = Fit::new(self, settings, Phase::Final)?;
        let untrained = work.path(job.policy(false));
        made.add(&untrained, &fit.steps.save_policy(&untrained)?);
        let begun = watch.seconds();
        fit.run(self.work, chosen, &checkpoints.join("final"))?;
        seconds[1] = watch.seconds() - begun;
        series.extend(fit.curves(job, Phase::Final));
        let (curves, trained) = (work.path(job.file("policies", ".parquet")), work.path(job.policy(true)));
        made.add(&curves, &write_training(&curves, &series)?);
        made.add(&trained, &fit.steps.save_policy(&trained)?);
        let last = drr_store::latest_checkpoint(&checkpoints.join("final"))?
            .context("the final checkpoint is missing")?;
        let note = JobNote {
            rounds: chosen,
            episodes: chosen * settings.sessions_of_a_round(self.horizon()) as u64,
            updates: fit.steps.n_updates(),
            validations,
            checkpoint: drr_store::checkpoint_digest(&last)?,
            seconds,
        };
        let (rounds, updates, checkpoint) = (note.rounds, note.updates, &note.checkpoint);
        let reference = self.rules.reference_duration.map(|it| format!(" ({it})")).unwrap_or_default();
        let (episodes, total) = (note.episodes, seconds[0] + seconds[1]);
        if note.updates == 0 && note.validations.iter().all(|it| it.n_updates == 0) {
            tracing::warn!(
                "{} made no update under {}, so it is judged as it began: lower warmup_transitions and batch_size, or raise n_episodes",
                job.name(),
                job.split
            );
        }
        tracing::info!(
            rounds,
            updates,
            checkpoint,
            path = fit.steps.path_name(),
            "{} is trained under {}: {episodes} episodes and {updates} updates in the final fit, {total:.0} s in all{reference}",
            job.name(),
            job.split
        );
        made.write(&work.path(job.file("policies", ".json")), &serde_json::to_vec_pretty(&note)?)
    }

    /// The best validation score of an agent with other settings, trained on train rows; nothing is kept of it.
    ///
    /// # Errors
    ///
    /// Fails if the training does, and if nothing was validated.
    pub fn best_validation(&self, agent: &AgentConfig) -> Result<f64> {
        let settings = Settings::Drr(Box::new(agent.clone()));
        let mut fit = Fit::new(self, &settings, Phase::Choose)?;
        let bar = self.work.bar(&fit.label, agent.n_rounds());
        let mut hooks = Hooks { work: self.work, bar: &*bar, validation: fit.validation.as_ref() };
        match fit.steps.run(agent.n_rounds(), None, &mut hooks)? {
            Outcome::Finished => {}
            Outcome::Interrupted => return Err(Interrupted.into()),
        }
        bar.finish();
        let scores = fit.steps.validations().iter().filter(|it| it.round > 0).map(|it| it.score);
        scores.max_by(f64::total_cmp).context("nothing was validated: lower agent.validate_every")
    }

    /// The trained agent of `settings`, to go on learning within sessions.
    ///
    /// # Errors
    ///
    /// Fails if it was not trained.
    pub fn online_agent(&self, settings: &AgentConfig, learning: OnlineConfig) -> Result<OnlineAgent> {
        let surroundings = Surroundings::new(self, Phase::Final)?;
        let mut trainer = surroundings.trainer(self, settings)?;
        let checkpoints = self.checkpoints()?.join("final");
        if trainer.resume(&checkpoints)? == 0 {
            bail!("there is no checkpoint in {}: run train --force", checkpoints.display());
        }
        Ok(OnlineAgent::of(&trainer, learning, self.cut.seeds().child("online"))?)
    }
}

/// Trains every agent under every protocol, as many side by side as there are threads, and joins their curves.
///
/// # Errors
///
/// Fails with the first training that does, after the others have ended.
pub fn run(work: Work<'_>, trainings: &[Training<'_>]) -> Result<()> {
    side_by_side(trainings, work.watch.n_threads(), |training| {
        let job = &training.job;
        training.run().with_context(|| format!("failed to train {} under {}", job.name(), job.split))
    })?;
    let files: Vec<PathBuf> =
        trainings.iter().map(|training| work.path(training.job.file("policies", ".parquet"))).collect();
    let digests: Vec<String> =
        files.iter().map(|file| drr_store::file_digest(file)).collect::<Result<_, _>>()?;
    let joined = work.path(CURVES);
    work.stage(STAGE, Kind::Collect).run(&digest_of(&digests)?, std::slice::from_ref(&joined), |made| {
        let mut rows = Vec::new();
        for (training, file) in trainings.iter().zip(&files) {
            training.stage().check_output(file)?;
            rows.extend(read_training(file)?);
        }
        made.add(&joined, &write_training(&joined, &rows)?);
        Ok(())
    })
}

/// Works on all of `tasks`, so many at a time, each on one thread. After a failure its thread takes no more tasks; the
/// others go on, and the first failure is returned.
pub fn side_by_side<T: Sync>(
    tasks: &[T],
    n_threads: usize,
    work: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let queue = Mutex::new(tasks.iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads.min(tasks.len()))
            .map(|_| {
                scope.spawn(|| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
                    while let Some(task) = next() {
                        pool.install(|| work(task))?;
                    }
                    Ok(())
                })
            })
            .collect();
        let panicked = |_| Err(anyhow::anyhow!("a training thread panicked"));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(panicked)).collect()
    });
    results.into_iter().collect()
}

/// The round with the best validation score, the earliest of equals. The untrained policy is no choice.
fn best_round(validations: &[Validation]) -> Option<u64> {
    let trained = validations.iter().filter(|it| it.round > 0);
    trained.max_by(|a, b| a.score.total_cmp(&b.score).then(b.round.cmp(&a.round))).map(|it| it.round)
}

/// One training under way with what judges it.
struct Fit {
    steps: Box<dyn Steps>,
    validation: Option<ValidationSet>,
    label: String,
}

impl Fit {
    fn new(training: &Training<'_>, settings: &Settings, phase: Phase) -> Result<Self> {
        let surroundings = Surroundings::new(training, phase)?;
        let steps: Box<dyn Steps> = match settings {
            Settings::Drr(agent) => Box::new(surroundings.trainer(training, agent)?),
            Settings::Rival(rival) => surroundings.rival(training, phase, rival)?,
            Settings::Session(session) => {
                Box::new(sessions::trainer(&surroundings, training, phase, session)?)
            }
        };
        let validation = match phase {
            Phase::Choose => Some(ValidationSet::new(training)?),
            Phase::Final => None,
        };
        let label = format!("train {} {} ({})", training.job.split, training.job.name(), phase.name());
        Ok(Self { steps, validation, label })
    }

    /// Goes on from the latest checkpoint until `n_rounds`.
    fn run(&mut self, work: Work<'_>, n_rounds: u64, checkpoints: &Path) -> Result<()> {
        let done = self.steps.resume(checkpoints)?;
        if done > 0 {
            tracing::info!(rounds = done, "{} resumed from its checkpoint", self.label);
        }
        let bar = work.bar(&self.label, n_rounds);
        let mut hooks = Hooks { work, bar: &*bar, validation: self.validation.as_ref() };
        let outcome = self.steps.run(n_rounds, Some(checkpoints), &mut hooks)?;
        bar.finish();
        match outcome {
            Outcome::Finished => Ok(()),
            Outcome::Interrupted => Err(Interrupted.into()),
        }
    }

    fn curves(&self, job: &Job, phase: Phase) -> Vec<TrainingRow> {
        let series = format!("{}/{}/{}", job.split, job.name(), phase.name());
        rows_of(&series, self.steps.metrics())
    }
}

/// The curves of one training as rows of a table.
pub fn rows_of(series: &str, metrics: &Metrics) -> Vec<TrainingRow> {
    let row = |(step, name, value): &(u64, String, f64)| TrainingRow {
        series: series.to_owned(),
        step: *step,
        name: name.clone(),
        value: *value,
    };
    metrics.records.iter().map(row).collect()
}
