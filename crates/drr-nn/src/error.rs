//! What can go wrong with networks and their files.

use drr_store::StoreError;

/// A reason why a network cannot be built, updated, saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    /// Candle refused an operation.
    #[error("a tensor operation failed: {0}")]
    Candle(#[from] candle_core::Error),
    /// A gradient is infinite or NaN.
    #[error(
        "the gradient norm of the {optimizer} is {norm} at update {update}: lower its learning rate or clip its gradient"
    )]
    NotFinite {
        /// Which optimizer.
        optimizer: String,
        /// The norm.
        norm: f64,
        /// Updates done before this one.
        update: u64,
    },
    /// An array that a file should have is absent or has another shape.
    #[error("array {name}: expected shape {expected:?}, found {found}: the file is of another configuration")]
    Array {
        /// The array's name.
        name: String,
        /// The shape wanted.
        expected: Vec<usize>,
        /// What is there.
        found: String,
    },
    /// A file cannot be read or written, or lacks an array.
    #[error(transparent)]
    Store(#[from] StoreError),
}
