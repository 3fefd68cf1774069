//! Evaluation protocols: who is asked, what is known of them, what may be recommended, and what counts as right.
//!
//! A protocol turns held-out rows into cases once; every recommender then answers the same queries. An item that may not
//! be recommended to a user cannot be relevant for that user either.

use crate::EvalError;
use drr_core::{
    Candidates, InteractionLog, ItemIdx, ItemSet, Part, Protocol, Query, RandomStream, RowOrigin,
    SessionKind, UserIdx, UserRatings,
};
use rand::seq::SliceRandom as _;

/// One user to judge on.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What the recommender is asked.
    pub query: Query,
    /// The right answers, sorted, all of them allowed.
    pub relevant: Vec<ItemIdx>,
    /// The user's later ratings of allowed items, sorted by item: the first one of each.
    pub rated: Vec<(ItemIdx, f32)>,
}

impl Case {
    /// A case out of what was seen of a user, what came later, and what may be recommended.
    fn new(
        user: UserIdx,
        seen: UserRatings<'_>,
        later: UserRatings<'_>,
        candidates: &ItemSet,
        positive: f32,
    ) -> Self {
        let history = seen.observed();
        let mut allowed = candidates.clone();
        for item in seen.items {
            allowed.remove(*item);
        }
        let mut relevant: Vec<ItemIdx> =
            later.positives(positive).filter(|item| allowed.contains(*item)).collect();
        relevant.sort_unstable();
        relevant.dedup();
        let mut rated: Vec<(ItemIdx, f32)> = later
            .items
            .iter()
            .copied()
            .zip(later.ratings.iter().copied())
            .filter(|(item, _)| allowed.contains(*item))
            .collect();
        // The sort is stable, so the first of several ratings of an item stays the first.
        rated.sort_by_key(|(item, _)| *item);
        rated.dedup_by_key(|(item, _)| *item);
        Self { query: Query { user, history, allowed }, relevant, rated }
    }

    /// The user's later rating of `item`, if there is one.
    #[must_use]
    pub fn rating(&self, item: ItemIdx) -> Option<f32> {
        let at = self.rated.binary_search_by_key(&item, |(rated, _)| *rated).ok()?;
        Some(self.rated[at].1)
    }
}

/// All cases of a protocol, and who may answer them.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationSet {
    /// The protocol.
    pub protocol: Protocol,
    /// The part of the split that is judged on.
    pub part: Part,
    /// The cases, in user order, at least one.
    pub cases: Vec<Case>,
    /// The items that coverage and Gini are relative to.
    pub catalogue: ItemSet,
    /// The rows that a recommender may be fitted on; any other rows are leakage.
    pub permitted: Vec<RowOrigin>,
}

impl EvaluationSet {
    /// Protocol "first_ratings": see [`EvaluationSet::held_out`].
    ///
    /// # Errors
    ///
    /// Fails if no held-out user has a rating, or if log and catalogue count different items.
    pub fn first_ratings(
        held_out: &InteractionLog,
        catalogue: ItemSet,
        positive: f32,
        n_observed: usize,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        Self::held_out(Protocol::FirstRatings, held_out, catalogue, positive, n_observed, part, permitted)
    }

    /// Protocols of held-out users ("first_ratings", "holdout", "episodes", "online"): the history of a held-out user is the first
    /// `n_observed` ratings, whatever their stars, relevant are the items rated at least `positive` later, and candidates
    /// are the items of the catalogue without the history.
    ///
    /// Every held-out user with a rating counts, those without any relevant item too.
    ///
    /// # Errors
    ///
    /// Fails if no held-out user has a rating, or if log and catalogue count different items.
    pub fn held_out(
        protocol: Protocol,
        held_out: &InteractionLog,
        catalogue: ItemSet,
        positive: f32,
        n_observed: usize,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        same_size(held_out.n_items(), catalogue.n_items())?;
        let cases = held_out
            .active_users()
            .map(|user| {
                let (seen, later) = held_out.of_user(user).split_at(n_observed);
                Case::new(user, seen, later, &catalogue, positive)
            })
            .collect();
        Self { protocol, part, cases, catalogue, permitted }.checked()
    }

