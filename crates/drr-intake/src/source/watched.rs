//! Whom reading reports to, and who may stop it.

use std::io::{Error, Read, Result};

/// Bytes between two reports.
const REPORT_EVERY: u64 = 1 << 20;

/// Watches files being read.
pub trait Watch {
    /// A file of `size` bytes is begun.
    fn start(&mut self, file: &str, size: u64);
    /// So many of its bytes are read.
    fn advance(&mut self, bytes: u64);
    /// The file is read, or given up.
    fn finish(&mut self);
    /// Whether to stop.
    fn is_interrupted(&self) -> bool;
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Watch for Quiet {
    fn start(&mut self, _file: &str, _size: u64) {}
    fn advance(&mut self, _bytes: u64) {}
    fn finish(&mut self) {}
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// Counts what is read, and stops when asked to.
pub(super) struct Watched<'a, R> {
    inner: R,
    watch: &'a mut dyn Watch,
    done: u64,
    reported: u64,
}

impl<'a, R> Watched<'a, R> {
    pub(super) fn new(inner: R, watch: &'a mut dyn Watch) -> Self {
        Self { inner, watch, done: 0, reported: 0 }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.watch.is_interrupted() {
            return Err(Error::other(Stop));
        }
        let n_bytes = self.inner.read(buffer)?;
        self.done += n_bytes as u64;
        if self.done - self.reported >= REPORT_EVERY {
            self.reported = self.done;
            self.watch.advance(self.done);
        }
        Ok(n_bytes)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("stopped")]
struct Stop;

/// Whether the error is that of a reader who was asked to stop.
pub(super) fn is_stop(error: &Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Stop>())
}
