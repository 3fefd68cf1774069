//! The Q network: a positive and a negative state, each joined with the item in a layer of its own, then together.

use super::DeersConfig;
use crate::RivalError;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, Seeds};
use drr_nn::ops::gru::{Gru, Windows};
use drr_nn::{Dense, Parameters};
use rayon::prelude::*;

/// `Q(s+, s-, a)` (Zhao et al. 2018).
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
    let (mut vectors, mut present) = (vec![0.0_f32; n_steps * n_rows * dim], vec![false; n_steps * n_rows]);
    for (row, all) in rows.iter().enumerate() {
        let latest = &all[all.len().saturating_sub(n_steps)..];
        for (at, item) in latest.iter().enumerate() {
            let place = (n_steps - latest.len() + at) * n_rows + row;
            vectors[place * dim..][..dim].copy_from_slice(items.row(item.index()));
            present[place] = true;
        }
    }
    let vectors = Tensor::from_vec(vectors, (n_steps * n_rows, dim), &Device::Cpu)?;
    Ok(Windows { vectors, present, n_steps, n_rows })
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
        let numbers = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        Ok(Scorer {
            items: numbers(&items.matmul(&self.item_join.detach())?)?,
            joined: self.joined.weight().detach(),
            joined_bias: numbers(self.joined.bias())?,
            output: numbers(self.output.weight())?,
            output_bias: numbers(self.output.bias())?.iter().sum(),
        })
    }
}

/// Items whose first layer is computed at once: their numbers stay in the cache for the product that reads them.
const BLOCK: usize = 256;

/// The upper layers with the items' share of the first layer computed once for all states.
#[derive(Debug, Clone)]
pub(super) struct Scorer {
    /// `[C, 2W]`.
    items: Vec<f32>,
    /// J, `[2W, W]`.
    joined: Tensor,
    /// c, `[W]`.
    joined_bias: Vec<f32>,
    /// w, `[W]`.
    output: Vec<f32>,
    /// d.
    output_bias: f32,
}

impl Scorer {
    /// The values of all items for each state of `[B, 2W]`, `[B][C]`.
    pub(super) fn scores(&self, states: &Tensor) -> Result<Vec<Vec<f32>>, RivalError> {
        states.detach().to_vec2::<f32>()?.par_iter().map(|state| self.scores_of(state)).collect()
    }

    fn scores_of(&self, state: &[f32]) -> Result<Vec<f32>, RivalError> {
        let width = self.output.len();
        let mut values = Vec::with_capacity(self.items.len() / state.len());
        for block in self.items.chunks(BLOCK * state.len()) {
            let mut first = Vec::with_capacity(block.len());
            for item in block.chunks_exact(state.len()) {
                first.extend(item.iter().zip(state).map(|(item, state)| (item + state).max(0.0)));
            }
            let first = Tensor::from_vec(first, (block.len() / state.len(), state.len()), &Device::Cpu)?;
            let second = first.matmul(&self.joined)?.flatten_all()?.to_vec1::<f32>()?;
            let of_items = second.chunks_exact(width);
            values
                .extend(of_items.map(|it| self.output_bias + relu_dot(it, &self.joined_bias, &self.output)));
        }
        Ok(values)
    }
}

/// `sum_w o_w max(0, x_w + c_w)`, in eight sums of a fixed order.
fn relu_dot(inputs: &[f32], biases: &[f32], outputs: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for ((inputs, biases), outputs) in inputs.chunks(8).zip(biases.chunks(8)).zip(outputs.chunks(8)) {
        for (((lane, input), bias), output) in lanes.iter_mut().zip(inputs).zip(biases).zip(outputs) {
            *lane += output * (input + bias).max(0.0);
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More items than a block, and widths that are no multiples of a register.
    #[test]
    fn all_at_once_and_one_by_one_agree() -> Result<(), RivalError> {
        let (n_items, dim) = (BLOCK + 3, 3);
        let values = (0..n_items * dim).map(|at| ((at * 7 + 1) as f32).sin()).collect();
        let items = EmbeddingTable::new(n_items, dim, values).unwrap();
        let config = DeersConfig {
            state_hidden: 3,
            hidden: 11,
            n_candidates: 1,
            pairwise_weight: 0.0,
            pairwise_margin: 0.0,
            tau: 0.1,
            epsilon: drr_learn::Schedule::Linear { start: 0.0, end: 0.0, steps: 1 },
        };
        let network = Network::new(&mut Parameters::new(), &config, dim, Seeds(1))?;
        let rows = [(vec![ItemIdx(1)], vec![ItemIdx(2), ItemIdx(0)]), (vec![], vec![ItemIdx(4)])];
        let rows = rows.iter().map(|(liked, disliked)| (liked.as_slice(), disliked.as_slice()));
        let states = network.states(&Feedback::new(rows, &items, 2)?)?;
        let all = network.scorer(&super::super::table(&items)?)?.scores(&states)?;
        for item in [0, 255, 256, n_items - 1] {
            let vector = [items.row(item), items.row(item)].concat();
            let one = network.values(&states, &Tensor::from_vec(vector, (2, dim), &Device::Cpu)?)?;
            for (one, all) in one.to_vec1::<f32>()?.iter().zip(&all) {
                assert!((one - all[item]).abs() < 1e-6, "{item}: {one} {}", all[item]);
            }
        }
        Ok(())
    }
}
