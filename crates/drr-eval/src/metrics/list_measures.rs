//! What lists are like beyond their hits: how popular, novel and diverse, and how close to the user's own tastes.
//!
//! Every measure is a mean over users. A user for whom a measure is undefined does not count in it: an empty list has no
//! popularity, a list of one item has no pairs. Items without genres, and items whose vector is zero, say nothing of
//! similarity: they take no part in the measures of genres or of vectors.

use super::mean_of_defined;
use drr_core::{EmbeddingTable, ItemIdx, Observed};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The share of the user's own distribution in the smoothed one of the list (Steck 2018, section 3, where it is .01).
const CALIBRATION_ALPHA: f64 = 0.01;

/// What is known of each item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFeatures {
    /// The share of the train users who rated the item, in `[0, 1]`, `[I]`.
    pub popularity_share: Vec<f64>,
    /// The genres of each item, below `n_genres`, `[I]`.
    pub genres: Vec<Vec<u16>>,
    /// The number of genres.
    pub n_genres: usize,
    /// The items' vectors, `[I, D]`, where there are any.
    pub vectors: Option<EmbeddingTable>,
}

/// Measures beyond accuracy, of lists cut at `k`; `None` where a measure is undefined for every user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ListMeasures {
    /// The length of the lists.
    pub k: usize,
    /// The mean share of train users who rated the listed items, in `[0, 1]`.
    pub average_popularity: Option<f64>,
    /// The mean self-information `-log2(share)` of the listed items, in bits (Vargas and Castells 2011). A share of 0
    /// counts as half the smallest positive share, which is `1 / (2 n_users)` where any item has a single rating.
    pub novelty: Option<f64>,
    /// The mean of `1 - Jaccard` of the genres of each pair of listed items, in `[0, 1]`.
    pub intra_list_diversity_genre: Option<f64>,
    /// The mean of `1 - cosine` of the vectors of each pair of listed items, in `[0, 2]` (Ziegler et al. 2005 with cosine
    /// distance).
    pub intra_list_diversity_embedding: Option<f64>,
    /// The Kullback-Leibler divergence of the list's genres from those of the user's history, in nats, at least 0; 0 is
    /// best (Steck 2018, section 3, all weights 1): `sum_g p(g) ln(p(g) / ((1 - a) q(g) + a p(g)))` with `a = .01`, where
    /// `p` and `q` are the means of the items' genre distributions in history and list, and each of an item's genres
    /// weighs the same.
    pub calibration_genre: Option<f64>,
}

impl ListMeasures {
    /// The measures of `lists`, `[U]`, of users with these `histories`, `[U]`, the lists cut at `k`.
    ///
    /// Panics if there are not as many histories as lists, or if an item or a genre is beyond the features, which is a
    /// bug.
    #[must_use]
    pub fn of(lists: &[Vec<ItemIdx>], histories: &[&[Observed]], features: &ItemFeatures, k: usize) -> Self {
        assert_eq!(lists.len(), histories.len(), "each list has a history");
        let prepared = Prepared::new(features);
        // The values are collected in the order of the users and added one by one: threads do not change a sum.
        let of_lists: Vec<OfList> = lists
            .par_iter()
            .zip(histories)
            .with_min_len(64)
            .map(|(list, history)| prepared.measure(&list[..k.min(list.len())], history))
            .collect();
        let mean = |value: fn(&OfList) -> f64| mean_of_defined(of_lists.iter().map(value));
        Self {
            k,
            average_popularity: mean(|it| it.popularity),
            novelty: mean(|it| it.novelty),
            intra_list_diversity_genre: mean(|it| it.diversity_genre),
            intra_list_diversity_embedding: mean(|it| it.diversity_embedding),
            calibration_genre: mean(|it| it.calibration),
        }
    }
}

/// The measures of one list; NaN where one is undefined.
struct OfList {
    popularity: f64,
    novelty: f64,
    diversity_genre: f64,
    diversity_embedding: f64,
    calibration: f64,
}

/// Features in the form in which they are needed many times.
struct Prepared<'a> {
    features: &'a ItemFeatures,
    /// `-log2(share)`, `[I]`.
    information: Vec<f64>,
    /// One bit per genre, `[I, n_words]`.
    genre_bits: Vec<u64>,
    n_words: usize,
    /// The number of genres, `[I]`.
    n_genres: Vec<u32>,
    /// `1 / |v|`, or 0 for a zero vector, `[I]`.
    inverse_norms: Vec<f64>,
}

