//! Processor time: what a search may spend, whatever else the machine does.

use crate::watch::Watch;

/// A budget of processor time, and since when it is spent.
pub struct Budget<'a> {
    watch: &'a dyn Watch,
    seconds: f64,
    before: f64,
}

impl<'a> Budget<'a> {
    /// So many minutes from now on.
    pub fn minutes(minutes: f64, watch: &'a dyn Watch) -> Self {
        Self { watch, seconds: minutes * 60.0, before: watch.processor_seconds() }
    }

    /// Seconds of processor time used so far, all threads together.
    pub fn used(&self) -> f64 {
        self.watch.processor_seconds() - self.before
    }

    /// Whether all of it is used.
    pub fn is_spent(&self) -> bool {
        self.used() >= self.seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Unwatched;

    #[test]
    fn a_budget_of_nothing_is_spent_at_once() {
        assert!(Budget::minutes(0.0, &Unwatched::default()).is_spent());
        assert!(!Budget::minutes(60.0, &Unwatched::default()).is_spent());
    }
}
