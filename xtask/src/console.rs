//! What a command answers goes to standard output; everything about its progress goes to standard error.

use std::fmt::Display;
use std::io::Write as _;

/// Prints one answer, or one line of one. A reader who has seen enough and closed the pipe is no reason to fail.
pub fn say(line: impl Display) {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error);
            complain(&error.context(
                "the answer cannot be written to standard output: free some space, or send it elsewhere",
            ));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// Prints why the command failed, with its causes.
#[expect(clippy::print_stderr, reason = "an error must be seen even if no log is set up")]
pub fn complain(error: &anyhow::Error) {
    eprintln!("error: {}", told(error));
}

/// The error and its causes, joined by colons. A cause that the message before it ends with is not told twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow::anyhow!("no such file").context("failed to open a.zip: no such file");
        assert_eq!(told(&error.context("reading")), "reading: failed to open a.zip: no such file");
    }
}
