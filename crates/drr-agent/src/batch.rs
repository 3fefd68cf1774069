//! Observations and sampled transitions as tensors.

use crate::AgentError;
use crate::tables::TrainingTables;
use candle_core::{Device, Tensor};
use drr_core::{ContextIdx, ItemIdx, Observation};
use drr_replay::Batch;

/// What the networks read of `B` observations.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    /// The users' vectors, `[B, D]`.
    pub users: Tensor,
    /// The histories' items, the latest last, 0 where `masks` is 0, `[B * N]`.
    pub history_items: Tensor,
    /// 1 = item, 0 = padding, `[B, N]`.
    pub masks: Tensor,
}

/// Collects observations row by row.
#[derive(Debug)]
pub(crate) struct InputsBuilder {
    users: Vec<f32>,
    history_items: Vec<u32>,
    masks: Vec<f32>,
    history_length: usize,
}

impl InputsBuilder {
    /// Nothing yet; histories will be padded to `history_length`.
    pub(crate) const fn new(history_length: usize) -> Self {
        Self { users: Vec::new(), history_items: Vec::new(), masks: Vec::new(), history_length }
    }

    /// Adds one row: the caller appends the user's vector, and gives the history, oldest first.
    pub(crate) fn push(
        &mut self,
        history: impl ExactSizeIterator<Item = ItemIdx>,
        user: impl FnOnce(&mut Vec<f32>),
    ) {
        user(&mut self.users);
        let n_padding = self.history_length - history.len();
        self.history_items.extend(std::iter::repeat_n(0, n_padding));
        self.masks.extend(std::iter::repeat_n(0.0, n_padding));
        self.masks.extend(std::iter::repeat_n(1.0, history.len()));
        self.history_items.extend(history.map(|item| item.0));
    }

    /// The rows as tensors.
    pub(crate) fn build(self) -> Result<Inputs, AgentError> {
        let n_rows = self.masks.len() / self.history_length;
        let dim = self.users.len() / n_rows;
        Ok(Inputs {
            users: Tensor::from_vec(self.users, (n_rows, dim), &Device::Cpu)?,
            history_items: Tensor::from_vec(self.history_items, n_rows * self.history_length, &Device::Cpu)?,
            masks: Tensor::from_vec(self.masks, (n_rows, self.history_length), &Device::Cpu)?,
        })
    }
}

/// The inputs of observations as environments give them.
pub(crate) fn observed<'a>(
    observations: impl Iterator<Item = &'a Observation>,
    tables: &TrainingTables,
    history_length: usize,
) -> Result<Inputs, AgentError> {
    let mut builder = InputsBuilder::new(history_length);
    for observation in observations {
        builder
            .push(observation.history.iter().copied(), |users| tables.push_observed_user(observation, users));
    }
    builder.build()
}

/// Which side of the transitions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    /// The observations acted on.
    Now,
    /// The observations that followed.
    Next,
}

/// The inputs of one side of sampled transitions.
pub(crate) fn sampled(
    batch: &Batch,
    side: Side,
    tables: &TrainingTables,
    history_length: usize,
) -> Result<Inputs, AgentError> {
    let observations = match side {
        Side::Now => &batch.observations,
        Side::Next => &batch.next_observations,
    };
    let mut builder = InputsBuilder::new(history_length);
    for (row, window) in observations.histories.chunks_exact(history_length).enumerate() {
        let length = observations.lengths[row] as usize;
        let history = window[..length].iter().map(|item| ItemIdx(*item));
        let n_old = length - observations.n_accepted[row] as usize;
        let accepted: Vec<ItemIdx> = history.clone().skip(n_old).collect();
        let context = ContextIdx(observations.contexts[row]);
        builder.push(history, |users| tables.push_user(context, &accepted, users));
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_right_aligned_so_that_the_latest_item_has_one_place() -> Result<(), AgentError> {
        let mut builder = InputsBuilder::new(3);
        builder.push([ItemIdx(7), ItemIdx(8)].into_iter(), |users| users.push(0.5));
        builder.push(std::iter::empty(), |users| users.push(0.25));
        let inputs = builder.build()?;
        assert_eq!(inputs.history_items.to_vec1::<u32>()?, [0, 7, 8, 0, 0, 0]);
        assert_eq!(inputs.masks.to_vec2::<f32>()?, [[0.0, 1.0, 1.0], [0.0; 3]]);
        assert_eq!(inputs.users.to_vec2::<f32>()?, [[0.5], [0.25]]);
        Ok(())
    }
}
