//! What can go wrong with files: each message says which file, what, and what to do about it.

use crate::Held;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// A reason why something cannot be stored, read back or locked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refuses a file operation.
    #[error(
        "failed to {action} {}: {source}: check the path and the permissions, or choose another place with --data-dir",
        .path.display()
    )]
    Io {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no room for a file.
    #[error(
        "no space is left to write {}, of which {:.1} MB were written: free more than that, or choose another disk with \
         --data-dir, and run the command again (what was there before is unchanged)",
        .path.display(), *.written as f64 / 1e6
    )]
    NoSpace {
        /// The file or folder that was to be written.
        path: PathBuf,
        /// The bytes of it that found room.
        written: u64,
    },
    /// A file that should be there is not.
    #[error("{} is missing: {remedy}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        remedy: String,
    },
    /// A file is not what its writer wrote.
    #[error("{} is damaged or was changed: {reason}: {remedy}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A file is whole, but does not have the fields that this program reads.
    #[error("{} is whole, but of another version of this program: {reason}: {remedy}", .path.display())]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// The first difference.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// An array that a file should have is absent or has another type or size.
    #[error("array {name}: expected shape {expected:?}, found {found}: the file is of another configuration")]
    Array {
        /// The array's name.
        name: String,
        /// The shape wanted.
        expected: Vec<usize>,
        /// What is there.
        found: String,
    },
    /// A value has no form as JSON that can be stored, which is a fault of the program.
    #[error("a value cannot be stored as JSON: {0}")]
    Value(String),
    /// Another process, or another thread of this one, is at work on the same thing.
    #[error(transparent)]
    Held(Box<Held>),
}

impl StoreError {
    /// Makes a [`StoreError::Io`] of the system's reason, for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// The error for a write that the system refused after `written` bytes.
    pub(crate) fn refusal(error: io::Error, path: &Path, written: u64) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path: path.to_owned(), written }
            }
            _ => Self::io("write", path)(error),
        }
    }

    /// Says what is wrong with a file, and what to do about it.
    pub(crate) fn damaged(path: &Path, reason: impl Display, remedy: &str) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.to_string(), remedy: remedy.to_owned() }
    }
}
