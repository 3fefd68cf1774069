//! What a recommender costs: the time and memory to fit it, its parameters, the time to answer.

use crate::watch::Watch;
use drr_core::{HEADLINE_LENGTH, Query, Recommender};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the memory in use is looked at.
const INTERVAL: Duration = Duration::from_millis(2);
/// How many queries the time to answer is measured with.
const N_QUERIES: usize = 1000;

/// What a recommender costs. Times are of the machine that the run's manifest names, and of its load then.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Seconds to fit.
    pub seconds: f64,
    /// The greatest growth of the memory in use while it was fitted, in bytes.
    pub peak_bytes: u64,
    /// The numbers that it keeps.
    pub n_parameters: u64,
    /// Seconds for 1,000 recommendations of 10 items; 0 where it was not measured.
    pub seconds_per_1000: f64,
}

/// A cost with its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostRow {
    /// The protocol.
    pub protocol: String,
    /// The recommender.
    pub recommender: String,
    /// The cost.
    pub cost: Cost,
}

/// Measures one fit.
pub struct Meter {
    watcher: Arc<dyn Watch>,
    begun: f64,
    before: usize,
    peak: Peak,
}

/// A thread that looks at the memory in use until it is dropped.
struct Peak {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    /// Begins.
    pub fn start(watcher: &Arc<dyn Watch>) -> Self {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let watch = (Arc::clone(&stop), Arc::clone(&peak), Arc::clone(watcher));
        let thread = std::thread::spawn(move || {
            while !watch.0.load(Ordering::Relaxed) {
                watch.1.fetch_max(watch.2.memory_in_use(), Ordering::Relaxed);
                std::thread::sleep(INTERVAL);
            }
        });
        let peak = Peak { stop, peak, thread: Some(thread) };
        let (begun, before) = (watcher.seconds(), watcher.memory_in_use());
        Self { watcher: Arc::clone(watcher), begun, before, peak }
    }

    /// Ends, and tells what it cost to fit the recommender.
    pub fn cost(self, recommender: &dyn Recommender) -> Cost {
        let peak = self.peak.peak.load(Ordering::Relaxed).max(self.watcher.memory_in_use());
        Cost {
            seconds: self.watcher.seconds() - self.begun,
            peak_bytes: peak.saturating_sub(self.before) as u64,
            n_parameters: recommender.n_parameters(),
            seconds_per_1000: 0.0,
        }
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A watch that panicked has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Seconds for 1,000 lists of 10.
pub fn seconds_per_1000(
    watch: &dyn Watch,
    recommender: &dyn Recommender,
    queries: &[Query],
) -> anyhow::Result<f64> {
    let queries = &queries[..queries.len().min(N_QUERIES)];
    let begun = watch.seconds();
    for chunk in queries.chunks(64) {
        recommender.recommend(chunk, HEADLINE_LENGTH)?;
    }
    Ok((watch.seconds() - begun) * 1000.0 / queries.len().max(1) as f64)
}