    /// Protocol "temporal": the history of a user is all of `past`, relevant are the items rated at least `positive` in
    /// `future`, and candidates are the items that occur in `past` and that the user has not rated there.
    ///
    /// Warm users count: those who are in `past` and have at least one relevant item.
    ///
    /// # Errors
    ///
    /// Fails if there is no such user, or if the logs count different items.
    pub fn temporal(
        past: &InteractionLog,
        future: &InteractionLog,
        positive: f32,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        same_size(past.n_items(), future.n_items())?;
        let catalogue = ItemSet::from_items(past.n_items(), past.iter().map(|row| row.item));
        let cases = past
            .active_users()
            .filter(|user| user.index() < future.n_users())
            .map(|user| Case::new(user, past.of_user(user), future.of_user(user), &catalogue, positive))
            .filter(|case| !case.relevant.is_empty())
            .collect();
        Self { protocol: Protocol::Temporal, part, cases, catalogue, permitted }.checked()
    }

    /// Protocol "leave-one-out": the history of a user is all of `past`, relevant is the item of `future` whatever its
    /// rating, and candidates are the items of the catalogue without the history.
    ///
    /// # Errors
    ///
    /// Fails if nobody has a rating in `future`, or if the logs and the catalogue count different items.
    pub fn leave_one_out(
        past: &InteractionLog,
        future: &InteractionLog,
        catalogue: ItemSet,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        same_size(past.n_items(), future.n_items())?;
        same_size(past.n_items(), catalogue.n_items())?;
        let any = f32::NEG_INFINITY;
        let cases = future
            .active_users()
            .filter(|user| user.index() < past.n_users())
            .map(|user| Case::new(user, past.of_user(user), future.of_user(user), &catalogue, any))
            .filter(|case| !case.relevant.is_empty())
            .collect();
        Self { protocol: Protocol::LeaveOneOut, part, cases, catalogue, permitted }.checked()
    }

    /// Protocol "rerank" (Liu et al. 2018, Algorithm 2): the history of a user is all of `past`, candidates are the items
    /// of `future` that the user had not rated, relevant are those rated at least `positive`.
    ///
    /// Every user with a candidate counts, those without anything relevant too.
    ///
    /// # Errors
    ///
    /// Fails if nobody has a candidate, or if the logs count different items.
    pub fn rerank(
        past: &InteractionLog,
        future: &InteractionLog,
        positive: f32,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        same_size(past.n_items(), future.n_items())?;
        let cases = future
            .active_users()
            .filter(|user| user.index() < past.n_users())
            .map(|user| {
                let later = future.of_user(user);
                let candidates = ItemSet::from_items(future.n_items(), later.items.iter().copied());
                Case::new(user, past.of_user(user), later, &candidates, positive)
            })
            .filter(|case| !case.query.allowed.is_empty())
            .collect();
        let catalogue = ItemSet::from_items(future.n_items(), future.iter().map(|row| row.item));
        Self { protocol: Protocol::Rerank, part, cases, catalogue, permitted }.checked()
    }

    /// The same cases with every history in random order: what a recommender loses on them is what order tells it.
    ///
    /// The times stay in ascending order; items move together with their ratings.
    #[must_use]
    pub fn shuffled(&self, random: &mut RandomStream) -> Self {
        let mut shuffled = self.clone();
        for case in &mut shuffled.cases {
            let times: Vec<i64> = case.query.history.iter().map(|it| it.timestamp).collect();
            case.query.history.shuffle(random);
            for (it, timestamp) in case.query.history.iter_mut().zip(times) {
                it.timestamp = timestamp;
            }
        }
        shuffled
    }

    fn checked(self) -> Result<Self, EvalError> {
        let facts = self.protocol.facts();
        // The ratings of the user's own items count, or a simulator's answers, and not what is relevant alone.
        let others_count =
            facts.candidates == Candidates::OwnTestItems || facts.sessions == SessionKind::Simulated;
        let has_nothing = |case: &Case| !others_count && case.relevant.is_empty();
        if self.cases.iter().all(has_nothing) {
            return Err(EvalError::NoCases { protocol: self.protocol.name() });
        }
        Ok(self)
    }
}

const fn same_size(left: usize, right: usize) -> Result<(), EvalError> {
    if left == right { Ok(()) } else { Err(EvalError::Catalogue { left, right }) }
}
