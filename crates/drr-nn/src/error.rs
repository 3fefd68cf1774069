//! What can go wrong with networks and their files.

use std::path::PathBuf;

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
    /// A file cannot be read or written.
    #[error("{}: {source}: check the path and the permissions, free some space, or choose another disk with --data-dir", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {reason}: delete it, of a checkpoint the whole folder step-N, and run again: a training goes on from the checkpoint before, or begins anew", .path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl NnError {
    /// Wraps an I/O error with the file's path.
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Says what is wrong with a file.
    pub(crate) fn corrupt(path: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::Corrupt { path: path.to_owned(), reason: reason.to_string() }
    }
}
