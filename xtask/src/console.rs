//! What a command answers goes to standard output; everything about its progress goes to standard error.

use std::fmt::Display;

/// Prints one answer, or one line of one.
#[expect(clippy::print_stdout, reason = "the only place that writes to standard output")]
pub fn say(line: impl Display) {
    println!("{line}");
}

/// Prints why the command failed, with its causes.
#[expect(clippy::print_stderr, reason = "an error must be seen even if no log is set up")]
pub fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
