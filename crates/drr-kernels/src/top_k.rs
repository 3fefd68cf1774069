//! The best items for each of a batch of actions, in one pass over the catalogue.
//!
//! A block of items is scored for sixteen actions at a time and forgotten again: no more than sixty-four scores of a row
//! exist at once, so the catalogue may have millions of items. A score that does not beat the worst of the row's best is
//! passed over by a comparison of whole registers; only what is left is asked for permission and put in its place.

use crate::matmul;
use crate::panels::{LANES, Panels};
use pulp::{Arch, Simd, WithSimd, bytemuck};
use rayon::prelude::*;

/// Items scored at a time: their vectors stay in the nearest cache while the actions pass.
const BLOCK: usize = 64;

/// The fewest items that a thread takes for itself, so that its lists are not begun anew too often.
const LEAST_ITEMS: usize = 16 * 1024;

/// The most panels of actions that pass over a block of items together: so many stay in the second cache.
const MOST_PANELS: usize = 16;

/// The fewest multiplications for which threads are worth their start.
const LEAST_WORK: usize = 1 << 20;

/// An item and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The item's row in the table.
    pub item: u32,
    /// The inner product with the action.
    pub score: f32,
}

impl Ranked {
    /// A number that is the greater the better: by score, equal scores by the smaller item. Never zero if the score is
    /// finite.
    #[inline(always)]
    fn key(self) -> u64 {
        // -0.0 equals 0.0 for a reader, so it must for the tie rule.
        let bits = (self.score + 0.0).to_bits();
        let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        u64::from(ascending) << 32 | u64::from(!self.item)
    }

    #[inline(always)]
    const fn from_key(key: u64) -> Self {
        let ascending = (key >> 32) as u32;
        let bits = if ascending >> 31 == 1 { ascending ^ 1 << 31 } else { !ascending };
        Self { item: !(key as u32), score: f32::from_bits(bits) }
    }
}

/// What sixteen rows have found, beside their lists.
#[derive(Debug, Clone, Copy)]
struct Found {
    /// The score that an item must exceed.
    thresholds: [f32; LANES],
    /// The first allowed item whose score is not finite.
    refused: [Option<Ranked>; LANES],
}

impl Found {
    const NOTHING: Self = Self { thresholds: [f32::NEG_INFINITY; LANES], refused: [None; LANES] };
}

/// Finds the items of greatest inner product, with its memory kept from call to call.
///
/// Lists are best first, equal scores by the smaller item. Each score is one sum in the order of the dimensions, so lists
/// are the same bit for bit for any number of threads and any batch.
#[derive(Debug, Clone)]
pub struct TopK {
    k: usize,
    /// The length of a list: `k`, or the catalogue's if that is smaller.
    width: usize,
    n_rows: usize,
    /// The keys of the best items, 0 for none, `[ranges][panels][16][width]`: while searching a heap with the least key
    /// on top, then descending.
    keys: Vec<u64>,
    /// `[ranges][panels]`.
    found: Vec<Found>,
}

impl TopK {
    /// A search for the best `k` items, at least one.
    #[must_use]
    pub const fn new(k: usize) -> Self {
        Self { k, width: 0, n_rows: 0, keys: Vec::new(), found: Vec::new() }
    }

