//! Training: the number of rounds is chosen on validation rows, then the agent is fitted anew on train and validation.
//!
//! One job is one agent under one protocol. Jobs run side by side, each on one thread: networks this small are slower
//! on two.

use super::Experiment;
use super::evaluate::{evaluation_set, simulated};
use super::experiment::Phase;
use super::jobs::{self, Job, Settings, World};
use super::pretrain;
use super::simulator::Simulator;
use crate::cache::{Stage, digest_of};
use crate::context::Bar;
use anyhow::{Context as _, Result};
use drr_agent::{AgentConfig, Judgement, OnlineAgent, OnlineConfig, Outcome, TrainingHooks, Validation};
use drr_core::{HEADLINE_LENGTH, Part, PartSet, Recommender};
use drr_data::{Protocol, TrainingRow, read_training, write_training};
use drr_eval::{EvaluationSet, Metric, SimulatedConfig, evaluate, evaluate_online};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

mod rating;
mod returns;
mod surroundings;
mod system;

use surroundings::Surroundings;
pub use system::Training;

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

/// How a job went.
pub fn note(experiment: &Experiment<'_>, job: &Job) -> Result<JobNote> {
    let path = experiment.path(job.file("policies", ".json"));
    let text =
        std::fs::read(&path).with_context(|| format!("cannot read {}: run train first", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// Trains every agent under every protocol, as many side by side as there are threads, and joins their curves.
pub fn run(experiment: &Experiment<'_>) -> Result<()> {
    let jobs = jobs::all(experiment)?;
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    side_by_side(&jobs, n_threads, |job| {
        run_job(experiment, job)
            .with_context(|| format!("failed to train {} under {}", job.name(), job.split))
    })?;
    let mut rows = Vec::new();
    for job in jobs {
        rows.extend(read_training(&experiment.path(job.file("policies", ".parquet")))?);
    }
    Ok(write_training(&experiment.path("training.parquet"), &rows)?)
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

/// The digest of all that decides about a job.
pub fn inputs(experiment: &Experiment<'_>, job: &Job) -> Result<String> {
    let config = &experiment.config;
    let settings = (
        &job.learner.settings,
        &config.environment,
        &config.training,
        &config.evaluation,
        job.space_kind(experiment),
    );
    digest_of(&(
        settings,
        pretrain::digests(experiment, job.split)?,
        experiment.split_hash(job.split)?,
        (config.seed, experiment.positive(job.split)),
    ))
}

/// Checkpoints of other inputs must not be resumed: their folder carries the inputs' hash.
fn checkpoints(experiment: &Experiment<'_>, job: &Job) -> Result<PathBuf> {
    let inputs = inputs(experiment, job)?;
    Ok(experiment.path(job.file("checkpoints", &format!("-{}", &inputs[..8]))))
}

pub fn run_job(experiment: &Experiment<'_>, job: &Job) -> Result<()> {
    let name = format!("train-{}-{}", job.split, job.name());
    let stage = Stage::new(&experiment.path(&job.folder), &name, experiment.context.force);
    let inputs = inputs(experiment, job)?;
    let outputs = [
        experiment.path(job.policy(true)),
        experiment.path(job.policy(false)),
        experiment.path(job.file("policies", ".json")),
        experiment.path(job.file("policies", ".parquet")),
    ];
    std::fs::create_dir_all(experiment.path(&job.folder).join("policies"))?;
    let checkpoints = checkpoints(experiment, job)?;
    if experiment.context.force && checkpoints.exists() {
        std::fs::remove_dir_all(&checkpoints)?;
    }
    stage.run(&inputs, &outputs, || train(experiment, job, &checkpoints))
}

fn train(experiment: &Experiment<'_>, job: &Job, checkpoints: &Path) -> Result<()> {
    let mut series = Vec::new();
    let settings = &job.learner.settings;
    let mut chosen = settings.n_rounds();
    let (mut validations, mut seconds) = (Vec::new(), [0.0; 2]);
    if experiment.config.training.choose_on_validation {
        let mut fit = Fit::new(experiment, job, settings, Phase::Choose)?;
        let begun = Instant::now();
        fit.run(experiment, chosen, &checkpoints.join("choose"))?;
        seconds[0] = begun.elapsed().as_secs_f64();
        validations = fit.training.validations().to_vec();
        chosen = best_round(&validations).unwrap_or(chosen);
        series.extend(fit.curves(job, Phase::Choose));
    }
    let mut fit = Fit::new(experiment, job, settings, Phase::Final)?;
    fit.training.save_policy(&experiment.path(job.policy(false)))?;
    let begun = Instant::now();
    fit.run(experiment, chosen, &checkpoints.join("final"))?;
    seconds[1] = begun.elapsed().as_secs_f64();
    series.extend(fit.curves(job, Phase::Final));
    write_training(&experiment.path(job.file("policies", ".parquet")), &series)?;
    fit.training.save_policy(&experiment.path(job.policy(true)))?;
    let last =
        drr_nn::latest_checkpoint(&checkpoints.join("final"))?.context("the final checkpoint is missing")?;
    let note = JobNote {
        rounds: chosen,
        episodes: chosen * settings.n_environments() as u64,
        updates: fit.training.n_updates(),
        validations,
        checkpoint: drr_nn::checkpoint_digest(&last)?,
        seconds,
    };
    let (rounds, updates, checkpoint) = (note.rounds, note.updates, &note.checkpoint);
    let reference = experiment
        .config
        .training
        .reference_duration
        .as_deref()
        .map(|it| format!(" ({it})"))
        .unwrap_or_default();
    let (episodes, total) = (note.episodes, seconds[0] + seconds[1]);
    if note.updates == 0 && note.validations.iter().all(|it| it.n_updates == 0) {
        tracing::warn!(
            "{} made no update under {}, so it is judged as it began: lower warmup_transitions or raise n_episodes",
            job.name(),
            job.split
        );
    }
    tracing::info!(
        rounds,
        updates,
        checkpoint,
        "{} is trained under {}: {episodes} episodes and {updates} updates in the final fit, {total:.0} s in all{reference}",
        job.name(),
        job.split
    );
    crate::files::write(&experiment.path(job.file("policies", ".json")), &serde_json::to_vec_pretty(&note)?)
}

/// The round with the best validation score, the earliest of equals. The untrained policy is no choice.
fn best_round(validations: &[Validation]) -> Option<u64> {
    let trained = validations.iter().filter(|it| it.round > 0);
    trained.max_by(|a, b| a.score.total_cmp(&b.score).then(b.round.cmp(&a.round))).map(|it| it.round)
}

/// One training with what judges it.
struct Fit {
    training: Box<dyn Training>,
    validation: Option<ValidationSet>,
    label: String,
}

impl Fit {
    fn new(experiment: &Experiment<'_>, job: &Job, settings: &Settings, phase: Phase) -> Result<Self> {
        let surroundings = Surroundings::new(experiment, job, phase)?;
        let training: Box<dyn Training> = match settings {
            Settings::Drr(agent) => Box::new(surroundings.trainer(experiment, &job.name(), agent)?),
            Settings::Rival(rival) => surroundings.rival(experiment, job, phase, rival)?,
        };
        let validation = match phase {
            Phase::Choose => Some(ValidationSet::new(experiment, job)?),
            Phase::Final => None,
        };
        let label = format!("train {} {} ({})", job.split, job.name(), phase.name());
        Ok(Self { training, validation, label })
    }

    /// Goes on from the latest checkpoint until `n_rounds`.
    fn run(&mut self, experiment: &Experiment<'_>, n_rounds: u64, checkpoints: &Path) -> Result<()> {
        let done = self.training.resume(checkpoints)?;
        if done > 0 {
            tracing::info!(rounds = done, "{} resumed from its checkpoint", self.label);
        }
        let bar = experiment.context.bar(&self.label, n_rounds);
        let mut hooks = Hooks { experiment, bar: &bar, validation: self.validation.as_ref() };
        let outcome = self.training.run(n_rounds, Some(checkpoints), &mut hooks)?;
        bar.finish();
        match outcome {
            Outcome::Finished => Ok(()),
            Outcome::Interrupted => Err(crate::exit::Interrupted.into()),
        }
    }

    fn curves(&self, job: &Job, phase: Phase) -> Vec<TrainingRow> {
        let series = format!("{}/{}/{}", job.split, job.name(), phase.name());
        let records = self.training.metrics().records.iter();
        records
            .map(|(step, name, value)| TrainingRow {
                series: series.clone(),
                step: *step,
                name: name.clone(),
                value: *value,
            })
            .collect()
    }
}

/// What the number of rounds is chosen by: P@10 on validation rows, or the reward in the world that the agent is trained
/// in, of validation users.
struct ValidationSet {
    cases: EvaluationSet,
    simulator: Option<(Simulator, SimulatedConfig)>,
}

impl ValidationSet {
    fn new(experiment: &Experiment<'_>, job: &Job) -> Result<Self> {
        let cases = evaluation_set(experiment, job.split, Part::Validation)?;
        let simulator = match job.world {
            World::Logged => None,
            world => {
                let parts: PartSet = [Part::Validation].into_iter().collect();
                let log = experiment.dataset.log(job.split, &parts)?;
                Some((Simulator::new(experiment, world, &log)?, simulated(experiment)?))
            }
        };
        Ok(Self { cases, simulator })
    }
}

/// The best validation score of an agent with other settings, trained on train rows; nothing is kept of it.
pub fn best_validation(experiment: &Experiment<'_>, job: &Job, agent: &AgentConfig) -> Result<f64> {
    let settings = Settings::Drr(Box::new(agent.clone()));
    let mut fit = Fit::new(experiment, job, &settings, Phase::Choose)?;
    let mut hooks = Hooks {
        experiment,
        bar: &experiment.context.bar(&fit.label, agent.n_rounds()),
        validation: fit.validation.as_ref(),
    };
    match fit.training.run(agent.n_rounds(), None, &mut hooks)? {
        Outcome::Finished => {}
        Outcome::Interrupted => return Err(crate::exit::Interrupted.into()),
    }
    hooks.bar.finish();
    let scores = fit.training.validations().iter().filter(|it| it.round > 0).map(|it| it.score);
    scores.max_by(f64::total_cmp).context("nothing was validated: lower agent.validate_every")
}

/// The run's trained agent, to go on learning within sessions.
pub fn online_agent(
    experiment: &Experiment<'_>,
    split: Protocol,
    world: World,
    learning: OnlineConfig,
) -> Result<OnlineAgent> {
    let job = Job::main(experiment, split, world);
    let surroundings = Surroundings::new(experiment, &job, Phase::Final)?;
    let mut trainer = surroundings.trainer(experiment, &job.name(), &experiment.config.agent)?;
    let checkpoints = checkpoints(experiment, &job)?.join("final");
    if trainer.resume(&checkpoints)? == 0 {
        anyhow::bail!("there is no checkpoint in {}: run train --force", checkpoints.display());
    }
    let seeds = experiment.seeds(split).child("online");
    Ok(trainer.online_agent(learning, seeds)?)
}

struct Hooks<'a> {
    experiment: &'a Experiment<'a>,
    bar: &'a Bar,
    validation: Option<&'a ValidationSet>,
}

impl TrainingHooks for Hooks<'_> {
    fn progress(&mut self, round: u64, _n_rounds: u64) {
        self.bar.set(round);
    }

    fn validate(
        &mut self,
        policy: &dyn Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        let Some(set) = self.validation else { return Ok(None) };
        let (summary, metric, k) = match &set.simulator {
            None => {
                let judged = evaluate(policy, &set.cases, &[HEADLINE_LENGTH])?;
                (judged.summary, Metric::Precision, HEADLINE_LENGTH)
            }
            Some((simulator, config)) => {
                let judged = evaluate_online(policy, &set.cases, simulator, config)?;
                (judged.evaluation.summary, Metric::MeanReward, config.n_steps)
            }
        };
        let distinct_top10 = summary.diversity(HEADLINE_LENGTH).map(|diversity| diversity.coverage);
        let judged = |score| Judgement { score, distinct_top10 };
        Ok(summary.metric(metric, k).map(|interval| judged(interval.mean)))
    }

    fn should_stop(&self) -> bool {
        self.experiment.context.interrupted()
    }
}
