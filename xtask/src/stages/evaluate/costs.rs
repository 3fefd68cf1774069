//! What a recommender costs: the time and memory to fit it, its parameters, the time to answer.

use super::contestants::Contestant;
use drr_core::{HEADLINE_LENGTH, Query, Recommender};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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
    begun: Instant,
    before: usize,
    watch: Watch,
}

/// A thread that looks at the memory in use until it is dropped.
struct Watch {
    stop: Arc<AtomicBool>,
    peak: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    /// Begins.
    pub fn start() -> Self {
        let (stop, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let watch = (Arc::clone(&stop), Arc::clone(&peak));
        let thread = std::thread::spawn(move || {
            while !watch.0.load(Ordering::Relaxed) {
                watch.1.fetch_max(crate::ALLOCATOR.allocated(), Ordering::Relaxed);
                std::thread::sleep(INTERVAL);
            }
        });
        let watch = Watch { stop, peak, thread: Some(thread) };
        Self { begun: Instant::now(), before: crate::ALLOCATOR.allocated(), watch }
    }

    /// Ends, and joins the cost to who was fitted.
    pub fn contestant(self, recommender: Box<dyn Recommender>) -> Contestant {
        let peak = self.watch.peak.load(Ordering::Relaxed).max(crate::ALLOCATOR.allocated());
        let cost = Cost {
            seconds: self.begun.elapsed().as_secs_f64(),
            peak_bytes: peak.saturating_sub(self.before) as u64,
            n_parameters: recommender.n_parameters(),
            seconds_per_1000: 0.0,
        };
        Contestant { recommender, cost }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A watch that panicked has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Seconds for 1,000 lists of [`HEADLINE_LENGTH`] items.
pub fn seconds_per_1000(recommender: &dyn Recommender, queries: &[Query]) -> anyhow::Result<f64> {
    let queries = &queries[..queries.len().min(N_QUERIES)];
    let begun = Instant::now();
    for chunk in queries.chunks(64) {
        recommender.recommend(chunk, HEADLINE_LENGTH)?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1000.0 / queries.len().max(1) as f64)
}
