//! What the log tells, as one mean pair per reward.

use crate::{LoggedConfig, Sessions};
use drr_core::{EmbeddingTable, ItemIdx};

/// The pairs of a log that got the same reward.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// Their reward.
    pub reward: f32,
    /// Their number.
    pub n_pairs: f64,
    /// The sum of the states of length 1, `[N D]`.
    states: Vec<f64>,
    /// The sum of the actions of length 1, `[D]`.
    actions: Vec<f64>,
}

/// All groups, by ascending reward.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory {
    groups: Vec<Group>,
    history_length: usize,
    dim: usize,
}

impl Memory {
    /// Every rating of the log in its user's order: the positive items before it, the item, the reward of the rating.
    pub(super) fn new(sessions: &Sessions, items: &EmbeddingTable, config: LoggedConfig) -> Self {
        let (history_length, dim) = (config.history_length, items.dim());
        let mut memory = Self { groups: Vec::new(), history_length, dim };
        for user in sessions.log().users() {
            let rated = sessions.log().of_user(user);
            let mut history: Vec<ItemIdx> = Vec::new();
            for (item, rating) in rated.items.iter().zip(rated.ratings) {
                let reward = config.reward.of_rating(*rating, config.rating_scale);
                let group = memory.group(reward);
                group.n_pairs += 1.0;
                add(&mut group.actions, items.row(item.index()), length(&[*item], items));
                let whole = length(&history, items);
                let at = history_length - history.len();
                for (place, liked) in history.iter().enumerate() {
                    add(&mut group.states[(at + place) * dim..][..dim], items.row(liked.index()), whole);
                }
                if *rating >= sessions.positive() {
                    history.push(*item);
                    history.drain(..history.len().saturating_sub(history_length));
                }
            }
        }
        memory
    }

    /// The group of a reward, made if it is new.
    fn group(&mut self, reward: f32) -> &mut Group {
        let at = self.groups.partition_point(|group| group.reward < reward);
        if self.groups.get(at).is_none_or(|group| group.reward > reward) {
            let (states, actions) = (vec![0.0; self.history_length * self.dim], vec![0.0; self.dim]);
            self.groups.insert(at, Group { reward, n_pairs: 0.0, states, actions });
        }
        &mut self.groups[at]
    }

    /// All groups, by ascending reward.
    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// For each group, the sum of the cosines between its actions and the vector `action`, `[groups]`.
    pub(super) fn of_action<'a>(&'a self, action: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        let whole = dot_self(action).sqrt();
        self.groups.iter().map(move |group| over(dot(&group.actions, action), whole))
    }

    /// For each group, the sum of the cosines between its states and that of `history`, `[groups]`.
    pub(super) fn of_state<'a>(
        &'a self,
        history: &'a [ItemIdx],
        items: &'a EmbeddingTable,
    ) -> impl Iterator<Item = f64> + 'a {
        let whole = length(history, items);
        let at = self.history_length - history.len();
        self.groups.iter().map(move |group| {
            let parts = group.states[at * self.dim..].chunks(self.dim).zip(history);
            over(parts.map(|(part, item)| dot(part, items.row(item.index()))).sum(), whole)
        })
    }
}

/// The length of some items' vectors one behind the other.
fn length(history: &[ItemIdx], items: &EmbeddingTable) -> f64 {
    history.iter().map(|item| dot_self(items.row(item.index()))).sum::<f64>().sqrt()
}

/// Adds `vector / whole`; nothing where `whole` is 0.
fn add(sum: &mut [f64], vector: &[f32], whole: f64) {
    if whole > 0.0 {
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += f64::from(*value) / whole);
    }
}

/// `product / whole`; 0 where `whole` is 0.
fn over(product: f64, whole: f64) -> f64 {
    if whole > 0.0 { product / whole } else { 0.0 }
}

fn dot(sum: &[f64], vector: &[f32]) -> f64 {
    sum.iter().zip(vector).map(|(left, right)| left * f64::from(*right)).sum()
}

fn dot_self(vector: &[f32]) -> f64 {
    vector.iter().map(|value| f64::from(*value).powi(2)).sum()
}
