//! The training of an agent for sessions among the simulated users of "online", and its trained policy.

use super::Training;
use super::surroundings::Surroundings;
use crate::config::SessionSettings;
use crate::run::Phase;
use anyhow::{Context as _, Result, bail};
use drr_core::{ContextIdx, Seeds};
use drr_embed::{Pmf, RatingFactors};
use drr_env::LoggedEnvironment;
use drr_session::{EmbeddedSpace, SessionPolicy, SessionRanker, SessionSetup, SessionTrainer};
use std::path::Path;
use std::sync::Arc;

/// The training, from its beginning.
///
/// # Errors
///
/// Fails on settings out of their range, and on parts that do not go together.
pub fn trainer(
    surroundings: &Surroundings,
    training: &Training<'_>,
    phase: Phase,
    settings: &SessionSettings,
) -> Result<SessionTrainer<LoggedEnvironment>> {
    let sessions = &surroundings.sessions;
    let contexts = (0..sessions.n_contexts()).map(ContextIdx::from);
    let setup = SessionSetup {
        name: training.job.name(),
        environments: vec![surroundings.environment.clone(); settings.agent.n_sessions],
        horizon: training.horizon(),
        space: Arc::new(space(training, phase, settings)?),
        known: contexts.map(|context| sessions.observed(context)).collect(),
        seeds: surroundings.seeds.child("sessions"),
    };
    let name = || format!("{} cannot be trained", training.job.name());
    SessionTrainer::new(&settings.agent, setup).with_context(name)
}

/// The policy in the file at `path`, as a recommender.
///
/// # Errors
///
/// Fails on a file that is damaged or of another training.
pub fn ranker(training: &Training<'_>, settings: &SessionSettings, path: &Path) -> Result<SessionRanker> {
    let space = space(training, Phase::Final, settings)?;
    let policy = SessionPolicy::load(path, Arc::new(space))?;
    Ok(SessionRanker::new(policy, training.rules.n_observed, rewards(training)?))
}

/// The rating whose reward is 0, and the distance from it whose reward is 1.
fn rewards(training: &Training<'_>) -> Result<(f32, f32)> {
    let scale = training.cut.scale()?;
    Ok((scale.middle(), scale.half_range()))
}

/// The space, fitted where it is wanted, which takes a second or two. On another kind of processor it has other last bits, as a training has.
fn space(training: &Training<'_>, phase: Phase, settings: &SessionSettings) -> Result<EmbeddedSpace> {
    let log = training.cut.log(phase)?;
    let least = settings.min_item_ratings.max(1);
    let candidates = log.items_rated(least);
    if candidates.is_empty() {
        bail!(
            "no item has {least} ratings, so {} may recommend nothing: lower its min_item_ratings in lab.session_agents",
            training.job.name()
        );
    }
    let seeds = Seeds(training.simulators.cut.seed).child("session agents");
    let fitted = Pmf::fit(&log, None, &settings.model, seeds)?;
    let space = Arc::new(RatingFactors::new(fitted.pmf, &log, 0.0)?);
    Ok(EmbeddedSpace::new(space, candidates, rewards(training)?, settings.with_base)?)
}
