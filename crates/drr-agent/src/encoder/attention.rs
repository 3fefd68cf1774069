//! DRR-att: the items are pooled by how much they matter for this user (Liu et al. 2020, Knowledge-Based Systems 205).

use candle_core::{D, Tensor};
use drr_core::Seeds;
use drr_nn::{Dense, NnError, Parameters};

/// The width of the attention's hidden layer.
const HIDDEN: usize = 32;

/// What is added to the score of a place without an item: its share is then zero in single precision.
const ABSENT: f64 = 1e9;

/// `alpha = softmax_a(relu([u, i_a] W1 + b1) W2 + b2)`, `g = sum_a alpha_a i_a`, state `[u, u * g, g]`.
#[derive(Debug, Clone)]
pub(crate) struct DrrAtt {
    first: Dense,
    last: Dense,
}

impl DrrAtt {
    pub(crate) fn new(parameters: &mut Parameters, dim: usize, seeds: Seeds) -> Result<Self, NnError> {
        Ok(Self {
            first: Dense::new(parameters, "state.attention.first", 2 * dim, HIDDEN, seeds)?,
            last: Dense::new(parameters, "state.attention.last", HIDDEN, 1, seeds)?,
        })
    }

    /// The state `[B, 3 D]`. An empty history leaves the user alone.
    pub(crate) fn forward(
        &self,
        users: &Tensor,
        histories: &Tensor,
        masks: &Tensor,
    ) -> Result<Tensor, NnError> {
        let (n_rows, n_places, dim) = histories.dims3()?;
        let repeated = users.unsqueeze(1)?.broadcast_as((n_rows, n_places, dim))?;
        let both = Tensor::cat(&[&repeated, histories], D::Minus1)?.reshape((n_rows * n_places, 2 * dim))?;
        let scores = self.last.forward(&self.first.forward(&both)?.relu()?)?.reshape((n_rows, n_places))?;
        let scores = (scores + ((masks - 1.0)? * ABSENT)?)?; // [B, N]
        let shifted = scores.broadcast_sub(&scores.max_keepdim(1)?.detach())?;
        // The masks once more: of an empty history all places are equally absent.
        let weights = (shifted.exp()? * masks)?;
        // At least 1 where there is an item: the greatest score counts 1.
        let total = weights.sum_keepdim(1)?.maximum(0.5)?;
        let shares = weights.broadcast_div(&total)?.unsqueeze(1)?; // [B, 1, N]
        let pooled = shares.matmul(histories)?.squeeze(1)?; // [B, D]
        let crossed = (users * &pooled)?;
        Ok(Tensor::cat(&[users, &crossed, &pooled], D::Minus1)?)
    }
}
