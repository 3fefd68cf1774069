//! One step after another, each with a header, its own output as it comes, and its duration.

use super::Regressed;
use crate::console::say;
use anyhow::{Context as _, Error, Result, anyhow};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How a step came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// With so many violations, or a command that failed.
    Failed(usize),
    /// Metrics left their tolerance.
    Regressed(usize),
    /// It could not be run here, for this reason.
    Skipped(String),
}

/// What has been run so far.
#[derive(Debug, Default)]
pub struct Summary {
    lines: Vec<String>,
    left_out: Vec<String>,
    first_failure: Option<Error>,
}

impl Summary {
    /// Runs a step and notes how it came out. A step that cannot be run has failed.
    pub fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) {
        say(format!("\n== {name}"));
        let begun = Instant::now();
        let outcome = step();
        let took = seconds(begun.elapsed());
        let (verdict, failure) = match outcome {
            Ok(Outcome::Passed) => ("passed", None),
            Ok(Outcome::Failed(n)) => ("FAILED", Some(anyhow!("step {name} failed: {n} found"))),
            Ok(Outcome::Regressed(n)) => {
                let message = format!("step {name}: {n} metrics left their golden values");
                ("REGRESSED", Some(Regressed(message).into()))
            }
            Ok(Outcome::Skipped(reason)) => {
                say(format!("  skipped: {reason}"));
                ("SKIPPED", None)
            }
            Err(error) => {
                say(format!("  {error:#}"));
                ("FAILED", Some(error.context(format!("step {name} failed"))))
            }
        };
        let line = format!("{name:<14}{verdict:<12}{took:>9}");
        say(format!("-- {line}"));
        self.lines.push(line);
        self.first_failure = self.first_failure.take().or(failure);
    }

    /// Whether a step failed.
    pub const fn has_failed(&self) -> bool {
        self.first_failure.is_some()
    }

    /// Notes what was not checked.
    pub fn leave_out(&mut self, left_out: Vec<String>) {
        self.left_out = left_out;
    }

    /// Prints one line a step, and fails with the first failure.
    pub fn finish(self) -> Result<()> {
        say("\n== summary");
        for line in &self.lines {
            say(line);
        }
        for what in &self.left_out {
            say(format!("left out: {what}"));
        }
        self.first_failure.map_or(Ok(()), Err)
    }
}

/// A call of the Cargo that runs this program.
pub fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).args(arguments);
    command
}

/// Runs a command, whose output goes straight to ours.
pub fn run_command(mut command: Command) -> Result<Outcome> {
    let arguments: Vec<_> = command.get_args().map(|it| it.to_string_lossy().into_owned()).collect();
    let name =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let line = format!("{name} {}", arguments.join(" "));
    say(format!("$ {line}"));
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        say(format!("`{line}` ended with {status}"));
        return Ok(Outcome::Failed(1));
    }
    Ok(Outcome::Passed)
}

/// A duration as people read it: `3.4 s`, `12 min 05 s`.
fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole >= 60 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_the_one_that_counts() {
        let mut summary = Summary::default();
        summary.run("one", || Ok(Outcome::Passed));
        assert!(!summary.has_failed());
        summary.run("two", || Ok(Outcome::Regressed(2)));
        summary.run("three", || Err(anyhow!("no luck")));
        let error = summary.finish().unwrap_err();
        assert!(error.is::<Regressed>(), "{error}");
    }

    #[test]
    fn a_step_without_violations_passes() {
        let mut summary = Summary::default();
        summary.run("one", || Ok(Outcome::Passed));
        assert!(summary.finish().is_ok());
    }

    #[test]
    fn durations_are_readable() {
        assert_eq!(seconds(Duration::from_millis(3_440)), "3.4 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 05 s");
    }
}
