//! The product's command line, as a library: from a log of ratings to an honest answer, and then to recommendations.
//!
//! The binary `drr` calls [`main`] with its own allocator, which counts the bytes in use. Every command is a function of
//! `drr-lab`; here are arguments, the terminal, the clock, signals and exit codes.

mod cli;
mod commands;
mod console;
mod domains;
mod exit;
mod experiment;
mod interrupt;
mod logging;
mod machine;
mod named;
mod own;
mod progress;
mod recommend;
mod terminal;

pub use cli::Selection;
pub use console::{complain, say};
pub use exit::code;
pub use experiment::with_plan;
pub use logging::LogFormat;
pub use machine::facts as machine_facts;
pub use terminal::{Settings, Terminal, command_line, use_all_threads};

use clap::{CommandFactory, FromArgMatches};
use std::process::ExitCode;

/// Runs the command line of this process; `memory_in_use` tells the bytes in use.
#[must_use]
pub fn main(memory_in_use: fn() -> usize) -> ExitCode {
    let matches = console::called(cli::Cli::command()).get_matches();
    let parsed = cli::Cli::from_arg_matches(&matches).map_err(anyhow::Error::from);
    let done = parsed.and_then(|cli| {
        use_all_threads()?;
        let settings = Settings { log_format: cli.log_format, verbose: cli.verbose, memory_in_use };
        let terminal = Terminal::new(settings)?;
        if cli::names_old_protocol(&matches) {
            drr_lab::config::warn_of_old_name();
        }
        commands::run(cli, terminal)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            code(&error)
        }
    }
}
