//! `cargo xtask ci`: everything that must hold before a change is taken.
//!
//! The checks of this module are functions from text to violations, so that they can be tested on made-up projects. As
//! tests they also run on this one, so `cargo test` alone finds a violation too.

mod architecture;
mod documents;
mod golden;
mod project;
mod source;
mod step;
mod style;

use crate::console::say;
use crate::context::Context;
use crate::stages::bench::{self, Held};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use project::Project;
use std::path::{Path, PathBuf};
use step::{Outcome, Summary, cargo, run_command};

/// What is checked, the quick things first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// `cargo fmt --all --check`.
    Fmt,
    /// Edges between crates, who knows Candle and Parquet, and the top level against docs/architecture.md.
    Architecture,
    /// Lengths of files, forbidden words, names of files.
    Style,
    /// `cargo clippy` on everything, warnings are errors.
    Clippy,
    /// All tests, those in documentation too.
    Test,
    /// `cargo doc`, warnings are errors.
    Docs,
    /// The whole pipeline on the synthetic data set, compared with its golden metrics.
    Smoke,
    /// Instructions of an update, of acting and of an environment's session, against recorded counts.
    Instructions,
}

/// Arguments of `cargo xtask ci`.
#[derive(Debug, Clone, Default, Args)]
pub struct CiArgs {
    /// Leave a step out; can be given several times.
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<Step>,
    /// Run only these steps; can be given several times.
    #[arg(long, value_name = "STEP", conflicts_with = "skip")]
    pub only: Vec<Step>,
    /// Go on with the other steps after a failure.
    #[arg(long)]
    pub keep_going: bool,
    /// Take the smoke run's metrics and the counts of instructions as the new golden values.
    #[arg(long)]
    pub bless: bool,
}

impl CiArgs {
    fn steps(&self) -> impl Iterator<Item = Step> {
        let wanted =
            |step: &Step| (self.only.is_empty() || self.only.contains(step)) && !self.skip.contains(step);
        Step::value_variants().iter().copied().filter(wanted)
    }
}

/// Runs the steps and prints what each took. Fails with the first failure, so that its exit code is kept.
pub fn run(args: &CiArgs) -> Result<()> {
    let root = Context::root();
    // Asked for now: the tests may replace the file, and then the running program no longer knows its path.
    let program = std::env::current_exe()?;
    let mut summary = Summary::default();
    for step in args.steps() {
        summary.run(step.name(), || step.run(&root, &program, args.bless));
        if summary.has_failed() && !args.keep_going {
            break;
        }
    }
    summary.finish()
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Architecture => "architecture",
            Self::Style => "style",
            Self::Clippy => "clippy",
            Self::Test => "test",
            Self::Docs => "docs",
            Self::Smoke => "smoke",
            Self::Instructions => "instructions",
        }
    }

    fn run(self, root: &Path, program: &Path, bless: bool) -> Result<Outcome> {
        match self {
            Self::Fmt => run_command(cargo(root, &["fmt", "--all", "--check"])),
            // In the release profile all steps share the dependencies that `cargo xtask` itself was built with.
            Self::Clippy => run_command(cargo(
                root,
                &["clippy", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"],
            )),
            Self::Test => run_command(cargo(root, &["test", "--workspace", "--release", "--no-fail-fast"])),
            Self::Docs => {
                let mut command = cargo(root, &["doc", "--workspace", "--no-deps", "--release"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                run_command(command)
            }
            Self::Architecture => architecture::run(&Project::read(root)?, root),
            Self::Style => style::run(&Project::read(root)?),
            Self::Smoke => smoke(root, program, bless),
            Self::Instructions => instructions(root, program, bless),
        }
    }
}

/// Runs the pipeline on the built-in synthetic users and compares its metrics with the golden ones.
fn smoke(root: &Path, program: &Path, bless: bool) -> Result<Outcome> {
    let mut command = std::process::Command::new(program);
    command.current_dir(root);
    command.args(["pipeline", "--config", "xtask/configs/smoke.toml", "--run", "ci-smoke", "--force"]);
    let outcome = run_command(command)?;
    if outcome != Outcome::Passed {
        return Ok(outcome);
    }
    let metrics = root.join("data/runs/ci-smoke/metrics.json");
    golden::check(&metrics, &golden_file(root), bless)
}

/// Counts instructions with callgrind and compares them with those recorded for this compiler.
fn instructions(root: &Path, program: &Path, bless: bool) -> Result<Outcome> {
    let golden = root.join("data/golden/instructions.toml");
    Ok(match bench::check_instructions(program, &golden, bless)? {
        Held::Yes => Outcome::Passed,
        Held::No(n) => Outcome::Failed(n),
        Held::Unknown(reason) => Outcome::Skipped(reason),
    })
}

fn golden_file(root: &Path) -> PathBuf {
    root.join("data/golden/smoke.toml")
}

/// Prints what was found, one line each, and how the check came out.
fn judge(violations: &[String]) -> Outcome {
    for violation in violations {
        say(format!("  {violation}"));
    }
    if violations.is_empty() { Outcome::Passed } else { Outcome::Failed(violations.len()) }
}

/// The file at `path` as text, or an error that says what it is for.
fn read(path: &Path, what: &str) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) => bail!("cannot read {what} {}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_skipped_and_chosen_in_the_fixed_order() {
        let names = |args: &CiArgs| args.steps().map(Step::name).collect::<Vec<_>>();
        let skip = CiArgs { skip: vec![Step::Smoke, Step::Fmt], ..CiArgs::default() };
        assert_eq!(names(&skip), ["architecture", "style", "clippy", "test", "docs", "instructions"]);
        let only = CiArgs { only: vec![Step::Style, Step::Fmt], ..CiArgs::default() };
        assert_eq!(names(&only), ["fmt", "style"]);
    }

    #[test]
    fn this_project_keeps_to_its_architecture() {
        let project = Project::read(&Context::root()).unwrap();
        assert_eq!(architecture::check(&project).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn this_project_keeps_to_its_style() {
        let project = Project::read(&Context::root()).unwrap();
        assert_eq!(style::check(&project).violations, Vec::<String>::new());
    }
}
