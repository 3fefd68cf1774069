//! Embeddings: fitted on train rows to choose by, and on train and validation rows for the test.

use crate::config::{EmbeddingConfig, SpaceKind};
use crate::run::cache::{Made, Stage};
use crate::run::code::Kind;
use crate::run::{Cut, Phase, Work};
use anyhow::Result;
use drr_core::{EmbeddingSpace, InteractionLog, Part};
use drr_data::Protocol;
use drr_embed::{CoOccurrence, ContinuationFactors, EaseFactors, Pmf, PmfConfig, RatingFactors};
use drr_store::digest_of;
use drr_store::read_json;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// How the pretraining went.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PretrainNote {
    /// The epochs chosen by the validation RMSE, and used for the final fit.
    pub epochs: usize,
    /// The validation RMSE after each epoch.
    pub validation_rmse: Vec<f64>,
    /// The duration of the final fits: of the ratings' factors, of the co-occurrences', of the protocol's
    /// own space where that is a further one.
    pub seconds: [f64; 3],
}

impl PretrainNote {
    /// The duration of one space's final fit.
    pub const fn seconds_of(&self, kind: SpaceKind) -> f64 {
        match kind {
            SpaceKind::Pmf | SpaceKind::RatingFactors => self.seconds[0],
            SpaceKind::CoOccurrence => self.seconds[1],
            SpaceKind::EaseFactors | SpaceKind::ContinuationFactors => self.seconds[2],
        }
    }
}

fn file(protocol: Protocol, phase: Phase, kind: SpaceKind) -> PathBuf {
    let kind = match kind {
        SpaceKind::Pmf | SpaceKind::RatingFactors => "pmf",
        SpaceKind::CoOccurrence => "co-occurrence",
        SpaceKind::EaseFactors => "ease-factors",
        SpaceKind::ContinuationFactors => "continuation-factors",
    };
    PathBuf::from(format!("embeddings/{protocol}-{}-{kind}.safetensors", phase.name()))
}

fn note_file(protocol: Protocol) -> PathBuf {
    PathBuf::from(format!("embeddings/{protocol}-pmf.json"))
}

/// The spaces of one cut.
#[derive(Debug, Clone)]
pub struct Spaces<'a> {
    /// Where they are kept.
    pub work: Work<'a>,
    /// What they are fitted on.
    pub cut: Cut<'a>,
    /// How they are fitted.
    pub config: &'a EmbeddingConfig,
    /// The spaces in which somebody beside the run's agent acts.
    pub others: Vec<SpaceKind>,
}

