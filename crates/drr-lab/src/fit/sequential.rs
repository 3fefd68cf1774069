//! The networks that read histories as sequences: fitted once, kept as files, since they take minutes.

use crate::run::cache::Stage;
use crate::run::code::Kind;
use crate::run::{Cut, Phase, Work};
use crate::watch::Bar;
use anyhow::{Context as _, Result};
use drr_core::Known;
use drr_sequential::{SequentialConfig, SequentialHooks, SequentialRecommender};
use drr_store::digest_of;
use drr_store::read_json;
use std::path::PathBuf;

/// The sequential networks of one protocol.
#[derive(Debug, Clone, Copy)]
pub struct SequentialModels<'a> {
    /// Where they are kept.
    pub work: Work<'a>,
    /// What they are fitted on.
    pub cut: Cut<'a>,
    /// Which.
    pub configs: &'a [SequentialConfig],
}

impl<'a> SequentialModels<'a> {
    /// Those that are judged under the cut's protocol: where whole histories are known, up to a moment.
    #[must_use]
    pub fn wanted(&self) -> &'a [SequentialConfig] {
        if self.cut.protocol.facts().known == Known::BeforeTheCut { self.configs } else { &[] }
    }

    fn path(&self, config: &SequentialConfig, ending: &str) -> PathBuf {
        self.work.path(format!("policies/{}-{}{ending}", self.cut.protocol, config.architecture.name()))
    }

    fn stage(&self, config: &SequentialConfig) -> Stage {
        let name = format!("sequential-{}-{}", self.cut.protocol, config.architecture.name());
        self.work.stage(&name, Kind::Sequential)
    }

    /// Fits what is not yet fitted.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn fit(&self) -> Result<()> {
        for config in self.wanted() {
            self.work.stop_if_asked()?;
            let (protocol, name, positive) =
                (self.cut.protocol, config.architecture.name(), self.cut.positive());
            let inputs = digest_of(&(self.cut.hash()?, (config, self.cut.seed, positive)))?;
            let outputs = [self.path(config, ".safetensors"), self.path(config, ".json")];
            self.stage(config).run(&inputs, &outputs, |made| {
                let log = self.cut.log(Phase::Final)?;
                let seeds = self.cut.seeds().child(name);
                let bar = self.work.bar(&format!("train {protocol} {name}"), 1);
                let mut hooks = Hooks { work: self.work, bar, total: 1 };
                let begun = self.work.watch.seconds();
                let fitted = SequentialRecommender::fit(&log, positive, config, seeds, &mut hooks)
                    .with_context(|| format!("failed to train {name} under {protocol}"))?;
                hooks.bar.finish();
                self.work.stop_if_asked()?;
                made.add(&outputs[0], &fitted.save(&outputs[0])?);
                let seconds = self.work.watch.seconds() - begun;
                made.write(&outputs[1], &serde_json::to_vec_pretty(&seconds)?)
            })?;
        }
        Ok(())
    }

    /// One of the fitted ones, with the seconds that it took.
    ///
    /// # Errors
    ///
    /// Fails if a file is missing or damaged.
    pub fn load(&self, config: &SequentialConfig) -> Result<(SequentialRecommender, f64)> {
        let (model, seconds) = (self.path(config, ".safetensors"), self.path(config, ".json"));
        self.stage(config).check_output(&model)?;
        self.stage(config).check_output(&seconds)?;
        Ok((SequentialRecommender::load(&model)?, read_json(&seconds, "run train")?))
    }

    /// The digests of the files, as inputs of the evaluation.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn digests(&self) -> Result<Vec<String>> {
        let digest =
            |config: &SequentialConfig| self.stage(config).check_output(&self.path(config, ".safetensors"));
        self.wanted().iter().map(digest).collect()
    }
}

struct Hooks<'a> {
    work: Work<'a>,
    bar: Box<dyn Bar>,
    total: usize,
}

impl SequentialHooks for Hooks<'_> {
    fn should_stop(&mut self, _epoch: usize) -> bool {
        self.work.interrupted()
    }

    fn progress(&mut self, done: usize, total: usize) {
        if total != self.total {
            self.total = total;
            self.bar.set_total(total as u64);
        }
        self.bar.set(done as u64);
    }
}
