//! Any embedding space as one to act in.

use crate::{SessionError, SessionSpace, SessionUser};
use drr_core::{EmbeddingSpace, EmbeddingTable, ItemIdx, ItemSet, Observed, RowOrigin};
use std::sync::Arc;

/// The standard deviation over candidates to which each coordinate is scaled.
const SPREAD: f64 = 0.5;

/// An embedding space in which the session agent acts: item vectors with every coordinate scaled to the same spread over the
/// candidates, and users folded in.
///
/// The space should have a coordinate for the items' quality, as a factorization's biases are: nothing else can say which item
/// is good for everybody.
pub struct EmbeddedSpace {
    space: Arc<dyn EmbeddingSpace>,
    items: EmbeddingTable,
    candidates: ItemSet,
    /// What each coordinate is multiplied by, `[D]`.
    factors: Vec<f32>,
    /// The rating whose reward is 0, and the distance from it whose reward is 1.
    rewards: (f32, f32),
    with_base: bool,
}

impl EmbeddedSpace {
    /// The space with the `candidates` that may be shown. A rating of `middle` is worth 0, one of `middle + half_range` 1. With
    /// a base the agent begins as the ranking of the space; else from nothing.
    ///
    /// # Errors
    ///
    /// Refuses candidates of another catalogue, and none.
    pub fn new(
        space: Arc<dyn EmbeddingSpace>,
        candidates: ItemSet,
        rewards: (f32, f32),
        with_base: bool,
    ) -> Result<Self, SessionError> {
        let vectors = space.items();
        let (n_items, dim) = (vectors.n_rows(), vectors.dim());
        if candidates.n_items() != n_items {
            let n = candidates.n_items();
            return Err(SessionError::Parts(format!(
                "the candidates are of a catalogue of {n}, the vectors of {n_items}"
            )));
        }
        if candidates.is_empty() {
            return Err(SessionError::NoCandidate { n_candidates: 0 });
        }
        let shown: Vec<ItemIdx> = candidates.iter().collect();
        let factor = |at: usize| {
            let values = shown.iter().map(|item| f64::from(vectors.row(item.index())[at]));
            // A coordinate in which all candidates are alike tells none from another: it stays as it is.
            let spread = standard_deviation(values);
            if spread > 1e-6 { (SPREAD / spread) as f32 } else { 1.0 }
        };
        let factors: Vec<f32> = (0..dim).map(factor).collect();
        let scaled = vectors.values().chunks_exact(dim).flat_map(|row| row.iter().zip(&factors));
        let items = EmbeddingTable::new(n_items, dim, scaled.map(|(value, by)| value * by).collect())
            .map_err(|error| SessionError::Parts(error.to_string()))?;
        Ok(Self { space, items, candidates, factors, rewards, with_base })
    }
}

/// The standard deviation; 0 for no values.
pub fn standard_deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    (values.map(|it| (it - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// What the items of which a user is known say of them, `[2 D]`: the mean of their vectors, and the mean of these multiplied by
/// the rewards of their ratings, where `rewards` are the rating whose reward is 0 and the distance from it whose reward is 1. 0
/// where nothing is known.
#[must_use]
pub fn known_means(items: &EmbeddingTable, known: &[Observed], (middle, half_range): (f32, f32)) -> Vec<f32> {
    let mut means = weighted_mean(items, known, |_| 1.0);
    means.extend(weighted_mean(items, known, |it| (it.rating - middle) / half_range));
    means
}

/// The mean of the vectors of `known`, each multiplied by its weight, `[D]`; 0 where nothing is known.
fn weighted_mean(items: &EmbeddingTable, known: &[Observed], weight: impl Fn(&Observed) -> f32) -> Vec<f32> {
    let mut mean = vec![0.0; items.dim()];
    for it in known {
        let weight = weight(it) / known.len() as f32;
        let vector = items.row(it.item.index());
        mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
    }
    mean
}

impl SessionSpace for EmbeddedSpace {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn n_features(&self) -> usize {
        3 * self.items.dim()
    }

    /// Features are the folded-in vector, the mean of the known items' vectors, and the mean of those multiplied by their
    /// rewards.
    fn user(&self, known: &[Observed]) -> SessionUser {
        let vector = self.space.fold_in(known);
        let mut features = vector.clone();
        features.extend(known_means(&self.items, known, self.rewards));
        let base = match self.with_base {
            true => vector.iter().zip(&self.factors).map(|(value, by)| value / by).collect(),
            false => vec![0.0; self.items.dim()],
        };
        SessionUser { features, base }
    }

    fn origin(&self) -> &RowOrigin {
        self.space.origin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{PartSet, RowDigest};

    struct Plain(EmbeddingTable, RowOrigin);

    impl EmbeddingSpace for Plain {
        fn items(&self) -> &EmbeddingTable {
            &self.0
        }
        fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
            vec![history.len() as f32, 1.0]
        }
        fn additions(&self) -> Option<&EmbeddingTable> {
            None
        }
        fn origin(&self) -> &RowOrigin {
            &self.1
        }
    }

    fn plain() -> Arc<dyn EmbeddingSpace> {
        let table = EmbeddingTable::new(3, 2, vec![1.0, 10.0, 3.0, 30.0, 0.0, 500.0]).unwrap();
        Arc::new(Plain(
            table,
            RowOrigin { split: String::new(), parts: PartSet::default(), digest: RowDigest::of(&[]) },
        ))
    }

    fn two() -> ItemSet {
        ItemSet::from_items(3, [ItemIdx(0), ItemIdx(1)])
    }

    #[test]
    fn coordinates_have_one_spread_over_the_candidates_and_the_base_ranks_as_the_space_does() {
        let space = EmbeddedSpace::new(plain(), two(), (3.0, 2.0), true).unwrap();
        assert_eq!(space.items().row(0), [0.5, 0.5]);
        assert_eq!(space.items().row(1), [1.5, 1.5]);
        let known = [Observed { item: ItemIdx(1), rating: 5.0, timestamp: 0 }];
        let user = space.user(&known);
        assert_eq!(user.features, [1.0, 1.0, 1.5, 1.5, 1.5, 1.5]);
        for item in 0..3 {
            let score: f32 = user.base.iter().zip(space.items().row(item)).map(|(a, b)| a * b).sum();
            let own: f32 = [1.0, 1.0].iter().zip(plain().items().row(item)).map(|(a, b)| a * b).sum();
            assert!((score - own).abs() < 1e-4 * own.abs(), "{item}");
        }
        assert_eq!(space.n_features(), user.features.len());
    }

    #[test]
    fn a_coordinate_in_which_all_candidates_are_alike_stays_as_it_is() {
        let one = ItemSet::from_items(3, [ItemIdx(1)]);
        let space = EmbeddedSpace::new(plain(), one, (3.0, 2.0), true).unwrap();
        assert_eq!(space.items().row(1), [3.0, 30.0]);
    }

    #[test]
    fn from_nothing_the_base_is_0_and_of_nobody_nothing_is_known() {
        let space = EmbeddedSpace::new(plain(), two(), (3.0, 2.0), false).unwrap();
        let user = space.user(&[]);
        assert_eq!(user.base, [0.0, 0.0]);
        assert_eq!(user.features, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn no_candidates_and_those_of_another_catalogue_are_refused() {
        let refused = |set| EmbeddedSpace::new(plain(), set, (3.0, 2.0), true).err().unwrap().to_string();
        assert!(refused(ItemSet::full(4)).contains("a catalogue of 4"));
        assert!(!refused(ItemSet::empty(3)).is_empty());
    }
}
