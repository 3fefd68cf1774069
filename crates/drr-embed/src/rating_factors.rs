//! A factorization of ratings as a space to rank in: its item biases are one more coordinate, and all is damped where an
//! item has few ratings.
//!
//! A plain factorization ranks by `u . i`, which says how a user differs from others and nothing of how good an item is.
//! Here the vector of an item is `n / (n + damping) [i, b_i]` with its number of ratings `n` and its bias `b_i`, and that of
//! a user is `[u, 1]`: the inner product is the predicted rating less what is the same for all items of a user, drawn
//! toward the mean where little is known.

use crate::{EmbedError, Pmf};
use drr_core::{EmbeddingSpace, EmbeddingTable, InteractionLog, ItemIdx, Observed, RowOrigin};

/// A factorization and the vectors made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingFactors {
    pmf: Pmf,
    items: EmbeddingTable,
}

impl RatingFactors {
    /// Makes the space of `pmf`, of dimension `D + 1`, with the numbers of ratings in `log`, the rows it was fitted on.
    ///
    /// # Errors
    ///
    /// Refuses a `damping` that is negative or not finite, and a log of another catalogue.
    pub fn new(pmf: Pmf, log: &InteractionLog, damping: f64) -> Result<Self, EmbedError> {
        if !damping.is_finite() || damping < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(EmbedError::Config { field: "damping", value: damping, wanted });
        }
        let n_items = pmf.items().n_rows();
        if log.n_items() != n_items {
            return Err(EmbedError::CatalogueMismatch { train: n_items, validation: log.n_items() });
        }
        let mut counts = vec![0.0_f64; n_items];
        log.iter().for_each(|row| counts[row.item.index()] += 1.0);
        let mut values = Vec::with_capacity(n_items * (pmf.items().dim() + 1));
        for item in (0..n_items).map(ItemIdx::from) {
            let count = counts[item.index()];
            #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in 32 bits")]
            let share = if count > 0.0 { (count / (count + damping)) as f32 } else { 0.0 };
            let vector = pmf.items().row(item.index()).iter().chain([&pmf.item_biases()[item.index()]]);
            values.extend(vector.map(|value| share * value));
        }
        let items = EmbeddingTable::new(n_items, pmf.items().dim() + 1, values)?;
        Ok(Self { pmf, items })
    }
}

impl EmbeddingSpace for RatingFactors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The factorization's user and a 1 behind it, which an empty history leaves alone: the best items then come first.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        let mut user = self.pmf.fold_in_user(history).vector;
        user.push(1.0);
        user
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        self.pmf.origin()
    }
}
