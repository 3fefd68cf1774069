//! What a library of long work needs from the program around it: somebody who shows progress, tells the time, and says
//! when to stop.
//!
//! Nothing in this crate prints, reads a clock or looks at the machine: all of that comes through [`Watch`], so that the
//! same work can run under a command line, in a service, and silently in a test.

use std::fmt::Debug;

/// One piece of work that is shown.
pub trait Bar: Send + Sync {
    /// `done` steps are done in all.
    fn set(&self, done: u64);

    /// The work turned out to have another number of steps.
    fn set_total(&mut self, total: u64);

    /// The work is over.
    fn finish(&self);
}

/// Who watches the work.
pub trait Watch: Debug + Send + Sync {
    /// Shows a piece of work of `total` steps.
    fn bar(&self, label: &str, total: u64) -> Box<dyn Bar>;

    /// Shows the bytes of downloads and files.
    fn bytes(&self) -> Box<dyn drr_data::Progress + '_>;

    /// Whether to stop at the next point from which the work can go on.
    fn interrupted(&self) -> bool;

    /// Asks a person, where there is one, which of several choices is meant; gives back its number from 0 on.
    fn ask(&self, _question: &str, _choices: &[String]) -> Option<usize> {
        None
    }

    /// Takes a line of the answer.
    fn say(&self, line: &str);

    /// Seconds since some fixed moment.
    fn seconds(&self) -> f64;

    /// Seconds of processor time that the process has used, all threads together; of the clock where the system does not
    /// tell.
    fn processor_seconds(&self) -> f64;

    /// Bytes of memory in use; 0 where nobody counts them.
    fn memory_in_use(&self) -> usize;

    /// Threads that may work side by side, at least 1.
    fn n_threads(&self) -> usize;

    /// Facts about the machine, each with its name.
    fn machine(&self) -> Vec<(String, String)>;
}

/// Tells how far the reading of a file is, and stops it when the work is to stop.
pub struct Interruptible<'a> {
    inner: Box<dyn drr_data::Progress + 'a>,
    watch: &'a dyn Watch,
}

impl<'a> Interruptible<'a> {
    /// Tells `watch`, and asks it.
    #[must_use]
    pub fn new(watch: &'a dyn Watch) -> Self {
        Self { inner: watch.bytes(), watch }
    }
}

impl drr_data::Progress for Interruptible<'_> {
    fn start(&mut self, task: &str, total: Option<u64>) {
        self.inner.start(task, total);
    }

    fn advance(&mut self, done: u64) {
        self.inner.advance(done);
    }

    fn finish(&mut self) {
        self.inner.finish();
    }

    fn is_interrupted(&self) -> bool {
        self.watch.interrupted()
    }
}

/// Nobody: shows and says nothing, and has no clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched {
    /// Whether work is to stop as soon as it can.
    pub stops: bool,
}

struct Unshown;

impl Bar for Unshown {
    fn set(&self, _done: u64) {}

    fn set_total(&mut self, _total: u64) {}

    fn finish(&self) {}
}

impl drr_data::Progress for Unshown {
    fn start(&mut self, _task: &str, _total: Option<u64>) {}

    fn advance(&mut self, _done: u64) {}

    fn finish(&mut self) {}
}

impl Watch for Unwatched {
    fn bar(&self, _label: &str, _total: u64) -> Box<dyn Bar> {
        Box::new(Unshown)
    }

    fn bytes(&self) -> Box<dyn drr_data::Progress + '_> {
        Box::new(Unshown)
    }

    fn interrupted(&self) -> bool {
        self.stops
    }

    fn say(&self, _line: &str) {}

    fn seconds(&self) -> f64 {
        0.0
    }

    fn processor_seconds(&self) -> f64 {
        0.0
    }

    fn memory_in_use(&self) -> usize {
        0
    }

    fn n_threads(&self) -> usize {
        rayon::current_num_threads().max(1)
    }

    fn machine(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}
