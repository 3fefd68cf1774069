//! Transitions in flat arrays, in a ring that overwrites the oldest.
//!
//! All ids and numbers of a transition lie side by side as one record, and its action beside it: what a draw costs is the
//! waiting for memory, and so it waits for two places, not for a dozen. The arrays grow with the transitions, up to the
//! capacity: a large capacity costs nothing until it is used.

use crate::{Batch, ReplayError};
use drr_core::{ContextIdx, ItemIdx, Observation};
use std::ops::Range;

/// What follows from one action: what a learner learns from.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// What the agent saw.
    pub observation: Observation,
    /// What it recommended.
    pub item: ItemIdx,
    /// The proto-action that was executed, exploration noise included, `[D]`.
    pub action: Vec<f32>,
    /// The immediate reward.
    pub reward: f32,
    /// What the agent saw next.
    pub next_observation: Observation,
    /// No candidate remains: no bootstrap.
    pub terminated: bool,
    /// The time limit cut the session: the bootstrap goes on.
    pub truncated: bool,
    /// The items recommended in the session up to and including `item`: no candidates at the next observation.
    pub recommended: Vec<ItemIdx>,
}

/// The sizes of what a replay stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// The length of the history window, `N`.
    pub history_length: usize,
    /// The dimension of a proto-action, `D`.
    pub action_dim: usize,
    /// The greatest number of items recommended in a session, `T`.
    pub max_recommended: usize,
}

/// Where the parts of a transition lie within its record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fields {
    /// `N` items, padded at the end.
    pub history: Range<usize>,
    /// `N` items, padded at the end.
    pub next_history: Range<usize>,
    /// `T` items, padded at the end.
    pub recommended: Range<usize>,
    /// The length of a record.
    pub width: usize,
}

impl Fields {
    /// The row of the user's vector.
    pub const CONTEXT: usize = 0;
    /// The recommended item.
    pub const ITEM: usize = 1;
    /// The bits of the reward.
    pub const REWARD: usize = 2;
    /// 0 or 1.
    pub const TERMINATED: usize = 3;
    /// 0 or 1.
    pub const TRUNCATED: usize = 4;
    /// How many items at the end of the history were accepted in the session.
    pub const N_ACCEPTED: usize = 5;
    /// The same of the next history.
    pub const NEXT_N_ACCEPTED: usize = 6;
    const N_SINGLE: usize = 7;

    const fn new(sizes: Sizes) -> Self {
        let after_history = Self::N_SINGLE + sizes.history_length;
        let after_next = after_history + sizes.history_length;
        let width = after_next + sizes.max_recommended;
        Self {
            history: Self::N_SINGLE..after_history,
            next_history: after_history..after_next,
            recommended: after_next..width,
            width,
        }
    }
}

/// The flat arrays; the comments give their shapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Storage {
    pub sizes: Sizes,
    pub capacity: usize,
    /// The slot of the next transition.
    pub position: usize,
    pub fields: Fields,
    /// `[len, fields.width]`.
    pub records: Vec<u32>,
    /// `[len, D]`.
    pub actions: Vec<f32>,
}

impl Storage {
    pub const fn new(capacity: usize, sizes: Sizes) -> Self {
        let fields = Fields::new(sizes);
        Self { sizes, capacity, position: 0, fields, records: Vec::new(), actions: Vec::new() }
    }

    pub const fn len(&self) -> usize {
        self.records.len() / self.fields.width
    }

    fn record(&self, slot: usize) -> &[u32] {
        &self.records[slot * self.fields.width..][..self.fields.width]
    }

    fn action(&self, slot: usize) -> &[f32] {
        &self.actions[slot * self.sizes.action_dim..][..self.sizes.action_dim]
    }

    /// Refuses a transition that does not fit or would poison the learner.
    pub fn check(&self, transition: &Transition) -> Result<(), ReplayError> {
        let Sizes { history_length, action_dim, max_recommended } = self.sizes;
        let (before, after) = (&transition.observation, &transition.next_observation);
        if before.context != after.context {
            return Err(ReplayError::OtherContext { before: before.context.0, after: after.context.0 });
        }
        for (part, length, expected, fits) in [
            ("history", before.history.len(), history_length, before.history.len() <= history_length),
            ("next history", after.history.len(), history_length, after.history.len() <= history_length),
            ("action", transition.action.len(), action_dim, transition.action.len() == action_dim),
            (
                "recommended",
                transition.recommended.len(),
                max_recommended,
                transition.recommended.len() <= max_recommended,
            ),
        ] {
            if !fits {
                return Err(ReplayError::Length { part, length, expected });
            }
        }
        let bad_action = transition.action.iter().find(|value| !value.is_finite());
        if let Some(value) = bad_action {
            return Err(ReplayError::NotFinite { what: "action", value: f64::from(*value) });
        }
        if !transition.reward.is_finite() {
            return Err(ReplayError::NotFinite { what: "reward", value: f64::from(transition.reward) });
        }
        Ok(())
    }

