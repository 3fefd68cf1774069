//! A sum tree draws leaves in proportion to their priorities, in `O(log n)` time a draw.
//!
//! With `p_i^alpha` in leaf `i`, a draw follows `p_i^alpha / sum_k p_k^alpha` (Schaul et al. 2016, eq. 1).

use crate::ReplayError;

/// The children of a node: eight sums fill one line of the cache, and a million leaves take seven steps.
const FAN_OUT: usize = 8;

/// A complete tree with priorities in its leaves and sums in its inner nodes.
///
/// An update adds all children anew, instead of a difference, so rounding errors never pile up, and the same leaves always
/// make the same tree. Many draws, and many updates, go down and up the tree side by side, one level at a time: the
/// processor then waits for the memory of all of them at once.
#[derive(Debug, Clone, PartialEq)]
pub struct SumTree {
    /// From the root's children, padded with zeros to a whole node, to the leaves. The children of node `k` of a level are
    /// `8 k .. 8 k + 8` of the next.
    levels: Vec<Vec<f64>>,
    total: f64,
}

impl SumTree {
    /// A tree with room for `n_leaves` priorities, all zero.
    #[must_use]
    pub fn new(n_leaves: usize) -> Self {
        let mut levels = Vec::new();
        let mut n_nodes = n_leaves.max(1);
        loop {
            let padded = n_nodes.next_multiple_of(FAN_OUT);
            levels.push(vec![0.0; padded]);
            n_nodes = padded / FAN_OUT;
            if n_nodes == 1 {
                break;
            }
        }
        levels.reverse();
        Self { levels, total: 0.0 }
    }

    /// The sum of all priorities.
    #[must_use]
    pub const fn total(&self) -> f64 {
        self.total
    }

    /// The priority of one leaf. Panics if `leaf` is beyond the tree, which is a bug.
    #[must_use]
    pub fn priority(&self, leaf: usize) -> f64 {
        self.leaf_level()[leaf]
    }

    /// The priorities of the first `n` leaves.
    #[must_use]
    pub fn leaves(&self, n: usize) -> &[f64] {
        &self.leaf_level()[..n]
    }

    fn leaf_level(&self) -> &[f64] {
        self.levels.last().map_or(&[], |level| level)
    }

    /// Sets the priority of one leaf. Panics if `leaf` is beyond the tree, which is a bug.
    ///
    /// # Errors
    ///
    /// Refuses a priority that is negative, infinite, or NaN, and leaves the tree as it was.
    pub fn set(&mut self, leaf: usize, priority: f64) -> Result<(), ReplayError> {
        self.set_all(&[leaf], &[priority])
    }

    /// Sets the priorities of many leaves, the last one of a leaf that occurs twice. Panics if a leaf is beyond the tree or
    /// the lengths differ, which is a bug.
    ///
    /// # Errors
    ///
    /// Refuses a priority that is negative, infinite, or NaN, and leaves the tree as it was.
    pub fn set_all(&mut self, leaves: &[usize], priorities: &[f64]) -> Result<(), ReplayError> {
        assert_eq!(leaves.len(), priorities.len(), "every leaf needs a priority");
        if let Some(bad) = priorities.iter().find(|it| !it.is_finite() || **it < 0.0) {
            return Err(ReplayError::InvalidPriority(*bad));
        }
        let Some((leaf_level, inner)) = self.levels.split_last_mut() else { return Ok(()) };
        for (leaf, priority) in leaves.iter().zip(priorities) {
            leaf_level[*leaf] = *priority;
        }
        let mut below: &mut Vec<f64> = leaf_level;
        let mut shift = FAN_OUT.ilog2();
        for level in inner.iter_mut().rev() {
            for leaf in leaves {
                let node = leaf >> shift;
                level[node] = sum(below, node);
            }
            below = level;
            shift += FAN_OUT.ilog2();
        }
        self.total = sum(below, 0);
        Ok(())
    }

    /// Finds the leaf that covers `mass`, a point in `[0, total]` of the cumulative priorities.
    ///
    /// The leaf's priority is positive unless all are zero.
    #[must_use]
    pub fn find(&self, mass: f64) -> usize {
        let mut leaf = [0];
        self.find_all(&mut [mass], &mut leaf);
        leaf[0]
    }

    /// Finds the leaves that cover `masses`, as [`SumTree::find`] does; `masses` are used up. Panics if the lengths differ,
    /// which is a bug.
    pub fn find_all(&self, masses: &mut [f64], leaves: &mut [usize]) {
        assert_eq!(leaves.len(), masses.len(), "every mass needs a place for its leaf");
        leaves.fill(0);
        for level in &self.levels {
            for (mass, node) in masses.iter_mut().zip(leaves.iter_mut()) {
                let begin = *node * FAN_OUT;
                let (child, rest) = descend(&level[begin..begin + FAN_OUT], *mass);
                *node = begin + child;
                *mass = rest;
            }
        }
    }
}

