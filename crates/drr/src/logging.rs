//! The log, on stderr: for people or for machines.

use crate::progress::Progress;
use clap::ValueEnum;
use std::io::{ErrorKind, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Installs the log; `verbose` shows debugging messages too. Lines are written above the progress bars.
pub fn install(format: LogFormat, verbose: bool, progress: &Progress) {
    let filter = EnvFilter::new(if verbose { "debug" } else { "info" });
    let writer = AboveBars(progress.clone());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => log.with_target(false).with_ansi(progress.is_shown()).compact().init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Writes to stderr while the bars are out of the way.
struct AboveBars(Progress);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(&self.0)
    }
}

/// One line of the log. Work is not lost because nobody reads about it any more: a closed pipe takes every line.
struct Line<'a>(&'a Progress);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.suspend(|| std::io::stderr().write(bytes)) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            outcome => outcome,
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
