//! What happened, in a ring that overwrites the oldest.

use crate::RivalError;
use crate::situation::Situation;
use drr_core::{ContextIdx, ItemIdx, RandomStream};
use drr_store::{NamedArray, Values};
use rand::Rng;

/// One decision and what followed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Experience {
    /// What the system saw.
    pub before: Situation,
    /// What it recommended, one item or a slate, in order.
    pub items: Vec<ItemIdx>,
    /// The reward of each item.
    pub rewards: Vec<f32>,
    /// What it saw next.
    pub after: Situation,
    /// No candidate remains: no bootstrap.
    pub terminated: bool,
    /// All items recommended in the session so far, those of this decision included: no candidates any more.
    pub recommended: Vec<ItemIdx>,
    /// The vector that chose the items, where a system learns from it; empty for the others.
    pub action: Vec<f32>,
}

/// The latest experiences.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Memory {
    capacity: usize,
    /// The slot of the next experience.
    next: usize,
    all: Vec<Experience>,
}

impl Memory {
    /// An empty memory for `capacity` experiences.
    pub(crate) const fn new(capacity: usize) -> Self {
        Self { capacity, next: 0, all: Vec::new() }
    }

    /// The number of experiences.
    pub(crate) const fn len(&self) -> usize {
        self.all.len()
    }

    /// Keeps an experience.
    pub(crate) fn push(&mut self, experience: Experience) {
        if self.all.len() < self.capacity {
            self.all.push(experience);
        } else {
            self.all[self.next] = experience;
        }
        self.next = (self.next + 1) % self.capacity;
    }

    /// `n` experiences drawn uniformly, with repeats. Panics on an empty memory, which is a bug.
    pub(crate) fn sample(&self, n: usize, random: &mut RandomStream) -> Vec<&Experience> {
        (0..n).map(|_| &self.all[random.random_range(0..self.all.len())]).collect()
    }

    /// The memory as arrays: all words one behind the other, each experience behind its length.
    pub(crate) fn to_arrays(&self) -> Vec<NamedArray> {
        let mut words = vec![u32::try_from(self.next).unwrap_or(u32::MAX)];
        for it in &self.all {
            let at = words.len();
            words.push(0);
            write(it, &mut words);
            words[at] = u32::try_from(words.len() - at - 1).unwrap_or(u32::MAX);
        }
        vec![NamedArray::new("memory", vec![words.len()], Values::U32(words))]
    }

    /// The memory as it was when `arrays` was taken.
    pub(crate) fn from_arrays(capacity: usize, arrays: &[NamedArray]) -> Result<Self, RivalError> {
        let damaged = || RivalError::OtherRun("the checkpoint's memory is damaged".to_owned());
        let array = arrays.iter().find(|array| array.name == "memory").ok_or_else(damaged)?;
        let Values::U32(words) = &array.values else { return Err(damaged()) };
        let (next, mut rest) = words.split_first().ok_or_else(damaged)?;
        let mut all = Vec::new();
        while let Some((length, behind)) = rest.split_first() {
            let (record, behind) = behind.split_at_checked(*length as usize).ok_or_else(damaged)?;
            all.push(read(record).ok_or_else(damaged)?);
            rest = behind;
        }
        if all.len() > capacity || *next as usize >= capacity {
            return Err(damaged());
        }
        Ok(Self { capacity, next: *next as usize, all })
    }
}

fn write(it: &Experience, words: &mut Vec<u32>) {
    let mut list = |items: &mut dyn Iterator<Item = u32>| {
        let at = words.len();
        words.push(0);
        words.extend(items);
        words[at] = u32::try_from(words.len() - at - 1).unwrap_or(u32::MAX);
    };
    for situation in [&it.before, &it.after] {
        list(&mut [situation.context.0, situation.n_accepted].into_iter());
        list(&mut situation.liked.iter().map(|item| item.0));
        list(&mut situation.disliked.iter().map(|item| item.0));
    }
    list(&mut it.items.iter().map(|item| item.0));
    list(&mut it.rewards.iter().map(|reward| reward.to_bits()));
    list(&mut it.recommended.iter().map(|item| item.0));
    words.push(u32::from(it.terminated));
    // Last and without a length, so that a memory without actions reads as it did before there were any.
    words.extend(it.action.iter().map(|value| value.to_bits()));
}

fn read(mut words: &[u32]) -> Option<Experience> {
    let mut list = || {
        let (length, rest) = words.split_first()?;
        let (values, rest) = rest.split_at_checked(*length as usize)?;
        words = rest;
        Some(values)
    };
    let items = |values: &[u32]| values.iter().map(|item| ItemIdx(*item)).collect::<Vec<_>>();
    let mut situation = || {
        let &[context, n_accepted] = list()? else { return None };
        let (liked, disliked) = (items(list()?), items(list()?));
        Some(Situation { context: ContextIdx(context), n_accepted, liked, disliked })
    };
    let (before, after) = (situation()?, situation()?);
    let (shown, rewards, recommended) = (items(list()?), list()?, items(list()?));
    let rewards = rewards.iter().map(|bits| f32::from_bits(*bits)).collect();
    let (terminated, action) = words.split_first()?;
    let action = action.iter().map(|bits| f32::from_bits(*bits)).collect();
    Some(Experience {
        before,
        items: shown,
        rewards,
        after,
        terminated: *terminated == 1,
        recommended,
        action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    fn experience(item: u32) -> Experience {
        let before = Situation {
            context: ContextIdx(3),
            liked: vec![ItemIdx(1), ItemIdx(2)],
            n_accepted: 1,
            disliked: vec![ItemIdx(9)],
        };
        let after = Situation { disliked: Vec::new(), ..before.clone() };
        let items = vec![ItemIdx(item)];
        let recommended = vec![ItemIdx(5), ItemIdx(item)];
        // None at times: the others must not shift.
        let action = [0.25, -1.5].repeat(item as usize % 2);
        Experience { before, items, rewards: vec![-0.5], after, terminated: item == 2, recommended, action }
    }

    #[test]
    fn the_oldest_goes_first_and_all_is_restored() {
        let mut memory = Memory::new(2);
        (0..3).for_each(|item| memory.push(experience(item)));
        assert_eq!(memory.len(), 2);
        assert_eq!(memory.all, [experience(2), experience(1)]);
        let again = Memory::from_arrays(2, &memory.to_arrays()).unwrap();
        assert_eq!(again, memory);
        let draw = |memory: &Memory| {
            let mut random = Seeds(1).stream("draw");
            memory.sample(5, &mut random).into_iter().cloned().collect::<Vec<_>>()
        };
        assert_eq!(draw(&again), draw(&memory));
    }

    #[test]
    fn a_damaged_memory_is_refused() {
        let mut memory = Memory::new(2);
        memory.push(experience(1));
        let mut arrays = memory.to_arrays();
        let Values::U32(words) = &mut arrays[0].values else { panic!("words") };
        words.pop();
        for damaged in [&arrays[..], &[]] {
            let error = Memory::from_arrays(2, damaged).unwrap_err().to_string();
            assert!(error.contains("memory is damaged"), "{error}");
        }
    }
}
