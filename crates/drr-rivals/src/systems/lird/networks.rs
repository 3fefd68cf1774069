//! The actor, which emits the weights of a list, and the critic, which values a list as a whole.

use crate::RivalError;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, Seeds};
use drr_nn::{Dense, Parameters};

/// The sizes of both networks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// N.
    pub history_length: usize,
    /// D.
    pub dim: usize,
    /// K.
    pub slate: usize,
    /// H.
    pub hidden: usize,
}

/// Added to a mean square before its root.
const TINY: f64 = 1e-6;

/// The vectors of the latest N liked items one behind the other, oldest first, zeros in front where there are fewer, `[B, N D]`.
pub(super) fn states<'a>(
    liked: impl Iterator<Item = &'a [ItemIdx]>,
    items: &EmbeddingTable,
    sizes: Sizes,
) -> Result<Tensor, RivalError> {
    let width = sizes.history_length * sizes.dim;
    let mut values: Vec<f32> = Vec::new();
    let mut n_rows = 0;
    for history in liked {
        let latest = &history[history.len().saturating_sub(sizes.history_length)..];
        let begin = values.len();
        values.resize(begin + width - latest.len() * sizes.dim, 0.0);
        latest.iter().for_each(|item| values.extend_from_slice(items.row(item.index())));
        n_rows += 1;
    }
    Ok(Tensor::from_vec(values, (n_rows, width), &Device::Cpu)?)
}

/// The vectors of the lists' items one behind the other, and behind them a 1 for each position that has an item, zeros
/// elsewhere, `[B, K D + K]`.
pub(super) fn lists<'a>(
    lists: impl Iterator<Item = &'a [ItemIdx]>,
    items: &EmbeddingTable,
    sizes: Sizes,
) -> Result<Tensor, RivalError> {
    let width = sizes.slate * sizes.dim + sizes.slate;
    let mut values: Vec<f32> = Vec::new();
    let mut n_rows = 0;
    for list in lists {
        let begin = values.len();
        list.iter().for_each(|item| values.extend_from_slice(items.row(item.index())));
        values.resize(begin + sizes.slate * sizes.dim, 0.0);
        values.resize(values.len() + list.len(), 1.0);
        values.resize(begin + width, 0.0);
        n_rows += 1;
    }
    Ok(Tensor::from_vec(values, (n_rows, width), &Device::Cpu)?)
}

/// Weights `[B, K, D]` in the place of full lists, `[B, K D + K]`.
pub(super) fn as_lists(weights: &Tensor) -> Result<Tensor, RivalError> {
    let (n_rows, slate, dim) = weights.dims3()?;
    let present = Tensor::ones((n_rows, slate), weights.dtype(), &Device::Cpu)?;
    Ok(Tensor::cat(&[weights.reshape((n_rows, slate * dim))?, present], 1)?)
}

/// `s -> w_1 .. w_K` (Zhao et al. 2018).
///
/// Only the direction of a weight vector counts for the list, so each is scaled to a mean square of 1, as item vectors are.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    first: Dense,
    second: Dense,
    output: Dense,
    sizes: Sizes,
}

impl Actor {
    /// An untrained actor.
    pub(super) fn new(parameters: &mut Parameters, sizes: Sizes, seeds: Seeds) -> Result<Self, RivalError> {
        let Sizes { history_length, dim, slate, hidden } = sizes;
        Ok(Self {
            first: Dense::new(parameters, "actor.first", history_length * dim, hidden, seeds)?,
            second: Dense::new(parameters, "actor.second", hidden, hidden, seeds)?,
            output: Dense::new(parameters, "actor.output", hidden, slate * dim, seeds)?,
            sizes,
        })
    }

    /// Maps states `[B, N D]` to weights `[B, K, D]`.
    pub(super) fn forward(&self, states: &Tensor) -> Result<Tensor, RivalError> {
        let hidden = self.second.forward(&self.first.forward(states)?.relu()?)?.relu()?;
        let shape = (states.dim(0)?, self.sizes.slate, self.sizes.dim);
        let raw = self.output.forward(&hidden)?.reshape(shape)?;
        let root = (raw.sqr()?.mean_keepdim(2)? + TINY)?.sqrt()?;
        Ok(raw.broadcast_div(&root)?)
    }
}

/// `Q(s, a)` of a state and a whole list (Zhao et al. 2018).
#[derive(Debug, Clone)]
pub(super) struct Critic {
    first: Dense,
    second: Dense,
    output: Dense,
}

