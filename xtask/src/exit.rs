//! Exit codes.
//!
//! | code | meaning |
//! |---:|---|
//! | 0 | done |
//! | 1 | failed; the message says what and what to do |
//! | 2 | the command line was not understood |
//! | 3 | a metric regressed |
//! | 4 | too few users to tell |
//! | 130 | interrupted; the same command goes on where it stopped |

use std::process::ExitCode;

/// Work was stopped by Ctrl-C at a point from which it can go on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("interrupted: the same command goes on from the last checkpoint")]
pub struct Interrupted;

/// A metric is not what it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Regressed(pub String);

/// The exit code of an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Interrupted>().is_some() || error.chain().any(|cause| cause.is::<Interrupted>()) {
        ExitCode::from(130)
    } else if error.chain().any(|cause| cause.is::<Regressed>()) {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    }
}
