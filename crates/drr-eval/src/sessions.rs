//! Protocols in which one recommendation follows the other: "episodes", answered by the log, and "online", answered by a
//! simulator (Liu et al. 2018, sec. V).
//!
//! A user's session begins after the first ratings. Every recommender sees the growing history in its next query; one
//! that learns while it serves gets a fresh fork for every session, so its parameters are as they were before each.

use crate::adaptive::accept;
use crate::evaluate::{PerUser, ask, assemble, check_list};
use crate::metrics::{cumulative_hits, discounted_return, mean_reward, total_reward};
use crate::{EvalError, Evaluation, EvaluationSet, Metric, check_origin};
use drr_core::{Feedback, ItemIdx, Query, Recommender, ScoredItem, UserIdx};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The sessions of protocol "episodes".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeConfig {
    /// T, the steps of a session.
    pub n_steps: usize,
    /// K, the items recommended in one step.
    pub slate: usize,
    /// The discount of the return.
    pub discount: f64,
}

/// The sessions of protocol "online".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedConfig {
    /// T, the steps of a session.
    pub n_steps: usize,
    /// The rating whose reward is 0: 3 of 1 to 5 stars.
    pub middle: f32,
    /// The distance from the middle whose reward is 1: 2 of 1 to 5 stars (Liu et al. 2018, eq. 10).
    pub half_range: f32,
}

impl SimulatedConfig {
    fn reward(&self, rating: f32) -> f32 {
        ((rating - self.middle) / self.half_range).clamp(-1.0, 1.0)
    }
}

/// A user who answers every recommendation with a rating.
pub trait UserSimulator: Sync {
    /// The simulator's name in reports.
    fn name(&self) -> &str;

    /// The user's rating of an item, logged or predicted, on the data set's scale.
    fn rating(&self, user: UserIdx, item: ItemIdx) -> f32;
}

/// The figures of a protocol with sessions, and how they came about step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionEvaluation {
    /// The figures; the lists are what was recommended, in order.
    pub evaluation: Evaluation,
    /// The mean over users after each step, `[T]`: the hits so far of "episodes", the step's reward of "online".
    pub curve: Vec<f64>,
}

/// What happened in one session.
#[derive(Debug, Clone, Default)]
struct Session {
    list: Vec<ScoredItem>,
    /// The reward of each step.
    rewards: Vec<f32>,
    /// Whether each recommended item was relevant.
    hits: Vec<bool>,
}

/// Judges `recommender` by sessions with the users of a log: a recommended item that the user rated later joins the
/// history with its rating, any other item is only not recommended again.
///
/// Metrics at `k = T`: [`Metric::Hits`] counts the relevant items of the session; [`Metric::DiscountedReturn`] is
/// `sum_t discount^t (hits of step t) / K`.
///
/// # Errors
///
/// As [`crate::evaluate`].
pub fn evaluate_episodes(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    config: &EpisodeConfig,
) -> Result<SessionEvaluation, EvalError> {
    if config.n_steps == 0 || config.slate == 0 {
        return Err(EvalError::ListLengths(vec![config.n_steps, config.slate]));
    }
    let provenance = check_origin(recommender, set)?;
    let mut sessions = vec![Session::default(); set.cases.len()];
    let mut queries: Vec<Query> = set.cases.iter().map(|case| case.query.clone()).collect();
    for _ in 0..config.n_steps {
        let asked: Vec<&Query> = queries.iter().collect();
        let slates = ask(recommender, &asked, config.slate)?;
        for (at, slate) in slates.into_iter().enumerate() {
            let (case, session) = (&set.cases[at], &mut sessions[at]);
            let mut n_hits = 0_u32;
            for scored in slate {
                let is_hit = case.relevant.binary_search(&scored.item).is_ok();
                n_hits += u32::from(is_hit);
                session.hits.push(is_hit);
                accept(&mut queries[at], &scored, case.rating(scored.item));
                session.list.push(scored);
            }
            session.rewards.push((f64::from(n_hits) / config.slate as f64) as f32);
        }
    }
    let k = config.n_steps;
    let per_user = vec![
        column(Metric::Hits, k, &sessions, |it| cumulative_hits(&it.hits)),
        column(Metric::DiscountedReturn, k, &sessions, |it| discounted_return(&it.rewards, config.discount)),
    ];
    let n_users = sessions.len() as f64;
    let mut so_far = 0.0;
    let curve = (0..k)
        .map(|step| {
            let hits: f64 = sessions.iter().map(|it| f64::from(it.rewards[step])).sum();
            so_far += hits * config.slate as f64 / n_users;
            so_far
        })
        .collect();
    let lists = sessions.into_iter().map(|it| it.list).collect();
    let ks = [config.n_steps * config.slate];
    let evaluation = assemble(recommender.name(), set, provenance, per_user, lists, &ks)?;
    Ok(SessionEvaluation { evaluation, curve })
}

