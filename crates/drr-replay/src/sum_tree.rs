//! A sum tree draws leaves in proportion to their priorities, in `O(log n)` time a draw.
//!
//! With `p_i^alpha` in leaf `i`, a draw follows `p_i^alpha / sum_k p_k^alpha` (Schaul et al. 2016, eq. 1).

use crate::ReplayError;

/// A complete binary tree with priorities in its leaves and sums in its inner nodes.
///
/// Node `i` has the children `2i` and `2i + 1`, and leaf `k` is node `first_leaf + k`. An update adds both children anew,
/// instead of a difference, so rounding errors never pile up, and the same leaves always make the same tree.
#[derive(Debug, Clone, PartialEq)]
pub struct SumTree {
    first_leaf: usize,
    nodes: Vec<f64>,
}

impl SumTree {
    /// A tree with room for `n_leaves` priorities, all zero.
    #[must_use]
    pub fn new(n_leaves: usize) -> Self {
        let first_leaf = n_leaves.max(1).next_power_of_two();
        Self { first_leaf, nodes: vec![0.0; 2 * first_leaf] }
    }

    /// The sum of all priorities.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.nodes[1]
    }

    /// The priority of one leaf. Panics if `leaf` is beyond the tree, which is a bug.
    #[must_use]
    pub fn priority(&self, leaf: usize) -> f64 {
        self.nodes[self.first_leaf + leaf]
    }

    /// The priorities of the first `n` leaves.
    #[must_use]
    pub fn leaves(&self, n: usize) -> &[f64] {
        &self.nodes[self.first_leaf..self.first_leaf + n]
    }

    /// Sets the priority of one leaf. Panics if `leaf` is beyond the tree, which is a bug.
    ///
    /// # Errors
    ///
    /// Refuses a priority that is negative, infinite, or NaN, and leaves the tree as it was.
    pub fn set(&mut self, leaf: usize, priority: f64) -> Result<(), ReplayError> {
        if !priority.is_finite() || priority < 0.0 {
            return Err(ReplayError::InvalidPriority(priority));
        }
        let mut node = self.first_leaf + leaf;
        self.nodes[node] = priority;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1];
        }
        Ok(())
    }

    /// Finds the leaf that covers `mass`, a point in `[0, total]` of the cumulative priorities.
    ///
    /// The leaf's priority is positive unless all are zero.
    #[must_use]
    pub fn find(&self, mut mass: f64) -> usize {
        let mut node = 1;
        while node < self.first_leaf {
            node *= 2;
            // Rounding can carry `mass` past the last positive leaf: an empty side is not entered.
            if mass >= self.nodes[node] && self.nodes[node + 1] > 0.0 {
                mass -= self.nodes[node];
                node += 1;
            }
        }
        node - self.first_leaf
    }
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
    fn a_tree_of_one_leaf_finds_it() {
        let mut tree = SumTree::new(1);
        tree.set(0, 0.5).unwrap();
        assert_eq!((tree.find(0.0), tree.find(0.5)), (0, 0));
    }

    proptest! {
        #[test]
        fn the_total_is_the_sum_of_the_leaves_after_any_updates(
            updates in prop::collection::vec((0_usize..37, 0.0_f64..10.0), 1..300),
        ) {
            let mut tree = SumTree::new(37);
            let mut expected = [0.0; 37];
            for (leaf, priority) in updates {
                tree.set(leaf, priority).unwrap();
                expected[leaf] = priority;
            }
            prop_assert_eq!(tree.leaves(37), expected);
            prop_assert!((tree.total() - expected.iter().sum::<f64>()).abs() < 1e-9);
        }

        #[test]
        fn every_mass_is_found_where_a_running_sum_finds_it(
            priorities in prop::collection::vec(0_u8..4, 1..40),
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
