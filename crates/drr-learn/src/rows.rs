//! Observations and sampled transitions in rows, for flat networks and as tensors.

use crate::LearnError;
use crate::TrainingTables;
use candle_core::{Device, Tensor};
use drr_core::{ContextIdx, ItemIdx, Observation};
use drr_replay::Batch;

/// What the networks read of `B` observations.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The users' vectors, `[B, D]`.
    pub users: Tensor,
    /// The histories' items, the latest last, 0 where `masks` is 0, `[B * N]`.
    pub history_items: Tensor,
    /// 1 = item, 0 = padding, `[B, N]`.
    pub masks: Tensor,
    /// Features at the end of the states, `[B, F]`, if there are any.
    pub features: Option<Tensor>,
}

/// Observations row by row, its memory kept from batch to batch.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The users' vectors, `[B, D]`.
    pub users: Vec<f32>,
    /// The histories' items, the latest last, 0 before the oldest, `[B, N]`.
    history_items: Vec<u32>,
    /// The items in each history, `[B]`.
    lengths: Vec<usize>,
    /// Features at the end of the states, `[B, F]`; none if there are none.
    pub features: Vec<f32>,
    history_length: usize,
}

impl Rows {
    /// Nothing yet; histories will be padded to `history_length`.
    #[must_use]
    pub const fn new(history_length: usize) -> Self {
        Self {
            users: Vec::new(),
            history_items: Vec::new(),
            lengths: Vec::new(),
            features: Vec::new(),
            history_length,
        }
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.users.clear();
        self.history_items.clear();
        self.lengths.clear();
        self.features.clear();
    }

    /// The number of rows, `B`.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The user's vector and the history of one row. Panics if `row` is beyond them, which is a bug.
    #[must_use]
    pub fn row(&self, row: usize) -> (&[f32], &[u32]) {
        let dim = self.users.len() / self.lengths.len();
        let window = &self.history_items[row * self.history_length..][..self.history_length];
        (&self.users[row * dim..][..dim], &window[self.history_length - self.lengths[row]..])
    }

    /// Adds one row: the caller appends the user's vector, and gives the history, oldest first.
    pub fn push(
        &mut self,
        history: impl ExactSizeIterator<Item = ItemIdx>,
        user: impl FnOnce(&mut Vec<f32>),
    ) {
        user(&mut self.users);
        let n_padding = self.history_length - history.len();
        self.history_items.extend(std::iter::repeat_n(0, n_padding));
        self.lengths.push(history.len());
        self.history_items.extend(history.map(|item| item.0));
    }

    /// Adds an observation as environments give them.
    pub fn push_observation(&mut self, observation: &Observation, tables: &TrainingTables) {
        let history = observation.history.iter().copied();
        tables.push_features(observation.context, history.clone(), &mut self.features);
        self.push(history, |users| tables.push_observed_user(observation, users));
    }

    /// Takes one side of sampled transitions in place of what was there.
    pub fn fill(&mut self, batch: &Batch, side: Side, tables: &TrainingTables) {
        self.clear();
        let observations = match side {
            Side::Now => &batch.observations,
            Side::Next => &batch.next_observations,
        };
        for (row, window) in observations.histories.chunks_exact(self.history_length).enumerate() {
            let length = observations.lengths[row] as usize;
            let history = window[..length].iter().map(|item| ItemIdx(*item));
            let n_old = length - observations.n_accepted[row] as usize;
            let context = ContextIdx(observations.contexts[row]);
            tables.push_features(context, history.clone(), &mut self.features);
            self.push(history.clone(), |users| tables.push_user(context, history.skip(n_old), users));
        }
    }

    /// The rows as tensors.
    ///
    /// # Errors
    ///
    /// Fails if Candle does.
    pub fn inputs(&self) -> Result<Inputs, LearnError> {
        let n_rows = self.len();
        let dim = self.users.len() / n_rows;
        let mask = |length: &usize| {
            let padding = std::iter::repeat_n(0.0_f32, self.history_length - length);
            padding.chain(std::iter::repeat_n(1.0, *length))
        };
        let masks: Vec<f32> = self.lengths.iter().flat_map(mask).collect();
        let n_features = self.features.len() / n_rows;
        let features = || Tensor::from_slice(&self.features, (n_rows, n_features), &Device::Cpu);
        let n_places = n_rows * self.history_length;
        Ok(Inputs {
            users: Tensor::from_slice(&self.users, (n_rows, dim), &Device::Cpu)?,
            history_items: Tensor::from_slice(&self.history_items, n_places, &Device::Cpu)?,
            masks: Tensor::from_vec(masks, (n_rows, self.history_length), &Device::Cpu)?,
            features: (n_features > 0).then(features).transpose()?,
        })
    }
}

/// Which side of the transitions.
#[derive(Debug, Clone, Copy)]
pub enum Side {
    /// The observations acted on.
    Now,
    /// The observations that followed.
    Next,
}

impl Inputs {
    /// The inputs of one side of sampled transitions.
    ///
    /// # Errors
    ///
    /// Fails if Candle does.
    pub fn sampled(
        batch: &Batch,
        side: Side,
        tables: &TrainingTables,
        history_length: usize,
    ) -> Result<Self, LearnError> {
        let mut rows = Rows::new(history_length);
        rows.fill(batch, side, tables);
        rows.inputs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_right_aligned_so_that_the_latest_item_has_one_place() -> Result<(), LearnError> {
        let mut rows = Rows::new(3);
        rows.push([ItemIdx(7), ItemIdx(8)].into_iter(), |users| users.push(0.5));
        rows.push(std::iter::empty(), |users| users.push(0.25));
        let inputs = rows.inputs()?;
        assert_eq!(inputs.history_items.to_vec1::<u32>()?, [0, 7, 8, 0, 0, 0]);
        assert_eq!(inputs.masks.to_vec2::<f32>()?, [[0.0, 1.0, 1.0], [0.0; 3]]);
        assert_eq!(rows.row(0), (&[0.5][..], &[7, 8][..]));
        assert_eq!(inputs.users.to_vec2::<f32>()?, [[0.5], [0.25]]);
        Ok(())
    }
}
