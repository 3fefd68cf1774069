//! The program as the library sees it: progress on the terminal, the clock, the machine, Ctrl-C.

use crate::interrupt::Interrupt;
use crate::logging::{self, LogFormat};
use crate::progress::{Bytes, Progress};
use crate::{console, machine};
use anyhow::Result;
use drr_lab::watch::{Bar, Watch};
use std::io::{BufRead as _, IsTerminal as _};
use std::time::Instant;

/// How a program wants to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How the log looks.
    pub log_format: LogFormat,
    /// Whether debugging messages are shown too.
    pub verbose: bool,
    /// The bytes of memory in use.
    pub memory_in_use: fn() -> usize,
}

/// Who watches the work of a command.
#[derive(Debug, Clone)]
pub struct Terminal {
    progress: Progress,
    interrupt: Interrupt,
    begun: Instant,
    memory_in_use: fn() -> usize,
}

impl Terminal {
    /// Installs the log and listens to Ctrl-C: once in a process.
    ///
    /// # Errors
    ///
    /// Fails if somebody else listens to Ctrl-C.
    pub fn new(settings: Settings) -> Result<Self> {
        let progress = Progress::new();
        logging::install(settings.log_format, settings.verbose, &progress);
        let interrupt = Interrupt::install()?;
        Ok(Self { progress, interrupt, begun: Instant::now(), memory_in_use: settings.memory_in_use })
    }
}

/// Lets everything use all threads but single matrix products: those of a few hundred rows are slower on two threads than
/// on one, so work is spread over users, jobs and rows instead. To be called first of all in a process.
///
/// # Errors
///
/// Fails if the threads cannot be made, or were made before.
pub fn use_all_threads() -> Result<()> {
    keep_products_on_one_thread();
    Ok(rayon::ThreadPoolBuilder::new().num_threads(n_threads()).build_global()?)
}

/// The variable by which Candle decides how many threads a matrix product takes; whoever has set it is asked no more.
const THREADS_OF_A_PRODUCT: &str = "RAYON_NUM_THREADS";

#[expect(unsafe_code, reason = "the only way to tell Candle, which reads the environment and nothing else")]
fn keep_products_on_one_thread() {
    if std::env::var_os(THREADS_OF_A_PRODUCT).is_none() {
        // SAFETY: this is called at the start of the process, when no other thread reads the environment.
        unsafe { std::env::set_var(THREADS_OF_A_PRODUCT, "1") };
    }
}

fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Watch for Terminal {
    fn bar(&self, label: &str, total: u64) -> Box<dyn Bar> {
        Box::new(self.progress.bar(label, total))
    }

    fn bytes(&self) -> Box<dyn drr_data::Progress + '_> {
        Box::new(Bytes::new(self.progress.clone()))
    }

    fn interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    fn ask(&self, question: &str, choices: &[String]) -> Option<usize> {
        let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
        if !(stdin.is_terminal() && stdout.is_terminal()) {
            return None;
        }
        console::say(question);
        for (at, choice) in (1..).zip(choices) {
            console::say_as_it_is(&format!("  {at}  {choice}"));
        }
        console::say(format!(
            "Which one? A number from 1 to {}; anything else ends the command.",
            choices.len()
        ));
        let mut line = String::new();
        stdin.lock().read_line(&mut line).ok()?;
        answered(&line, choices.len())
    }

    fn say(&self, line: &str) {
        console::say(line);
    }

    fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn processor_seconds(&self) -> f64 {
        machine::processor_seconds().unwrap_or_else(|| self.seconds())
    }

    fn memory_in_use(&self) -> usize {
        (self.memory_in_use)()
    }

    fn n_threads(&self) -> usize {
        n_threads()
    }

    fn machine(&self) -> Vec<(String, String)> {
        machine::facts()
    }
}

/// The choice of an answer, from 0 on.
fn answered(line: &str, n_choices: usize) -> Option<usize> {
    line.trim().parse::<usize>().ok().filter(|it| (1..=n_choices).contains(it)).map(|it| it - 1)
}

/// What this process does, for whoever waits for it.
#[must_use]
pub fn command_line() -> String {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    format!("drr {arguments}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_of_the_choices_or_none() {
        assert_eq!(
            ["1\n", " 3 ", "4", "0", "", "no"].map(|it| answered(it, 3)),
            [Some(0), Some(2), None, None, None, None]
        );
    }
}
