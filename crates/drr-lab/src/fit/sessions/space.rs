//! The space that the session agent acts in: all of it from what recommenders know.

use super::models::Items;
use anyhow::Result;
use drr_core::{EmbeddingSpace, EmbeddingTable, ItemIdx, ItemSet, Observed, RowOrigin};
use drr_embed::{FoldedUser, Pmf};
use drr_env::RatingScale;
use drr_session::{SessionSpace, SessionUser, known_means, standard_deviation};

/// The standard deviation to which biases and factors are scaled, near that of categories.
const SPREAD: f32 = 0.5;

/// What a space holds beside the factorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SpaceContents {
    /// Whether item vectors have the categories.
    pub with_categories: bool,
    /// Whether users have the greedy policy as the base of their actions; else 0.
    pub with_base: bool,
}

/// Item vectors `[bias, factors, categories]`, where the bias says how good an item is, and users folded in.
#[derive(Debug, Clone)]
pub struct KnownSpace {
    pmf: Pmf,
    items: EmbeddingTable,
    candidates: ItemSet,
    /// What a bias and a factor are multiplied by.
    factors: [f32; 2],
    scale: RatingScale,
    with_base: bool,
}

impl KnownSpace {
    /// The space of a fitted factorization, with the categories and the base that the configuration asks for.
    ///
    /// # Errors
    ///
    /// Fails on vectors that are not finite.
    pub fn new(pmf: Pmf, items: &Items, scale: RatingScale, contents: SpaceContents) -> Result<Self> {
        let SpaceContents { with_categories, with_base } = contents;
        let candidates: Vec<ItemIdx> = items.candidates.iter().collect();
        let biases: Vec<f32> = candidates.iter().map(|item| pmf.item_biases()[item.index()]).collect();
        let vectors = EmbeddingSpace::items(&pmf);
        let entries: Vec<f32> =
            candidates.iter().flat_map(|item| vectors.row(item.index())).copied().collect();
        let factors = [&biases, &entries].map(|values| {
            let spread = standard_deviation(values.iter().map(|it| f64::from(*it))) as f32;
            SPREAD / spread.max(f32::MIN_POSITIVE)
        });
        let n_categories = if with_categories { items.categories.n_categories() } else { 0 };
        let (n_items, dim) = (vectors.n_rows(), 1 + vectors.dim() + n_categories);
        let mut values = Vec::with_capacity(n_items * dim);
        for item in (0..n_items).map(ItemIdx::from) {
            values.push(pmf.item_biases()[item.index()] * factors[0]);
            values.extend(vectors.row(item.index()).iter().map(|value| value * factors[1]));
            let begin = values.len();
            values.resize(begin + n_categories, 0.0);
            if with_categories {
                let weight = items.categories.weight(item);
                items.categories.of(item).iter().for_each(|it| values[begin + usize::from(*it)] = weight);
            }
        }
        let table = EmbeddingTable::new(n_items, dim, values)?;
        Ok(Self { pmf, items: table, candidates: items.candidates.clone(), factors, scale, with_base })
    }
}

impl SessionSpace for KnownSpace {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn n_features(&self) -> usize {
        1 + EmbeddingSpace::items(&self.pmf).dim() + 2 * self.items.dim()
    }

    /// Features are the folded-in bias and factors, the mean of the known items' vectors, and the mean of those multiplied by
    /// their rewards. The base ranks by the factorization, `b_i + p_u . q_i`, or by nothing.
    fn user(&self, known: &[Observed]) -> SessionUser {
        let FoldedUser { vector, bias } = self.pmf.fold_in_user(known);
        let mut features = vec![bias];
        features.extend(&vector);
        features.extend(known_means(&self.items, known, (self.scale.middle(), self.scale.half_range())));
        let mut base = vec![1.0 / self.factors[0]];
        base.extend(vector.iter().map(|value| value / self.factors[1]));
        base.resize(self.items.dim(), 0.0);
        if !self.with_base {
            base.fill(0.0);
        }
        SessionUser { features, base }
    }

    fn origin(&self) -> &RowOrigin {
        self.pmf.origin()
    }
}
