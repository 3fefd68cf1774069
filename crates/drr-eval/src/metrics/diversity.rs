//! Coverage and inequality of what all lists together recommend.

use drr_core::{ItemIdx, ItemSet};
use serde::{Deserialize, Serialize};

/// How often each item of the catalogue stands in a list, in item order.
fn exposure<'a>(lists: impl IntoIterator<Item = &'a [ItemIdx]>, catalogue: &ItemSet) -> Vec<u64> {
    let mut counts = vec![0_u64; catalogue.n_items()];
    for item in lists.into_iter().flatten().filter(|item| catalogue.contains(**item)) {
        counts[item.index()] += 1;
    }
    catalogue.iter().map(|item| counts[item.index()]).collect()
}

/// Coverage and inequality of what all lists together recommend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// The distinct items in all lists, divided by the catalogue's size.
    pub coverage: f64,
    /// The Gini coefficient of the catalogue's exposure counts, unexposed items included: 0 if all are recommended
    /// equally often, near 1 if few get all.
    pub gini: f64,
}

impl Diversity {
    /// The diversity of `lists`, each already cut at `k`. Without any recommendation both figures are 0.
    #[must_use]
    pub fn of<'a>(lists: impl IntoIterator<Item = &'a [ItemIdx]>, catalogue: &ItemSet) -> Self {
        let mut counts = exposure(lists, catalogue);
        let n_exposed = counts.iter().filter(|count| **count > 0).count();
        if n_exposed == 0 {
            return Self { coverage: 0.0, gini: 0.0 };
        }
        Self { coverage: n_exposed as f64 / counts.len() as f64, gini: gini(&mut counts) }
    }
}

/// `sum_i (2 i - n - 1) x_i / (n sum_i x_i)` over the counts in ascending order, `i` from 1.
fn gini(counts: &mut [u64]) -> f64 {
    counts.sort_unstable();
    let n = counts.len() as f64;
    let total: f64 = counts.iter().map(|count| *count as f64).sum();
    let weighted: f64 = counts
        .iter()
        .enumerate()
        .map(|(at, count)| (2.0 * (at as f64 + 1.0) - n - 1.0) * *count as f64)
        .sum();
    weighted / (n * total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn coverage_and_gini_are_those_computed_by_hand() {
        // Item 5 is not in the catalogue. Exposure 0, 0, 1, 3: gini = (-3*0 - 1*0 + 1*1 + 3*3) / (4 * 4).
        let catalogue = ItemSet::from_items(6, [0, 1, 2, 3].map(ItemIdx));
        let lists = [[3, 2].map(ItemIdx), [3, 5].map(ItemIdx), [3, 5].map(ItemIdx)];
        let diversity = Diversity::of(lists.iter().map(|list| &list[..]), &catalogue);
        assert_eq!(diversity, Diversity { coverage: 0.5, gini: 0.625 });
        let equal = [[0, 1].map(ItemIdx), [2, 3].map(ItemIdx)];
        let diversity = Diversity::of(equal.iter().map(|list| &list[..]), &catalogue);
        assert_eq!(diversity, Diversity { coverage: 1.0, gini: 0.0 });
        assert_eq!(Diversity::of([], &catalogue), Diversity { coverage: 0.0, gini: 0.0 });
    }

    proptest! {
        #[test]
        fn coverage_and_gini_are_between_zero_and_one(
            lists in prop::collection::vec(prop::collection::vec(0_u32..9, 3), 1..20),
        ) {
            let lists: Vec<Vec<ItemIdx>> =
                lists.into_iter().map(|list| list.into_iter().map(ItemIdx).collect()).collect();
            let diversity = Diversity::of(lists.iter().map(Vec::as_slice), &ItemSet::full(9));
            prop_assert!((0.0..=1.0).contains(&diversity.coverage));
            prop_assert!((-1e-12..=1.0).contains(&diversity.gini));
        }
    }
}
