//! The users of a world: what each would rate every candidate, what is known of them, and which categories they know.

use super::{Dynamics, Mind};
use crate::{EnvError, RatingScale};
use drr_core::{Categories, ContextIdx, EnvironmentError, ItemIdx, ItemSet, Observed, Response, UserIdx};
use std::sync::Arc;

/// One user as a world takes them in.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// The user, for logging.
    pub user: UserIdx,
    /// What a recommender is told when the session begins, oldest first; never shown again.
    pub known: Vec<Observed>,
    /// The rating that the user would give to each candidate outside of any session, `[C]`, in the order of the candidates.
    pub ratings: Vec<f32>,
    /// The share of the user's rated items that have each category, `[G]`, in `[0, 1]`.
    pub category_shares: Vec<f32>,
}

/// The users that can be met in a session. A row is a context, as in [`crate::Sessions`].
#[derive(Debug, Clone)]
pub struct Population {
    candidates: ItemSet,
    /// Where an item stands among the candidates, `[I]`.
    columns: Vec<Option<u32>>,
    n_candidates: usize,
    categories: Arc<Categories>,
    scale: RatingScale,
    positive: f32,
    users: Vec<UserIdx>,
    known: Vec<Vec<Observed>>,
    /// `[contexts, C]`.
    ratings: Vec<f32>,
    /// `[contexts, G]`.
    shares: Vec<f32>,
}

impl Population {
    /// A world without users yet: what may be shown, and the items' categories. A rating from `positive` on counts as
    /// positive.
    ///
    /// # Errors
    ///
    /// Refuses categories of another number of items, and a set without candidates.
    pub fn new(
        candidates: ItemSet,
        categories: Arc<Categories>,
        scale: RatingScale,
        positive: f32,
    ) -> Result<Self, EnvError> {
        let (n_items, n_log) = (candidates.n_items(), categories.n_items());
        if n_items != n_log {
            return Err(EnvError::Catalogue { n_catalogue: n_items, n_log });
        }
        let mut columns = vec![None; n_items];
        for (column, item) in (0_u32..).zip(candidates.iter()) {
            columns[item.index()] = Some(column);
        }
        let n_candidates = candidates.len();
        if n_candidates == 0 {
            return Err(EnvError::setting("candidates", &0, "at least one item must be allowed to be shown"));
        }
        let (users, known, ratings, shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Ok(Self {
            candidates,
            columns,
            n_candidates,
            categories,
            scale,
            positive,
            users,
            known,
            ratings,
            shares,
        })
    }

    /// Takes in one user, and returns the context.
    ///
    /// # Errors
    ///
    /// Refuses ratings and shares of another number than candidates and categories, and numbers that are not finite.
    pub fn push(&mut self, user: Known) -> Result<ContextIdx, EnvError> {
        let (n_ratings, n_shares) = (user.ratings.len(), user.category_shares.len());
        if n_ratings != self.n_candidates {
            let value = format!("{n_ratings} of {}", self.n_candidates);
            return Err(EnvError::setting("ratings", &value, "give one rating for each candidate"));
        }
        if n_shares != self.categories.n_categories() {
            let value = format!("{n_shares} of {}", self.categories.n_categories());
            return Err(EnvError::setting("category_shares", &value, "give one share for each category"));
        }
        if let Some(bad) = user.ratings.iter().chain(&user.category_shares).find(|it| !it.is_finite()) {
            return Err(EnvError::setting("ratings", bad, "ratings and shares must be finite"));
        }
        self.users.push(user.user);
        self.known.push(user.known);
        self.ratings.extend(user.ratings);
        self.shares.extend(user.category_shares);
        Ok(ContextIdx::from(self.users.len() - 1))
    }

    /// The share of these items that have each category, `[G]`; zeros for none.
    #[must_use]
    pub fn category_shares(categories: &Categories, items: &[ItemIdx]) -> Vec<f32> {
        let mut shares = vec![0.0; categories.n_categories()];
        for category in items.iter().flat_map(|item| categories.of(*item)) {
            shares[usize::from(*category)] += 1.0 / items.len() as f32;
        }
        shares
    }

    /// The number of users.
    #[must_use]
    pub fn n_contexts(&self) -> usize {
        self.users.len()
    }

    /// The user of a context. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn user(&self, context: ContextIdx) -> UserIdx {
        self.users[context.index()]
    }

    /// What a recommender is told of the user. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn known(&self, context: ContextIdx) -> &[Observed] {
        &self.known[context.index()]
    }

    /// The categories of the items.
    #[must_use]
    pub const fn categories(&self) -> &Arc<Categories> {
        &self.categories
    }

    /// What may be shown to anybody.
    #[must_use]
    pub const fn catalogue(&self) -> &ItemSet {
        &self.candidates
    }

    /// What may be shown to the user when the session begins: the candidates without what is known.
    #[must_use]
    pub fn candidates(&self, context: ContextIdx) -> ItemSet {
        let mut candidates = self.candidates.clone();
        for known in self.known(context) {
            candidates.remove(known.item);
        }
        candidates
    }

    /// The rating that the user would give outside of any session: for a judge's own lines alone. None for an item that is
    /// no candidate. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn rating(&self, context: ContextIdx, item: ItemIdx) -> Option<f32> {
        let column = (*self.columns.get(item.index())?)?;
        Some(self.ratings[context.index() * self.n_candidates + column as usize])
    }

    /// The shares of the categories among the user's rated items, `[G]`: hidden from recommenders.
    #[must_use]
    pub fn shares(&self, context: ContextIdx) -> &[f32] {
        let n = self.categories.n_categories();
        &self.shares[context.index() * n..][..n]
    }

    /// The latest positive items among the known ones, oldest first, at most `n`.
    pub(crate) fn fill_history(&self, context: ContextIdx, n: usize, history: &mut Vec<ItemIdx>) {
        history.clear();
        let liked = self.known(context).iter().rev().filter(|known| known.rating >= self.positive);
        history.extend(liked.map(|known| known.item).take(n));
        history.reverse();
    }

    /// How the user takes a candidate in this state of mind.
    ///
    /// # Errors
    ///
    /// Refuses an item that is no candidate.
    #[expect(clippy::cast_possible_truncation, reason = "settings have few digits")]
    pub fn response(
        &self,
        context: ContextIdx,
        mind: &Mind,
        item: ItemIdx,
        dynamics: &Dynamics,
    ) -> Result<Response, EnvironmentError> {
        let rating = self.rating(context, item).ok_or(EnvironmentError::NotACandidate(item))?;
        let staleness = mind.staleness_of(item, &self.categories);
        let unfamiliar = 1.0 - mind.familiarity_of(item, &self.categories);
        let answer =
            rating - dynamics.unfamiliarity as f32 * unfamiliar - dynamics.fatigue as f32 * staleness;
        let distance = self.scale.clamp(answer) - self.scale.middle();
        let bored = (f64::from(staleness) - dynamics.threshold).max(0.0);
        let leaving = dynamics.impatience.mul_add(bored, dynamics.hazard).min(1.0);
        Ok(Response { reward: distance / self.scale.half_range(), leaving })
    }
}
