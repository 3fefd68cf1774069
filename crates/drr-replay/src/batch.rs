//! Many observations, and many transitions, as arrays that are ready to become tensors.

use drr_core::{ItemIdx, Observation};

/// Observations side by side, `B` of them. Histories are oldest first and padded at the end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservationBatch {
    history_length: usize,
    /// Rows of the table of user vectors, `[B]`.
    pub contexts: Vec<u32>,
    /// Item ids, `[B, N]`, oldest first from the left; 0 beyond the length.
    pub histories: Vec<u32>,
    /// The number of items in each history, `[B]`.
    pub lengths: Vec<u32>,
    /// How many items at the end of each history were accepted in the session, `[B]`.
    pub n_accepted: Vec<u32>,
}

impl ObservationBatch {
    /// No observations yet, with room for `capacity` of them with windows of `history_length`.
    #[must_use]
    pub fn with_capacity(capacity: usize, history_length: usize) -> Self {
        Self {
            history_length,
            contexts: Vec::with_capacity(capacity),
            histories: Vec::with_capacity(capacity * history_length),
            lengths: Vec::with_capacity(capacity),
            n_accepted: Vec::with_capacity(capacity),
        }
    }

    /// The given observations, for an agent that acts on many users at once. Panics on a history beyond the window,
    /// which is a bug.
    #[must_use]
    pub fn from_observations<'a>(
        observations: impl IntoIterator<Item = &'a Observation>,
        history_length: usize,
    ) -> Self {
        let observations = observations.into_iter();
        let mut batch = Self::with_capacity(observations.size_hint().0, history_length);
        for observation in observations {
            let ids: Vec<u32> = observation.history.iter().map(|item| item.0).collect();
            batch.push_ids(observation.context.0, &ids, observation.n_accepted);
        }
        batch
    }

    /// Forgets all observations; the next have windows of `history_length`.
    pub(crate) fn begin(&mut self, history_length: usize) {
        self.history_length = history_length;
        for ids in [&mut self.contexts, &mut self.histories, &mut self.lengths, &mut self.n_accepted] {
            ids.clear();
        }
    }

    /// Appends one observation with a whole window, zeros behind its `length` items.
    pub(crate) fn push_window(&mut self, context: u32, window: &[u32], length: u32, n_accepted: u32) {
        self.contexts.push(context);
        self.histories.extend_from_slice(window);
        self.lengths.push(length);
        self.n_accepted.push(n_accepted);
    }

    /// Appends one observation.
    fn push_ids(&mut self, context: u32, history: &[u32], n_accepted: u32) {
        let n_padding =
            self.history_length.checked_sub(history.len()).expect("a history is no longer than its window");
        self.contexts.push(context);
        self.histories.extend_from_slice(history);
        self.histories.extend(std::iter::repeat_n(0, n_padding));
        self.lengths.push(history.len() as u32);
        self.n_accepted.push(n_accepted);
    }

    /// The number of observations, `B`.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.contexts.len()
    }

    /// Whether there is no observation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    /// The length of the history window, `N`.
    #[must_use]
    pub const fn history_length(&self) -> usize {
        self.history_length
    }
}

/// Sampled transitions side by side, `B` of them; none by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// What the agent saw.
    pub observations: ObservationBatch,
    /// What it saw next.
    pub next_observations: ObservationBatch,
    /// The executed proto-actions, `[B, D]`.
    pub actions: Vec<f32>,
    /// The recommended items, `[B]`.
    pub items: Vec<u32>,
    /// The immediate rewards, `[B]`.
    pub rewards: Vec<f32>,
    /// Where no candidate remained: no bootstrap, `[B]`.
    pub terminated: Vec<bool>,
    /// Where the time limit cut the session: the bootstrap goes on, `[B]`.
    pub truncated: Vec<bool>,
    /// Importance weights, in (0, 1], `[B]`.
    pub weights: Vec<f32>,
    /// Where each transition lies, to hand back with its TD error, `[B]`.
    pub slots: Vec<usize>,
    pub(crate) recommended: Vec<ItemIdx>,
    pub(crate) recommended_offsets: Vec<usize>,
}

impl Batch {
    /// Forgets all but the slots and their weights.
    pub(crate) fn clear(&mut self, history_length: usize) {
        self.observations.begin(history_length);
        self.next_observations.begin(history_length);
        self.actions.clear();
        self.items.clear();
        self.rewards.clear();
        self.terminated.clear();
        self.truncated.clear();
        self.recommended.clear();
        self.recommended_offsets.clear();
    }

    /// The number of transitions, `B`.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no transition.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The items recommended in the session of transition `at`, up to and including its own: what to mask at the next
    /// observation. Panics beyond the batch, which is a bug.
    #[must_use]
    pub fn recommended(&self, at: usize) -> &[ItemIdx] {
        &self.recommended[self.recommended_offsets[at]..self.recommended_offsets[at + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ContextIdx, UserIdx};

    #[test]
    fn histories_are_aligned_left_and_padded_at_the_end() {
        let observation = |context, history: &[u32], n_accepted| Observation {
            user: UserIdx(9),
            context: ContextIdx(context),
            history: history.iter().copied().map(ItemIdx).collect(),
            n_accepted,
        };
        let both = [observation(4, &[7, 5], 1), observation(2, &[], 0)];
        let batch = ObservationBatch::from_observations(&both, 3);
        assert_eq!(batch.histories, [7, 5, 0, 0, 0, 0]);
        assert_eq!(batch.lengths, [2, 0]);
        assert_eq!((batch.lengths, batch.n_accepted), (vec![2, 0], vec![1, 0]));
        assert_eq!(batch.contexts, [4, 2]);
    }
}
