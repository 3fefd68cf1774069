//! The stages of a run, one after the other: pretrain, train, evaluate, and what a configuration asks for beside them.
//!
//! Each asks the stage cache whether its inputs changed since it last ran.

use super::Plan;
use crate::fit::train;
use crate::judge::evaluate::{self, Evaluated};
use crate::judge::figures::{self, RunMetrics};
use crate::report;
use crate::run::Context;
use crate::study::long_term;
use crate::study::staleness::{self, Staleness};
use anyhow::Result;
use drr_core::{Protocol, Seeds, SessionKind};

impl Plan<'_> {
    /// Fits the embeddings, as far as they are not up to date.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn pretrain(&self) -> Result<()> {
        self.run.splits().into_iter().try_for_each(|split| self.spaces(split).fit())
    }

    /// Fits the simulators, as far as they are not up to date, where a protocol of the run has simulated sessions.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn fit_simulators(&self) -> Result<()> {
        let simulated = |protocol: &Protocol| protocol.facts().sessions == SessionKind::Simulated;
        if self.run.protocols().iter().any(simulated) { self.simulators().fit() } else { Ok(()) }
    }

    /// Trains the agents, as far as they are not up to date.
    ///
    /// # Errors
    ///
    /// Fails if a training or the disk does.
    pub fn train(&self) -> Result<()> {
        train::run(self.work(), &self.all_trainings())
    }

    /// Fits the networks that read sequences, as far as they are not up to date.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn fit_sequential(&self) -> Result<()> {
        self.run.protocols().into_iter().try_for_each(|protocol| self.sequential(protocol).fit())
    }

    /// Fits the embeddings, the simulators, the agents and the sequential models, as far as they are not up to date.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does, and if the user asked to stop.
    pub fn learn(&self) -> Result<()> {
        self.run.check_judged()?;
        self.pretrain()?;
        self.fit_simulators()?;
        self.train()?;
        self.fit_sequential()?;
        self.learn_sessions()?;
        self.work().stop_if_asked()
    }

    /// Judges everybody on test rows.
    ///
    /// # Errors
    ///
    /// Fails if something is not fitted, and if a judgement or the disk does.
    pub fn evaluate(&self) -> Result<()> {
        let trainings = self.all_trainings();
        evaluate::run(&Evaluated {
            work: self.work(),
            manifest: &self.run.manifest,
            seed: self.config().seed,
            learners: self.names(),
            benches: self.run.protocols().into_iter().map(|protocol| self.bench(protocol)).collect(),
            trainings: &trainings,
        })
    }

    /// The study of models that grow stale, where the configuration asks for it.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does, and where the data set has no times.
    pub fn grow_stale(&self) -> Result<()> {
        let Some(config) = &self.config().lab.staleness else { return Ok(()) };
        let Some(protocol) = self.run.protocols().into_iter().next() else { return Ok(()) };
        let dataset_hash = &self.run.manifest.dataset_hash;
        staleness::run(&Staleness { work: self.work(), cut: self.run.cut(protocol), dataset_hash, config })
    }

    /// The study of later rewards, where the configuration asks for it.
    ///
    /// # Errors
    ///
    /// Fails if a training or the disk does.
    pub fn wait_for_rewards(&self) -> Result<()> {
        let config = self.config().lab.long_term.as_ref();
        config.map_or(Ok(()), |config| long_term::run(self.work(), config, self.config().seed))
    }

    /// Judges on test rows, with all that the configuration asks for beside it.
    ///
    /// # Errors
    ///
    /// Fails if something is not fitted, and if a judgement or the disk does.
    pub fn judge(&self) -> Result<()> {
        self.evaluate()?;
        self.grow_stale()?;
        self.wait_for_rewards()?;
        self.judge_sessions()
    }

    /// Judges, and learns first what is not learned yet. Where work is forced, it is the judgement that is made again.
    ///
    /// # Errors
    ///
    /// Fails if a fit, a judgement or the disk does.
    pub fn learn_and_judge(&self) -> Result<()> {
        let unforced = Context { force: false, ..self.run.context.clone() };
        Plan::new(&self.run.in_context(&unforced))?.learn()?;
        self.judge()
    }

    /// Everything, stage after stage; returns what a terminal has room for.
    ///
    /// # Errors
    ///
    /// Fails if a stage does.
    pub fn pipeline(&self) -> Result<String> {
        self.learn()?;
        self.judge()?;
        report::brief(&self.page()?)
    }

    /// The figures of the run, if it was judged.
    ///
    /// # Errors
    ///
    /// Fails if it was not, and for figures of other data or settings.
    pub fn figures(&self) -> Result<RunMetrics> {
        figures::load(self.work(), &self.run.manifest)
    }

    /// The test RMSE of the rating factorization on five random folds of all rows, as text. It is no artifact of the run.
    ///
    /// # Errors
    ///
    /// Fails if a fit does.
    pub fn five_fold(&self) -> Result<String> {
        let log = self.run.dataset.full_log()?;
        let (pmf, seeds) = (&self.config().embedding.pmf, Seeds(self.config().seed));
        let folds = drr_embed::five_fold_rmse(&log, pmf, seeds)?;
        let each: Vec<String> = folds.folds.iter().map(|rmse| format!("{rmse:.4}")).collect();
        Ok(format!("5-fold test RMSE {:.4} ({})", folds.mean(), each.join(", ")))
    }
}
