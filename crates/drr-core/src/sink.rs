//! Where numbers to plot go.

/// One number of a run: at which step, under which name.
pub trait MetricSink {
    /// Records `value` of the metric `name` at `step` (environment steps taken so far).
    fn record(&mut self, step: u64, name: &'static str, value: f64);
}

/// Forgets everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMetrics;

impl MetricSink for NoMetrics {
    fn record(&mut self, _step: u64, _name: &'static str, _value: f64) {}
}

/// Keeps everything in memory, in the order of recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// The records: step, name, value.
    pub records: Vec<(u64, String, f64)>,
}

impl MetricSink for Metrics {
    fn record(&mut self, step: u64, name: &'static str, value: f64) {
        self.records.push((step, name.to_owned(), value));
    }
}