impl Spaces<'_> {
    /// The space of the agent's actions.
    #[must_use]
    pub fn own_kind(&self) -> SpaceKind {
        self.config.space_of(self.cut.protocol)
    }

    /// All files of the cut.
    fn outputs(&self) -> Vec<PathBuf> {
        let protocol = self.cut.protocol;
        let mut files = vec![self.work.path(note_file(protocol))];
        for phase in [Phase::Choose, Phase::Final] {
            for kind in SpaceKind::ALWAYS.into_iter().chain(self.on_demand()) {
                files.push(self.work.path(file(protocol, phase, kind)));
            }
        }
        files
    }

    /// The spaces that are fitted because somebody acts in them, the run's own first.
    fn on_demand(&self) -> Vec<SpaceKind> {
        let mut kinds: Vec<SpaceKind> = Vec::new();
        for kind in std::iter::once(self.own_kind()).chain(self.others.iter().copied()) {
            if kind.is_fitted_on_demand() && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    fn stage(&self) -> Stage {
        self.work.stage(&format!("pretrain-{}", self.cut.protocol), Kind::Spaces)
    }

    /// The path of a fitted space, whose file is as it was written.
    fn checked(&self, phase: Phase, kind: SpaceKind) -> Result<PathBuf> {
        let path = self.work.path(file(self.cut.protocol, phase, kind));
        self.stage().check_output(&path)?;
        Ok(path)
    }

    /// Fits what is not yet fitted.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn fit(&self) -> Result<()> {
        self.work.stop_if_asked()?;
        let inputs = digest_of(&(self.cut.hash()?, self.config, self.cut.seed, self.cut.positive()))?;
        self.stage().run(&inputs, &self.outputs(), |made| self.fit_all(made))
    }

    fn fit_all(&self, made: &mut Made) -> Result<()> {
        let (protocol, seeds, watch) = (self.cut.protocol, self.cut.seeds(), self.work.watch);
        let train = self.cut.log(Phase::Choose)?;
        let both = self.cut.log(Phase::Final)?;
        let validation = self.cut.part(Part::Validation)?;
        let bar = self.work.bar(&format!("pretrain {protocol}"), 4);
        let path = |phase, kind| self.work.path(file(protocol, phase, kind));
        let fitted = Pmf::fit(&train, Some(&validation), &self.config.pmf, seeds)?;
        let file = path(Phase::Choose, SpaceKind::Pmf);
        made.add(&file, &fitted.pmf.save(&file)?);
        bar.set(1);
        let mut note = PretrainNote {
            epochs: fitted.epochs,
            validation_rmse: fitted.validation.iter().map(|epoch| epoch.rmse).collect(),
            seconds: [0.0; 3],
        };
        let begun = watch.seconds();
        let refit = PmfConfig { epochs: fitted.epochs, ..self.config.pmf };
        let file = path(Phase::Final, SpaceKind::Pmf);
        made.add(&file, &Pmf::fit(&both, None, &refit, seeds)?.pmf.save(&file)?);
        note.seconds[0] = watch.seconds() - begun;
        bar.set(2);
        for (at, (phase, log)) in [(Phase::Choose, &train), (Phase::Final, &both)].into_iter().enumerate() {
            let positive = self.cut.positive();
            let begun = watch.seconds();
            let factors = CoOccurrence::fit(log, &self.config.co_occurrence, positive, seeds)?;
            note.seconds[1] = watch.seconds() - begun;
            let file = path(phase, SpaceKind::CoOccurrence);
            made.add(&file, &factors.save(&file)?);
            for kind in self.on_demand() {
                let seconds = self.fit_further((phase, kind), log, made)?;
                if kind == self.own_kind() {
                    note.seconds[2] = seconds;
                }
            }
            bar.set(3 + at as u64);
        }
        bar.finish();
        tracing::info!(%protocol, epochs = note.epochs, rmse = note.validation_rmse.last(), "embeddings are fitted");
        made.write(&self.work.path(note_file(protocol)), &serde_json::to_vec_pretty(&note)?)
    }

    /// Fits a space that not every run fits, and returns the duration in seconds.
    fn fit_further(
        &self,
        (phase, kind): (Phase, SpaceKind),
        log: &InteractionLog,
        made: &mut Made,
    ) -> Result<f64> {
        let (config, protocol) = (self.config, self.cut.protocol);
        let (positive, seeds) = (self.cut.positive(), self.cut.seeds());
        let path = self.work.path(file(protocol, phase, kind));
        let begun = self.work.watch.seconds();
        let written = match kind {
            SpaceKind::EaseFactors => {
                EaseFactors::fit(log, &config.ease_factors, positive, seeds)?.save(&path)?
            }
            SpaceKind::ContinuationFactors => {
                let settings = config.continuation_of(protocol);
                ContinuationFactors::fit(log, settings, positive, seeds)?.save(&path)?
            }
            SpaceKind::Pmf | SpaceKind::CoOccurrence | SpaceKind::RatingFactors => return Ok(0.0),
        };
        made.add(&path, &written);
        Ok(self.work.watch.seconds() - begun)
    }

    /// The space of the agent's actions, fitted.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn own(&self, phase: Phase) -> Result<Arc<dyn EmbeddingSpace>> {
        self.load(phase, self.own_kind())
    }

    /// A fitted space.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn load(&self, phase: Phase, kind: SpaceKind) -> Result<Arc<dyn EmbeddingSpace>> {
        let path = self.checked(phase, kind)?;
        Ok(match kind {
            SpaceKind::Pmf => Arc::new(Pmf::load(&path)?),
            SpaceKind::CoOccurrence => Arc::new(CoOccurrence::load(&path)?),
            SpaceKind::EaseFactors => Arc::new(EaseFactors::load(&path)?),
            SpaceKind::ContinuationFactors => Arc::new(ContinuationFactors::load(&path)?),
            SpaceKind::RatingFactors => {
                let log = self.cut.log(phase)?;
                Arc::new(RatingFactors::new(Pmf::load(&path)?, &log, self.config.rating_damping)?)
            }
        })
    }

    /// The factorization of the ratings, for rewards of unrated items.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn pmf(&self, phase: Phase) -> Result<Pmf> {
        Ok(Pmf::load(&self.checked(phase, SpaceKind::Pmf)?)?)
    }

    /// How the pretraining went.
    ///
    /// # Errors
    ///
    /// Fails if nothing was fitted.
    pub fn note(&self) -> Result<PretrainNote> {
        let path = self.work.path(note_file(self.cut.protocol));
        self.stage().check_output(&path)?;
        Ok(read_json(&path, "run pretrain")?)
    }

    /// The digests of the files that a space is read from, as inputs of a later stage; what tells how long a fit took is
    /// none.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn digests_of(&self, kind: SpaceKind) -> Result<Vec<String>> {
        let files = [Phase::Choose, Phase::Final].map(|phase| file(self.cut.protocol, phase, kind));
        files.iter().map(|file| self.stage().check_output(&self.work.path(file))).collect()
    }

    /// The digests of all spaces of the cut.
    ///
    /// # Errors
    ///
    /// As [`Spaces::digests_of`].
    pub fn digests(&self) -> Result<Vec<String>> {
        let kinds = SpaceKind::ALWAYS.into_iter().chain(self.on_demand());
        Ok(kinds.map(|kind| self.digests_of(kind)).collect::<Result<Vec<_>>>()?.concat())
    }
}
