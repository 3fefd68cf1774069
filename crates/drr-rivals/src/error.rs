//! What can go wrong.

use drr_learn::LearnError;
use drr_nn::NnError;
use drr_store::StoreError;

/// A reason why a system cannot be trained or served.
#[derive(Debug, thiserror::Error)]
pub enum RivalError {
    /// A setting is out of its range.
    #[error("{system}.{name} = {value} is not in [{low}, {high}]: correct the configuration")]
    Config {
        /// The system.
        system: &'static str,
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The least allowed.
        low: f64,
        /// The greatest allowed.
        high: f64,
    },
    /// Tables, environments and settings do not fit together.
    #[error("{0}")]
    Tables(String),
    /// A value is infinite or NaN.
    #[error(
        "{what} is {value} in update {update} at environment step {step}: lower the learning rate or the rewards"
    )]
    NotFinite {
        /// What it is.
        what: &'static str,
        /// The value.
        value: f64,
        /// Updates done before.
        update: u64,
        /// Environment steps done.
        step: u64,
    },
    /// A file belongs to another run.
    #[error("{0}")]
    OtherRun(String),
    /// Networks or their files failed.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// A file failed, or lacks an array.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// What can go wrong in any training went wrong in this one.
    #[error(transparent)]
    Learn(#[from] LearnError),
}
