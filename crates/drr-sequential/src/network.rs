//! Item vectors, an encoder of histories, and the loss.

use crate::dropout::Dropout;
use crate::gru::Gru;
use crate::layers::glorot;
use crate::sas_rec::SasRec;
use crate::sequences::Shard;
use crate::{Architecture, SequentialConfig, SequentialError};
use candle_core::{Device, Tensor};
use drr_core::{ItemIdx, Seeds};
use drr_nn::Parameters;
use drr_nn::ops::SoftmaxLoss;

#[derive(Debug, Clone)]
enum Encoder {
    SasRec {
        /// One vector per distance from the window's end, `[L, D]`.
        positions: Tensor,
        blocks: SasRec,
    },
    Gru(Gru),
}

/// A network that scores the next item: the same vectors encode the history and score the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) parameters: Parameters,
    items: Tensor,
    encoder: Encoder,
    dim: usize,
    n_items: usize,
    max_length: usize,
}

impl Network {
    pub(crate) fn new(
        config: &SequentialConfig,
        n_items: usize,
        seeds: Seeds,
    ) -> Result<Self, SequentialError> {
        let mut parameters = Parameters::new();
        let (dim, max_length) = (config.dim, config.max_length);
        let bound = glorot(n_items, dim);
        let items = parameters.uniform("items.weight", (n_items, dim), bound, seeds)?;
        let encoder = match config.architecture {
            Architecture::SasRec => Encoder::SasRec {
                positions: parameters.uniform("positions.weight", (max_length, dim), bound, seeds)?,
                blocks: SasRec::new(&mut parameters, config, seeds)?,
            },
            Architecture::Gru4Rec => Encoder::Gru(Gru::new(&mut parameters, config, seeds)?),
        };
        Ok(Self { parameters, items, encoder, dim, n_items, max_length })
    }

    /// The size of the catalogue.
    pub(crate) const fn n_items(&self) -> usize {
        self.n_items
    }

    /// The states after each item of `rows` (at most `L` each), `[positions, D]`, and where each row's states are.
    fn encode(
        &self,
        rows: &[&[ItemIdx]],
        dropout: &mut Dropout,
    ) -> Result<(Tensor, Places), SequentialError> {
        let length = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let places = Places { n_rows: rows.len(), length, by_step: matches!(self.encoder, Encoder::Gru(_)) };
        // Padding is at the end: causal encoders never look at it, and the loss never asks for it.
        let mut ids = vec![0_u32; rows.len() * length];
        let mut distances = vec![0_u32; rows.len() * length];
        for (at, row) in rows.iter().enumerate() {
            for (step, item) in row.iter().enumerate() {
                ids[places.of(at, step)] = item.0;
                distances[places.of(at, step)] = index(row.len() - 1 - step);
            }
        }
        let take = |table: &Tensor, ids: Vec<u32>| {
            let n = ids.len();
            table.index_select(&Tensor::from_vec(ids, n, &Device::Cpu)?, 0)
        };
        #[expect(clippy::cast_precision_loss, reason = "a layer's width is far below 2^24")]
        let inputs = (take(&self.items, ids)? * (self.dim as f64).sqrt())?;
        let states = match &self.encoder {
            Encoder::SasRec { positions, blocks } => {
                let inputs = dropout.apply(&(inputs + take(positions, distances)?)?)?;
                blocks.forward(&inputs, rows.len(), dropout)?
            }
            Encoder::Gru(layers) => layers.forward(&dropout.apply(&inputs)?, rows.len(), dropout)?,
        };
        Ok((states, places))
    }

    /// The loss of a shard, a scalar, times `scale`; with negatives the sampled softmax, else the full one.
    pub(crate) fn loss(
        &self,
        shard: &Shard<'_>,
        negatives: Vec<u32>,
        scale: f32,
        dropout: &mut Dropout,
    ) -> Result<Tensor, SequentialError> {
        let rows: Vec<&[ItemIdx]> = shard.windows.iter().map(|window| &window[..window.len() - 1]).collect();
        let (states, places) = self.encode(&rows, dropout)?;
        let (mut at, mut targets) = (Vec::new(), Vec::new());
        for (row, window) in shard.windows.iter().enumerate() {
            for (step, item) in window[1..].iter().enumerate() {
                at.push(index(places.of(row, step)));
                targets.push(item.0);
            }
        }
        let n = targets.len();
        let states = states.index_select(&Tensor::from_vec(at, n, &Device::Cpu)?, 0)?;
        if negatives.is_empty() {
            return Ok(states.matmul(&self.items.t()?)?.apply_op1(SoftmaxLoss::full(targets, scale))?);
        }
        let wanted = self.items.index_select(&Tensor::from_slice(&targets, n, &Device::Cpu)?, 0)?;
        let others = Tensor::from_slice(&negatives, negatives.len(), &Device::Cpu)?;
        let others = self.items.index_select(&others, 0)?;
        let wanted = (&states * wanted)?.sum(1)?;
        #[expect(clippy::cast_precision_loss, reason = "catalogues are far below 2^24")]
        let correction = ((self.n_items - 1) as f32 / negatives.len() as f32).ln();
        let loss = SoftmaxLoss::sampled(targets, negatives, correction, scale);
        Ok(wanted.apply_op2(&states.matmul(&others.t()?)?, loss)?)
    }

    /// The scores of all items after the last one of `history`, `[I]`.
    pub(crate) fn scores(&self, history: &[ItemIdx]) -> Result<Vec<f32>, SequentialError> {
        let latest = &history[history.len().saturating_sub(self.max_length)..];
        let (states, places) = self.encode(&[latest], &mut Dropout::off())?;
        let last = states.narrow(0, places.of(0, latest.len() - 1), 1)?;
        Ok(last.matmul(&self.items.t()?)?.flatten_all()?.to_vec1()?)
    }
}

/// Where a row's step is among the states.
struct Places {
    n_rows: usize,
    length: usize,
    by_step: bool,
}

impl Places {
    const fn of(&self, row: usize, step: usize) -> usize {
        if self.by_step { step * self.n_rows + row } else { row * self.length + step }
    }
}

fn index(at: usize) -> u32 {
    ItemIdx::from(at).0
}

#[cfg(test)]
mod tests;
