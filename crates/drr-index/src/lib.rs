//! An approximate index for the items of greatest inner product, for catalogues that are too large to score as a whole.
//!
//! ```
//! use drr_index::{Index, IndexConfig};
//!
//! let items = [1.0, 0.0, 0.0, 2.0, 3.0, 3.0];
//! let index = Index::build(&items, 2, IndexConfig::default())?;
//! let best = index.search(&[0.0, 1.0], 2, |item| item != 2)?;
//! assert_eq!(best, [(1, 2.0), (0, 0.0)]);
//! # Ok::<(), drr_index::IndexError>(())
//! ```

use hnsw_rs::prelude::{AnnT as _, DistL2, FilterT, Hnsw};

/// How the index is built and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexConfig {
    /// Links of an item to others, `M` (Malkov and Yashunin 2020, sec. 4): more find more and take more memory.
    pub n_links: usize,
    /// Candidates looked at while an item is linked.
    pub n_build: usize,
    /// Candidates looked at in a search, `ef`, at least the length of the list: more find more and take longer.
    pub n_search: usize,
    /// Whether items are linked on all threads. It is quicker, and the index then depends on how the threads run: with
    /// `false`, the same items make the same index.
    pub parallel: bool,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self { n_links: 24, n_build: 200, n_search: 200, parallel: false }
    }
}

/// A reason why there is no index, or no answer.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum IndexError {
    /// The vectors are no whole rows.
    #[error("{n_values} values are no whole vectors of dimension {dim}: give a table of rows of one length")]
    Shape {
        /// The numbers given.
        n_values: usize,
        /// The dimension asked for.
        dim: usize,
    },
    /// A number is not finite.
    #[error("value {at} is not finite: no distance to it can be told")]
    NotFinite {
        /// Where it stands.
        at: usize,
    },
    /// A setting has no meaning.
    #[error("{setting} is {value}: give from 1 to {greatest}")]
    Setting {
        /// Which one.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The greatest that is possible.
        greatest: usize,
    },
}

/// A navigable graph over item vectors (HNSW; Malkov and Yashunin 2020).
///
/// The graph knows distances, not inner products. With `m = max |x|`, each item `x` becomes `[x, sqrt(m^2 - |x|^2)]` and
/// each action `a` becomes `[a, 0]`: then `|a' - x'|^2 = |a|^2 + m^2 - 2 a . x`, so the nearest is the one of greatest inner
/// product (Bachrach et al. 2014, sec. 3).
pub struct Index {
    graph: Hnsw<'static, f32, DistL2>,
    items: Vec<f32>,
    dim: usize,
    n_search: usize,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Index").field("n_items", &self.len()).field("dim", &self.dim).finish()
    }
}

/// The longest way up of an item in the graph.
const N_LAYERS: usize = 16;

impl Index {
    /// Links `items`, `[I, D]`.
    ///
    /// # Errors
    ///
    /// Refuses numbers that are no rows of dimension `dim` or not finite, and settings without a meaning.
    pub fn build(items: &[f32], dim: usize, config: IndexConfig) -> Result<Self, IndexError> {
        if dim == 0 || !items.len().is_multiple_of(dim) {
            return Err(IndexError::Shape { n_values: items.len(), dim });
        }
        finite(items)?;
        for (setting, value, greatest) in [
            ("n_links", config.n_links, 256),
            ("n_build", config.n_build, usize::MAX),
            ("n_search", config.n_search, usize::MAX),
        ] {
            if value == 0 || value > greatest {
                return Err(IndexError::Setting { setting, value, greatest });
            }
        }
        let n_items = items.len() / dim;
        let mut graph = Hnsw::new(config.n_links, n_items.max(1), N_LAYERS, config.n_build, DistL2);
        let augmented = augmented(items, dim);
        let rows: Vec<(&Vec<f32>, usize)> = augmented.iter().zip(0..).collect();
        if config.parallel {
            graph.parallel_insert_data(&rows);
        } else {
            rows.iter().for_each(|(row, item)| graph.insert_data(row, *item));
        }
        graph.set_searching_mode(true);
        Ok(Self { graph, items: items.to_vec(), dim, n_search: config.n_search })
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len() / self.dim
    }

    /// Whether there is no item.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// About the best `k` items for `action` `[D]` of those that are allowed, with their inner products, best first, equal
    /// ones by the smaller item. Fewer than `k` where the graph finds no more: the more items are forbidden, the likelier.
    ///
    /// # Errors
    ///
    /// Refuses an action of another dimension or with a number that is not finite.
    pub fn search(
        &self,
        action: &[f32],
        k: usize,
        allowed: impl Fn(u32) -> bool,
    ) -> Result<Vec<(u32, f32)>, IndexError> {
        if action.len() != self.dim {
            return Err(IndexError::Shape { n_values: action.len(), dim: self.dim });
        }
        finite(action)?;
        if k == 0 || self.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = action.to_vec();
        query.push(0.0);
        let filter = |item: &usize| u32::try_from(*item).is_ok_and(&allowed);
        let found = self.graph.search_filter(&query, k, self.n_search.max(k), Some(&filter as &dyn FilterT));
        let mut best: Vec<(u32, f32)> = found
            .into_iter()
            .filter_map(|it| Some((u32::try_from(it.d_id).ok()?, self.score(it.d_id, action))))
            .collect();
        best.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        Ok(best)
    }

    fn score(&self, item: usize, action: &[f32]) -> f32 {
        self.items[item * self.dim..][..self.dim].iter().zip(action).map(|(x, a)| x * a).sum()
    }
}

fn finite(values: &[f32]) -> Result<(), IndexError> {
    values.iter().position(|value| !value.is_finite()).map_or(Ok(()), |at| Err(IndexError::NotFinite { at }))
}

/// Every item with the coordinate that makes all of one length.
fn augmented(items: &[f32], dim: usize) -> Vec<Vec<f32>> {
    let square = |row: &[f32]| row.iter().map(|value| value * value).sum::<f32>();
    let greatest = items.chunks_exact(dim).map(square).fold(0.0, f32::max);
    let with_rest = |row: &[f32]| {
        let rest = (greatest - square(row)).max(0.0).sqrt();
        row.iter().copied().chain([rest]).collect()
    };
    items.chunks_exact(dim).map(with_rest).collect()
}
