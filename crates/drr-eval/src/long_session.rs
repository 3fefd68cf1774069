//! Protocol "long_session": sessions of users who remember what was shown to them, grow into it, and may leave.
//!
//! Leaving is not drawn. Each step counts by the probability that the user is still there, so a figure is exact for its
//! users, and two recommenders differ by what they show alone. Every line chooses among the same candidates; the judge
//! compares them with the session's own before the first step.

mod compare;
mod play;
mod rollout;
#[cfg(test)]
mod tests;

pub use compare::{SeedFigures, compare_sessions, mean_of_seeds, over_seeds};
pub use play::SessionStep;
pub use rollout::{Replayable, rollout_bound, rollout_bounds};

use crate::evaluate::BOOTSTRAP;
use crate::guard::Judged;
use crate::statistics::{N_RESAMPLES, bootstrap_means};
use crate::{EvalError, Interval, Provenance};
use drr_core::{
    EnvironmentError, ExpectedSession, InteractionLog, ItemSet, Knowledge, Part, Query, RowOrigin,
    SessionRecommender, UserIdx,
};
use play::play;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The protocol's name in files and reports.
pub const LONG_SESSION: &str = "long_session";

/// The version of the protocol's definition: a change of what a figure means raises it.
pub const LONG_SESSION_VERSION: u32 = 1;

/// One user whose session is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionCase {
    /// What is known when the session begins: the user's first ratings, and the candidates.
    pub query: Query,
}

/// The users whose sessions are judged, and who may be judged on them.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionSet {
    /// The part of the split that is judged on.
    pub part: Part,
    /// The users, in user order, at least one.
    pub cases: Vec<SessionCase>,
    /// The candidates of a user of whom nothing is known, which coverage is relative to.
    pub catalogue: ItemSet,
    /// The rows that a recommender may be fitted on; any other rows are leakage.
    pub permitted: Vec<RowOrigin>,
}

impl SessionSet {
    /// A session for each held-out user with a rating and a candidate: known are the first `n_known` ratings, whatever their
    /// stars, and candidates are the items of the catalogue without those.
    ///
    /// # Errors
    ///
    /// Fails if there is no such user, or if log and catalogue count different items.
    pub fn new(
        held_out: &InteractionLog,
        catalogue: ItemSet,
        n_known: usize,
        part: Part,
        permitted: Vec<RowOrigin>,
    ) -> Result<Self, EvalError> {
        let (left, right) = (held_out.n_items(), catalogue.n_items());
        if left != right {
            return Err(EvalError::Catalogue { left, right });
        }
        let cases: Vec<SessionCase> = held_out
            .active_users()
            .map(|user| {
                let (known, _) = held_out.of_user(user).split_at(n_known);
                let mut allowed = catalogue.clone();
                known.items.iter().for_each(|item| allowed.remove(*item));
                SessionCase { query: Query { user, history: known.observed(), allowed } }
            })
            .filter(|case| !case.query.allowed.is_empty())
            .collect();
        if cases.is_empty() {
            return Err(EvalError::NoCases { protocol: LONG_SESSION });
        }
        Ok(Self { part, cases, catalogue, permitted })
    }

    /// The same protocol for the first `n_users` of its users, at least one: a sample for what takes long.
    #[must_use]
    pub fn first_users(&self, n_users: usize) -> Self {
        let cases = self.cases[..n_users.clamp(1, self.cases.len())].to_vec();
        Self { cases, ..self.clone() }
    }

    /// Checks what a recommender was fitted on; see [`crate::check_origin`].
    fn check(&self, recommender: &dyn SessionRecommender) -> Result<Provenance, EvalError> {
        let judged = Judged { protocol: LONG_SESSION, part: self.part, permitted: &self.permitted };
        judged.check(recommender.name(), recommender.origin())
    }
}

