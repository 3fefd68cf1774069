//! Metrics of one ranked list.

use drr_core::ItemIdx;
use std::sync::LazyLock;

/// One list, as metrics see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListView<'a> {
    /// Whether the item at each rank is relevant, `[length of the list]`.
    pub hits: &'a [bool],
    /// The user's logged rating of the item at each rank, where there is one, `[length of the list]`. Only metrics of
    /// graded gains look at it, so it may be empty for others.
    pub ratings: &'a [Option<f32>],
    /// The number of relevant items, in the list or not.
    pub n_relevant: usize,
    /// The ranks that count, at least 1.
    pub k: usize,
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

/// Average precision at `k`: `sum_{r<=k} P@r h_r / min(k, R)` for `R` relevant items, so that a perfect list has 1
/// whatever `R` is.
///
/// Other tools divide by `R`, with which no list of a user with more than `k` relevant items reaches 1.
#[must_use]
pub fn average_precision(hits: &[bool], n_relevant: usize, k: usize) -> f64 {
    if n_relevant == 0 {
        return 0.0;
    }
    let ranks = hits.iter().take(k).enumerate().filter(|(_, hit)| **hit).map(|(rank, _)| rank);
    let precisions = ranks.enumerate().map(|(earlier, rank)| (earlier + 1) as f64 / (rank + 1) as f64);
    precisions.sum::<f64>() / n_relevant.min(k) as f64
}

/// Reciprocal rank at `k`: `1 / r` for the first hit at rank `r <= k`, else 0.
#[must_use]
pub fn reciprocal_rank(hits: &[bool], k: usize) -> f64 {
    hits.iter().take(k).position(|hit| *hit).map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0))
}

/// The discounts of the ranks that nearly every list ends within: a logarithm costs more than all else of a metric.
static DISCOUNTS: LazyLock<Vec<f64>> = LazyLock::new(|| (0..128).map(computed_discount).collect());

fn computed_discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

/// The gain of a hit at `rank`, counted from 0: `1 / log2(rank + 2)` (Järvelin and Kekäläinen 2002, with binary gains).
#[must_use]
pub fn discount(rank: usize) -> f64 {
    DISCOUNTS.get(rank).copied().unwrap_or_else(|| computed_discount(rank))
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

/// NDCG at `k` with graded gains and the best order of the retrieved items themselves as its ideal.
///
/// The gain of an item rated `x` is `2^x - 1` (Burges et al. 2005), that of an unrated one, or one rated below 0, is 0;
/// the ideal has the gains of the first `k` ranks in descending order. 0 if none of them has a gain. It judges the order
/// of what was retrieved and not the choice, so a random order scores high; it is here because the levels in Liu et al.
/// (2018) fit no other reading.
#[must_use]
pub fn ndcg_retrieved_ideal(ratings: &[Option<f32>], k: usize) -> f64 {
    let discounted =
        |gains: &[f64]| -> f64 { gains.iter().enumerate().map(|(rank, gain)| gain * discount(rank)).sum() };
    let gain = |rating: &Option<f32>| rating.map_or(0.0, |rating| (f64::from(rating).exp2() - 1.0).max(0.0));
    let mut gains: Vec<f64> = ratings.iter().take(k).map(gain).collect();
    let found = discounted(&gains);
    gains.sort_unstable_by(|left, right| right.total_cmp(left));
    let ideal = discounted(&gains);
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn average_precision_and_reciprocal_rank_are_those_computed_by_hand() {
        // Hits at ranks 1 and 3: 1 / 1 + 2 / 3.
        close(average_precision(&HITS, 2, 5), 1.6667 / 2.0);
        close(average_precision(&HITS, 9, 5), 1.6667 / 5.0);
        close(average_precision(&HITS, 9, 2), 1.0 / 2.0);
        assert_eq!(reciprocal_rank(&HITS[1..], 4), 0.5);
        assert_eq!(reciprocal_rank(&HITS[1..], 1), 0.0, "the hit is beyond k");
    }

    #[test]
    fn the_retrieved_ideal_is_the_best_order_of_the_list_itself() {
        // Gains 1, 7, 0, 31; at 3: found 1 + 7 x .6309 = 5.4165, ideal 7 + 1 x .6309 = 7.6309.
        let ratings = [Some(1.0), Some(3.0), None, Some(5.0)];
        close(ndcg_retrieved_ideal(&ratings, 3), 5.4165 / 7.6309);
        // At 4: found 5.4165 + 31 x .4307 = 18.7675, ideal 31 + 7 x .6309 + 1 x .5 = 35.9165.
        close(ndcg_retrieved_ideal(&ratings, 4), 18.7675 / 35.9165);
        assert_eq!(ndcg_retrieved_ideal(&[None, Some(0.0)], 2), 0.0, "nothing has a gain");
    }

    #[test]
    fn a_hit_on_top_is_worth_more_than_one_at_the_bottom() {
        let (top, bottom) = ([true, false, false], [false, false, true]);
        assert_eq!((ndcg(&top, 1, 3), ndcg(&bottom, 1, 3)), (1.0, 0.5));
    }

    #[test]
    fn ranks_beyond_the_stored_discounts_have_theirs() {
        assert_eq!([discount(0), discount(2), discount(254)], [1.0, 0.5, 0.125]);
    }

    #[test]
    fn hits_are_the_relevant_ranks() {
        let list = [4, 1, 9].map(ItemIdx);
        assert_eq!(hits(list, &[1, 4, 5].map(ItemIdx)), [true, true, false]);
    }
}
