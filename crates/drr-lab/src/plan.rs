//! Who learns, where, and from which inputs.

pub mod stages;

use crate::config::ExperimentConfig;
use crate::fit::jobs;
use crate::study::long_term;
use anyhow::Result;

/// Refuses a configuration whose parts do not go together: names that could be mistaken for each other, and learners that
/// cannot be.
///
/// # Errors
///
/// Names the learner or the key, and what to do.
pub fn check(config: &ExperimentConfig) -> Result<()> {
    jobs::check_names(config)?;
    config.lab.long_term.as_ref().map_or(Ok(()), long_term::check)
}