/// What is measured of each user's session, in expectation over leaving. With the step `t` from 1, its reward `r_t` and the
/// probability `l_t` that the user leaves after it, the user is there at step `t` with probability
/// `s_t = prod_{i < t} (1 - l_i)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionMeasure {
    /// `sum_t s_t r_t`: the sum of the rewards that the user gives before leaving.
    TotalReward,
    /// `sum_t s_t`: the number of items shown before the user leaves.
    Length,
    /// The total reward divided by the length.
    RewardPerStep,
}

impl SessionMeasure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::TotalReward, Self::Length, Self::RewardPerStep];

    /// The name in files and reports: `total_reward`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TotalReward => "total_reward",
            Self::Length => "length",
            Self::RewardPerStep => "reward_per_step",
        }
    }

    /// The measure of one session; NaN, which is "undefined", for the reward per step of none.
    #[must_use]
    pub fn value(self, steps: &[SessionStep]) -> f64 {
        let length = || steps.iter().map(|step| step.survival).sum::<f64>();
        let total = || steps.iter().map(|step| step.survival * f64::from(step.reward)).sum::<f64>();
        match self {
            Self::TotalReward => total(),
            Self::Length => length(),
            Self::RewardPerStep => total() / length(),
        }
    }
}

/// The figures of one line of the protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LongSessionSummary {
    /// The recommender's name.
    pub recommender: String,
    /// The version of the protocol's definition.
    pub protocol_version: u32,
    /// The part of the split that was judged on.
    pub part: Part,
    /// What is known about the rows that the recommender was fitted on.
    pub provenance: Provenance,
    /// What the recommender was told; see [`LongSessionEvaluation::told`].
    pub knowledge: Knowledge,
    /// The number of users.
    pub n_users: usize,
    /// The greatest number of steps, `T`.
    pub horizon: usize,
    /// The mean over users of the total reward, with its 95 % interval.
    pub total_reward: Interval,
    /// The mean over users of the expected length, in steps.
    pub length: Interval,
    /// The mean over users of the reward per step.
    pub reward_per_step: Interval,
    /// The share of the catalogue that is shown to anyone with any probability.
    pub coverage: f64,
    /// The number of different sessions: 1 if everybody is shown the same items in the same order.
    pub n_distinct_sessions: usize,
}

impl LongSessionSummary {
    /// The mean of a measure over users.
    #[must_use]
    pub const fn measure(&self, measure: SessionMeasure) -> Interval {
        match measure {
            SessionMeasure::TotalReward => self.total_reward,
            SessionMeasure::Length => self.length,
            SessionMeasure::RewardPerStep => self.reward_per_step,
        }
    }
}

/// The means over users at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The share of users who are still there when the item is shown, in expectation.
    pub survival: f64,
    /// The reward in expectation over leaving: who has left gives 0.
    pub reward: f64,
}

/// All that was found out about one recommender in long sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct LongSessionEvaluation {
    /// The figures.
    pub summary: LongSessionSummary,
    /// The users, in the order of the cases.
    pub users: Vec<UserIdx>,
    /// Each user's session, step by step.
    pub sessions: Vec<Vec<SessionStep>>,
}

impl LongSessionEvaluation {
    /// Notes what the recommender was told; a line that was told more than the log stands apart in reports.
    #[must_use]
    pub const fn told(mut self, knowledge: Knowledge) -> Self {
        self.summary.knowledge = knowledge;
        self
    }

    /// The values of `measure`, in the order of [`LongSessionEvaluation::users`].
    #[must_use]
    pub fn values(&self, measure: SessionMeasure) -> Vec<f64> {
        self.sessions.iter().map(|steps| measure.value(steps)).collect()
    }

