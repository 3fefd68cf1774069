//! A rating model of another family than factorization: what a user gave to the nearest items.
//!
//! A simulator that judges an agent should not share its factors. This one predicts by neighbours alone: item means, user
//! means, and the deviations of the history's most similar items (Koren 2010, "Factor in the Neighbors", sec. 2.2).

mod file;
mod fit;

use crate::EmbedError;
use drr_core::{InteractionLog, ItemIdx, Observed, RowOrigin};
use serde::{Deserialize, Serialize};

/// The configuration of a [`Neighbourhood`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeighbourhoodConfig {
    /// How many of the history's items an item's prediction uses at most; at least 1.
    pub n_neighbours: usize,
    /// How many similar items are kept of each item, from which the history's are chosen; at least 1.
    pub n_kept: usize,
    /// The number of common users at which a similarity counts half; at least 0.
    pub shrink: f64,
    /// How many ratings without deviation an item's mean is given; at least 0.
    pub item_damping: f64,
    /// How many ratings without deviation a user's mean is given; at least 0.
    pub user_damping: f64,
}

impl Default for NeighbourhoodConfig {
    fn default() -> Self {
        Self { n_neighbours: 40, n_kept: 1_000, shrink: 100.0, item_damping: 10.0, user_damping: 15.0 }
    }
}

impl NeighbourhoodConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field whose value is out of its range.
    pub fn check(&self) -> Result<(), EmbedError> {
        for (field, value) in [("n_neighbours", self.n_neighbours), ("n_kept", self.n_kept)] {
            if value == 0 {
                return Err(EmbedError::Config { field, value: 0.0, wanted: "at least 1" });
            }
        }
        let weights = [
            ("shrink", self.shrink),
            ("item_damping", self.item_damping),
            ("user_damping", self.user_damping),
        ];
        for (field, value) in weights {
            if !value.is_finite() || value < 0.0 {
                return Err(EmbedError::Config { field, value, wanted: "a finite number of at least 0" });
            }
        }
        Ok(())
    }
}

/// Predicts `b_ui + sum_j s_ij (r_uj - b_uj) / sum_j s_ij` over the at most `n_neighbours` items `j` of the history that are
/// most similar to `i` (Koren 2010, eq. 6), with the baseline `b_ui = mu + b_u + b_i`.
///
/// The similarity is the correlation of the deviations `e_ui = r_ui - b_ui` over the `n` common users, about zero and
/// shrunk: `s_ij = n / (n + shrink) * sum e_ui e_uj / sqrt(sum e_ui^2 sum e_uj^2)`; only positive ones are used. A user is
/// always read from a history, so `b_u` is its damped mean deviation, for users of the fitted log as for others.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbourhood {
    config: NeighbourhoodConfig,
    mean: f32,
    lowest: f32,
    highest: f32,
    biases: Vec<f32>,
    /// For each item its neighbours with their similarity, nearest first, equal ones by the smaller item.
    neighbours: Vec<Vec<(u32, f32)>>,
    /// For each item the items that it is a neighbour of, ascending, with its place among their neighbours.
    supported: Vec<Vec<(u32, u32)>>,
    origin: RowOrigin,
}

impl Neighbourhood {
    /// Fits on all rows of `log`.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range and a log without ratings.
    pub fn fit(log: &InteractionLog, config: &NeighbourhoodConfig) -> Result<Self, EmbedError> {
        config.check()?;
        fit::fit(log, config)
    }

    /// The rating that a user who rated `history` gives `item`, within the range of the fitted ratings. Panics beyond the
    /// catalogue, which is a bug.
    #[must_use]
    pub fn predict(&self, history: &[Observed], item: ItemIdx) -> f32 {
        let user = self.user(history);
        let mut places: Vec<usize> = Vec::new();
        for same in user.deviations.chunk_by(|(one, _), (other, _)| one == other) {
            let of = &self.supported[same[0].0 as usize];
            if let Ok(at) = of.binary_search_by_key(&item.0, |(other, _)| *other) {
                places.push(of[at].1 as usize);
            }
        }
        places.sort_unstable();
        let first_of = |rated: u32| user.deviations.partition_point(|(other, _)| *other < rated);
        self.combine(&user, item.index(), places.into_iter(), first_of)
    }

