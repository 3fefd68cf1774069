//! What can go wrong.

use drr_core::{EnvironmentError, ItemIdx};
use drr_nn::NnError;
use drr_store::StoreError;

/// A reason why a session agent cannot be trained, saved or served.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A setting is out of its range.
    #[error("session agent setting {name} = {value} is out of its range: {remedy}")]
    Config {
        /// The key.
        name: &'static str,
        /// Its value.
        value: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A space, its users, environments and settings do not fit together.
    #[error("the parts of the session agent do not fit together: {0}")]
    Parts(String),
    /// A value is infinite or NaN.
    #[error(
        "{what} is {value} at update {update}, environment step {step}: lower learning_rate or multiplier, or scale the \
         item vectors down"
    )]
    NotFinite {
        /// Which value.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Updates done before.
        update: u64,
        /// Environment steps done.
        step: u64,
    },
    /// A checkpoint or a policy is of another run.
    #[error("{0}: use another --run name, or --force to train anew")]
    OtherRun(String),
    /// No item that the agent may choose is left in a session.
    #[error(
        "none of the {n_candidates} items that the agent may choose is left: lower min_item_ratings or the horizon"
    )]
    NoCandidate {
        /// The items that it may choose at all.
        n_candidates: usize,
    },
    /// An item is beyond the catalogue.
    #[error("item {} is beyond the catalogue of {n_items}", .item.0)]
    UnknownItem {
        /// The item.
        item: ItemIdx,
        /// The size of the catalogue.
        n_items: usize,
    },
    /// The environment refused a call.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// Networks or their files failed.
    #[error(transparent)]
    Network(#[from] NnError),
    /// Candle refused an operation.
    #[error("a tensor operation failed: {0}")]
    Candle(#[from] candle_core::Error),
    /// A file failed, or lacks an array.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A validation failed.
    #[error("validation failed: {0}")]
    Validation(Box<dyn std::error::Error + Send + Sync>),
}