/// The sum of a node's children, in a fixed order.
fn sum(children: &[f64], node: usize) -> f64 {
    let children = &children[node * FAN_OUT..(node + 1) * FAN_OUT];
    let pairs = |at: usize| children[at] + children[at + 1];
    (pairs(0) + pairs(2)) + (pairs(4) + pairs(6))
}

/// The child that covers `mass`, and what is left of the mass within it. Rounding can carry a mass past the last positive
/// child, which then takes it: an empty one is not entered.
///
/// Running sums are counted instead of searched: a branch that nobody can foretell costs more than the sums behind it.
fn descend(children: &[f64], mass: f64) -> (usize, f64) {
    let mut before = [0.0; FAN_OUT];
    let mut sum = 0.0;
    let mut child = 0;
    for (priority, before) in children.iter().zip(&mut before) {
        *before = sum;
        sum += priority;
        child += usize::from(sum <= mass);
    }
    if child == FAN_OUT {
        child = children.iter().rposition(|priority| *priority > 0.0).unwrap_or(0);
    }
    (child, mass - before[child])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mass_is_found_in_the_leaf_that_covers_it() {
        let mut tree = SumTree::new(3);
        for (leaf, priority) in [2.0, 0.0, 3.0].into_iter().enumerate() {
            tree.set(leaf, priority).unwrap();
        }
        assert_eq!(tree.total(), 5.0);
        assert_eq!([0.0, 1.9, 2.0, 4.9, 5.0, 5.1].map(|mass| tree.find(mass)), [0, 0, 2, 2, 2, 2]);
    }

    #[test]
    fn a_bad_priority_is_refused_and_leaves_the_tree_as_it_was() {
        let mut tree = SumTree::new(2);
        tree.set(1, 4.0).unwrap();
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(tree.set(1, bad), Err(ReplayError::InvalidPriority(_))));
        }
        assert_eq!((tree.priority(1), tree.total()), (4.0, 4.0));
    }

    #[test]
    fn a_bad_priority_among_good_ones_changes_nothing() {
        let mut tree = SumTree::new(100);
        tree.set_all(&[3, 70], &[1.0, 2.0]).unwrap();
        let refused = tree.set_all(&[3, 4], &[9.0, f64::NAN]);
        assert!(matches!(refused, Err(ReplayError::InvalidPriority(priority)) if priority.is_nan()));
        assert_eq!((tree.total(), tree.priority(3)), (3.0, 1.0));
        tree.set_all(&[3, 3], &[5.0, 4.0]).unwrap();
        assert_eq!((tree.total(), tree.priority(3)), (6.0, 4.0));
    }

    #[test]
    fn a_tree_of_one_leaf_finds_it() {
        let mut tree = SumTree::new(1);
        tree.set(0, 0.5).unwrap();
        assert_eq!((tree.find(0.0), tree.find(0.5)), (0, 0));
    }

    proptest! {
        #[test]
        fn many_at_once_are_set_and_found_as_one_after_another(
            updates in prop::collection::vec((0_usize..700, 0.0_f64..10.0), 1..60),
            shares in prop::collection::vec(0.0_f64..1.0, 1..40),
        ) {
            let (mut one_by_one, mut at_once) = (SumTree::new(700), SumTree::new(700));
            let (leaves, priorities): (Vec<_>, Vec<_>) = updates.into_iter().unzip();
            for (leaf, priority) in leaves.iter().zip(&priorities) {
                one_by_one.set(*leaf, *priority).unwrap();
            }
            at_once.set_all(&leaves, &priorities).unwrap();
            prop_assert_eq!(&one_by_one, &at_once);
            let mut masses: Vec<f64> = shares.iter().map(|share| share * at_once.total()).collect();
            let expected: Vec<usize> = masses.iter().map(|mass| one_by_one.find(*mass)).collect();
            let mut found = vec![0; masses.len()];
            at_once.find_all(&mut masses, &mut found);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn the_total_is_the_sum_of_the_leaves_after_any_updates(
            updates in prop::collection::vec((0_usize..137, 0.0_f64..10.0), 1..300),
        ) {
            let mut tree = SumTree::new(137);
            let mut expected = [0.0; 137];
            for (leaf, priority) in updates {
                tree.set(leaf, priority).unwrap();
                expected[leaf] = priority;
            }
            prop_assert_eq!(tree.leaves(137), expected);
            prop_assert!((tree.total() - expected.iter().sum::<f64>()).abs() < 1e-9);
        }

        #[test]
        fn every_mass_is_found_where_a_running_sum_finds_it(
            priorities in prop::collection::vec(0_u8..4, 1..140),
            share in 0.0_f64..1.0,
        ) {
            let mut tree = SumTree::new(priorities.len());
            for (leaf, priority) in priorities.iter().enumerate() {
                tree.set(leaf, f64::from(*priority)).unwrap();
            }
            prop_assume!(tree.total() > 0.0);
            let mass = share * tree.total();
            let mut sum = 0.0;
            let expected = priorities.iter().position(|priority| {
                sum += f64::from(*priority);
                mass < sum
            });
            prop_assert_eq!(Some(tree.find(mass)), expected);
            prop_assert!(tree.priority(tree.find(tree.total())) > 0.0);
        }
    }
}
