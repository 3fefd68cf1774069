//! The failures that a program tells apart from all others: each has an exit code of its own.

use drr_core::EnvironmentError;
use drr_data::DataError;
use drr_env::EnvError;
use drr_eval::EvalError;
use drr_intake::IntakeError;

/// Work was stopped at a point from which it can go on.
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

/// The failure of reading data: where somebody stopped it, an interruption.
#[must_use]
pub fn of_data(error: DataError) -> anyhow::Error {
    match error {
        DataError::Intake(IntakeError::Interrupted(_)) => Interrupted.into(),
        other => other.into(),
    }
}

/// How a failed command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It failed; the message says what and what to do.
    Failed,
    /// A metric regressed.
    Regressed,
    /// There are too few users to train on or to judge by.
    TooFewUsers,
    /// It was interrupted.
    Interrupted,
}

/// Whether there is nobody to train on or to judge by.
fn has_too_few_users(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<NotEnough>()
        || matches!(cause.downcast_ref(), Some(EvalError::NoCases { .. }))
        || matches!(cause.downcast_ref(), Some(EnvironmentError::NoUsers))
        || matches!(cause.downcast_ref(), Some(EnvError::Environment(EnvironmentError::NoUsers)))
        || matches!(cause.downcast_ref(), Some(DataError::EmptyPart { .. }))
}

/// The kind of an error, however deep its cause lies.
#[must_use]
pub fn kind(error: &anyhow::Error) -> Kind {
    if error.downcast_ref::<Interrupted>().is_some() || error.chain().any(|cause| cause.is::<Interrupted>()) {
        Kind::Interrupted
    } else if error.chain().any(|cause| cause.is::<Regressed>()) {
        Kind::Regressed
    } else if error.chain().any(has_too_few_users) {
        Kind::TooFewUsers
    } else {
        Kind::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn each_kind_of_failure_is_found_however_deep_it_lies() {
        let kind_of = |error: anyhow::Error| kind(&error.context("while working"));
        assert_eq!(kind_of(anyhow::anyhow!("x")), Kind::Failed);
        assert_eq!(kind_of(Regressed("x".into()).into()), Kind::Regressed);
        assert_eq!(kind_of(NotEnough("x".into()).into()), Kind::TooFewUsers);
        assert_eq!(kind_of(EvalError::NoCases { protocol: "holdout" }.into()), Kind::TooFewUsers);
        assert_eq!(kind_of(EnvError::from(EnvironmentError::NoUsers).into()), Kind::TooFewUsers);
        assert_eq!(kind_of(Interrupted.into()), Kind::Interrupted);
        let stopped = DataError::from(IntakeError::Interrupted("x".to_owned()));
        assert_eq!(kind_of(of_data(stopped)), Kind::Interrupted);
        let wrapped: anyhow::Result<()> = Err(Interrupted.into());
        assert_eq!(kind_of(wrapped.context("deep").unwrap_err()), Kind::Interrupted);
    }
}
