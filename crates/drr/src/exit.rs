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

use drr_lab::failure::{Kind, kind};
use std::process::ExitCode;

/// The exit code of an error.
#[must_use]
pub fn code(error: &anyhow::Error) -> ExitCode {
    match kind(error) {
        Kind::Failed => ExitCode::FAILURE,
        Kind::Regressed => ExitCode::from(3),
        Kind::TooFewUsers => ExitCode::from(4),
        Kind::Interrupted => ExitCode::from(130),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_lab::failure::{Interrupted, NotEnough, Regressed};

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let expected = |number: u8| format!("{:?}", ExitCode::from(number));
        let code_of = |error: anyhow::Error| format!("{:?}", code(&error.context("while working")));
        assert_eq!(code_of(anyhow::anyhow!("x")), expected(1));
        assert_eq!(code_of(Regressed("x".into()).into()), expected(3));
        assert_eq!(code_of(NotEnough("x".into()).into()), expected(4));
        assert_eq!(code_of(Interrupted.into()), expected(130));
    }
}
