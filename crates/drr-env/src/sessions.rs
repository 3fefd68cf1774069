//! The table of sessions that can be simulated: whose log, cut where.
//!
//! Many environments share one table behind an `Arc`. A row of the table is a context: the agent keeps one user vector
//! per context, folded in from what was observed before the cut, and nothing else of the user.

use crate::EnvError;
use drr_core::{
    ContextIdx, EnvironmentError, InteractionLog, ItemIdx, Observed, RandomStream, RowOrigin, UserIdx,
    UserRatings,
};
use serde::{Deserialize, Serialize};

/// Where in a user's log a session starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SessionStart {
    /// After the user's first ratings, whatever their stars: one context for each user.
    First {
        /// How many ratings are observed before the session; 10 where a configuration names no other number.
        #[serde(default = "ten")]
        count: usize,
    },
    /// At several points drawn at random, so that short and long histories are both trained on.
    RandomCut {
        /// How many different points per user; all possible ones where the log has fewer. 4 where a configuration names
        /// no other number.
        #[serde(default = "per_user")]
        per_user: usize,
        /// The least number of ratings before the cut; 10 where a configuration names no other number.
        #[serde(default = "ten")]
        min_observed: usize,
        /// The least number of ratings after the cut, at least 1; 10 where a configuration names no other number.
        #[serde(default = "ten")]
        min_remaining: usize,
    },
}

const fn ten() -> usize {
    10
}

const fn per_user() -> usize {
    4
}

impl SessionStart {
    /// After the first ten ratings.
    #[must_use]
    pub const fn first() -> Self {
        Self::First { count: ten() }
    }

    /// At four points of a user's log, ten ratings away from its ends.
    #[must_use]
    pub const fn random_cut() -> Self {
        Self::RandomCut { per_user: per_user(), min_observed: ten(), min_remaining: ten() }
    }
}

impl SessionStart {
    /// Refuses settings that would give a session nothing to answer with.
    fn check(&self) -> Result<(), EnvError> {
        match *self {
            Self::RandomCut { per_user: 0, .. } => {
                Err(EnvError::setting("per_user", &0, "each user needs at least one session"))
            }
            Self::RandomCut { min_remaining: 0, .. } => {
                Err(EnvError::setting("min_remaining", &0, "at least one rating must come after the cut"))
            }
            _ => Ok(()),
        }
    }

    /// The cuts of a log of `n_ratings`, ascending; none if it is too short.
    fn cuts(&self, n_ratings: usize, random: &mut RandomStream) -> Vec<usize> {
        match *self {
            Self::First { count } if n_ratings > count => vec![count],
            Self::First { .. } => Vec::new(),
            Self::RandomCut { per_user, min_observed, min_remaining } => {
                let n_points = (n_ratings + 1).saturating_sub(min_observed + min_remaining);
                let drawn = rand::seq::index::sample(random, n_points, per_user.min(n_points));
                let mut cuts: Vec<usize> = drawn.iter().map(|point| min_observed + point).collect();
                cuts.sort_unstable();
                cuts
            }
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Context {
    user: UserIdx,
    cut: usize,
}

/// All sessions that can be simulated out of one log.
#[derive(Debug, Clone)]
pub struct Sessions {
    log: InteractionLog,
    positive: f32,
    contexts: Vec<Context>,
    /// Where each user's entries of `by_item` begin, `[U + 1]`.
    offsets: Vec<usize>,
    /// Each user's items and their positions in the user's log, ascending, to look ratings up by item.
    by_item: Vec<(ItemIdx, u32)>,
}

impl Sessions {
    /// Cuts the log of every user who has a rating left to answer with; `positive` is the least positive rating.
    ///
    /// # Errors
    ///
    /// Refuses settings without a meaning, and a log in which no user has enough ratings.
    pub fn new(
        log: &InteractionLog,
        start: &SessionStart,
        positive: f32,
        random: &mut RandomStream,
    ) -> Result<Self, EnvError> {
        start.check()?;
        let contexts: Vec<Context> = log
            .users()
            .flat_map(|user| {
                let cuts = start.cuts(log.of_user(user).len(), random);
                cuts.into_iter().map(move |cut| Context { user, cut })
            })
            .collect();
        if contexts.is_empty() {
            return Err(EnvironmentError::NoUsers.into());
        }
        let mut offsets = vec![0];
        let mut by_item = Vec::with_capacity(log.len());
        for user in log.users() {
            let begin = by_item.len();
            by_item.extend(log.of_user(user).items.iter().copied().zip(0_u32..));
            by_item[begin..].sort_unstable();
            offsets.push(by_item.len());
        }
        Ok(Self { log: log.clone(), positive, contexts, offsets, by_item })
    }

    /// The number of contexts.
    #[must_use]
    pub const fn n_contexts(&self) -> usize {
        self.contexts.len()
    }

    /// The size of the catalogue that the log was made for, `I`.
    #[must_use]
    pub const fn n_items(&self) -> usize {
        self.log.n_items()
    }

    /// The rows that the sessions are simulated from.
    #[must_use]
    pub const fn origin(&self) -> &RowOrigin {
        self.log.origin()
    }

    /// The log that the sessions are simulated from.
    pub(crate) const fn log(&self) -> &InteractionLog {
        &self.log
    }

    /// The least positive rating.
    pub(crate) const fn positive(&self) -> f32 {
        self.positive
    }

    /// The user of a context. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn user(&self, context: ContextIdx) -> UserIdx {
        self.contexts[context.index()].user
    }

    /// How many of the user's ratings come before the session. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn cut(&self, context: ContextIdx) -> usize {
        self.contexts[context.index()].cut
    }

    /// What is known of the user when the session begins, oldest first: what a user vector is folded in from.
    #[must_use]
    pub fn observed(&self, context: ContextIdx) -> Vec<Observed> {
        self.before(context).observed()
    }

    /// The ratings before the cut.
    pub(crate) fn before(&self, context: ContextIdx) -> UserRatings<'_> {
        let Context { user, cut } = self.contexts[context.index()];
        self.log.of_user(user).split_at(cut).0
    }

