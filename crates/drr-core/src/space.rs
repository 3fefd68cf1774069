//! An embedding space: item vectors, and the vector of any user from a history alone.

use crate::{EmbeddingTable, Observed, RowOrigin};

/// Item vectors and a fold-in. Users who were in no training data get a vector the same way as those who were.
pub trait EmbeddingSpace: Send + Sync {
    /// The item vectors, `[I, D]`.
    fn items(&self) -> &EmbeddingTable;

    /// The vector of a user who rated `history`, `[D]`; all zeros if nothing can be told from it.
    ///
    /// The score of an item is the inner product of both vectors, without any bias.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32>;

    /// What each positive item adds to the vector of a user, `[I, D]`, where user vectors are such sums: then an item
    /// accepted in a session is simply added. `None` where they are no sums.
    fn additions(&self) -> Option<&EmbeddingTable>;

    /// The rows that the space was fitted on.
    fn origin(&self) -> &RowOrigin;
}
