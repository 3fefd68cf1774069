//! Long sessions of a run, where its configuration asks for them.

use super::Plan;
use crate::config::{LongSessionStudyConfig, SessionsConfig, TrainedWorld};
use crate::document::check_block;
use crate::fit::sessions::{SessionCut, SessionModels, SessionTraining, SpaceContents};
use crate::fit::train::side_by_side;
use crate::judge::sessions::{AGENT, SessionJudge};
use crate::study::long_session::{self, LongSessionStudy, variant};
use anyhow::{Context as _, Result};
use drr_core::Seeds;
use drr_session::SessionAgentConfig;
use std::path::Path;
use std::sync::Arc;

/// Memories that are not the world's own: whether the agent needs to be told it.
const OTHER_DECAYS: [f32; 2] = [0.5, 0.95];

/// What a run without long sessions lacks.
pub(super) const MISSING: &str =
    "the configuration has no section [sessions]: add one, or extend a preset that has it";

impl<'a> Plan<'a> {
    /// The models of long sessions; none where the configuration asks for none.
    ///
    /// # Errors
    ///
    /// Refuses a data set with too few users.
    pub fn session_models(&self) -> Result<Option<SessionModels<'a>>> {
        let Some(config) = &self.config().sessions else { return Ok(None) };
        let seeds = Seeds(self.config().seed).child("sessions");
        let cut = Arc::new(SessionCut::new(&self.run.dataset, config.held_out_fraction, seeds)?);
        let positive = self.config().data.positive_rating;
        Ok(Some(SessionModels {
            work: self.work(),
            dataset: &self.run.dataset,
            cut,
            config,
            positive,
            seeds,
        }))
    }

    /// The agent and its twin with a discount of 0, from one seed.
    pub(super) fn session_trainings<'w>(
        &self,
        models: &SessionModels<'w>,
        seed: u64,
    ) -> [SessionTraining<'w>; 2] {
        let SessionsConfig { agent, twin_iterations, with_categories, with_base, .. } = models.config;
        let contents = SpaceContents { with_categories: *with_categories, with_base: *with_base };
        let of = |name: String, config: SessionAgentConfig| SessionTraining {
            models: models.clone(),
            name,
            config,
            contents,
            seed,
        };
        let twin = SessionAgentConfig { discount: 0.0, n_iterations: *twin_iterations, ..agent.clone() };
        [of(AGENT.to_owned(), agent.clone()), of(format!("{AGENT}_gamma_0"), twin)]
    }

    /// Fits and trains what long sessions need, as far as it is not up to date.
    ///
    /// # Errors
    ///
    /// Fails if a fit, a training or the disk does.
    pub fn learn_sessions(&self) -> Result<()> {
        let Some(models) = self.session_models()? else { return Ok(()) };
        models.fit()?;
        let trainings = self.session_trainings(&models, self.config().seed);
        side_by_side(&trainings, self.work().watch.n_threads(), |training| {
            training.run().with_context(|| format!("failed to train {} in long sessions", training.name))
        })
    }

    /// The study of long sessions: trains what is not trained, and makes its tables.
    ///
    /// # Errors
    ///
    /// Fails if the configuration has no long sessions, and if a fit, a training, a judgement or the disk does.
    pub fn study_long_session(&self, into: Option<&Path>) -> Result<String> {
        if let Some(path) = into {
            check_block(path, &format!("{}-long-session", self.work().name()))?;
        }
        let models = self.session_models()?.context(MISSING)?;
        models.fit()?;
        let config = &self.config().study.long_session;
        let learners = self.studied_sessions(&models, config);
        let worlds: Vec<SessionsConfig> = config.worlds.iter().map(|it| it.of(models.config)).collect();
        let others: Vec<SessionJudge<'_>> = (config.worlds.iter().zip(&worlds))
            .map(|(world, settings)| self.trained_in(&models, world, settings))
            .collect();
        let all = learners.iter().chain(others.iter().flat_map(|judge| &judge.learners));
        let trainings: Vec<SessionTraining<'_>> = all.flatten().cloned().collect();
        side_by_side(&trainings, self.work().watch.n_threads(), |training| {
            training.run().with_context(|| format!("failed to train {} in long sessions", training.name))
        })?;
        let judge = SessionJudge { models, learners, manifest: &self.run.manifest };
        long_session::run(&LongSessionStudy { judge, others, config }, into)
    }

    /// The agent and its twin, trained and judged in another world.
    fn trained_in<'w>(
        &'w self,
        models: &SessionModels<'a>,
        world: &TrainedWorld,
        settings: &'w SessionsConfig,
    ) -> SessionJudge<'w>
    where
        'a: 'w,
    {
        let models = SessionModels { config: settings, ..models.clone() };
        let seeds = &self.config().study.long_session.seeds;
        let pairs = seeds.iter().map(|seed| self.session_trainings(&models, *seed));
        let named = |it: SessionTraining<'w>| {
            let name = it.name.replacen(AGENT, &format!("{AGENT}_{}", world.name), 1);
            variant(&it, &name, |_| ())
        };
        let (agents, twins) = pairs.map(|pair| pair.map(named).into()).unzip();
        SessionJudge { models, learners: vec![twins, agents], manifest: &self.run.manifest }
    }

    /// The twin, the agent with other discounts, without categories and with other memories, and last the agent.
    fn studied_sessions(
        &self,
        models: &SessionModels<'a>,
        config: &LongSessionStudyConfig,
    ) -> Vec<Vec<SessionTraining<'a>>> {
        let pairs: Vec<[SessionTraining<'a>; 2]> =
            config.seeds.iter().map(|seed| self.session_trainings(models, *seed)).collect();
        let (agents, twins): (Vec<_>, Vec<_>) = pairs.into_iter().map(|[agent, twin]| (agent, twin)).unzip();
        let Some(first) = agents.first().cloned() else { return Vec::new() };
        let mut learners = vec![twins];
        for discount in &config.discounts {
            let name = format!("{AGENT}_gamma_{discount}");
            learners.push(vec![variant(&first, &name, |it| it.config.discount = *discount)]);
        }
        let name = format!("{AGENT}_without_categories");
        learners.push(vec![variant(&first, &name, |it| it.contents.with_categories = false)]);
        let name = format!("{AGENT}_other_decays");
        learners.push(vec![variant(&first, &name, |it| it.config.decays = OTHER_DECAYS.to_vec())]);
        learners.push(agents);
        learners
    }

    /// Judges everybody in long sessions, as far as that is not up to date.
    ///
    /// # Errors
    ///
    /// Fails if something is not fitted, and if a judgement or the disk does.
    pub fn judge_sessions(&self) -> Result<()> {
        let Some(models) = self.session_models()? else { return Ok(()) };
        let [agent, twin] = self.session_trainings(&models, self.config().seed);
        let judge =
            SessionJudge { models, learners: vec![vec![twin], vec![agent]], manifest: &self.run.manifest };
        judge.run()
    }
}
