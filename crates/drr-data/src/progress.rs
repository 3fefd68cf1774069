//! How long-running work tells how far it is, without knowing who shows it.

use drr_intake::Watch;

/// Listens to the progress of a download or of a file being read.
pub trait Progress {
    /// A task begins; `total` is its number of bytes where that is known.
    fn start(&mut self, task: &str, total: Option<u64>);

    /// The task has come to `done` bytes in all.
    fn advance(&mut self, done: u64);

    /// The task is over, well or not.
    fn finish(&mut self);

    /// Whether whoever listens wants the work to stop.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// Lets a reader of `drr-intake` tell how far it is.
pub(crate) struct Told<'a>(pub(crate) &'a mut dyn Progress);

impl Watch for Told<'_> {
    fn start(&mut self, file: &str, size: u64) {
        self.0.start(file, Some(size));
    }

    fn advance(&mut self, bytes: u64) {
        self.0.advance(bytes);
    }

    fn finish(&mut self) {
        self.0.finish();
    }

    fn is_interrupted(&self) -> bool {
        self.0.is_interrupted()
    }
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&mut self, _task: &str, _total: Option<u64>) {}

    fn advance(&mut self, _done: u64) {}

    fn finish(&mut self) {}
}
