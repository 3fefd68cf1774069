//! The best items for a batch of actions, without the matrix of scores. The twin is [`drr_kernels::TopK`].

use crate::launch::arguments;
use crate::{Buffer, DeviceError, Kind, Launch, Memory};

/// Items of a tile and threads of a block; `cuda/top_k.cu` has the same.
const TILE: usize = 128;
/// The longest list.
const LONGEST: usize = 16;
/// As many blocks keep a large device busy.
const ENOUGH_BLOCKS: usize = 264;

/// A search for the best `k` items of each of `B` actions.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    n_rows: usize,
    n_items: usize,
    k: usize,
    dim: usize,
    n_ranges: usize,
    keys: Buffer,
    /// The best items `[B, k]`, best first, equal scores by the smaller item, `u32::MAX` where fewer are allowed.
    pub items: Buffer,
    /// Their scores `[B, k]`.
    pub scores: Buffer,
}

impl Search {
    /// A search among `n_items` vectors of dimension `dim`.
    ///
    /// # Errors
    ///
    /// Refuses lists of more than 16 items, and empty ones.
    pub fn new(
        n_rows: usize,
        n_items: usize,
        dim: usize,
        k: usize,
        memory: &mut Memory,
    ) -> Result<Self, DeviceError> {
        if k == 0 || k > LONGEST {
            let remedy = "ask for 1 to 16 items";
            return Err(DeviceError::Size { what: "list", value: k, remedy });
        }
        let per_block = if k == 1 { 8 } else { 2 };
        let wanted = ENOUGH_BLOCKS.div_ceil(n_rows.div_ceil(per_block).max(1));
        let n_ranges = wanted.clamp(1, n_items.div_ceil(TILE).max(1));
        Ok(Self {
            n_rows,
            n_items,
            k,
            dim,
            n_ranges,
            keys: memory.zeros(Kind::U64, n_ranges * n_rows * k),
            items: memory.zeros(Kind::U32, n_rows * k),
            scores: memory.zeros(Kind::F32, n_rows * k),
        })
    }

    /// The words of one row of a set of items.
    #[must_use]
    pub const fn n_words(n_items: usize) -> usize {
        n_items.div_ceil(32)
    }

    /// Ranks `items` `[I, D]` for `actions` `[B, D]`, without those whose bit is set in `barred` `[B, words]`.
    #[must_use]
    pub fn launches(&self, items: Buffer, actions: Buffer, barred: Buffer, counters: Buffer) -> [Launch; 2] {
        let (kernel, per_block) = if self.k == 1 { ("top_1", 8) } else { ("top_16", 2) };
        let arguments = arguments![
            self.n_rows,
            self.n_items,
            self.dim,
            Self::n_words(self.n_items),
            self.k,
            items,
            actions,
            barred,
            self.keys,
            counters,
        ];
        let join = arguments![self.n_rows, self.n_ranges, self.k, self.keys, self.items, self.scores];
        [
            Launch::in_plane(
                kernel,
                [self.n_rows.div_ceil(per_block), self.n_ranges],
                TILE as u32,
                arguments,
            ),
            Launch::new("top_k_join", self.n_rows, 32, join),
        ]
    }
}
