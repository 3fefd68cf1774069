//! The vocabulary of long sessions: what was shown counts, and the user may leave.

use crate::{EnvironmentError, ItemIdx, ItemSet, Query, RecommendError, RowOrigin};

/// An item that was shown in a session, with the user's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The item.
    pub item: ItemIdx,
    /// The reward.
    pub reward: f32,
}

/// How a user takes an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// The reward.
    pub reward: f32,
    /// The probability that the user leaves after it, in `[0, 1]`.
    pub leaving: f64,
}

/// One user's session in which leaving is not drawn: whoever judges weighs each step by the probability that the user is
/// still there.
pub trait ExpectedSession {
    /// The items that may be shown now: neither known before the session nor shown in it.
    fn candidates(&self) -> &ItemSet;

    /// What was shown so far, in order.
    fn shown(&self) -> &[Shown];

    /// The greatest number of steps, `T`.
    fn horizon(&self) -> usize;

    /// Shows one item.
    ///
    /// # Errors
    ///
    /// Fails if `item` is not among the candidates or if `T` items were shown; the session is then as it was.
    fn show(&mut self, item: ItemIdx) -> Result<Response, EnvironmentError>;
}

/// Anything that recommends item after item in a session: a rule, an agent.
pub trait SessionRecommender: Send + Sync {
    /// A short name, unique in a report: `greedy`.
    fn name(&self) -> &str;

    /// The rows it was fitted on; `None` if it was fitted on none.
    fn origin(&self) -> Option<&RowOrigin>;

    /// Begins the session of a user of whom the query tells what is known.
    ///
    /// # Errors
    ///
    /// Fails where the implementation does.
    fn begin(&self, query: &Query) -> Result<Box<dyn NextItem + '_>, RecommendError>;
}

/// A recommender in one user's session.
pub trait NextItem {
    /// The next of the candidates, after what was shown so far; of equals, the smaller item. The shown items only ever grow
    /// from call to call.
    ///
    /// # Errors
    ///
    /// Fails on a score that is not finite, and where the implementation does.
    fn next(&mut self, shown: &[Shown], candidates: &ItemSet) -> Result<ItemIdx, RecommendError>;
}

/// Which categories each item has: genres, departments, or clusters.
///
/// An item with `n` categories has each with the weight `1 / sqrt(n)` in a vector of length 1, and with the share `1 / n` in
/// one that sums to 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Categories {
    n_categories: usize,
    /// Where each item's categories begin, `[I + 1]`.
    offsets: Vec<usize>,
    entries: Vec<u16>,
}

impl Categories {
    /// The categories of every item, `[I]`, each below `n_categories`; repeats count once.
    ///
    /// # Errors
    ///
    /// Returns the first item with a category beyond the number.
    pub fn new(n_categories: usize, of_items: &[Vec<u16>]) -> Result<Self, ItemIdx> {
        let (mut offsets, mut entries) = (vec![0], Vec::new());
        for (item, categories) in of_items.iter().enumerate() {
            let mut categories = categories.clone();
            categories.sort_unstable();
            categories.dedup();
            if categories.last().is_some_and(|last| usize::from(*last) >= n_categories) {
                return Err(ItemIdx::from(item));
            }
            entries.extend(categories);
            offsets.push(entries.len());
        }
        Ok(Self { n_categories, offsets, entries })
    }

    /// The number of categories, `G`.
    #[must_use]
    pub const fn n_categories(&self) -> usize {
        self.n_categories
    }

    /// The number of items, `I`.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The categories of an item, ascending. Panics beyond the catalogue, which is a bug.
    #[must_use]
    pub fn of(&self, item: ItemIdx) -> &[u16] {
        &self.entries[self.offsets[item.index()]..self.offsets[item.index() + 1]]
    }

    /// `c_i`: what each of the item's categories has in a vector of length 1; 0 for an item without categories.
    #[must_use]
    pub fn weight(&self, item: ItemIdx) -> f32 {
        let n = self.of(item).len();
        if n == 0 { 0.0 } else { 1.0 / (n as f32).sqrt() }
    }

    /// `g_i`: what each of the item's categories has in a vector that sums to 1; 0 for an item without categories.
    #[must_use]
    pub fn share(&self, item: ItemIdx) -> f32 {
        let n = self.of(item).len();
        if n == 0 { 0.0 } else { 1.0 / n as f32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_items_categories_have_equal_weights_of_length_1_and_shares_that_sum_to_1() {
        let categories = Categories::new(3, &[vec![2, 0, 2], vec![], vec![1]]).unwrap();
        assert_eq!((categories.n_categories(), categories.n_items()), (3, 3));
        assert_eq!(categories.of(ItemIdx(0)), [0, 2]);
        assert!((categories.weight(ItemIdx(0)).powi(2) * 2.0 - 1.0).abs() < 1e-6);
        assert_eq!(categories.share(ItemIdx(0)), 0.5);
        assert_eq!((categories.weight(ItemIdx(1)), categories.share(ItemIdx(1))), (0.0, 0.0));
        assert_eq!(Categories::new(1, &[vec![0], vec![1]]), Err(ItemIdx(1)));
    }
}
