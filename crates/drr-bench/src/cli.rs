//! The command line of the measurements.

use crate::instructions::{self, Held};
use crate::{eval, speed};
use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use drr::{LogFormat, Selection, Settings, Terminal, complain, say, use_all_threads};
use drr_lab::failure::Regressed;
use drr_lab::run::Context;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code that says that nothing could be compared here.
pub const NOTHING_COMPARED: u8 = 77;

/// Measures how fast everything is, beside the machine's own limits, and beside Python peers where an interpreter is given.
#[derive(Debug, Parser)]
#[command(
    name = "drr-bench",
    bin_name = "cargo xtask bench",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  cargo xtask bench --only update\n  cargo xtask bench --peer pytorch --python PATH/bin/python --whole PATH/ml-1m.zip --into docs/performance.md\n  cargo xtask bench eval --dataset ml-100k --python PATH/bin/python --rounds 5"
)]
struct Cli {
    /// Another measurement than that of updates, acting, scoring, replay and environments.
    #[command(subcommand)]
    bench: Option<Bench>,
    #[command(flatten)]
    speed: SpeedArgs,
    /// The folder for raw archives, ingested data and runs; the measurements go to its folder `bench`.
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    data_dir: PathBuf,
    /// Shows debugging messages too.
    #[arg(short, long, global = true)]
    verbose: bool,
}

/// What the table of speeds holds.
#[derive(Debug, Args)]
struct SpeedArgs {
    /// Only work whose name has this; can be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Also the same update in this library, both sides taking turns.
    #[arg(long, value_enum, value_name = "LIBRARY")]
    peer: Option<Peer>,
    /// The interpreter that has the peer's packages.
    #[arg(long, value_name = "PATH", default_value = "python3", requires = "peer")]
    python: PathBuf,
    /// How often both sides are measured, in turn.
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Also whole trainings on MovieLens 1M, from this archive.
    #[arg(long, value_name = "PATH", requires = "program")]
    whole: Option<PathBuf>,
    /// The program whose whole trainings are timed.
    #[arg(long, value_name = "PATH", hide = true, env = "DRR_PROGRAM")]
    program: Option<PathBuf>,
    /// Also writes the table into this document, between the markers `results:speed`.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

/// The libraries that an update is compared with.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Peer {
    /// PyTorch with its fused Adam, the best of eager and compiled, one and two threads.
    Pytorch,
}

/// Other measurements.
#[derive(Debug, Subcommand)]
enum Bench {
    /// Fits and judgements.
    #[command(
        after_help = "Examples:\n  cargo xtask bench eval --config ml-1m-lab --archive PATH/ml-1m.zip\n  cargo xtask bench eval --dataset ml-100k --python PATH/bin/python"
    )]
    Eval {
        /// Which run.
        #[command(flatten)]
        selection: Box<Selection>,
        /// A Python interpreter with numpy, scipy and implicit, for the peers.
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
        /// How often each side is measured, in turn.
        #[arg(long, value_name = "N", default_value_t = 3)]
        rounds: usize,
    },
    /// Does one piece of work and nothing else, to be profiled.
    #[command(
        after_help = "Example:\n  valgrind --tool=callgrind target/release/drr-bench work update_32 --times 100"
    )]
    Work {
        /// The work's name in the table.
        name: String,
        /// How often.
        #[arg(long, value_name = "N", default_value_t = 100)]
        times: u32,
    },
    /// Counts the instructions of some pieces of work, and compares them with those recorded for this compiler.
    #[command(after_help = "Example:\n  cargo xtask ci --only instructions")]
    Instructions {
        /// The recorded counts.
        #[arg(long, value_name = "FILE")]
        golden: PathBuf,
        /// Records the counts instead.
        #[arg(long)]
        bless: bool,
    },
}

/// Runs the command line of this process; `memory_in_use` tells the bytes in use.
#[must_use]
pub fn main(memory_in_use: fn() -> usize) -> ExitCode {
    match run(Cli::parse(), memory_in_use) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            drr::code(&error)
        }
    }
}

fn run(cli: Cli, memory_in_use: fn() -> usize) -> Result<ExitCode> {
    if let Some(Bench::Work { name, times }) = &cli.bench {
        use_all_threads()?;
        return instructions::run_alone(name, *times).map(|()| ExitCode::SUCCESS);
    }
    if let Some(Bench::Instructions { golden, bless }) = &cli.bench {
        return counted(golden, *bless);
    }
    use_all_threads()?;
    let settings = Settings { log_format: LogFormat::Text, verbose: cli.verbose, memory_in_use };
    let watch = Arc::new(Terminal::new(settings)?);
    let context = |force| Context {
        force,
        purpose: drr::command_line(),
        watch: Arc::<Terminal>::clone(&watch),
        ..Context::unwatched(&cli.data_dir)
    };
    if let Some(Bench::Eval { selection, python, rounds }) = &cli.bench {
        drr::with_plan(&context(selection.force), selection, |plan| {
            say(eval::eval(plan, python.as_deref(), *rounds)?);
            Ok(())
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let args = cli.speed;
    let request = speed::Request {
        only: args.only,
        python: args.peer.map(|Peer::Pytorch| args.python),
        rounds: args.rounds,
        whole: args.whole,
        program: args.program.unwrap_or_default(),
        into: args.into,
    };
    say(speed::run(&context(false), &request)?);
    Ok(ExitCode::SUCCESS)
}

/// The counts of instructions beside those of the golden file.
fn counted(golden: &std::path::Path, bless: bool) -> Result<ExitCode> {
    match instructions::check(&std::env::current_exe()?, golden, bless)? {
        Held::Yes => Ok(ExitCode::SUCCESS),
        Held::No(n) => Err(Regressed(format!(
            "{n} counts of instructions left their tolerance; find the cause, or accept them with `cargo xtask ci --only \
             instructions --bless`"
        ))
        .into()),
        Held::Unknown(reason) => {
            say(format!("  nothing was compared: {reason}"));
            Ok(ExitCode::from(NOTHING_COMPARED))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
