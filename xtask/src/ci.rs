//! `cargo xtask ci`: everything that must hold before a change is taken.
//!
//! The checks of this module are functions from text to violations, so that they can be tested on made-up projects. As
//! tests they also run on this one, so `cargo test` alone finds a violation too.

mod architecture;
mod documents;
mod golden;
mod modules;
mod project;
mod source;
mod step;
mod style;

use crate::console::say;
use crate::programs::Program;
use crate::root;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use project::Project;
use std::path::{Path, PathBuf};
use std::process::Command;
use step::{Outcome, Summary, cargo, run_command};

/// The exit code by which the measurements say that there is nothing to compare with here.
const NOTHING_COMPARED: i32 = 77;

/// A metric is not what it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Regressed(pub String);

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

/// Checks that are run where they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Extra {
    /// Many rounds of several processes on one run, and many single-byte damages.
    Torture,
    /// The measurements beside Python peers: needs an interpreter `python3` with numpy, scipy, implicit and torch.
    Peers,
}

impl Extra {
    const fn name(self) -> &'static str {
        match self {
            Self::Torture => "torture",
            Self::Peers => "peers",
        }
    }

    fn run(self, root: &Path) -> Result<Outcome> {
        match self {
            Self::Torture => {
                let mut command =
                    cargo(root, &["test", "--release", "--package", "drr", "--test", "it", "torture"]);
                command.env(LENGTH, "full");
                run_command(command)
            }
            Self::Peers => {
                let mut command = Command::new(Program::Bench.build()?);
                command.current_dir(root).arg("--data-dir").arg(root.join("data"));
                command.args(["--only", "update", "--peer", "pytorch", "--rounds", "3"]);
                run_command(command)
            }
        }
    }
}

/// The variable by which tests are told to take their long forms.
const LENGTH: &str = "DRR_TESTS";

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
    /// Also what takes too long for every change: the long forms of tests, and every extra group.
    #[arg(long)]
    pub full: bool,
    /// Also this group of checks, which need more time or more than Rust; can be given several times.
    #[arg(long, value_name = "GROUP")]
    pub extra: Vec<Extra>,
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

/// Runs the steps and prints what each took, and what was left out. Fails with the first failure, so that its exit code is
/// kept.
pub fn run(args: &CiArgs) -> Result<()> {
    let root = root();
    let mut summary = Summary::default();
    for step in args.steps() {
        summary.run(step.name(), || step.run(&root, args));
        if summary.has_failed() && !args.keep_going {
            break;
        }
    }
    for extra in args.extras() {
        if summary.has_failed() && !args.keep_going {
            break;
        }
        summary.run(extra.name(), || extra.run(&root));
    }
    summary.leave_out(args.left_out());
    summary.finish()
}

impl CiArgs {
    /// The extra groups that are wanted, in the fixed order.
    fn extras(&self) -> impl Iterator<Item = Extra> {
        let wanted = |extra: &Extra| self.full || self.extra.contains(extra);
        Extra::value_variants().iter().copied().filter(wanted)
    }

    /// What is not checked, each with the way to check it.
    fn left_out(&self) -> Vec<String> {
        let steps: Vec<Step> = self.steps().collect();
        let skipped = Step::value_variants().iter().filter(|step| !steps.contains(step));
        let mut left_out: Vec<String> = skipped.map(|step| format!("the step {}", step.name())).collect();
        if !self.full {
            left_out.push("the long forms of tests (--full)".to_owned());
        }
        let extras: Vec<Extra> = self.extras().collect();
        let others = Extra::value_variants().iter().filter(|extra| !extras.contains(extra));
        left_out.extend(others.map(|extra| format!("{0} (--extra {0})", extra.name())));
        left_out
    }
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

    fn run(self, root: &Path, args: &CiArgs) -> Result<Outcome> {
        match self {
            Self::Fmt => run_command(cargo(root, &["fmt", "--all", "--check"])),
            // In the release profile all steps share the dependencies that `cargo xtask` itself was built with.
            Self::Clippy => run_command(cargo(
                root,
                &["clippy", "--workspace", "--all-targets", "--release", "--", "-D", "warnings"],
            )),
            Self::Test => {
                let mut command = cargo(root, &["test", "--workspace", "--release", "--no-fail-fast"]);
                if args.full {
                    command.env(LENGTH, "full");
                }
                run_command(command)
            }
            Self::Docs => {
                let mut command = cargo(root, &["doc", "--workspace", "--no-deps", "--release"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                run_command(command)
            }
            Self::Architecture => architecture::run(&Project::read(root)?, root),
            Self::Style => style::run(&Project::read(root)?),
            Self::Smoke => smoke(root, args.bless),
            Self::Instructions => instructions(root, args.bless),
        }
    }
}

/// Runs the pipeline on the built-in synthetic users and compares its metrics with the golden ones.
fn smoke(root: &Path, bless: bool) -> Result<Outcome> {
    let mut command = Command::new(Program::Product.build()?);
    command.current_dir(root).args(["--data-dir", "data", "--registry", "data/registry"]);
    command.args(["pipeline", "--config", "xtask/configs/smoke.toml", "--run", "ci-smoke", "--force"]);
    let outcome = run_command(command)?;
    if outcome != Outcome::Passed {
        return Ok(outcome);
    }
    let files = ["metrics.json", "sessions.json"].map(|file| root.join("data/runs/ci-smoke").join(file));
    golden::check(&files, &golden_file(root), bless)
}

/// Counts instructions with callgrind and compares them with those recorded for this compiler.
fn instructions(root: &Path, bless: bool) -> Result<Outcome> {
    let mut command = Command::new(Program::Bench.build()?);
    command.current_dir(root).args(["instructions", "--golden", "data/golden/instructions.toml"]);
    if bless {
        command.arg("--bless");
    }
    Ok(match command.status()?.code() {
        Some(0) => Outcome::Passed,
        Some(NOTHING_COMPARED) => Outcome::Skipped("there is nothing to compare with".to_owned()),
        _ => Outcome::Failed(1),
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
    fn what_is_left_out_is_said_with_the_way_to_check_it() {
        let skip = CiArgs { skip: vec![Step::Docs], extra: vec![Extra::Peers], ..CiArgs::default() };
        let expected = ["the step docs", "the long forms of tests (--full)", "torture (--extra torture)"];
        assert_eq!(skip.left_out(), expected);
        assert_eq!(CiArgs { full: true, ..CiArgs::default() }.left_out(), Vec::<String>::new());
    }

    #[test]
    fn this_project_keeps_to_its_architecture() {
        let project = Project::read(&root()).unwrap();
        assert_eq!(architecture::check(&project).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn this_project_keeps_to_its_style() {
        let project = Project::read(&root()).unwrap();
        assert_eq!(style::check(&project).violations, Vec::<String>::new());
    }
}
