//! What can go wrong in any training.

use drr_core::{EnvironmentError, RecommendError};
use drr_nn::NnError;
use drr_replay::ReplayError;
use drr_store::StoreError;

/// A reason why a training cannot begin, go on, or be saved.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A network or an optimizer failed.
    #[error(transparent)]
    Network(#[from] NnError),
    /// A file failed, or lacks an array.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Candle refused an operation.
    #[error("a tensor operation failed: {0}")]
    Candle(#[from] candle_core::Error),
    /// The replay refused a call.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The environment refused a call.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A list cannot be made.
    #[error(transparent)]
    Ranking(#[from] RecommendError),
    /// A path of the update failed for a reason of its own: a device that was lost, say.
    #[error("the {path} path of the update failed: {source}")]
    Path {
        /// What the path is called.
        path: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value of the training is infinite or NaN.
    #[error(
        "{what} is {value} at update {update}, environment step {step}: lower the learning rates or clip the gradients"
    )]
    NotFinite {
        /// Which value.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Updates done so far.
        update: u64,
        /// Environment steps done so far.
        step: u64,
    },
    /// A setting is out of its range.
    #[error("agent setting {name} = {value} is not between {low} and {high}")]
    Config {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed.
        low: f64,
        /// The greatest allowed.
        high: f64,
    },
    /// Settings that are legal by themselves do not go together.
    #[error("agent settings do not go together: {0}")]
    Settings(&'static str),
    /// Two tables or a table and an environment do not fit together.
    #[error("the vectors do not fit: {0}")]
    Tables(String),
    /// A saved state is of another run.
    #[error("the checkpoint is of another run: {0}: use another --run name, or --force to begin anew")]
    OtherRun(String),
    /// A validation failed.
    #[error("validation failed: {0}")]
    Validation(Box<dyn std::error::Error + Send + Sync>),
}
