//! The Q network: a positive and a negative state, each joined with the item in a layer of its own, then together.

use super::DeersConfig;
use super::gru::{Gru, Windows};
use crate::RivalError;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, Seeds};
use drr_nn::{Dense, Parameters};
use rayon::prelude::*;

/// `Q(s+, s-, a)` (Zhao et al. 2018, fig. 5(b)).
///
/// `h+ = relu(s+ V+ + a A+ + b+)`, `h- = relu(s- V- + a A- + b-)`, `Q = w relu([h+; h-] J + c) + d`.
#[derive(Debug, Clone)]
pub(super) struct Network {
    positive: Gru,
    negative: Gru,
    positive_join: Dense,
    negative_join: Dense,
    /// `[A+, A-]`, `[D, 2W]`.
    item_join: Tensor,
    joined: Dense,
    output: Dense,
}

/// The item windows that the states are made of.
#[derive(Debug, Clone)]
pub(super) struct Feedback {
    /// Liked items.
    pub positive: Windows,
    /// Disliked items.
    pub negative: Windows,
}

impl Feedback {
    /// The windows of at most `n_steps` liked and disliked items, one pair per row.
    pub(super) fn new<'a>(
        rows: impl Iterator<Item = (&'a [ItemIdx], &'a [ItemIdx])> + Clone,
        items: &EmbeddingTable,
        n_steps: usize,
    ) -> Result<Self, RivalError> {
        let liked: Vec<_> = rows.clone().map(|row| row.0).collect();
        let disliked: Vec<_> = rows.map(|row| row.1).collect();
        Ok(Self { positive: windows(&liked, items, n_steps)?, negative: windows(&disliked, items, n_steps)? })
    }
}

fn windows(rows: &[&[ItemIdx]], items: &EmbeddingTable, n_steps: usize) -> Result<Windows, RivalError> {
    let (n_rows, dim) = (rows.len(), items.dim());
    let (mut vectors, mut masks) = (vec![0.0_f32; n_steps * n_rows * dim], vec![0.0_f32; n_steps * n_rows]);
    for (row, all) in rows.iter().enumerate() {
        let latest = &all[all.len().saturating_sub(n_steps)..];
        for (at, item) in latest.iter().enumerate() {
            let place = (n_steps - latest.len() + at) * n_rows + row;
            vectors[place * dim..][..dim].copy_from_slice(items.row(item.index()));
            masks[place] = 1.0;
        }
    }
    let vectors = Tensor::from_vec(vectors, (n_steps * n_rows, dim), &Device::Cpu)?;
    let masks = Tensor::from_vec(masks, (n_steps * n_rows, 1), &Device::Cpu)?;
    Ok(Windows { vectors, masks, n_steps, n_rows })
}

impl Network {
    /// An untrained network over items of `dim` numbers.
    pub(super) fn new(
        parameters: &mut Parameters,
        config: &DeersConfig,
        dim: usize,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        let (state, width) = (config.state_hidden, config.hidden);
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let bound = 1.0 / (dim as f32).sqrt();
        Ok(Self {
            positive: Gru::new(parameters, "positive", dim, state, seeds)?,
            negative: Gru::new(parameters, "negative", dim, state, seeds)?,
            positive_join: Dense::new(parameters, "positive_join", state, width, seeds)?,
            negative_join: Dense::new(parameters, "negative_join", state, width, seeds)?,
            item_join: parameters.uniform("item_join.weight", (dim, 2 * width), bound, seeds)?,
            joined: Dense::new(parameters, "joined", 2 * width, width, seeds)?,
            output: Dense::with_bound(parameters, "output", width, 1, 0.003, seeds)?,
        })
    }

    /// The states' share of the separate layers, `[B, 2W]`.
    pub(super) fn states(&self, feedback: &Feedback) -> Result<Tensor, RivalError> {
        let positive = self.positive_join.forward(&self.positive.forward(&feedback.positive)?)?;
        let negative = self.negative_join.forward(&self.negative.forward(&feedback.negative)?)?;
        Ok(Tensor::cat(&[positive, negative], 1)?)
    }

    /// The values of one item each, `[B]`: states as of [`Network::states`], items `[B, D]`.
    pub(super) fn values(&self, states: &Tensor, items: &Tensor) -> Result<Tensor, RivalError> {
        let first = (states + items.matmul(&self.item_join)?)?.relu()?;
        Ok(self.output.forward(&self.joined.forward(&first)?.relu()?)?.squeeze(1)?)
    }

    /// What the values of `items`, `[C, D]`, need, without gradients.
    pub(super) fn scorer(&self, items: &Tensor) -> Result<Scorer, RivalError> {
        let numbers = |tensor: Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        Ok(Scorer {
            items: numbers(items.matmul(&self.item_join.detach())?)?,
            n_items: items.dim(0)?,
            joined: self.joined.detached(),
            output: self.output.detached(),
        })
    }
}

/// The upper layers with the items' share of the first layer computed once for all states.
#[derive(Debug, Clone)]
pub(super) struct Scorer {
    /// `[C, 2W]`.
    items: Vec<f32>,
    n_items: usize,
    joined: Dense,
    output: Dense,
}

impl Scorer {
    /// The values of all items for each state of `[B, 2W]`, `[B][C]`.
    pub(super) fn scores(&self, states: &Tensor) -> Result<Vec<Vec<f32>>, RivalError> {
        states.detach().to_vec2::<f32>()?.par_iter().map(|state| self.scores_of(state)).collect()
    }

    fn scores_of(&self, state: &[f32]) -> Result<Vec<f32>, RivalError> {
        let mut first = Vec::with_capacity(self.items.len());
        for item in self.items.chunks_exact(state.len()) {
            first.extend(item.iter().zip(state).map(|(item, state)| (item + state).max(0.0)));
        }
        let first = Tensor::from_vec(first, (self.n_items, state.len()), &Device::Cpu)?;
        let values = self.output.forward(&self.joined.forward(&first)?.relu()?)?;
        Ok(values.flatten_all()?.to_vec1()?)
    }
}