    /// Ranks the rows of `items` `[I, D]` for each of `actions` `[B, D]`, of those that `allowed` lets the row have.
    ///
    /// `allowed` takes row and item, is only asked about items that would enter the list, and may be asked by many threads.
    /// Panics if the sizes disagree, if `k` is zero, or beyond `2^32` items, which is a bug.
    pub fn search(&mut self, items: &[f32], actions: &Panels, allowed: impl Fn(usize, u32) -> bool + Sync) {
        let (dim, n_panels) = (actions.n_features(), actions.n_panels());
        assert!(
            items.len().is_multiple_of(dim) && self.k > 0,
            "the items have another dimension, or k is zero"
        );
        let n_items = items.len() / dim;
        assert!(u32::try_from(n_items).is_ok(), "an item is a number of 32 bits");
        let is_small = n_items * dim * actions.n_rows() < LEAST_WORK;
        let n_threads = if is_small { 1 } else { rayon::current_num_threads() };
        let n_ranges = (n_items / LEAST_ITEMS).clamp(1, n_threads);
        self.begin(n_items, actions.n_rows(), n_ranges * n_panels);
        if n_items == 0 || n_panels == 0 {
            return;
        }
        let per_range = n_items.div_ceil(n_ranges).next_multiple_of(BLOCK);
        let n_groups = n_threads.div_ceil(n_ranges).max(n_panels.div_ceil(MOST_PANELS));
        let per_group = n_panels.div_ceil(n_groups);
        let lists = LANES * self.width;
        let ranges = items.chunks(per_range * dim).zip(self.keys.chunks_mut(n_panels * lists));
        let jobs = ranges.zip(self.found.chunks_mut(n_panels)).enumerate().flat_map(
            |(range, ((items, keys), found))| {
                let groups = keys.chunks_mut(per_group * lists).zip(found.chunks_mut(per_group)).enumerate();
                let allowed = &allowed;
                groups.map(move |(group, (keys, found))| {
                    let (first_item, first_panel) = ((range * per_range) as u32, group * per_group);
                    Pass { items, first_item, actions, first_panel, keys, found, allowed }
                })
            },
        );
        if n_threads == 1 {
            jobs.for_each(|job| Arch::new().dispatch(job));
        } else {
            jobs.collect::<Vec<_>>().into_par_iter().for_each(|job| Arch::new().dispatch(job));
        }
        self.finish(n_panels);
    }

    /// The best items of a row, best first: fewer than `k` if fewer are allowed. Panics beyond the batch, which is a bug.
    ///
    /// # Errors
    ///
    /// Returns the first allowed item whose score is not finite.
    pub fn best(&self, row: usize) -> Result<impl Iterator<Item = Ranked> + '_, Ranked> {
        assert!(row < self.n_rows, "row {row} is beyond the batch of {}", self.n_rows);
        match self.found[row / LANES].refused[row % LANES] {
            Some(refused) => Err(refused),
            None => {
                let keys = &self.keys[row * self.width..][..self.width];
                Ok(keys.iter().take_while(|key| **key != 0).map(|key| Ranked::from_key(*key)))
            }
        }
    }

    /// Empties the lists of `n_rows`.
    fn begin(&mut self, n_items: usize, n_rows: usize, n_panels: usize) {
        self.width = self.k.min(n_items);
        self.n_rows = n_rows;
        self.keys.clear();
        self.keys.resize(n_panels * LANES * self.width, 0);
        self.found.clear();
        self.found.resize(n_panels, Found::NOTHING);
    }

    /// Joins the lists of all ranges of items in those of the first, and sorts them.
    fn finish(&mut self, n_panels: usize) {
        let (found, more_found) = self.found.split_at_mut(n_panels);
        for more in more_found.chunks(n_panels) {
            for (found, more) in found.iter_mut().zip(more) {
                for (refused, more) in found.refused.iter_mut().zip(more.refused) {
                    *refused = refused.or(more);
                }
            }
        }
        let (lists, more_lists) = self.keys.split_at_mut(n_panels * LANES * self.width);
        for more in more_lists.chunks(lists.len()) {
            for (heap, more) in lists.chunks_exact_mut(self.width).zip(more.chunks_exact(self.width)) {
                more.iter().for_each(|key| offer(heap, *key));
            }
        }
        for list in lists.chunks_exact_mut(self.width).take(self.n_rows) {
            list.sort_unstable_by(|left, right| right.cmp(left));
        }
    }
}

