//! Predicted ratings of the users of simulated sessions, each folded in from what was observed before the session.

use drr_core::{ContextIdx, ItemIdx};
use drr_embed::{FoldedUser, Pmf};
use drr_env::{RatingModel, Sessions};

/// A factorization and the users of all contexts.
pub struct FoldedRatings {
    pmf: Pmf,
    users: Vec<FoldedUser>,
}

impl FoldedRatings {
    /// Folds every context in.
    pub fn new(pmf: Pmf, sessions: &Sessions) -> Self {
        let contexts = (0..sessions.n_contexts()).map(ContextIdx::from);
        let users = contexts.map(|context| pmf.fold_in_user(&sessions.observed(context))).collect();
        Self { pmf, users }
    }
}

impl RatingModel for FoldedRatings {
    fn predict(&self, context: ContextIdx, item: ItemIdx) -> f32 {
        let user = &self.users[context.index()];
        self.pmf.predict(&user.vector, user.bias, item)
    }
}
