//! What a check says goes to standard output, why it failed to standard error.

use std::fmt::Display;
use std::io::Write as _;

/// Prints one line. A reader who has seen enough and closed the pipe is no reason to fail.
pub fn say(line: impl Display) {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            complain(&anyhow::Error::new(error).context("nothing can be written to standard output"));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Prints why the command failed, with its causes.
#[expect(clippy::print_stderr, reason = "an error must be seen")]
pub fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
