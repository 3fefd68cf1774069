//! SASRec: causal self-attention over the history (Kang and `McAuley` 2018).
//!
//! Blocks normalize before each part, not after (Xiong et al. 2020), which trains faster. Attention weights are not
//! dropped, the outputs of both parts are.

use crate::dropout::Dropout;
use crate::layers::{LayerNorm, Linear};
use crate::{SequentialConfig, SequentialError};
use candle_core::Tensor;
use drr_core::Seeds;
use drr_nn::Parameters;
use drr_nn::ops::CausalSoftmax;

#[derive(Debug, Clone)]
struct Block {
    attention_norm: LayerNorm,
    queries: Linear,
    keys: Linear,
    values: Linear,
    joined: Linear,
    feed_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
}

/// The blocks and the last normalization.
#[derive(Debug, Clone)]
pub(crate) struct SasRec {
    blocks: Vec<Block>,
    last_norm: LayerNorm,
    n_heads: usize,
}

impl SasRec {
    pub(crate) fn new(
        parameters: &mut Parameters,
        config: &SequentialConfig,
        seeds: Seeds,
    ) -> Result<Self, SequentialError> {
        let dim = config.dim;
        let mut blocks = Vec::new();
        for at in 0..config.n_blocks {
            let mut linear =
                |name: &str| Linear::new(parameters, &format!("block{at}.{name}"), dim, dim, seeds);
            let (queries, keys, values) = (linear("queries")?, linear("keys")?, linear("values")?);
            let (joined, inner, outer) = (linear("joined")?, linear("inner")?, linear("outer")?);
            let attention_norm = LayerNorm::new(parameters, &format!("block{at}.attention_norm"), dim)?;
            let feed_norm = LayerNorm::new(parameters, &format!("block{at}.feed_norm"), dim)?;
            blocks.push(Block { attention_norm, queries, keys, values, joined, feed_norm, inner, outer });
        }
        let last_norm = LayerNorm::new(parameters, "last_norm", dim)?;
        Ok(Self { blocks, last_norm, n_heads: config.n_heads })
    }

    /// Encodes `B` histories of `T` items, `[B * T, D]` row by row, into the states after each item, `[B * T, D]`.
    pub(crate) fn forward(
        &self,
        inputs: &Tensor,
        n_rows: usize,
        dropout: &mut Dropout,
    ) -> Result<Tensor, SequentialError> {
        let mut states = inputs.clone();
        for block in &self.blocks {
            let attended = block.attend(&block.attention_norm.forward(&states)?, n_rows, self.n_heads)?;
            states = (states + dropout.apply(&attended)?)?;
            let inner = block.inner.forward(&block.feed_norm.forward(&states)?)?.relu()?;
            let fed = block.outer.forward(&dropout.apply(&inner)?)?;
            states = (states + dropout.apply(&fed)?)?;
        }
        self.last_norm.forward(&states)
    }
}

impl Block {
    /// Multi-head attention over the items up to each position's own (Kang and `McAuley` 2018, eq. 3).
    fn attend(&self, inputs: &Tensor, n_rows: usize, n_heads: usize) -> Result<Tensor, SequentialError> {
        let (n_positions, dim) = inputs.dims2()?;
        let (length, width) = (n_positions / n_rows, dim / n_heads);
        let split = |flat: Tensor| -> candle_core::Result<Tensor> {
            let parted = flat.reshape((n_rows, length, n_heads, width))?.transpose(1, 2)?;
            parted.contiguous()?.reshape((n_rows * n_heads, length, width))
        };
        let queries = split(self.queries.forward(inputs)?)?;
        let keys = split(self.keys.forward(inputs)?)?;
        let values = split(self.values.forward(inputs)?)?;
        #[expect(clippy::cast_precision_loss, reason = "a head's width is far below 2^24")]
        let scale = 1.0 / (width as f32).sqrt();
        let weights = queries.matmul(&keys.t()?)?.apply_op1(CausalSoftmax { scale })?;
        let heads = weights.matmul(&values)?.reshape((n_rows, n_heads, length, width))?;
        self.joined.forward(&heads.transpose(1, 2)?.contiguous()?.reshape((n_positions, dim))?)
    }
}
