//! Embeddings: fitted on train rows to choose by, and on train and validation rows for the test.

use super::Experiment;
use super::experiment::Phase;
use crate::cache::{Stage, digest_of};
use crate::config::SpaceKind;
use anyhow::{Context as _, Result};
use drr_core::{EmbeddingSpace, InteractionLog, Seeds};
use drr_data::Protocol;
use drr_embed::{CoOccurrence, ContinuationFactors, EaseFactors, Pmf, PmfConfig, RatingFactors};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

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

/// All embedding files of a protocol.
fn outputs(experiment: &Experiment<'_>, protocol: Protocol) -> Vec<PathBuf> {
    let mut files = vec![experiment.path(note_file(protocol))];
    for phase in [Phase::Choose, Phase::Final] {
        for kind in SpaceKind::ALWAYS.into_iter().chain(on_demand(experiment, protocol)) {
            files.push(experiment.path(file(protocol, phase, kind)));
        }
    }
    files
}

/// The spaces that are fitted because somebody acts in them under `protocol`, the run's own first.
fn on_demand(experiment: &Experiment<'_>, protocol: Protocol) -> Vec<SpaceKind> {
    let config = &experiment.config;
    let others = config.lab.agents.iter().filter_map(|it| it.space);
    let mut kinds: Vec<SpaceKind> = Vec::new();
    for kind in std::iter::once(config.embedding.space_of(protocol)).chain(others) {
        if kind.is_fitted_on_demand() && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

fn stage(experiment: &Experiment<'_>, protocol: Protocol) -> Stage {
    experiment.stage(&format!("pretrain-{protocol}"))
}

/// The path of a fitted space, whose file is as it was written.
fn checked(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    phase: Phase,
    kind: SpaceKind,
) -> Result<PathBuf> {
    let path = experiment.path(file(protocol, phase, kind));
    stage(experiment, protocol).check_output(&path)?;
    Ok(path)
}

/// Fits what is not yet fitted.
pub fn run(experiment: &Experiment<'_>) -> Result<()> {
    for protocol in experiment.splits() {
        experiment.context.stop_if_asked()?;
        let stage = stage(experiment, protocol);
        let inputs = digest_of(&(
            experiment.split_hash(protocol)?,
            &experiment.config.embedding,
            (experiment.config.seed, experiment.positive(protocol)),
        ))?;
        stage.run(&inputs, &outputs(experiment, protocol), || fit(experiment, protocol))?;
    }
    Ok(())
}

fn fit(experiment: &Experiment<'_>, protocol: Protocol) -> Result<()> {
    let config = &experiment.config.embedding;
    let seeds = experiment.seeds(protocol);
    let train = experiment.log(protocol, Phase::Choose)?;
    let both = experiment.log(protocol, Phase::Final)?;
    let validation = experiment.dataset.log(protocol, &[drr_core::Part::Validation].into_iter().collect())?;
    let bar = experiment.context.bar(&format!("pretrain {protocol}"), 4);
    let fitted = Pmf::fit(&train, Some(&validation), &config.pmf, seeds)?;
    fitted.pmf.save(&experiment.path(file(protocol, Phase::Choose, SpaceKind::Pmf)))?;
    bar.set(1);
    let mut note = PretrainNote {
        epochs: fitted.epochs,
        validation_rmse: fitted.validation.iter().map(|epoch| epoch.rmse).collect(),
        seconds: [0.0; 3],
    };
    let begun = Instant::now();
    let refit = PmfConfig { epochs: fitted.epochs, ..config.pmf };
    Pmf::fit(&both, None, &refit, seeds)?.pmf.save(&experiment.path(file(
        protocol,
        Phase::Final,
        SpaceKind::Pmf,
    )))?;
    note.seconds[0] = begun.elapsed().as_secs_f64();
    bar.set(2);
    for (at, (phase, log)) in [(Phase::Choose, &train), (Phase::Final, &both)].into_iter().enumerate() {
        let positive = experiment.positive(protocol);
        let begun = Instant::now();
        let factors = CoOccurrence::fit(log, &config.co_occurrence, positive, seeds)?;
        note.seconds[1] = begun.elapsed().as_secs_f64();
        factors.save(&experiment.path(file(protocol, phase, SpaceKind::CoOccurrence)))?;
        for kind in on_demand(experiment, protocol) {
            let seconds = fit_further(experiment, protocol, phase, kind, log)?;
            if kind == config.space_of(protocol) {
                note.seconds[2] = seconds;
            }
        }
        bar.set(3 + at as u64);
    }
    bar.finish();
    tracing::info!(%protocol, epochs = note.epochs, rmse = note.validation_rmse.last(), "embeddings are fitted");
    crate::files::write(&experiment.path(note_file(protocol)), &serde_json::to_vec_pretty(&note)?)
}

/// Fits a space that not every run fits, and returns the duration in seconds.
fn fit_further(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    phase: Phase,
    kind: SpaceKind,
    log: &InteractionLog,
) -> Result<f64> {
    let config = &experiment.config.embedding;
    let (positive, seeds) = (experiment.positive(protocol), experiment.seeds(protocol));
    let path = experiment.path(file(protocol, phase, kind));
    let begun = Instant::now();
    match kind {
        SpaceKind::EaseFactors => {
            EaseFactors::fit(log, &config.ease_factors, positive, seeds)?.save(&path)?;
        }
        SpaceKind::ContinuationFactors => {
            let settings = config.continuation_of(protocol);
            ContinuationFactors::fit(log, settings, positive, seeds)?.save(&path)?;
        }
        SpaceKind::Pmf | SpaceKind::CoOccurrence | SpaceKind::RatingFactors => return Ok(0.0),
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// The space of the agent's actions under `protocol`.
pub fn own_space(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    phase: Phase,
) -> Result<Arc<dyn EmbeddingSpace>> {
    space(experiment, protocol.split(), phase, experiment.config.embedding.space_of(protocol))
}

/// A fitted space.
pub fn space(
    experiment: &Experiment<'_>,
    protocol: Protocol,
    phase: Phase,
    kind: SpaceKind,
) -> Result<Arc<dyn EmbeddingSpace>> {
    let path = checked(experiment, protocol, phase, kind)?;
    Ok(match kind {
        SpaceKind::Pmf => Arc::new(Pmf::load(&path)?),
        SpaceKind::CoOccurrence => Arc::new(CoOccurrence::load(&path)?),
        SpaceKind::EaseFactors => Arc::new(EaseFactors::load(&path)?),
        SpaceKind::ContinuationFactors => Arc::new(ContinuationFactors::load(&path)?),
        SpaceKind::RatingFactors => {
            let log = experiment.log(protocol, phase)?;
            let damping = experiment.config.embedding.rating_damping;
            Arc::new(RatingFactors::new(Pmf::load(&path)?, &log, damping)?)
        }
    })
}

/// The factorization of the ratings, for rewards of unrated items.
pub fn pmf(experiment: &Experiment<'_>, protocol: Protocol, phase: Phase) -> Result<Pmf> {
    Ok(Pmf::load(&checked(experiment, protocol, phase, SpaceKind::Pmf)?)?)
}

/// How the pretraining of a split went.
pub fn note(experiment: &Experiment<'_>, protocol: Protocol) -> Result<PretrainNote> {
    let path = experiment.path(note_file(protocol));
    let text = std::fs::read(&path)
        .with_context(|| format!("cannot read {}: run pretrain first", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// The digests of a protocol's embedding files, as inputs of later stages.
pub fn digests(experiment: &Experiment<'_>, protocol: Protocol) -> Result<Vec<String>> {
    outputs(experiment, protocol).iter().map(|path| crate::cache::file_digest(path)).collect()
}

/// The test RMSE of the rating factorization on five random folds of all rows, as text. It is no artifact of the run.
pub fn five_fold(experiment: &Experiment<'_>) -> Result<String> {
    let log = experiment.dataset.full_log()?;
    let folds =
        drr_embed::five_fold_rmse(&log, &experiment.config.embedding.pmf, Seeds(experiment.config.seed))?;
    let each: Vec<String> = folds.folds.iter().map(|rmse| format!("{rmse:.4}")).collect();
    Ok(format!("5-fold test RMSE {:.4} ({})", folds.mean(), each.join(", ")))
}
