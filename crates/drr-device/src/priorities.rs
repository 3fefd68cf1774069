//! The sum tree on the device: batched draws and updates (Schaul et al. 2016, proportional variant). The twin is
//! [`drr_replay::SumTree`], whose nodes have the same order.

use crate::launch::arguments;
use crate::{Buffer, DeviceError, Kind, Launch, Memory, Values};
use drr_replay::ReplayKind;

/// Threads of the one block.
const THREADS: u32 = 256;

/// The priorities of a ring of transitions.
#[derive(Debug, Clone, Copy)]
pub struct Priorities {
    capacity: usize,
    first_leaf: usize,
    alpha: f64,
    beta: [f64; 3],
    epsilon: f64,
    counters: Buffer,
    /// The sums, in double precision; leaf `k` is node `first_leaf + k`.
    pub nodes: Buffer,
    /// The greatest priority so far, before the exponent.
    pub greatest: Buffer,
}

impl Priorities {
    /// Priorities of `capacity` slots, all zero.
    ///
    /// # Errors
    ///
    /// Refuses a uniform replay, which needs no tree, and a capacity beyond 2^30.
    pub fn new(
        sampling: &ReplayKind,
        capacity: usize,
        counters: Buffer,
        memory: &mut Memory,
    ) -> Result<Self, DeviceError> {
        let refuse = |what, remedy| Err(DeviceError::Size { what, value: capacity, remedy });
        let ReplayKind::Prioritized { alpha, beta_start, beta_end, beta_steps, epsilon } = *sampling else {
            return refuse("uniform replay", "an alpha of 0 draws uniformly");
        };
        if capacity == 0 || capacity > 1 << 30 {
            return refuse("capacity", "give from 1 to 2^30 transitions");
        }
        let first_leaf = capacity.next_power_of_two();
        Ok(Self {
            capacity,
            first_leaf,
            alpha,
            beta: [beta_start, beta_end, beta_steps as f64],
            epsilon,
            counters,
            nodes: memory.zeros(Kind::F64, 2 * first_leaf),
            greatest: memory.add(Values::F64(vec![1.0])),
        })
    }

    /// Draws slots `[B]` with importance weights `[B]`, one out of each of `B` equal segments of the total.
    #[must_use]
    pub fn sample(&self, seed: u64, slots: Buffer, weights: Buffer) -> Launch {
        let [beta_start, beta_end, beta_steps] = self.beta;
        let arguments = arguments![
            slots.len,
            self.first_leaf,
            self.nodes,
            beta_start,
            beta_end,
            beta_steps,
            seed,
            self.counters,
            slots,
            weights,
        ];
        Launch::new("tree_sample", 1, THREADS, arguments)
    }

    /// Sets the priorities of `slots` to their absolute TD errors plus epsilon.
    #[must_use]
    pub fn update(&self, slots: Buffer, td_errors: Buffer) -> Launch {
        let arguments = arguments![
            slots.len,
            self.first_leaf,
            slots,
            td_errors,
            self.alpha,
            self.epsilon,
            self.nodes,
            self.greatest,
            self.counters,
        ];
        Launch::new("tree_update", 1, THREADS, arguments)
    }

    /// Gives the next `n` transitions of the ring the greatest priority so far. Panics if the ring has fewer, which is a
    /// bug.
    #[must_use]
    pub fn enter(&self, n: usize) -> Launch {
        assert!(n <= self.capacity, "{n} transitions at once in a ring of {}", self.capacity);
        let arguments = arguments![
            n,
            self.capacity,
            self.first_leaf,
            self.alpha,
            self.greatest,
            self.counters,
            self.nodes
        ];
        Launch::new("tree_enter", 1, THREADS, arguments)
    }
}
