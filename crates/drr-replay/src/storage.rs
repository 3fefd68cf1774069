//! Transitions in flat arrays, in a ring that overwrites the oldest.
//!
//! All ids and numbers of a transition lie side by side as one record: what a draw costs is the waiting for memory, and so
//! it waits for one place, not for a dozen. The array grows with the transitions, up to the capacity: a large capacity
//! costs nothing until it is used.

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
    /// `N` items, zeros behind the last.
    pub history: Range<usize>,
    /// `N` items, zeros behind the last.
    pub next_history: Range<usize>,
    /// `T` items, zeros behind the last.
    pub recommended: Range<usize>,
    /// The bits of the `D` numbers of the action.
    pub action: Range<usize>,
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
    /// The number of items in the history.
    pub const LENGTH: usize = 7;
    /// The same of the next history.
    pub const NEXT_LENGTH: usize = 8;
    /// The same of the recommended items.
    pub const N_RECOMMENDED: usize = 9;
    const N_SINGLE: usize = 10;

    const fn new(sizes: Sizes) -> Self {
        let after_history = Self::N_SINGLE + sizes.history_length;
        let after_next = after_history + sizes.history_length;
        let after_recommended = after_next + sizes.max_recommended;
        let width = after_recommended + sizes.action_dim;
        Self {
            history: Self::N_SINGLE..after_history,
            next_history: after_history..after_next,
            recommended: after_next..after_recommended,
            action: after_recommended..width,
            width,
        }
    }
}

/// The numbers in a line of the cache.
const LINE: usize = 16;

/// The flat array; the comment gives its shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Storage {
    pub sizes: Sizes,
    pub capacity: usize,
    /// The slot of the next transition.
    pub position: usize,
    pub fields: Fields,
    /// `[len, fields.width]`.
    pub records: Vec<u32>,
}

impl Storage {
    pub const fn new(capacity: usize, sizes: Sizes) -> Self {
        let fields = Fields::new(sizes);
        Self { sizes, capacity, position: 0, fields, records: Vec::new() }
    }

    pub const fn len(&self) -> usize {
        self.records.len() / self.fields.width
    }

    fn record(&self, slot: usize) -> &[u32] {
        &self.records[slot * self.fields.width..][..self.fields.width]
    }

    /// The numbers of a record's action.
    fn action<'a>(&self, record: &'a [u32]) -> impl Iterator<Item = f32> + use<'a> {
        record[self.fields.action.clone()].iter().copied().map(f32::from_bits)
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
        for (range, length, ids) in [
            (&self.fields.history, Fields::LENGTH, &observation.history),
            (&self.fields.next_history, Fields::NEXT_LENGTH, &next_observation.history),
            (&self.fields.recommended, Fields::N_RECOMMENDED, &transition.recommended),
        ] {
            record[length] = ids.len() as u32;
            let (filled, rest) = record[range.clone()].split_at_mut(ids.len());
            filled.iter_mut().zip(ids).for_each(|(value, id)| *value = id.0);
            rest.fill(0);
        }
        let action = record[self.fields.action.clone()].iter_mut().zip(&transition.action);
        action.for_each(|(bits, value)| *bits = value.to_bits());
        self.position = (slot + 1) % self.capacity;
        slot
    }

    /// The transition of a slot; its user is not kept.
    pub fn transition(&self, slot: usize) -> Transition {
        let record = self.record(slot);
        let items = |range: &Range<usize>, length: usize| -> Vec<ItemIdx> {
            record[range.clone()][..record[length] as usize].iter().copied().map(ItemIdx).collect()
        };
        let observation = |range: &Range<usize>, length: usize, n_accepted: usize| Observation {
            context: ContextIdx(record[Fields::CONTEXT]),
            history: items(range, length),
            n_accepted: record[n_accepted],
            ..Observation::default()
        };
        Transition {
            observation: observation(&self.fields.history, Fields::LENGTH, Fields::N_ACCEPTED),
            item: ItemIdx(record[Fields::ITEM]),
            action: self.action(record).collect(),
            reward: f32::from_bits(record[Fields::REWARD]),
            next_observation: observation(
                &self.fields.next_history,
                Fields::NEXT_LENGTH,
                Fields::NEXT_N_ACCEPTED,
            ),
            terminated: record[Fields::TERMINATED] == 1,
            truncated: record[Fields::TRUNCATED] == 1,
            recommended: items(&self.fields.recommended, Fields::N_RECOMMENDED),
        }
    }

    /// Fills `batch` with the transitions of its slots.
    pub fn gather(&self, batch: &mut Batch) {
        batch.clear(self.sizes.history_length);
        let Batch { slots, observations, next_observations, recommended, recommended_offsets, .. } = batch;
        recommended_offsets.push(0);
        // All are asked for before the first is read: their ways to memory overlap.
        let asked = |sum: u32, slot: &usize| {
            self.record(*slot).iter().step_by(LINE).fold(sum, |sum, value| sum ^ value)
        };
        std::hint::black_box(slots.iter().fold(0, asked));
        for slot in slots.iter() {
            let record = self.record(*slot);
            batch.rewards.push(f32::from_bits(record[Fields::REWARD]));
            batch.items.push(record[Fields::ITEM]);
            batch.terminated.push(record[Fields::TERMINATED] == 1);
            batch.truncated.push(record[Fields::TRUNCATED] == 1);
            batch.actions.extend(self.action(record));
            let context = record[Fields::CONTEXT];
            let window = &record[self.fields.history.clone()];
            observations.push_window(context, window, record[Fields::LENGTH], record[Fields::N_ACCEPTED]);
            let window = &record[self.fields.next_history.clone()];
            let (length, n_accepted) = (record[Fields::NEXT_LENGTH], record[Fields::NEXT_N_ACCEPTED]);
            next_observations.push_window(context, window, length, n_accepted);
            let ids = &record[self.fields.recommended.clone()][..record[Fields::N_RECOMMENDED] as usize];
            recommended.extend(ids.iter().copied().map(ItemIdx));
            recommended_offsets.push(recommended.len());
        }
    }
}