    /// The items that the user rates positively after the cut, oldest first, by the first rating of each: what a
    /// supervised loss may learn from. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn positives_after_cut(&self, context: ContextIdx) -> Vec<ItemIdx> {
        let Context { user, cut } = self.contexts[context.index()];
        let ratings = self.log.of_user(user);
        let counts = |position: &usize| {
            ratings.ratings[*position] >= self.positive
                && self.position_after_cut(context, ratings.items[*position]) == Some(*position)
        };
        (cut..ratings.len()).filter(counts).map(|position| ratings.items[position]).collect()
    }

    /// Fills `history` with the latest positive items before the cut, oldest first, at most `n`.
    pub(crate) fn fill_history(&self, context: ContextIdx, n: usize, history: &mut Vec<ItemIdx>) {
        let before = self.before(context);
        history.clear();
        let latest = before.items.iter().zip(before.ratings).rev();
        history.extend(latest.filter(|(_, rating)| **rating >= self.positive).map(|(item, _)| *item).take(n));
        history.reverse();
    }

    /// The user's first rating of `item` after the cut, if there is one.
    #[must_use]
    pub fn rating_after_cut(&self, context: ContextIdx, item: ItemIdx) -> Option<f32> {
        let position = self.position_after_cut(context, item)?;
        Some(self.log.of_user(self.user(context)).ratings[position])
    }

    /// The hours from the first rating after the cut, when the session starts, to the user's first rating of `item` after
    /// the cut, if there is one. Timestamps are seconds.
    #[must_use]
    pub fn hours_until_rating(&self, context: ContextIdx, item: ItemIdx) -> Option<f64> {
        let position = self.position_after_cut(context, item)?;
        let timestamps = self.log.of_user(self.user(context)).timestamps;
        #[expect(clippy::cast_precision_loss, reason = "a span of seconds is far below 2^52")]
        let seconds = (timestamps[position] - timestamps[self.cut(context)]) as f64;
        Some(seconds / 3600.0)
    }

    /// Where in the user's log the first rating of `item` after the cut is.
    fn position_after_cut(&self, context: ContextIdx, item: ItemIdx) -> Option<usize> {
        let Context { user, cut } = self.contexts[context.index()];
        let entries = &self.by_item[self.offsets[user.index()]..self.offsets[user.index() + 1]];
        let at = entries.partition_point(|(rated, position)| (*rated, *position as usize) < (item, cut));
        let (rated, position) = *entries.get(at)?;
        (rated == item).then_some(position as usize)
    }
}
