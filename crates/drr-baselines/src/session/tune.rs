//! The choice of a rule's settings: few trials, all of them told.

use crate::BaselineError;
use drr_core::SessionRecommender;

/// The greatest number of trials of one rule.
pub const MAX_TRIALS: usize = 20;

/// One trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial<P> {
    /// The settings.
    pub settings: P,
    /// What the objective says of them.
    pub value: f64,
}

/// The outcome of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned<P> {
    /// The settings of greatest value; of equals, those that were tried first.
    pub best: P,
    /// Their value.
    pub value: f64,
    /// Every trial, in order.
    pub trials: Vec<Trial<P>>,
}

/// A reason why nothing was chosen.
#[derive(Debug, thiserror::Error)]
pub enum TuneError<E: std::error::Error + 'static> {
    /// No settings, or too many.
    #[error("{0} settings are to be tried: give at least 1 and at most {MAX_TRIALS}")]
    Trials(usize),
    /// The settings are refused.
    #[error(transparent)]
    Settings(#[from] BaselineError),
    /// The objective failed.
    #[error("a trial failed: {0}")]
    Objective(#[source] E),
    /// The objective is no number.
    #[error("trial {trial} has the value {value}, which is not finite: the objective is at fault")]
    NotFinite {
        /// The trial, from 0.
        trial: usize,
        /// Its value.
        value: f64,
    },
}

/// Tries the settings of `first`, then those that `refine` makes of the best of them as far as [`MAX_TRIALS`] allow, none
/// twice, and takes those of greatest `objective`.
///
/// The objective judges what `build` makes, on validation users. Nothing is drawn: the same objective gives the same choice.
///
/// # Errors
///
/// Refuses no settings and more than [`MAX_TRIALS`], and fails where a rule cannot be built or judged.
pub fn tune<P: Clone + PartialEq, E: std::error::Error + 'static>(
    first: &[P],
    refine: impl Fn(&P) -> Vec<P>,
    build: impl Fn(&P) -> Result<Box<dyn SessionRecommender>, BaselineError>,
    objective: impl Fn(&dyn SessionRecommender) -> Result<f64, E>,
) -> Result<Tuned<P>, TuneError<E>> {
    if first.is_empty() || first.len() > MAX_TRIALS {
        return Err(TuneError::Trials(first.len()));
    }
    let mut trials: Vec<Trial<P>> = Vec::new();
    let mut run = |all: &[P]| {
        for settings in all {
            if trials.len() == MAX_TRIALS || trials.iter().any(|it| it.settings == *settings) {
                continue;
            }
            let value = objective(&*build(settings)?).map_err(TuneError::Objective)?;
            if !value.is_finite() {
                return Err(TuneError::NotFinite { trial: trials.len(), value });
            }
            trials.push(Trial { settings: settings.clone(), value });
        }
        Ok(best(&trials).cloned())
    };
    let found = run(first)?;
    let finer = found.as_ref().map(|it| refine(&it.settings)).unwrap_or_default();
    let found = run(&finer)?.ok_or(TuneError::Trials(0))?;
    Ok(Tuned { best: found.settings, value: found.value, trials })
}

/// The first of the trials of greatest value.
fn best<P>(trials: &[Trial<P>]) -> Option<&Trial<P>> {
    trials.iter().reduce(|best, it| if it.value > best.value { it } else { best })
}
