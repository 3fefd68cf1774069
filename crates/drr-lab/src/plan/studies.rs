//! The studies of a run.

use super::Plan;
use super::sessions::MISSING;
use crate::config::AblationConfig;
use crate::fit::learner::Settings;
use crate::fit::train::Training;
use crate::judge::score;
use crate::study::ablation::{self, FOLDER, Study, Task};
use crate::study::domains::{Domain, kept_minutes};
use crate::study::single;
use crate::study::sweep::{self, Ground, RowTrials, SessionTrials};
use anyhow::{Context as _, Result, bail};
use drr_core::Protocol;
use std::path::PathBuf;

impl Plan<'_> {
    /// Judges lists of any other system.
    ///
    /// # Errors
    ///
    /// Fails if the lists cannot be read or judged.
    pub fn score(&self, request: &score::Request<'_>) -> Result<String> {
        score::run(&self.bench(request.protocol), &self.run.manifest, request)
    }

    /// Searches a recommender's settings on validation rows, or on validation users in long sessions.
    ///
    /// # Errors
    ///
    /// Fails if a trial does, and for long sessions in a configuration that has none.
    pub fn sweep(&self, request: &sweep::Request<'_>) -> Result<String> {
        match request.ground {
            Ground::Rows(protocol) => {
                let (bench, training) = (self.bench(protocol), self.main_training(protocol)?);
                sweep::run(&mut RowTrials { bench, training }, request)
            }
            Ground::LongSessions => {
                let models = self.session_models()?.context(MISSING)?;
                sweep::run(&mut SessionTrials::new(models), request)
            }
        }
    }

    /// What the study of domains says of the run on the log of that name, which was judged within so many minutes.
    ///
    /// # Errors
    ///
    /// Fails if the run was not judged.
    pub fn domain(&self, name: String, minutes: f64) -> Result<Domain> {
        let minutes = kept_minutes(self.work(), minutes)?;
        Domain::of(name, self.run, self.work(), self.figures()?, minutes)
    }

    /// The agent's validation score by the length of a session.
    ///
    /// # Errors
    ///
    /// Fails if a training does.
    pub fn study_length(&self, protocol: Protocol, lengths: &[usize]) -> Result<String> {
        single::length(&self.main_training(protocol)?, &self.config().agent, lengths)
    }

    /// How well ratings are predicted.
    ///
    /// # Errors
    ///
    /// Fails if a fit does.
    pub fn study_rmse(&self) -> Result<String> {
        let cut = self.run.cut(Protocol::Rerank);
        single::rmse(self.work(), &cut, &self.config().embedding.pmf)
    }

    /// Two recommenders put one user's test items in order, step by step.
    ///
    /// # Errors
    ///
    /// Fails if the run does not judge by [`Protocol::Rerank`], if the user has no test items, and for a recommender that nobody
    /// knows.
    pub fn study_case(&self, user: &str, recommenders: &[String], n_steps: usize) -> Result<String> {
        let protocol = Protocol::Rerank;
        if !self.run.protocols().contains(&protocol) {
            bail!(
                "the run {0} has no agent for {protocol}: put \"{protocol}\" into evaluation.protocols of its configuration, and give that \
                 to a new run",
                self.work().name()
            );
        }
        single::case(&self.bench(protocol), user, recommenders, n_steps)
    }

    /// Every agent of the run from several seeds, under the protocols that are asked for, else those of the
    /// configuration, else all of the run.
    ///
    /// # Errors
    ///
    /// Fails if a cell does, and where the study's settings do not fit the run.
    pub fn study_ablation(&self, protocols: &[Protocol], request: &ablation::Request<'_>) -> Result<String> {
        let config = self.ablation_config()?;
        let protocols = self.studied(config, protocols)?;
        let study = Study {
            work: self.work(),
            manifest: &self.run.manifest,
            config,
            learners: self.names(),
            tasks: self.tasks(config, &protocols)?,
            benches: protocols.into_iter().map(|protocol| self.bench(protocol)).collect(),
        };
        ablation::run(&study, request)
    }

    fn studied(&self, config: &AblationConfig, asked: &[Protocol]) -> Result<Vec<Protocol>> {
        let of_run = self.run.protocols();
        let wanted = if asked.is_empty() { &config.protocols[..] } else { asked };
        if wanted.is_empty() {
            return Ok(of_run);
        }
        if let Some(other) = wanted.iter().find(|protocol| !of_run.contains(protocol)) {
            bail!("the run is not judged under {other}: add it to evaluation.protocols");
        }
        Ok(of_run.into_iter().filter(|protocol| wanted.contains(protocol)).collect())
    }

    /// Every training, the first seed of everybody first.
    fn tasks(&self, config: &AblationConfig, protocols: &[Protocol]) -> Result<Vec<Task<'_>>> {
        let names = self.names();
        if let Some(unknown) = config.variants.iter().find(|name| !names.contains(name)) {
            bail!("study.ablation.variants: there is no agent {unknown} in the configuration");
        }
        let mut splits: Vec<Protocol> = protocols.iter().map(|protocol| protocol.split()).collect();
        splits.sort_unstable();
        splits.dedup();
        let mut tasks = Vec::new();
        for (at, seed) in config.seeds.iter().enumerate() {
            for split in &splits {
                for training in self.trainings_from(*split, *seed, &self.folder_of(*seed)) {
                    let learner = &training.job.learner;
                    let takes_part = config.variants.is_empty() || config.variants.contains(&learner.name);
                    let is_rival = matches!(learner.settings, Settings::Rival(_));
                    if !takes_part || (is_rival && at >= config.rival_seeds) {
                        continue;
                    }
                    self.check_budget(config, &training)?;
                    let judges = |it: &&Protocol| {
                        it.split() == *split
                            && (learner.protocols.is_empty() || learner.protocols.contains(it))
                    };
                    let protocols: Vec<Protocol> = protocols.iter().filter(judges).copied().collect();
                    if !protocols.is_empty() {
                        tasks.push(Task { training, protocols });
                    }
                }
            }
        }
        Ok(tasks)
    }

    /// Where the trainings from a seed lie: those from the run's own seed are the run's own.
    fn folder_of(&self, seed: u64) -> PathBuf {
        if seed == self.config().seed {
            PathBuf::new()
        } else {
            PathBuf::from(format!("{FOLDER}/seed-{seed}"))
        }
    }

    /// Refuses a training with more updates than the study allows.
    fn check_budget(&self, config: &AblationConfig, training: &Training<'_>) -> Result<()> {
        let updates = training.job.learner.settings.max_updates(self.config().environment.horizon);
        if updates > config.max_updates {
            bail!(
                "{} would take up to {updates} updates, more than study.ablation.max_updates = {}: lower its n_episodes or \
                 updates_per_step, or raise n_environments",
                training.job.name(),
                config.max_updates
            );
        }
        Ok(())
    }
}