impl<'a> Prepared<'a> {
    fn new(features: &'a ItemFeatures) -> Self {
        let shares = &features.popularity_share;
        let smallest = shares.iter().copied().filter(|share| *share > 0.0).fold(f64::INFINITY, f64::min);
        // Without any rating there is no smallest share, and novelty is undefined.
        let floor = if smallest.is_finite() { smallest / 2.0 } else { f64::NAN };
        let information =
            shares.iter().map(|share| -(if *share > 0.0 { *share } else { floor }).log2()).collect();
        let n_words = features.n_genres.div_ceil(64);
        let mut genre_bits = vec![0_u64; features.genres.len() * n_words];
        for (item, genres) in features.genres.iter().enumerate() {
            for genre in genres.iter().copied().map(usize::from) {
                assert!(genre < features.n_genres, "genre {genre} is beyond the {}", features.n_genres);
                genre_bits[item * n_words + genre / 64] |= 1 << (genre % 64);
            }
        }
        let n_genres = (0..features.genres.len())
            .map(|item| {
                genre_bits[item * n_words..(item + 1) * n_words].iter().map(|word| word.count_ones()).sum()
            })
            .collect();
        let inverse_norm = |row: &[f32]| {
            let square: f64 = row.iter().map(|value| f64::from(*value).powi(2)).sum();
            if square > 0.0 { 1.0 / square.sqrt() } else { 0.0 }
        };
        let inverse_norms = features
            .vectors
            .as_ref()
            .map_or_else(Vec::new, |it| it.values().chunks_exact(it.dim()).map(inverse_norm).collect());
        Self { features, information, genre_bits, n_words, n_genres, inverse_norms }
    }

    fn measure(&self, list: &[ItemIdx], history: &[Observed]) -> OfList {
        let mean = |values: &[f64]| mean_of_defined(list.iter().map(|item| values[item.index()]));
        OfList {
            popularity: mean(&self.features.popularity_share).unwrap_or(f64::NAN),
            novelty: mean(&self.information).unwrap_or(f64::NAN),
            diversity_genre: self.diversity_genre(list),
            diversity_embedding: self.diversity_embedding(list),
            calibration: self.calibration(list, history),
        }
    }

    fn bits(&self, item: ItemIdx) -> &[u64] {
        &self.genre_bits[item.index() * self.n_words..(item.index() + 1) * self.n_words]
    }

    fn diversity_genre(&self, list: &[ItemIdx]) -> f64 {
        let (mut sum, mut n_pairs) = (0.0, 0_u32);
        let with_genres: Vec<ItemIdx> =
            list.iter().copied().filter(|item| self.n_genres[item.index()] > 0).collect();
        for (at, left) in with_genres.iter().enumerate() {
            for right in &with_genres[at + 1..] {
                let both = self.bits(*left).iter().zip(self.bits(*right));
                let common: u32 = both.map(|(left, right)| (left & right).count_ones()).sum();
                let any = self.n_genres[left.index()] + self.n_genres[right.index()] - common;
                sum += 1.0 - f64::from(common) / f64::from(any);
                n_pairs += 1;
            }
        }
        if n_pairs == 0 { f64::NAN } else { sum / f64::from(n_pairs) }
    }

    /// The sum of the cosines of all pairs is `(|sum of unit vectors|^2 - n) / 2`, which needs no loop over pairs.
    fn diversity_embedding(&self, list: &[ItemIdx]) -> f64 {
        let Some(vectors) = &self.features.vectors else { return f64::NAN };
        let mut sum = vec![0.0_f64; vectors.dim()];
        let mut n_vectors = 0_u32;
        for item in list {
            let inverse_norm = self.inverse_norms[item.index()];
            if inverse_norm > 0.0 {
                n_vectors += 1;
                for (sum, value) in sum.iter_mut().zip(vectors.row(item.index())) {
                    *sum += f64::from(*value) * inverse_norm;
                }
            }
        }
        if n_vectors < 2 {
            return f64::NAN;
        }
        let n = f64::from(n_vectors);
        let square: f64 = sum.iter().map(|value| value * value).sum();
        // Rounding can put the diversity of equal vectors just below 0.
        (1.0 - (square - n) / (n * (n - 1.0))).max(0.0)
    }

