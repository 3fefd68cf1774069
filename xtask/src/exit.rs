//! Exit codes.
//!
//! | code | meaning |
//! |---:|---|
//! | 0 | done |
//! | 1 | failed; the message says what and what to do |
//! | 2 | the command line was not understood |
//! | 3 | a metric regressed |
//! | 4 | too few users to train on or to judge by |
//! | 130 | interrupted; the same command goes on where it stopped |

use drr_core::EnvironmentError;
use drr_data::DataError;
use drr_env::EnvError;
use drr_eval::EvalError;
use std::process::ExitCode;

/// Work was stopped by Ctrl-C at a point from which it can go on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("interrupted: the same command goes on from the last checkpoint")]
pub struct Interrupted;

/// A metric is not what it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Regressed(pub String);

/// The users do not suffice to tell whether a metric is what it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct NotEnough(pub String);

/// Whether there is nobody to train on or to judge by.
fn has_too_few_users(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<NotEnough>()
        || matches!(cause.downcast_ref(), Some(EvalError::NoCases { .. }))
        || matches!(cause.downcast_ref(), Some(EnvironmentError::NoUsers))
        || matches!(cause.downcast_ref(), Some(EnvError::Environment(EnvironmentError::NoUsers)))
        || matches!(cause.downcast_ref(), Some(DataError::EmptyPart { .. }))
}

/// The exit code of an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Interrupted>().is_some() || error.chain().any(|cause| cause.is::<Interrupted>()) {
        ExitCode::from(130)
    } else if error.chain().any(|cause| cause.is::<Regressed>()) {
        ExitCode::from(3)
    } else if error.chain().any(has_too_few_users) {
        ExitCode::from(4)
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn each_kind_of_failure_has_its_code_however_deep_it_lies() {
        let code_of = |error: anyhow::Error| format!("{:?}", code(&error.context("while working")));
        let expected = |number: u8| format!("{:?}", ExitCode::from(number));
        assert_eq!(code_of(anyhow::anyhow!("x")), expected(1));
        assert_eq!(code_of(Regressed("x".into()).into()), expected(3));
        assert_eq!(code_of(NotEnough("x".into()).into()), expected(4));
        assert_eq!(code_of(EvalError::NoCases { protocol: "seed" }.into()), expected(4));
        assert_eq!(code_of(EnvError::from(EnvironmentError::NoUsers).into()), expected(4));
        assert_eq!(code_of(Interrupted.into()), expected(130));
        let wrapped: anyhow::Result<()> = Err(Interrupted.into());
        assert_eq!(code_of(wrapped.context("deep").unwrap_err()), expected(130));
    }
}
