//! The DRR-ave state module on the device (Liu et al. 2018, eq. 8-9). The twin is [`drr_kernels::state::DrrAve`].

use crate::launch::arguments;
use crate::{Buffer, Kind, Launch, Memory, Place};

/// Threads of a row.
const THREADS: u32 = 128;

/// The tables that states are made of.
#[derive(Debug, Clone, Copy)]
pub struct StateModule {
    /// The dimension of a vector, `D`.
    pub dim: usize,
    /// The length of a history, `N`.
    pub history_length: usize,
    /// Whether a user's vector is the context's plus the accepted items'.
    pub additive: bool,
    /// Vectors of the contexts, `[C, D]`.
    pub contexts: Buffer,
    /// Vectors of the items, `[I, D]`.
    pub items: Buffer,
}

impl StateModule {
    /// Encodes contexts `[B]`, histories `[B, N]` (oldest first, padded at the end with `u32::MAX`) and the numbers of
    /// accepted items `[B]` into states `[B, 3D]`, with position weights `[N]`.
    #[must_use]
    pub fn forward(&self, observations: [Buffer; 3], position_weights: Place, states: Buffer) -> Launch {
        let [contexts, histories, n_accepted] = observations;
        let arguments = arguments![
            self.dim,
            self.history_length,
            self.additive,
            self.contexts,
            self.items,
            position_weights,
            contexts,
            histories,
            n_accepted,
            states,
        ];
        Launch::new("state_forward", contexts.len, THREADS, arguments)
    }

    /// Sets the gradient of the position weights `[N]`, given that of the state's last `2D` features `[B, 2D]`.
    #[must_use]
    pub fn backward(
        &self,
        histories: Buffer,
        states: Buffer,
        of_states: Buffer,
        into: Place,
        memory: &mut Memory,
    ) -> [Launch; 2] {
        let n_rows = histories.len / self.history_length;
        let parts = memory.zeros(Kind::F32, n_rows * self.history_length);
        let (dim, window) = (self.dim, self.history_length);
        let each = arguments![dim, window, self.items, histories, states, of_states, parts];
        let sum = arguments![n_rows, window, parts, into];
        [Launch::new("state_backward", n_rows, THREADS, each), Launch::new("state_sum", window, THREADS, sum)]
    }
}
