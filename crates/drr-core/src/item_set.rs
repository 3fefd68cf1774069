//! A set of items as one bit per item: the candidates of a query, or what a session must not repeat.

use crate::ItemIdx;

/// A set of items out of a catalogue of fixed size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSet {
    words: Vec<u64>,
    n_items: usize,
}

impl ItemSet {
    /// No item of a catalogue of `n_items`.
    #[must_use]
    pub fn empty(n_items: usize) -> Self {
        Self { words: vec![0; n_items.div_ceil(64)], n_items }
    }

    /// Every item of a catalogue of `n_items`.
    #[must_use]
    pub fn full(n_items: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; n_items.div_ceil(64)], n_items };
        if !n_items.is_multiple_of(64) {
            set.words[n_items / 64] = (1 << (n_items % 64)) - 1;
        }
        set
    }

    /// The given items of a catalogue of `n_items`. Panics on an item beyond it, which is a bug.
    pub fn from_items(n_items: usize, items: impl IntoIterator<Item = ItemIdx>) -> Self {
        let mut set = Self::empty(n_items);
        for item in items {
            set.insert(item);
        }
        set
    }

    /// The size of the catalogue, not of the set.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.n_items
    }

    /// The number of items in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set has no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether `item` is in the set; an item beyond the catalogue is not.
    #[must_use]
    pub fn contains(&self, item: ItemIdx) -> bool {
        self.words.get(item.index() / 64).is_some_and(|word| word >> (item.index() % 64) & 1 == 1)
    }

    /// Adds an item. Panics on an item beyond the catalogue, which is a bug.
    pub fn insert(&mut self, item: ItemIdx) {
        assert!(item.index() < self.n_items, "item {} is beyond the catalogue of {}", item.0, self.n_items);
        self.words[item.index() / 64] |= 1 << (item.index() % 64);
    }

    /// Removes an item, if it is there.
    pub fn remove(&mut self, item: ItemIdx) {
        if let Some(word) = self.words.get_mut(item.index() / 64) {
            *word &= !(1 << (item.index() % 64));
        }
    }

    /// The items, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = ItemIdx> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    ItemIdx::from(at * 64 + bit)
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_full_set_has_every_item_and_none_beyond() {
        let set = ItemSet::full(70);
        assert_eq!(set.len(), 70);
        assert!(set.contains(ItemIdx(69)) && !set.contains(ItemIdx(70)) && !set.contains(ItemIdx::PADDING));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_tree_set(items in prop::collection::vec(0_u32..200, 0..60), gone in 0_u32..200) {
            let mut expected: BTreeSet<u32> = items.iter().copied().collect();
            let mut set = ItemSet::from_items(200, items.into_iter().map(ItemIdx));
            expected.remove(&gone);
            set.remove(ItemIdx(gone));
            prop_assert_eq!(set.len(), expected.len());
            prop_assert_eq!(set.iter().map(|item| item.0).collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
        }
    }
}
