//! The checks of the project. Every other command is the product's: this program builds it and hands over.
//!
//! It depends on no crate of the workspace, so that a check of style is there in seconds.

mod ci;
mod console;
mod programs;

use crate::ci::CiArgs;
use crate::programs::Program;
use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The checks of the project, and everything else that the product can do.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    after_help = "\
Every other command is the product's: `cargo xtask COMMAND` builds `drr` and runs `drr COMMAND` on the project's own folders.

Examples:
  cargo xtask pipeline          everything, on MovieLens 1M (or what can be had)
  cargo xtask pipeline --help   what that command takes
  cargo xtask help              the product's commands
  cargo xtask ci                all checks"
)]
struct Cli {
    #[command(subcommand)]
    command: Own,
}

/// The commands that are not the product's.
#[derive(Debug, Subcommand)]
enum Own {
    /// Runs all checks: format, lints, structure, style, tests, docs, and a small pipeline against its golden metrics.
    #[command(
        after_help = "Examples:\n  cargo xtask ci\n  cargo xtask ci --skip docs\n  cargo xtask ci --full            also what takes too long for every change\n  cargo xtask ci --extra peers     one group of checks that need more than Rust\n  cargo xtask ci --bless           rewrites the golden metrics"
    )]
    Ci(CiArgs),
    /// Measures how fast everything is; `cargo xtask bench --help` says how.
    #[command(disable_help_flag = true)]
    Bench {
        /// What the measurements' own program takes.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(&std::env::args_os().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            console::complain(&error);
            if error.chain().any(|cause| cause.is::<ci::Regressed>()) {
                ExitCode::from(3)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn run(arguments: &[OsString]) -> Result<ExitCode> {
    let is_own = arguments.first().is_none_or(|first| {
        ["ci", "bench", "--help", "-h", "--version", "-V"].iter().any(|own| first == own)
    });
    if !is_own {
        return product(arguments);
    }
    match Cli::from_arg_matches(&Cli::command().get_matches())?.command {
        Own::Ci(args) => ci::run(&args).map(|()| ExitCode::SUCCESS),
        Own::Bench { arguments } => {
            let product = Program::Product.build()?;
            let mut command = std::process::Command::new(Program::Bench.build()?);
            command.args(&arguments).env("DRR_PROGRAM", product);
            if !has_option(&arguments, "--data-dir") {
                command.arg("--data-dir").arg(root().join("data"));
            }
            programs::hand_over(command)
        }
    }
}

/// Hands over to the product, with the project's own folders where the caller names no others.
fn product(arguments: &[OsString]) -> Result<ExitCode> {
    let mut command = std::process::Command::new(Program::Product.build()?);
    for (option, folder) in
        [("--data-dir", "data"), ("--presets", "xtask/configs"), ("--registry", "data/registry")]
    {
        if !has_option(arguments, option) {
            command.arg(option).arg(root().join(folder));
        }
    }
    command.args(arguments).env("DRR_CALLED_AS", "cargo xtask");
    programs::hand_over(command)
}

/// Whether the caller gave an option, as `--option VALUE` or `--option=VALUE`.
fn has_option(arguments: &[OsString], option: &str) -> bool {
    arguments
        .iter()
        .filter_map(|it| it.to_str())
        .any(|it| it == option || it.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')))
}

/// The project's folder.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_option_is_seen_with_its_value_behind_it_or_joined() {
        let arguments = |texts: &[&str]| texts.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(has_option(&arguments(&["pipeline", "--data-dir", "x"]), "--data-dir"));
        assert!(has_option(&arguments(&["--data-dir=x"]), "--data-dir"));
        assert!(!has_option(&arguments(&["--data-directory", "x"]), "--data-dir"));
    }
}
