//! The stages of the pipeline, one file each, and what they share: an [`Experiment`].
//!
//! fetch and ingest (`data`) -> `pretrain` -> `train` -> `evaluate` -> `report`. Each asks the stage cache whether its
//! inputs changed since it last ran.

pub mod ablation;
pub mod bench;
pub mod check;
pub mod compare;
pub mod data;
pub mod evaluate;
pub mod experiment;
mod features;
pub mod jobs;
pub mod long_term;
pub mod names;
pub mod pretrain;
pub mod readme;
pub mod recommend;
pub mod report;
pub mod score;
pub mod seeds;
pub mod sequential;
pub mod simulator;
pub mod staleness;
pub mod study;
pub mod sweep;
pub mod train;

pub use experiment::Experiment;

use crate::context::Context;
use anyhow::Result;

/// Fits the embeddings, the agents and the sequential models, as far as they are not up to date.
pub fn learn(experiment: &Experiment<'_>) -> Result<()> {
    pretrain::run(experiment)?;
    train::run(experiment)?;
    sequential::run(experiment)?;
    experiment.context.stop_if_asked()
}

/// Judges on test rows, with all that a configuration asks for beside it.
pub fn judge(experiment: &Experiment<'_>) -> Result<()> {
    evaluate::run(experiment)?;
    staleness::run(experiment)?;
    long_term::run(experiment)
}

/// Judges, and learns first what is not learned yet. Where the context forces, it is the judgement that is made again.
pub fn learn_and_judge(experiment: &Experiment<'_>) -> Result<()> {
    let unforced = Context { force: false, ..experiment.context.clone() };
    learn(&experiment.reopen(&unforced)?)?;
    judge(experiment)
}

#[cfg(test)]
mod tests;