/// Puts `key` in the place of the least of `heap`, which is its first, if it is greater.
fn offer(heap: &mut [u64], key: u64) {
    if key <= heap[0] {
        return;
    }
    let mut at = 0;
    loop {
        let mut child = 2 * at + 1;
        if child + 1 < heap.len() && heap[child + 1] < heap[child] {
            child += 1;
        }
        if child >= heap.len() || heap[child] >= key {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = key;
}

/// The way of some panels of actions over a range of items.
struct Pass<'a, F> {
    items: &'a [f32],
    first_item: u32,
    actions: &'a Panels,
    first_panel: usize,
    keys: &'a mut [u64],
    found: &'a mut [Found],
    allowed: &'a F,
}

impl<F: Fn(usize, u32) -> bool> WithSimd for Pass<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { items, first_item, actions, first_panel, keys, found, allowed } = self;
        let dim = actions.n_features();
        let width = keys.len() / (LANES * found.len());
        let mut scores = [[0.0; LANES]; BLOCK];
        for (first_item, items) in (first_item..).step_by(BLOCK).zip(items.chunks(BLOCK * dim)) {
            let scores = &mut scores[..items.len() / dim];
            let panels = found.iter_mut().zip(keys.chunks_exact_mut(LANES * width));
            for (panel, (found, keys)) in (first_panel..).zip(panels) {
                matmul::score(simd, items, actions.panel(panel), scores);
                let n_rows = (actions.n_rows() - panel * LANES).min(LANES);
                let rows = (1 << n_rows) - 1;
                for (item, scores) in (first_item..).zip(scores.iter()) {
                    let lanes = standing_out(simd, scores, &found.thresholds) & rows;
                    if lanes != 0 {
                        enter(item, scores, lanes, |lane| allowed(panel * LANES + lane, item), found, keys);
                    }
                }
            }
        }
    }
}

/// One bit for each lane.
const BITS: [u32; LANES] = {
    let mut bits = [1; LANES];
    let mut lane = 1;
    while lane < LANES {
        bits[lane] = 1 << lane;
        lane += 1;
    }
    bits
};

/// The lanes whose score exceeds its threshold or is not finite, as bits.
#[inline(always)]
fn standing_out<S: Simd>(simd: S, scores: &[f32; LANES], thresholds: &[f32; LANES]) -> u32 {
    let (none, infinity) = (simd.splat_u32s(0), simd.splat_f32s(f32::INFINITY));
    let registers = S::as_simd_f32s(scores).0.iter().zip(S::as_simd_f32s(thresholds).0);
    let mut lanes = none;
    for ((score, threshold), bits) in registers.zip(S::as_simd_u32s(&BITS).0) {
        let exceeds = simd.select_u32s(simd.greater_than_f32s(*score, *threshold), *bits, none);
        let is_finite = simd.less_than_f32s(simd.abs_f32s(*score), infinity);
        lanes = simd.or_u32s(lanes, simd.select_u32s(is_finite, exceeds, *bits));
    }
    bytemuck::cast_slice(&[lanes]).iter().fold(0, |all, lane: &u32| all | lane)
}

/// Lets an item enter the lists of the rows `lanes` (bits), whose scores stand out.
#[inline(never)]
fn enter(
    item: u32,
    scores: &[f32; LANES],
    mut lanes: u32,
    allowed: impl Fn(usize) -> bool,
    found: &mut Found,
    keys: &mut [u64],
) {
    let width = keys.len() / LANES;
    while lanes != 0 {
        let lane = lanes.trailing_zeros() as usize;
        lanes &= lanes - 1;
        if !allowed(lane) {
            continue;
        }
        let ranked = Ranked { item, score: scores[lane] };
        if !ranked.score.is_finite() {
            found.refused[lane].get_or_insert(ranked);
            continue;
        }
        let heap = &mut keys[lane * width..][..width];
        offer(heap, ranked.key());
        if heap[0] != 0 {
            found.thresholds[lane] = Ranked::from_key(heap[0]).score;
        }
    }
}

#[cfg(test)]
mod tests;
