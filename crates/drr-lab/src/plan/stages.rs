//! The stages of a run, one after the other: pretrain, train, evaluate, and what a configuration asks for beside them.
//!
//! Each asks the stage cache whether its inputs changed since it last ran.

use crate::fit::{pretrain, sequential, train};
use crate::judge::evaluate;
use crate::run::context::Context;
use crate::run::experiment::Run;
use crate::study::{long_term, staleness};
use anyhow::Result;

/// Fits the embeddings, the agents and the sequential models, as far as they are not up to date.
pub fn learn(experiment: &Run<'_>) -> Result<()> {
    pretrain::run(experiment)?;
    train::run(experiment)?;
    sequential::run(experiment)?;
    experiment.context.stop_if_asked()
}

/// Judges on test rows, with all that a configuration asks for beside it.
pub fn judge(experiment: &Run<'_>) -> Result<()> {
    evaluate::run(experiment)?;
    staleness::run(experiment)?;
    long_term::run(experiment)
}

/// Judges, and learns first what is not learned yet. Where the context forces, it is the judgement that is made again.
pub fn learn_and_judge(experiment: &Run<'_>) -> Result<()> {
    let unforced = Context { force: false, ..experiment.context.clone() };
    learn(&experiment.reopen(&unforced)?)?;
    judge(experiment)
}
