//! What a command answers goes to standard output; everything about its progress goes to standard error.

use clap::Command;
use drr_lab::failure::{Interrupted, Kind, kind};
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

/// The variable by which a program that starts this one says how it is called itself: `cargo xtask`.
pub const CALLED_AS: &str = "DRR_CALLED_AS";

/// Whether another program has started this one and lends it its name.
pub fn is_called_by_another() -> bool {
    std::env::var_os(CALLED_AS).is_some()
}

/// How this program is called in texts.
fn name() -> String {
    std::env::var(CALLED_AS).unwrap_or_else(|_| "drr".to_owned())
}

/// A text that names commands of this program, with the name that it was called by.
fn as_called(text: &str) -> String {
    let name = name();
    if name == "drr" {
        return text.to_owned();
    }
    text.replace("`drr ", &format!("`{name} ")).replace("  drr ", &format!("  {name} "))
}

/// The command line with the name that it was called by, in usage and examples alike.
pub fn called(command: Command) -> Command {
    called_below(command, &name())
}

fn called_below(command: Command, bin_name: &str) -> Command {
    let mut command = command.bin_name(bin_name.to_owned());
    if let Some(help) = command.get_after_help().map(|help| as_called(&help.to_string())) {
        command = command.after_help(help);
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for sub in names {
        command = command.mut_subcommand(sub, |sub| {
            let bin_name = format!("{bin_name} {}", sub.get_name());
            called_below(sub, &bin_name)
        });
    }
    command
}

/// Prints one answer, or one line of one. A reader who has seen enough and closed the pipe is no reason to fail.
pub fn say(line: impl Display) {
    say_as_it_is(&as_called(&line.to_string()));
}

/// The same for a text with words of the data: nothing is replaced in it, whatever this program is called.
pub fn say_as_it_is(text: &str) {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let remedy = remedy(error.kind());
            let error = anyhow::Error::new(error);
            complain(&error.context(format!("the answer cannot be written to standard output: {remedy}")));
            std::process::exit(1);
        }
        _ => {}
    }
}

/// What helps where standard output takes no more.
fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space, or send it elsewhere",
        _ => "send it elsewhere",
    }
}

/// Prints why the command ended without being done, with the causes. Nobody is left to hear that standard error is closed.
pub fn complain(error: &anyhow::Error) {
    let text = match kind(error) {
        // Who asked to stop knows why, and has broken nothing.
        Kind::Interrupted => Interrupted.to_string(),
        Kind::Failed | Kind::Regressed | Kind::TooFewUsers => format!("error: {}", told(error)),
    };
    let _ = writeln!(std::io::stderr(), "{}", as_called(&text));
}

/// The error and its causes, joined by colons. A cause that a message before it has told is not told twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_asked_for_only_where_there_is_none() {
        assert!(remedy(ErrorKind::StorageFull).contains("free some space"));
        assert!(!remedy(ErrorKind::PermissionDenied).contains("space"));
    }

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow::anyhow!("no such file").context("failed to open a.zip: no such file");
        assert_eq!(told(&error.context("reading")), "reading: failed to open a.zip: no such file");
        let error = anyhow::anyhow!("no such file").context("failed to read a: no such file: check the path");
        assert_eq!(told(&error), "failed to read a: no such file: check the path");
    }
}
