//! How far long work is: bars with rate and time left on a terminal, plain lines otherwise.

use drr_lab::watch;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Plain lines come no more often than this.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows all work of a command.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: Option<MultiProgress>,
}

impl Progress {
    /// Bars if stderr is a terminal.
    pub fn new() -> Self {
        Self { bars: std::io::stderr().is_terminal().then(MultiProgress::new) }
    }

    /// Whether there are bars.
    pub const fn is_shown(&self) -> bool {
        self.bars.is_some()
    }

    /// Does something to the terminal while the bars are out of the way.
    pub fn suspend<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(work),
            None => work(),
        }
    }

    /// Shows one piece of work of `total` steps.
    pub fn bar(&self, label: &str, total: u64) -> Bar {
        self.styled(label, Some(total), "{msg:40} {wide_bar} {pos}/{len} {per_sec} left {eta}")
    }

    fn styled(&self, label: &str, total: Option<u64>, template: &str) -> Bar {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
            if let (Some(_), Ok(style)) = (total, ProgressStyle::with_template(template)) {
                bar.set_style(style);
            }
            bar.set_message(label.to_owned());
            bar
        });
        let now = Instant::now();
        Bar { bar, label: label.to_owned(), total, begun: now, last_line: Mutex::new(now) }
    }
}

/// One piece of work.
#[derive(Debug)]
pub struct Bar {
    bar: Option<ProgressBar>,
    label: String,
    total: Option<u64>,
    begun: Instant,
    last_line: Mutex<Instant>,
}

impl watch::Bar for Bar {
    fn set(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            return;
        }
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= LINE_INTERVAL {
            *last = Instant::now();
            tracing::info!("{}", plain(&self.label, done, self.total, self.begun.elapsed()));
        }
    }

    fn set_total(&mut self, total: u64) {
        self.total = Some(total);
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `train holdout: 120 of 200, 4.0/s, 20 s left`.
fn plain(label: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate to look at")]
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-9);
    match total {
        #[expect(clippy::cast_precision_loss, reason = "a time to look at")]
        Some(total) => {
            let left = total.saturating_sub(done) as f64 / rate.max(1e-9);
            format!("{label}: {done} of {total}, {rate:.1}/s, {left:.0} s left")
        }
        None => format!("{label}: {done}, {rate:.1}/s"),
    }
}

/// Shows the bytes of downloads and files.
#[derive(Debug)]
pub struct Bytes {
    progress: Progress,
    current: Option<Bar>,
}

impl Bytes {
    /// Nothing yet.
    pub const fn new(progress: Progress) -> Self {
        Self { progress, current: None }
    }
}

impl drr_data::Progress for Bytes {
    fn start(&mut self, task: &str, total: Option<u64>) {
        let template = "{msg:40} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} left {eta}";
        self.current = Some(self.progress.styled(task, total, template));
    }

    fn advance(&mut self, done: u64) {
        if let Some(bar) = &self.current {
            watch::Bar::set(bar, done);
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.current.take() {
            watch::Bar::finish(&bar);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_has_the_rate_and_the_time_left() {
        assert_eq!(
            plain("train", 120, Some(200), Duration::from_secs(30)),
            "train: 120 of 200, 4.0/s, 20 s left"
        );
        assert_eq!(plain("read", 8, None, Duration::from_secs(2)), "read: 8, 4.0/s");
    }
}
