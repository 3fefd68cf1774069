//! Whoever waits for the lists may stop their reading.

use crate::DataError;
use drr_intake::{IntakeError, Watch, shown};
use std::cell::Cell;
use std::path::Path;

/// It is asked once in so many steps.
const EVERY: u32 = 1024;

/// Asks now and then whether to stop.
pub(super) struct Stop<'a> {
    pub path: &'a Path,
    watch: &'a dyn Watch,
    n_steps: Cell<u32>,
}

impl<'a> Stop<'a> {
    pub const fn new(path: &'a Path, watch: &'a dyn Watch) -> Self {
        Self { path, watch, n_steps: Cell::new(0) }
    }

    /// Whether to stop.
    pub fn is_asked(&self) -> bool {
        self.watch.is_interrupted()
    }

    /// A small step of the work is done.
    ///
    /// # Errors
    ///
    /// Fails where the work is to stop.
    pub fn step(&self) -> Result<(), DataError> {
        let n_steps = self.n_steps.get();
        self.n_steps.set(n_steps.wrapping_add(1));
        if n_steps.is_multiple_of(EVERY) && self.is_asked() { Err(self.stopped()) } else { Ok(()) }
    }

    /// The error of reading that was stopped.
    pub fn stopped(&self) -> DataError {
        IntakeError::Interrupted(shown(&self.path.display().to_string())).into()
    }
}
