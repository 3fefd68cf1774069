//! One session of a model that learns while it serves.

use super::linear::{LinearModel, RewardScale};
use drr_core::{Feedback, Observed, Query, UserIdx};
use std::sync::OnceLock;

/// A session's model, which begins with the history of the first query.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    begun: OnceLock<(UserIdx, LinearModel)>,
    /// Feedback that came before the first query.
    early: Vec<Feedback>,
}

impl Session {
    /// The model of the query's user: in the session, what the first query's history and all feedback have taught; of any
    /// other user, or without a session, what the query's history teaches.
    pub fn model_of(
        session: Option<&Self>,
        query: &Query,
        prior: &LinearModel,
        scale: RewardScale,
    ) -> LinearModel {
        match session.and_then(|session| session.begun.get()) {
            Some((user, model)) if *user == query.user => model.clone(),
            _ => taught(prior, &query.history, scale),
        }
    }

    /// Begins with `query`, unless it has begun. What the history gains later is feedback that is already known.
    pub fn begin(&self, query: &Query, prior: &LinearModel, scale: RewardScale) {
        self.begun.get_or_init(|| {
            let mut model = taught(prior, &query.history, scale);
            for feedback in self.early.iter().filter(|feedback| feedback.user == query.user) {
                model.learn(feedback.item, feedback.reward);
            }
            (query.user, model)
        });
    }

    /// Takes note of feedback; that of other users says nothing.
    pub fn observe(&mut self, feedback: Feedback) {
        match self.begun.get_mut() {
            Some((user, model)) if *user == feedback.user => model.learn(feedback.item, feedback.reward),
            Some(_) => {}
            None => self.early.push(feedback),
        }
    }
}

/// The prior after a history.
fn taught(prior: &LinearModel, history: &[Observed], scale: RewardScale) -> LinearModel {
    let mut model = prior.clone();
    for it in history.iter().filter(|it| it.rating.is_finite()) {
        model.learn(it.item, scale.reward(it.rating));
    }
    model
}
