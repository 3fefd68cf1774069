//! No learning beyond the embedding: the action is the user's folded-in vector itself.

use crate::ranking::rank_all;
use crate::{BaselineError, Popularity};
use drr_core::{EmbeddingSpace, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use std::sync::Arc;

/// Scores item `i` with `i . u`, where `u` is the history folded into an embedding space: in an additive space, the sum of
/// the vectors of the history's positive items. This is an agent of the same space before it has learned anything.
///
/// A history that says nothing gives a vector of zeros; the list is then the popular items.
#[derive(Clone)]
pub struct FoldInRecommender {
    name: String,
    space: Arc<dyn EmbeddingSpace>,
    fallback: Popularity,
}

impl std::fmt::Debug for FoldInRecommender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FoldInRecommender").field("name", &self.name).finish_non_exhaustive()
    }
}

impl FoldInRecommender {
    /// Ranks in `space`, under a `name` that is unique in a report.
    ///
    /// # Errors
    ///
    /// Refuses a fallback of another catalogue or fitted on other rows than the space.
    pub fn new(
        name: impl Into<String>,
        space: Arc<dyn EmbeddingSpace>,
        fallback: Popularity,
    ) -> Result<Self, BaselineError> {
        let (query, fitted) = (fallback.counts().len(), space.items().n_rows());
        if query != fitted {
            return Err(BaselineError::CatalogueMismatch { query, fitted });
        }
        if space.origin() != fallback.fitted_on() {
            return Err(BaselineError::OriginMismatch);
        }
        Ok(Self { name: name.into(), space, fallback })
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Vec<f32> {
        let user = self.space.fold_in(&query.history);
        if user.iter().all(|value| *value == 0.0) {
            return self.fallback.counts().to_vec();
        }
        let items = self.space.items();
        (0..items.n_rows()).map(|item| inner_product(items.row(item), &user)).collect()
    }
}

impl Recommender for FoldInRecommender {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(self.space.origin())
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        rank_all(&self.name, self.space.items().n_rows(), queries, k, |query| self.scores(query))
    }
}

/// The inner product, in eight running sums so that the compiler can use vector instructions.
fn inner_product(left: &[f32], right: &[f32]) -> f32 {
    let (left_blocks, left_rest) = left.as_chunks::<8>();
    let (right_blocks, right_rest) = right.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in left_blocks.iter().zip(right_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::inner_product;

    #[test]
    fn the_inner_product_counts_the_blocks_and_the_rest() {
        let ones_to_ten: Vec<f32> = (1..=10_u8).map(f32::from).collect();
        assert_eq!(inner_product(&ones_to_ten, &ones_to_ten), 385.0);
        assert_eq!(inner_product(&ones_to_ten[..3], &[1.0, 1.0, 1.0]), 6.0);
    }
}