    /// Writes a checked transition over the oldest, and returns its slot.
    pub fn push(&mut self, transition: &Transition) -> usize {
        let slot = self.position;
        let width = self.fields.width;
        if slot == self.len() {
            self.records.resize((slot + 1) * width, 0);
            self.actions.resize((slot + 1) * self.sizes.action_dim, 0.0);
        }
        let Transition { observation, next_observation, .. } = transition;
        let record = &mut self.records[slot * width..][..width];
        record[Fields::CONTEXT] = observation.context.0;
        record[Fields::ITEM] = transition.item.0;
        record[Fields::REWARD] = transition.reward.to_bits();
        record[Fields::TERMINATED] = transition.terminated.into();
        record[Fields::TRUNCATED] = transition.truncated.into();
        record[Fields::N_ACCEPTED] = observation.n_accepted;
        record[Fields::NEXT_N_ACCEPTED] = next_observation.n_accepted;
        write_padded(&mut record[self.fields.history.clone()], &observation.history);
        write_padded(&mut record[self.fields.next_history.clone()], &next_observation.history);
        write_padded(&mut record[self.fields.recommended.clone()], &transition.recommended);
        let dim = self.sizes.action_dim;
        self.actions[slot * dim..][..dim].copy_from_slice(&transition.action);
        self.position = (slot + 1) % self.capacity;
        slot
    }

    /// The transition of a slot; its user is not kept.
    pub fn transition(&self, slot: usize) -> Transition {
        let record = self.record(slot);
        let items = |range: &Range<usize>| -> Vec<ItemIdx> {
            unpadded(&record[range.clone()]).iter().copied().map(ItemIdx).collect()
        };
        let observation = |range: &Range<usize>, n_accepted: usize| Observation {
            context: ContextIdx(record[Fields::CONTEXT]),
            history: items(range),
            n_accepted: record[n_accepted],
            ..Observation::default()
        };
        Transition {
            observation: observation(&self.fields.history, Fields::N_ACCEPTED),
            item: ItemIdx(record[Fields::ITEM]),
            action: self.action(slot).to_vec(),
            reward: f32::from_bits(record[Fields::REWARD]),
            next_observation: observation(&self.fields.next_history, Fields::NEXT_N_ACCEPTED),
            terminated: record[Fields::TERMINATED] == 1,
            truncated: record[Fields::TRUNCATED] == 1,
            recommended: items(&self.fields.recommended),
        }
    }

    /// Fills `batch` with the transitions of its slots.
    pub fn gather(&self, batch: &mut Batch) {
        batch.clear(self.sizes.history_length);
        let Batch { slots, observations, next_observations, recommended, recommended_offsets, .. } = batch;
        recommended_offsets.push(0);
        // All are asked for before the first is read: their ways to memory overlap.
        let (width, dim) = (self.fields.width, self.sizes.action_dim);
        let asked = |sum: u32, slot: &usize| {
            let record = slot * width;
            sum ^ self.records[record] ^ self.records[record + width - 1] ^ self.actions[slot * dim].to_bits()
        };
        std::hint::black_box(slots.iter().fold(0, asked));
        for slot in slots.iter() {
            let record = self.record(*slot);
            batch.rewards.push(f32::from_bits(record[Fields::REWARD]));
            batch.items.push(record[Fields::ITEM]);
            batch.terminated.push(record[Fields::TERMINATED] == 1);
            batch.truncated.push(record[Fields::TRUNCATED] == 1);
            batch.actions.extend_from_slice(self.action(*slot));
            let context = record[Fields::CONTEXT];
            let history = unpadded(&record[self.fields.history.clone()]);
            observations.push_ids(context, history, record[Fields::N_ACCEPTED]);
            let history = unpadded(&record[self.fields.next_history.clone()]);
            next_observations.push_ids(context, history, record[Fields::NEXT_N_ACCEPTED]);
            let ids = unpadded(&record[self.fields.recommended.clone()]);
            recommended.extend(ids.iter().copied().map(ItemIdx));
            recommended_offsets.push(recommended.len());
        }
    }
}

/// Writes ids into a row, and padding behind them.
fn write_padded(row: &mut [u32], ids: &[ItemIdx]) {
    let (filled, rest) = row.split_at_mut(ids.len());
    for (value, id) in filled.iter_mut().zip(ids) {
        *value = id.0;
    }
    rest.fill(ItemIdx::PADDING.0);
}

/// A row without its padding.
fn unpadded(row: &[u32]) -> &[u32] {
    &row[..row.iter().position(|id| *id == ItemIdx::PADDING.0).unwrap_or(row.len())]
}