/// Judges `recommender` by sessions with simulated users, one item a step.
///
/// Metrics at `k = T`: [`Metric::TotalReward`] and [`Metric::MeanReward`] of the session, in `[-1, 1]` a step.
///
/// # Errors
///
/// As [`crate::evaluate`].
pub fn evaluate_online(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    simulator: &dyn UserSimulator,
    config: &SimulatedConfig,
) -> Result<SessionEvaluation, EvalError> {
    if config.n_steps == 0 {
        return Err(EvalError::ListLengths(vec![0]));
    }
    let provenance = check_origin(recommender, set)?;
    let sessions = if recommender.fork().is_some() {
        let cases = set.cases.par_iter();
        let one = |query: &Query| forked_session(recommender, query.clone(), simulator, config);
        cases.map(|case| one(&case.query)).collect::<Result<Vec<_>, _>>()?
    } else {
        batched_sessions(recommender, set, simulator, config)?
    };
    let k = config.n_steps;
    let per_user = vec![
        column(Metric::TotalReward, k, &sessions, |it| total_reward(&it.rewards)),
        column(Metric::MeanReward, k, &sessions, |it| mean_reward(&it.rewards)),
    ];
    let curve = (0..k)
        .map(|step| {
            // A step without a recommendation has reward 0.
            let rewards = sessions.iter().filter_map(|it| it.rewards.get(step));
            rewards.map(|it| f64::from(*it)).sum::<f64>() / sessions.len() as f64
        })
        .collect();
    let lists = sessions.into_iter().map(|it| it.list).collect();
    let evaluation = assemble(recommender.name(), set, provenance, per_user, lists, &[k])?;
    Ok(SessionEvaluation { evaluation, curve })
}

/// All sessions step by step, for recommenders that do not learn while they serve.
fn batched_sessions(
    recommender: &dyn Recommender,
    set: &EvaluationSet,
    simulator: &dyn UserSimulator,
    config: &SimulatedConfig,
) -> Result<Vec<Session>, EvalError> {
    let mut sessions = vec![Session::default(); set.cases.len()];
    let mut queries: Vec<Query> = set.cases.iter().map(|case| case.query.clone()).collect();
    for _ in 0..config.n_steps {
        let asked: Vec<&Query> = queries.iter().collect();
        for (at, list) in ask(recommender, &asked, 1)?.into_iter().enumerate() {
            if let Some(best) = list.first() {
                answer(&mut sessions[at], &mut queries[at], best, simulator, config);
            }
        }
    }
    Ok(sessions)
}

/// One session with a fork of its own.
fn forked_session(
    recommender: &dyn Recommender,
    mut query: Query,
    simulator: &dyn UserSimulator,
    config: &SimulatedConfig,
) -> Result<Session, EvalError> {
    let mut session = Session::default();
    let Some(mut fork) = recommender.fork() else { return Ok(session) };
    fork.start_session(query.user);
    for _ in 0..config.n_steps {
        let lists = fork.recommend(std::slice::from_ref(&query), 1)?;
        let Some(list) = lists.first() else {
            let recommender = recommender.name().to_owned();
            return Err(EvalError::CountOfLists { recommender, n_queries: 1, n_lists: 0 });
        };
        check_list(recommender, &query, list, 1)?;
        let Some(best) = list.first() else { break };
        let reward = answer(&mut session, &mut query, best, simulator, config);
        fork.observe(Feedback { user: query.user, item: best.item, reward });
    }
    Ok(session)
}

/// The simulated user's answer to one recommendation; returns its reward.
fn answer(
    session: &mut Session,
    query: &mut Query,
    recommended: &ScoredItem,
    simulator: &dyn UserSimulator,
    config: &SimulatedConfig,
) -> f32 {
    let rating = simulator.rating(query.user, recommended.item);
    let reward = config.reward(rating);
    accept(query, recommended, Some(rating));
    session.list.push(*recommended);
    session.rewards.push(reward);
    reward
}

fn column(metric: Metric, k: usize, sessions: &[Session], value: impl Fn(&Session) -> f64) -> PerUser {
    PerUser { metric, k, values: sessions.iter().map(value).collect() }
}
