//! How much looking ahead could gain: parallel rollouts over several rules.
//!
//! At each step the best items of each rule are tried in copies of the session, and each rule plays each copy to its end;
//! shown is the item with the best of these ends (Chang, Givan and Chong 2004, "Parallel rollout for online solution of
//! partially observable Markov decision processes"). The total is at least that of the best rule, and at most the
//! optimum: a lower bound of what knowing the judge and planning could reach.

use super::play::{Place, SessionStep, goes_on, play_on, show};
use super::{LongSessionEvaluation, SessionCase, SessionSet, check_session, summarize};
use crate::{EvalError, Provenance};
use drr_core::{EnvironmentError, ExpectedSession, ItemIdx, Knowledge, NextItem, Query, SessionRecommender};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// A session that can be copied as it is, so that several futures can be tried. Every session that is [`Clone`] is one.
pub trait Replayable: ExpectedSession {
    /// A copy that goes on by itself.
    fn fork(&self) -> Box<dyn Replayable + '_>;
}

impl<S: ExpectedSession + Clone> Replayable for S {
    fn fork(&self) -> Box<dyn Replayable + '_> {
        Box::new(self.clone())
    }
}

/// The session of the user of `query` by parallel rollouts over `rules`, each of which proposes its best `n_candidates` items at
/// every step; of equal ends, the smaller item. The rules may know whatever they like: nothing is guarded here.
///
/// It costs about `T^2 / 2 * rules^2 * n_candidates` steps.
///
/// # Errors
///
/// Fails without rules or candidates, and as [`super::evaluate_sessions`].
pub fn rollout_bound(
    query: &Query,
    session: &mut dyn Replayable,
    rules: &[&dyn SessionRecommender],
    n_candidates: usize,
) -> Result<Vec<SessionStep>, EvalError> {
    if rules.is_empty() || n_candidates == 0 {
        return Err(EvalError::NoRollouts { n_rules: rules.len(), n_candidates });
    }
    let mut proposing: Vec<Box<dyn NextItem + '_>> =
        rules.iter().map(|rule| rule.begin(query)).collect::<Result<_, _>>()?;
    let (mut steps, mut survival) = (Vec::new(), 1.0);
    while goes_on(session) {
        let mut best: Option<(f64, ItemIdx)> = None;
        for item in proposals(&mut proposing, session, n_candidates)? {
            let value = look_ahead(query, session, rules, item)?;
            if best.is_none_or(|(so_far, _)| value > so_far) {
                best = Some((value, item));
            }
        }
        let Some((_, item)) = best else { break };
        let place = Place { recommender: ROLLOUTS, query };
        let step = show(place, session, item, survival)?;
        survival = step.survival_after();
        steps.push(step);
    }
    Ok(steps)
}

/// [`rollout_bound`] for the users of `set`, side by side, as a line of the protocol: take
/// [`SessionSet::first_users`], and compare with lines of the same users.
///
/// # Errors
///
/// As [`rollout_bound`]; of several failures the first user's is returned.
pub fn rollout_bounds<'world>(
    set: &SessionSet,
    begin: impl Fn(&SessionCase) -> Result<Box<dyn Replayable + 'world>, EnvironmentError> + Sync,
    rules: &[&dyn SessionRecommender],
    n_candidates: usize,
) -> Result<LongSessionEvaluation, EvalError> {
    let one = |case: &SessionCase| {
        let mut session = begin(case)?;
        check_session(&case.query, &*session)?;
        let steps = rollout_bound(&case.query, &mut *session, rules, n_candidates)?;
        Ok((session.horizon(), steps))
    };
    let played: Vec<_> = set.cases.par_iter().map(one).collect();
    Ok(summarize(ROLLOUTS.to_owned(), Provenance::NotVerified {}, set, played)?.told(Knowledge::Judge))
}

/// The name of the line.
const ROLLOUTS: &str = "rollouts";

/// The best `n_candidates` items of each rule, each once, ascending.
fn proposals(
    rules: &mut [Box<dyn NextItem + '_>],
    session: &dyn Replayable,
    n_candidates: usize,
) -> Result<BTreeSet<ItemIdx>, EvalError> {
    let mut items = BTreeSet::new();
    for rule in rules {
        let mut candidates = session.candidates().clone();
        for _ in 0..n_candidates {
            if candidates.is_empty() {
                break;
            }
            let item = rule.next(session.shown(), &candidates)?;
            candidates.remove(item);
            items.insert(item);
        }
    }
    Ok(items)
}

/// The expected reward of `item` now and the best rule from then on, given that the user is there.
fn look_ahead(
    query: &Query,
    session: &dyn Replayable,
    rules: &[&dyn SessionRecommender],
    item: ItemIdx,
) -> Result<f64, EvalError> {
    let mut after = session.fork();
    let step = show(Place { recommender: ROLLOUTS, query }, &mut *after, item, 1.0)?;
    let mut best = f64::NEG_INFINITY;
    for rule in rules {
        let mut copy = after.fork();
        let mut next = rule.begin(query)?;
        let place = Place { recommender: rule.name(), query };
        let rest = play_on(place, &mut *next, &mut *copy, step.survival_after())?;
        best = best.max(super::SessionMeasure::TotalReward.value(&rest));
    }
    Ok(f64::from(step.reward) + best)
}
