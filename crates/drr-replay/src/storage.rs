//! Transitions in flat arrays, in a ring that overwrites the oldest.
//!
//! The arrays grow with the transitions, up to the capacity: a large capacity costs nothing until it is used.

use crate::{Batch, ReplayError};
use drr_core::{ContextIdx, ItemIdx, Observation};

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

/// Observations without their contexts, which a transition has only one of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histories {
    /// `[len, N]`, padded at the end.
    pub items: Vec<u32>,
    /// `[len]`.
    pub n_accepted: Vec<u32>,
}

impl Histories {
    fn write(&mut self, slot: usize, width: usize, observation: &Observation) {
        write_padded(&mut self.items, slot, width, &observation.history);
        write(&mut self.n_accepted, slot, observation.n_accepted);
    }
}

/// The flat arrays; the comments give their shapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Storage {
    pub sizes: Sizes,
    pub capacity: usize,
    /// The slot of the next transition.
    pub position: usize,
    /// `[len]`.
    pub contexts: Vec<u32>,
    pub before: Histories,
    pub after: Histories,
    /// `[len, D]`.
    pub actions: Vec<f32>,
    /// `[len]`.
    pub items: Vec<u32>,
    /// `[len]`.
    pub rewards: Vec<f32>,
    /// `[len]`, 0 or 1.
    pub terminated: Vec<u8>,
    /// `[len]`, 0 or 1.
    pub truncated: Vec<u8>,
    /// `[len, T]`, padded at the end.
    pub recommended: Vec<u32>,
}

impl Storage {
    pub const fn new(capacity: usize, sizes: Sizes) -> Self {
        const NONE: Histories = Histories { items: Vec::new(), n_accepted: Vec::new() };
        Self {
            sizes,
            capacity,
            position: 0,
            contexts: Vec::new(),
            before: NONE,
            after: NONE,
            actions: Vec::new(),
            items: Vec::new(),
            rewards: Vec::new(),
            terminated: Vec::new(),
            truncated: Vec::new(),
            recommended: Vec::new(),
        }
    }

    pub const fn len(&self) -> usize {
        self.contexts.len()
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
        let Sizes { history_length, action_dim, max_recommended } = self.sizes;
        write(&mut self.contexts, slot, transition.observation.context.0);
        self.before.write(slot, history_length, &transition.observation);
        self.after.write(slot, history_length, &transition.next_observation);
        if slot * action_dim == self.actions.len() {
            self.actions.extend_from_slice(&transition.action);
        } else {
            self.actions[slot * action_dim..(slot + 1) * action_dim].copy_from_slice(&transition.action);
        }
        write(&mut self.items, slot, transition.item.0);
        write(&mut self.rewards, slot, transition.reward);
        write(&mut self.terminated, slot, u8::from(transition.terminated));
        write(&mut self.truncated, slot, u8::from(transition.truncated));
        write_padded(&mut self.recommended, slot, max_recommended, &transition.recommended);
        self.position = (slot + 1) % self.capacity;
        slot
    }

    /// One stored transition; its user is not stored.
    pub fn transition(&self, slot: usize) -> Transition {
        let Sizes { history_length, action_dim, max_recommended } = self.sizes;
        let items = |values: &[u32], width: usize| -> Vec<ItemIdx> {
            unpadded(&values[slot * width..(slot + 1) * width]).iter().copied().map(ItemIdx).collect()
        };
        let observation = |histories: &Histories| Observation {
            context: ContextIdx(self.contexts[slot]),
            history: items(&histories.items, history_length),
            n_accepted: histories.n_accepted[slot],
            ..Observation::default()
        };
        Transition {
            observation: observation(&self.before),
            item: ItemIdx(self.items[slot]),
            action: self.actions[slot * action_dim..(slot + 1) * action_dim].to_vec(),
            reward: self.rewards[slot],
            next_observation: observation(&self.after),
            terminated: self.terminated[slot] == 1,
            truncated: self.truncated[slot] == 1,
            recommended: items(&self.recommended, max_recommended),
        }
    }

    /// Fills `batch` with the transitions of its slots. One array after another: the reads of one do not wait for those of
    /// another.
    pub fn gather(&self, batch: &mut Batch) {
        let Sizes { history_length, action_dim, max_recommended } = self.sizes;
        let Batch { slots, observations, next_observations, actions, items, rewards, .. } = batch;
        refill(rewards, slots, |slot| self.rewards[slot]);
        refill(items, slots, |slot| self.items[slot]);
        refill(&mut batch.terminated, slots, |slot| self.terminated[slot] == 1);
        refill(&mut batch.truncated, slots, |slot| self.truncated[slot] == 1);
        actions.clear();
        for slot in slots.iter() {
            actions.extend_from_slice(&self.actions[slot * action_dim..(slot + 1) * action_dim]);
        }
        for (side, histories) in [(observations, &self.before), (next_observations, &self.after)] {
            side.begin(history_length);
            for slot in slots.iter() {
                let stored = &histories.items[slot * history_length..(slot + 1) * history_length];
                side.push_ids(self.contexts[*slot], unpadded(stored), histories.n_accepted[*slot]);
            }
        }
        batch.recommended.clear();
        batch.recommended_offsets.clear();
        batch.recommended_offsets.push(0);
        for slot in slots.iter() {
            let stored = &self.recommended[slot * max_recommended..(slot + 1) * max_recommended];
            batch.recommended.extend(unpadded(stored).iter().copied().map(ItemIdx));
            batch.recommended_offsets.push(batch.recommended.len());
        }
    }
}

/// Replaces `values` by those of `slots`.
fn refill<T>(values: &mut Vec<T>, slots: &[usize], of: impl Fn(usize) -> T) {
    values.clear();
    values.extend(slots.iter().map(|slot| of(*slot)));
}

/// Appends at the end or overwrites within.
fn write<T>(values: &mut Vec<T>, slot: usize, value: T) {
    if slot == values.len() {
        values.push(value);
    } else {
        values[slot] = value;
    }
}

/// The same for a row of `width` ids, padded at the end.
fn write_padded(values: &mut Vec<u32>, slot: usize, width: usize, ids: &[ItemIdx]) {
    let begin = slot * width;
    if begin == values.len() {
        values.resize(begin + width, ItemIdx::PADDING.0);
    }
    let (filled, rest) = values[begin..begin + width].split_at_mut(ids.len());
    for (value, id) in filled.iter_mut().zip(ids) {
        *value = id.0;
    }
    rest.fill(ItemIdx::PADDING.0);
}

/// A row without its padding.
fn unpadded(row: &[u32]) -> &[u32] {
    &row[..row.iter().position(|id| *id == ItemIdx::PADDING.0).unwrap_or(row.len())]
}