    fn calibration(&self, list: &[ItemIdx], history: &[Observed]) -> f64 {
        let of_history = self.genre_distribution(history.iter().map(|it| it.item));
        let of_list = self.genre_distribution(list.iter().copied());
        let (Some(of_history), Some(of_list)) = (of_history, of_list) else { return f64::NAN };
        let terms = of_history.iter().zip(&of_list).filter(|(p, _)| **p > 0.0);
        let smoothed = |p: f64, q: f64| (1.0 - CALIBRATION_ALPHA) * q + CALIBRATION_ALPHA * p;
        // Rounding can put the divergence of equal distributions just below 0.
        terms.map(|(p, q)| p * (p / smoothed(*p, *q)).ln()).sum::<f64>().max(0.0)
    }

    /// The mean of the items' genre distributions, `[n_genres]`; `None` if no item has a genre.
    fn genre_distribution(&self, items: impl Iterator<Item = ItemIdx>) -> Option<Vec<f64>> {
        let mut distribution = vec![0.0; self.features.n_genres];
        let mut n_items = 0_u32;
        for item in items.filter(|item| self.n_genres[item.index()] > 0) {
            n_items += 1;
            let weight = 1.0 / f64::from(self.n_genres[item.index()]);
            for (at, word) in self.bits(item).iter().enumerate() {
                let mut rest = *word;
                while rest != 0 {
                    distribution[at * 64 + rest.trailing_zeros() as usize] += weight;
                    rest &= rest - 1;
                }
            }
        }
        let n_items = (n_items > 0).then(|| f64::from(n_items))?;
        distribution.iter_mut().for_each(|mass| *mass /= n_items);
        Some(distribution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> ItemFeatures {
        ItemFeatures {
            popularity_share: vec![0.5, 0.25, 0.0, 0.125],
            genres: vec![vec![0], vec![0, 70], vec![], vec![70]],
            n_genres: 71,
            vectors: EmbeddingTable::new(4, 2, vec![2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0, 1.0]).ok(),
        }
    }

    fn seen(items: &[u32]) -> Vec<Observed> {
        items.iter().map(|item| Observed { item: ItemIdx(*item), rating: 4.0, timestamp: 0 }).collect()
    }

    fn close(found: Option<f64>, expected: f64) {
        assert!(
            found.is_some_and(|found| (found - expected).abs() < 1e-12),
            "{found:?} instead of {expected}"
        );
    }

    #[test]
    fn the_values_are_those_computed_by_hand() {
        let (list, history) = (vec![0, 1, 2, 3].into_iter().map(ItemIdx).collect(), seen(&[0, 1]));
        let found = ListMeasures::of(&[list], &[&history], &features(), 10);
        close(found.average_popularity, 0.875 / 4.0);
        // 1, 2 and 3 bits, and half of 1 / 8 is 4 bits.
        close(found.novelty, 10.0 / 4.0);
        // Items 0, 1 and 3 have genres: 1 - 1/2, 1 - 0 and 1 - 1/2; angles of 90, 45 and 45 degrees.
        close(found.intra_list_diversity_genre, 2.0 / 3.0);
        close(found.intra_list_diversity_embedding, (3.0 - 2.0_f64.sqrt()) / 3.0);
        // p = 3/4 and 1/4, q = 1/2 and 1/2, smoothed .5025 and .4975.
        close(found.calibration_genre, 0.75 * (0.75_f64 / 0.5025).ln() + 0.25 * (0.25_f64 / 0.4975).ln());
    }

    #[test]
    fn users_for_whom_a_measure_is_undefined_do_not_count() {
        let lists = [vec![], vec![ItemIdx(2)], vec![ItemIdx(0), ItemIdx(3)]];
        let histories = [seen(&[0]), seen(&[0]), seen(&[])];
        let histories: Vec<&[Observed]> = histories.iter().map(Vec::as_slice).collect();
        let found = ListMeasures::of(&lists, &histories, &features(), 2);
        close(found.average_popularity, (0.0 + 0.3125) / 2.0);
        close(found.intra_list_diversity_genre, 1.0);
        assert_eq!(found.calibration_genre, None, "no user has both a history and a list with genres");
        let cut = ListMeasures::of(&lists, &histories, &features(), 1);
        assert_eq!((cut.intra_list_diversity_genre, cut.intra_list_diversity_embedding), (None, None));
    }

    #[test]
    fn without_vectors_or_ratings_their_measures_are_undefined() {
        let bare = ItemFeatures { popularity_share: vec![0.0; 4], vectors: None, ..features() };
        let found = ListMeasures::of(&[vec![ItemIdx(0), ItemIdx(1)]], &[&seen(&[0])], &bare, 2);
        assert_eq!((found.novelty, found.intra_list_diversity_embedding), (None, None));
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<ListMeasures>(&text).unwrap(), found);
    }
}