    /// The means over users of each step, `[T]`.
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        let n_users = self.sessions.len() as f64;
        let at = |step: usize| {
            let steps = self.sessions.iter().filter_map(move |steps| steps.get(step));
            let (survival, reward) = steps.fold((0.0, 0.0), |(survival, reward), it| {
                (survival + it.survival, reward + it.survival * f64::from(it.reward))
            });
            CurvePoint { survival: survival / n_users, reward: reward / n_users }
        };
        (0..self.summary.horizon).map(at).collect()
    }

    /// Every step of every session as (user, step from 1, what happened), users in order: the rows of `sessions.parquet`.
    pub fn steps(&self) -> impl Iterator<Item = (UserIdx, usize, &SessionStep)> {
        let users = self.users.iter().zip(&self.sessions);
        users.flat_map(|(user, steps)| steps.iter().enumerate().map(|(at, step)| (*user, at + 1, step)))
    }
}

/// Judges `recommender` by the session of every user of `set`, side by side. `begin` gives the judge's session of a user; it
/// must begin with the candidates of the user's query.
///
/// # Errors
///
/// Fails on leakage (see [`crate::check_origin`]), on an item that is no candidate, on a session that begins with other
/// candidates, has no step or answers with what is no answer, and where the recommender or the session fails. Of several
/// failures the first user's is returned.
pub fn evaluate_sessions<'world>(
    recommender: &dyn SessionRecommender,
    set: &SessionSet,
    begin: impl Fn(&SessionCase) -> Result<Box<dyn ExpectedSession + 'world>, EnvironmentError> + Sync,
) -> Result<LongSessionEvaluation, EvalError> {
    let provenance = set.check(recommender)?;
    let one = |case: &SessionCase| {
        let mut session = begin(case)?;
        check_session(&case.query, &*session)?;
        let steps = play(recommender, &case.query, &mut *session)?;
        Ok((session.horizon(), steps))
    };
    let played: Vec<Result<(usize, Vec<SessionStep>), EvalError>> = set.cases.par_iter().map(one).collect();
    summarize(recommender.name().to_owned(), provenance, set, played)
}

/// Refuses a session without a step, and one whose candidates are not those of the query.
fn check_session<S: ExpectedSession + ?Sized>(query: &Query, session: &S) -> Result<(), EvalError> {
    let user = query.user;
    if session.candidates() != &query.allowed {
        let (session, query) = (session.candidates().len(), query.allowed.len());
        return Err(EvalError::SessionCandidates { user, session, query });
    }
    if session.horizon() == 0 || query.allowed.is_empty() {
        return Err(EvalError::NoStep { user });
    }
    Ok(())
}

/// The figures of the sessions that were played, each with its horizon.
fn summarize(
    recommender: String,
    provenance: Provenance,
    set: &SessionSet,
    played: Vec<Result<(usize, Vec<SessionStep>), EvalError>>,
) -> Result<LongSessionEvaluation, EvalError> {
    let (horizons, sessions): (Vec<usize>, Vec<Vec<SessionStep>>) =
        played.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let columns = SessionMeasure::ALL
        .map(|measure| sessions.iter().map(|steps| measure.value(steps)).collect::<Vec<f64>>());
    let columns = columns.each_ref().map(Vec::as_slice);
    let intervals = bootstrap_means(&columns, N_RESAMPLES, &mut BOOTSTRAP.stream("bootstrap"))?;
    let shown = sessions.iter().flatten().filter(|step| step.survival > 0.0);
    let items: BTreeSet<_> = shown.map(|step| step.item).collect();
    let orders: BTreeSet<Vec<_>> =
        sessions.iter().map(|steps| steps.iter().map(|step| step.item).collect()).collect();
    let summary = LongSessionSummary {
        recommender,
        protocol_version: LONG_SESSION_VERSION,
        part: set.part,
        provenance,
        knowledge: Knowledge::Log,
        n_users: set.cases.len(),
        horizon: horizons.into_iter().max().unwrap_or(0),
        total_reward: intervals[0],
        length: intervals[1],
        reward_per_step: intervals[2],
        coverage: items.len() as f64 / set.catalogue.len() as f64,
        n_distinct_sessions: orders.len(),
    };
    let users = set.cases.iter().map(|case| case.query.user).collect();
    Ok(LongSessionEvaluation { summary, users, sessions })
}
