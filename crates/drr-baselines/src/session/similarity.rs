//! What was shown lately, and how like it an item is.

use crate::BaselineError;
use crate::dense::dot;
use drr_core::{Categories, EmbeddingTable, ItemIdx};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Maximal marginal relevance in a session: the next item is the one of greatest `score_i - weight rho_t(i)`, where
/// `rho_t(i) = c_i . m_t` is its likeness to what was shown lately, `m_t+1 = decay m_t + c_i` after item `i`, and `m_1 = 0`.
///
/// Carbonell and Goldstein (1998) take the greatest likeness to anything chosen so far; a decaying sum is what users are
/// tired of where staleness adds up and passes (Leqi et al. 2021).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mmr {
    /// `alpha`: what one unit of likeness costs, in units of the scores; at least 0.
    pub weight: f64,
    /// `lambda`: what is left of an item after one step, in `[0, 1]`.
    pub decay: f64,
}

impl Mmr {
    /// Twelve weights from none to much for scores that are `spread` apart (see [`super::score_spread`]): the first round of
    /// [`super::tune`].
    #[must_use]
    pub fn grid(spread: f64, decay: f64) -> Vec<Self> {
        let weights = [0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0];
        weights.map(|weight| Self { weight: weight * spread, decay }).to_vec()
    }

    /// Eight weights around this one: the second round.
    #[must_use]
    pub fn finer(&self, spread: f64) -> Vec<Self> {
        let decay = self.decay;
        let weights = match self.weight > 0.0 {
            true => [0.72, 0.8, 0.87, 0.94, 1.07, 1.15, 1.25, 1.38].map(|factor| factor * self.weight),
            false => [0.002, 0.004, 0.007, 0.01, 0.015, 0.02, 0.03, 0.04].map(|factor| factor * spread),
        };
        weights.map(|weight| Self { weight, decay }).to_vec()
    }

    /// Refuses values out of their ranges.
    pub(super) fn check(&self) -> Result<(), BaselineError> {
        at_least_0("weight", self.weight)?;
        share("decay", self.decay)
    }
}

/// Refuses what is no finite number of at least 0.
pub(super) fn at_least_0(field: &'static str, value: f64) -> Result<(), BaselineError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(BaselineError::Config { field, value, wanted: "a finite number of at least 0" })
}

/// Refuses what is not in `[0, 1]`.
pub(super) fn share(field: &'static str, value: f64) -> Result<(), BaselineError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(BaselineError::Config { field, value, wanted: "from 0 to 1" })
}

/// By what two items are alike.
#[derive(Debug, Clone)]
pub enum Similarity {
    /// By common categories: `c_i` is the item's categories as a vector of length 1.
    Categories(Arc<Categories>),
    /// By the cosine of their vectors: `c_i` is the vector over its length; zeros stay zeros.
    Vectors(Arc<UnitVectors>),
}

/// Vectors of length 1, or zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitVectors {
    values: Vec<f32>,
    dim: usize,
}

impl Similarity {
    /// By common categories.
    #[must_use]
    pub const fn by_categories(categories: Arc<Categories>) -> Self {
        Self::Categories(categories)
    }

    /// By the cosine of item vectors, `[I, D]`.
    #[must_use]
    pub fn by_vectors(items: &EmbeddingTable) -> Self {
        let unit = |item: usize| {
            let row = items.row(item);
            let length = dot(row, row).sqrt();
            row.iter().map(move |value| if length > 0.0 { value / length } else { 0.0 })
        };
        let values = (0..items.n_rows()).flat_map(unit).collect();
        Self::Vectors(Arc::new(UnitVectors { values, dim: items.dim() }))
    }

    /// The number of items, `I`.
    pub(super) fn n_items(&self) -> usize {
        match self {
            Self::Categories(categories) => categories.n_items(),
            Self::Vectors(vectors) => vectors.values.len() / vectors.dim,
        }
    }

    /// The number of coordinates of `c_i`.
    fn dim(&self) -> usize {
        match self {
            Self::Categories(categories) => categories.n_categories(),
            Self::Vectors(vectors) => vectors.dim,
        }
    }
}

/// `m_t`: what was shown lately.
#[derive(Debug, Clone)]
pub(super) struct Memory<'rule> {
    similarity: &'rule Similarity,
    decay: f32,
    sum: Vec<f32>,
}

impl<'rule> Memory<'rule> {
    /// Nothing was shown.
    pub fn new(similarity: &'rule Similarity, decay: f32) -> Self {
        Self { similarity, decay, sum: vec![0.0; similarity.dim()] }
    }

    /// `m_t+1 = decay m_t + c_i`.
    pub fn take(&mut self, item: ItemIdx) {
        self.sum.iter_mut().for_each(|value| *value *= self.decay);
        match self.similarity {
            Similarity::Categories(categories) => {
                let weight = categories.weight(item);
                for category in categories.of(item) {
                    self.sum[usize::from(*category)] += weight;
                }
            }
            Similarity::Vectors(vectors) => {
                let row = &vectors.values[item.index() * vectors.dim..][..vectors.dim];
                self.sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
        }
    }

    /// `rho_t(i) = c_i . m_t`.
    pub fn likeness(&self, item: ItemIdx) -> f32 {
        match self.similarity {
            Similarity::Categories(categories) => {
                let of_item = categories.of(item).iter();
                let sum: f32 = of_item.map(|category| self.sum[usize::from(*category)]).sum();
                categories.weight(item) * sum
            }
            Similarity::Vectors(vectors) => {
                dot(&vectors.values[item.index() * vectors.dim..][..vectors.dim], &self.sum)
            }
        }
    }
}
