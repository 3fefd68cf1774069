//! Adam, the clip, L2 and the soft update of the targets in two launches. The twins are [`drr_kernels::adam::AdamStep`] and
//! [`drr_kernels::adam::soft_update`].

use crate::launch::arguments;
use crate::{Buffer, Kind, Launch, Memory, Values};
use std::ops::Range;

/// Threads of a block.
const THREADS: u32 = 256;
/// The most blocks, hence the most partial sums of the norm.
const MOST_BLOCKS: usize = 128;

/// The settings of an [`Optimizer`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimizerConfig {
    /// The step size.
    pub learning_rate: f64,
    /// Added to the gradient of every weight, times the weight.
    pub l2: f32,
    /// The largest norm of all gradients together; 0 turns the clip off.
    pub max_gradient_norm: f64,
}

/// An optimizer of one flat slice of parameters.
#[derive(Debug, Clone, Copy)]
pub struct Optimizer {
    config: OptimizerConfig,
    /// Its place among the counters of updates.
    nth: u32,
    n_decayed: usize,
    decayed: Buffer,
    counters: Buffer,
    parts: Buffer,
    /// The gradients that the next step follows.
    pub gradients: Buffer,
    /// The first moments.
    pub first: Buffer,
    /// The second moments.
    pub second: Buffer,
}

impl Optimizer {
    /// An optimizer of `n_values` parameters, of which those within `decayed` get the L2 term. It counts its updates in
    /// place `nth` of the counters, of which there are three.
    #[must_use]
    pub fn new(
        config: OptimizerConfig,
        n_values: usize,
        decayed: &[Range<usize>],
        (counters, nth): (Buffer, u32),
        memory: &mut Memory,
    ) -> Self {
        let ends = decayed.iter().flat_map(|range| [range.start, range.end]);
        let mut bounds: Vec<u32> = ends.map(|end| u32::try_from(end).unwrap_or(u32::MAX)).collect();
        // No device has an empty buffer.
        bounds.resize(bounds.len().max(2), 0);
        let n_blocks = n_values.div_ceil(THREADS as usize).clamp(1, MOST_BLOCKS);
        Self {
            config,
            nth,
            n_decayed: decayed.len(),
            decayed: memory.add(Values::U32(bounds)),
            counters,
            parts: memory.zeros(Kind::F64, n_blocks),
            gradients: memory.zeros(Kind::F32, n_values),
            first: memory.zeros(Kind::F32, n_values),
            second: memory.zeros(Kind::F32, n_values),
        }
    }

    /// Moves `parameters` against the gradients. Where targets are given, they follow by the share `tau`.
    #[must_use]
    pub fn step(&self, parameters: Buffer, follow: Option<(Buffer, f32)>) -> [Launch; 2] {
        let OptimizerConfig { learning_rate, l2, max_gradient_norm } = self.config;
        // With a share of zero the targets are never touched, so that the parameters may stand for them.
        let (targets, tau) = follow.unwrap_or((parameters, 0.0));
        let (n, n_blocks) = (parameters.len, self.parts.len);
        let norm = arguments![n, self.gradients, self.parts, self.counters, self.nth];
        let step = arguments![
            n,
            n_blocks,
            self.n_decayed,
            self.decayed,
            learning_rate,
            l2,
            max_gradient_norm,
            tau,
            self.gradients,
            self.parts,
            parameters,
            self.first,
            self.second,
            targets,
            self.counters,
            self.nth,
        ];
        [Launch::new("adam_norm", n_blocks, THREADS, norm), Launch::new("adam_step", n_blocks, THREADS, step)]
    }
}