    /// The ratings of all items, `[I]`; see [`Neighbourhood::predict`].
    ///
    /// For each item one bit per neighbour says whether the user rated it, so that the nearest are read off in order.
    #[must_use]
    pub fn predict_all(&self, history: &[Observed]) -> Vec<f32> {
        let user = self.user(history);
        let n_items = self.biases.len();
        let n_words = self.neighbours.iter().map(Vec::len).max().unwrap_or(0).div_ceil(64).max(1);
        let mut rated = vec![0_u64; n_items * n_words];
        let mut first_of = vec![0_usize; n_items];
        let mut at = 0;
        for same in user.deviations.chunk_by(|(one, _), (other, _)| one == other) {
            let own = same[0].0 as usize;
            first_of[own] = at;
            at += same.len();
            for (item, place) in &self.supported[own] {
                rated[*item as usize * n_words + *place as usize / 64] |= 1 << (place % 64);
            }
        }
        let items = rated.chunks_exact(n_words).enumerate();
        items
            .map(|(item, words)| self.combine(&user, item, set_bits(words), |own| first_of[own as usize]))
            .collect()
    }

    /// The rows that it was fitted on.
    #[must_use]
    pub const fn origin(&self) -> &RowOrigin {
        &self.origin
    }

    /// How it was fitted.
    #[must_use]
    pub const fn config(&self) -> &NeighbourhoodConfig {
        &self.config
    }

    /// The size of the catalogue, `I`.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.biases.len()
    }

    /// The baseline plus the mean deviation of the nearest, weighted by their similarity. The rated neighbours are given by
    /// their places, nearest first, and `first_of` says where a rated item's deviations begin.
    fn combine(
        &self,
        user: &User,
        item: usize,
        places: impl Iterator<Item = usize>,
        first_of: impl Fn(u32) -> usize,
    ) -> f32 {
        let (mut weighted, mut weights) = (0.0_f32, 0.0_f32);
        let mut n_left = self.config.n_neighbours;
        for place in places {
            let (rated, similarity) = self.neighbours[item][place];
            let same = user.deviations[first_of(rated)..].iter().take_while(|(other, _)| *other == rated);
            for (_, deviation) in same.take(n_left) {
                weighted += similarity * deviation;
                weights += similarity;
                n_left -= 1;
            }
            if n_left == 0 {
                break;
            }
        }
        let deviation = if weights > 0.0 { weighted / weights } else { 0.0 };
        (self.mean + user.bias + self.biases[item] + deviation).clamp(self.lowest, self.highest)
    }

    /// The user's bias, and the deviations of the ratings from the baseline. Of a repeated item all ratings count, and
    /// items beyond the catalogue say nothing.
    fn user(&self, history: &[Observed]) -> User {
        let rated = history.iter().filter(|it| it.item.index() < self.biases.len() && it.rating.is_finite());
        let mut deviations: Vec<(u32, f32)> =
            rated.map(|it| (it.item.0, it.rating - self.mean - self.biases[it.item.index()])).collect();
        let sum: f64 = deviations.iter().map(|(_, deviation)| f64::from(*deviation)).sum();
        let bias = fit::damped(sum, deviations.len(), self.config.user_damping);
        deviations.iter_mut().for_each(|(_, deviation)| *deviation -= bias);
        deviations.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        User { bias, deviations }
    }
}

/// A user as a history shows them.
struct User {
    bias: f32,
    /// The rated items, ascending, with the deviations of their ratings, the greatest first.
    deviations: Vec<(u32, f32)>,
}

/// The positions of the bits that are set, ascending.
fn set_bits(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                at * 64 + bit
            })
        })
    })
}
