//! Metrics of one ranked list, and of all lists together.
//!
//! A metric knows which ranks are hits, and how many relevant items there are; it knows no model. Ranks count from 1, and
//! the logarithm of a discount has base 2.
//!
//! Empty truth: for a user without any relevant item every metric is 0, and whether such a user counts is the protocol's
//! decision. A list shorter than `k` is judged as if non-relevant items filled it.

use drr_core::{ItemIdx, ItemSet};
use serde::{Deserialize, Serialize};

/// A metric of one ranked list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// See [`precision`].
    Precision,
    /// See [`recall`].
    Recall,
    /// See [`ndcg`].
    Ndcg,
    /// See [`ndcg_constant_ideal`].
    NdcgConstantIdeal,
    /// See [`hit_rate`].
    HitRate,
}

impl Metric {
    /// All metrics, in the order of a report.
    pub const ALL: [Self; 5] =
        [Self::Precision, Self::Recall, Self::Ndcg, Self::NdcgConstantIdeal, Self::HitRate];

    /// The name in files: `precision`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::Ndcg => "ndcg",
            Self::NdcgConstantIdeal => "ndcg_constant_ideal",
            Self::HitRate => "hit_rate",
        }
    }

    /// The metric at `k` of a list with `hits`, for a user with `n_relevant` relevant items.
    #[must_use]
    pub fn value(self, hits: &[bool], n_relevant: usize, k: usize) -> f64 {
        match self {
            Self::Precision => precision(hits, k),
            Self::Recall => recall(hits, n_relevant, k),
            Self::Ndcg => ndcg(hits, n_relevant, k),
            Self::NdcgConstantIdeal => ndcg_constant_ideal(hits, k),
            Self::HitRate => hit_rate(hits, k),
        }
    }
}

/// Which ranks of `list` are relevant; `relevant` is sorted.
pub fn hits(list: impl IntoIterator<Item = ItemIdx>, relevant: &[ItemIdx]) -> Vec<bool> {
    list.into_iter().map(|item| relevant.binary_search(&item).is_ok()).collect()
}

/// The number of hits among the first `k` ranks.
fn n_hits(hits: &[bool], k: usize) -> usize {
    hits.iter().take(k).filter(|hit| **hit).count()
}

/// Precision at `k`: the hits divided by `k`, even if the list is shorter or fewer items are relevant. `k` is at least 1.
#[must_use]
pub fn precision(hits: &[bool], k: usize) -> f64 {
    n_hits(hits, k) as f64 / k as f64
}

/// Recall at `k`: the hits divided by the number of relevant items, even if that is above `k`.
#[must_use]
pub fn recall(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    if n_relevant == 0 { 0.0 } else { n_hits(hits, k) as f64 / n_relevant as f64 }
}

/// Hit rate at `k`: 1 if there is a hit, else 0.
#[must_use]
pub fn hit_rate(hits: &[bool], k: usize) -> f64 {
    if n_hits(hits, k) > 0 { 1.0 } else { 0.0 }
}

/// The gain of a hit at `rank`, counted from 0: `1 / log2(rank + 2)` (Järvelin and Kekäläinen 2002, with binary gains).
#[must_use]
pub fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

/// The discounted cumulative gain of the first `k` ranks.
#[must_use]
pub fn dcg(hits: &[bool], k: usize) -> f64 {
    hits.iter().take(k).enumerate().filter(|(_, hit)| **hit).map(|(rank, _)| discount(rank)).sum()
}

/// The gain of an ideal list: hits at the first `n` ranks.
#[must_use]
pub fn ideal_dcg(n: usize) -> f64 {
    (0..n).map(discount).sum()
}

/// NDCG at `k` with the standard ideal: `min(k, n_relevant)` hits at the top.
#[must_use]
pub fn ndcg(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    if n_relevant == 0 { 0.0 } else { dcg(hits, k) / ideal_dcg(n_relevant.min(k)) }
}

/// NDCG at `k` with an ideal of `k` hits, whatever the number of relevant items: 4.5436 at 10.
///
/// Below 1 for the best possible list of a user with fewer relevant items than `k`; it is here because published figures
/// use it.
#[must_use]
pub fn ndcg_constant_ideal(hits: &[bool], k: usize) -> f64 {
    dcg(hits, k) / ideal_dcg(k)
}

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

    const HITS: [bool; 5] = [true, false, true, false, false];

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
    }

    #[test]
    fn the_values_are_those_computed_by_hand() {
        assert_eq!(precision(&HITS, 5), 0.4);
        assert_eq!(precision(&HITS, 10), 0.2, "the divisor is k, not the list's length");
        assert_eq!(recall(&HITS, 4, 5), 0.5);
        assert_eq!([hit_rate(&HITS, 5), hit_rate(&HITS[1..2], 5)], [1.0, 0.0]);
        // DCG = 1 / log2(2) + 1 / log2(4) = 1.5; the ideals are 1 + .6309 and 1 + .6309 + .5 + .4307 + .3869.
        close(dcg(&HITS, 5), 1.5);
        close(ndcg(&HITS, 2, 5), 1.5 / 1.6309);
        close(ndcg(&HITS, 9, 5), 1.5 / 2.9485);
        close(ndcg_constant_ideal(&HITS, 5), 1.5 / 2.9485);
        close(ideal_dcg(10), 4.5436);
    }

    #[test]
    fn a_hit_on_top_is_worth_more_than_one_at_the_bottom() {
        let (top, bottom) = ([true, false, false], [false, false, true]);
        assert_eq!((ndcg(&top, 1, 3), ndcg(&bottom, 1, 3)), (1.0, 0.5));
    }

    #[test]
    fn without_relevant_items_every_metric_is_zero() {
        for metric in Metric::ALL {
            assert_eq!(metric.value(&[false; 10], 0, 10), 0.0);
            assert_eq!(metric.value(&[], 0, 10), 0.0);
        }
    }

    #[test]
    fn hits_are_the_relevant_ranks() {
        let list = [4, 1, 9].map(ItemIdx);
        assert_eq!(hits(list, &[1, 4, 5].map(ItemIdx)), [true, true, false]);
    }

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
        fn every_metric_is_between_zero_and_one_and_no_list_beats_the_ideal(
            hits in prop::collection::vec(any::<bool>(), 0..20),
            n_missed in 0_usize..30,
            k in 1_usize..20,
        ) {
            let n_relevant = hits.iter().filter(|hit| **hit).count() + n_missed;
            let ideal: Vec<bool> = (0..k.max(hits.len())).map(|rank| rank < n_relevant).collect();
            for metric in Metric::ALL {
                let value = metric.value(&hits, n_relevant, k);
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
                prop_assert!(value <= metric.value(&ideal, n_relevant, k) + 1e-12);
            }
        }

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