impl Critic {
    /// An untrained critic.
    pub(super) fn new(parameters: &mut Parameters, sizes: Sizes, seeds: Seeds) -> Result<Self, RivalError> {
        let Sizes { history_length, dim, slate, hidden } = sizes;
        let width = history_length * dim + slate * dim + slate;
        Ok(Self {
            first: Dense::new(parameters, "critic.first", width, hidden, seeds)?,
            second: Dense::new(parameters, "critic.second", hidden, hidden, seeds)?,
            output: Dense::with_bound(parameters, "critic.output", hidden, 1, 0.003, seeds)?,
        })
    }

    /// Maps states `[B, N D]` and lists `[B, K D + K]` to values `[B]`.
    pub(super) fn forward(&self, states: &Tensor, lists: &Tensor) -> Result<Tensor, RivalError> {
        let inputs = Tensor::cat(&[states, lists], 1)?;
        let hidden = self.second.forward(&self.first.forward(&inputs)?.relu()?)?.relu()?;
        Ok(self.output.forward(&hidden)?.squeeze(1)?)
    }

    /// The same critic without gradients for its own parameters.
    pub(super) fn detached(&self) -> Self {
        Self { first: self.first.detached(), second: self.second.detached(), output: self.output.detached() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { history_length: 2, dim: 2, slate: 2, hidden: 5 };

    fn table() -> EmbeddingTable {
        EmbeddingTable::new(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap()
    }

    #[test]
    fn short_histories_and_lists_are_filled_with_zeros_and_marked() {
        let rows = [vec![ItemIdx(0), ItemIdx(1), ItemIdx(2)], vec![ItemIdx(1)]];
        let states = states(rows.iter().map(Vec::as_slice), &table(), SIZES).unwrap();
        assert_eq!(states.to_vec2::<f32>().unwrap(), [[3.0, 4.0, 5.0, 6.0], [0.0, 0.0, 3.0, 4.0]]);
        let rows = [vec![ItemIdx(2), ItemIdx(0)], vec![ItemIdx(1)]];
        let lists = lists(rows.iter().map(Vec::as_slice), &table(), SIZES).unwrap();
        let expected = [[5.0, 6.0, 1.0, 2.0, 1.0, 1.0], [3.0, 4.0, 0.0, 0.0, 1.0, 0.0]];
        assert_eq!(lists.to_vec2::<f32>().unwrap(), expected);
    }

    #[test]
    fn each_weight_vector_has_a_mean_square_of_one() {
        let actor = Actor::new(&mut Parameters::new(), SIZES, Seeds(1)).unwrap();
        let states = Tensor::new(&[[0.5_f32, -1.0, 2.0, 0.1]], &Device::Cpu).unwrap();
        let squares = actor.forward(&states).unwrap().sqr().unwrap().mean(2).unwrap();
        for square in squares.flatten_all().unwrap().to_vec1::<f32>().unwrap() {
            assert!((square - 1.0).abs() < 1e-3, "{square}");
        }
    }

    #[test]
    fn the_actor_gets_the_gradient_of_finite_differences_through_the_critic() {
        let (mut parameters, mut others) = (Parameters::new(), Parameters::new());
        let actor = Actor::new(&mut parameters, SIZES, Seeds(1)).unwrap();
        // Wider last weights than in training, for values that differences can tell apart.
        let mut critic = Critic::new(&mut others, SIZES, Seeds(1)).unwrap();
        critic.output = Dense::new(&mut Parameters::new(), "wide", SIZES.hidden, 1, Seeds(2)).unwrap();
        let states = Tensor::new(&[[0.5_f32, -1.0, 2.0, 0.1], [1.0, 0.3, -0.2, 0.7]], &Device::Cpu).unwrap();
        let value = || {
            let lists = as_lists(&actor.forward(&states).unwrap()).unwrap();
            critic.detached().forward(&states, &lists).unwrap().sum_all().unwrap()
        };
        let gradients = value().backward().unwrap();
        assert!(others.iter().all(|(_, variable)| gradients.get(variable).is_none()));
        for (name, variable) in parameters.iter() {
            let found = gradients.get(variable).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let values = variable.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for at in [0, values.len() / 2, values.len() - 1] {
                let moved = |by: f32| {
                    let mut values = values.clone();
                    values[at] += by;
                    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
                    value().to_scalar::<f32>().unwrap()
                };
                let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                moved(0.0);
                assert!((difference - found[at]).abs() < 5e-3, "{name}: {difference} {}", found[at]);
            }
        }
    }
}
