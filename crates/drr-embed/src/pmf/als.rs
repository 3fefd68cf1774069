//! Alternating least squares: with the items held, every user is a problem of its own, and the other way round.

use super::PmfConfig;
use super::ridge::{Factors, Ridge};
use crate::EmbedError;
use drr_core::{InteractionLog, RandomStream};
use rand::Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// The centred ratings of each row of one side, as (row of the other side, rating - mean).
pub(super) struct Side {
    name: &'static str,
    offsets: Vec<usize>,
    ratings: Vec<(u32, f32)>,
}

impl Side {
    pub fn users(log: &InteractionLog, mean: f64) -> Self {
        let entries = || log.iter().map(|row| (row.user.index(), row.item.0, centred(row.rating, mean)));
        Self::new("user", log.n_users(), entries)
    }

    pub fn items(log: &InteractionLog, mean: f64) -> Self {
        let entries = || log.iter().map(|row| (row.item.index(), row.user.0, centred(row.rating, mean)));
        Self::new("item", log.n_items(), entries)
    }

    /// Groups the entries (row, row of the other side, rating) by row.
    fn new<Entries>(name: &'static str, n_rows: usize, entries: impl Fn() -> Entries) -> Self
    where
        Entries: Iterator<Item = (usize, u32, f32)>,
    {
        let mut offsets = vec![0_usize; n_rows + 1];
        for (row, _, _) in entries() {
            offsets[row + 1] += 1;
        }
        for row in 0..n_rows {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut ratings = vec![(0, 0.0); offsets[n_rows]];
        for (row, other, rating) in entries() {
            ratings[next[row]] = (other, rating);
            next[row] += 1;
        }
        Self { name, offsets, ratings }
    }

    pub fn n_rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.ratings[self.offsets[row]..self.offsets[row + 1]]
    }
}

/// A rating less the mean.
#[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
pub(super) fn centred(rating: f32, mean: f64) -> f32 {
    (f64::from(rating) - mean) as f32
}

/// The items' first values; biases start at zero.
pub(super) fn draw_items(n_items: usize, config: &PmfConfig, random: &mut RandomStream) -> Factors {
    let mut items = Factors::zeros(n_items, config.dim);
    for value in &mut items.vectors {
        let normal: f64 = random.sample(StandardNormal);
        #[expect(clippy::cast_possible_truncation, reason = "a first value needs few digits")]
        let first = (normal * config.initial_scale) as f32;
        *value = first;
    }
    items
}

/// Solves every row of `side` against the `known` factors of the other; a row without ratings gets zeros.
///
/// # Errors
///
/// Names the first row whose equations cannot be solved.
pub(super) fn half_step(side: &Side, known: &Factors, config: &PmfConfig) -> Result<Factors, EmbedError> {
    let dim = config.dim;
    let mut solved = Factors::zeros(side.n_rows(), dim);
    let failed = solved
        .vectors
        .par_chunks_exact_mut(dim)
        .zip(solved.biases.par_iter_mut())
        .enumerate()
        .map_init(
            || Ridge::new(config),
            |ridge, (row, (vector, bias))| {
                let ratings = side.row(row);
                if ratings.is_empty() {
                    return None;
                }
                let Some(solution) = ridge.solve(known, ratings) else { return Some(row) };
                vector.copy_from_slice(&solution[..dim]);
                *bias = solution.get(dim).copied().unwrap_or(0.0);
                None
            },
        )
        .flatten()
        .min();
    match failed {
        Some(row) => Err(EmbedError::Singular { side: side.name, row }),
        None => Ok(solved),
    }
}
