//! One session, item by item.

use crate::EvalError;
use drr_core::{ExpectedSession, ItemIdx, NextItem, Query, SessionRecommender};

/// One step of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionStep {
    /// The item that was shown.
    pub item: ItemIdx,
    /// The reward of the user who is there.
    pub reward: f32,
    /// The probability that the user is still there when the item is shown, in `[0, 1]`; 1 at the first step.
    pub survival: f64,
    /// The probability that the user who is there leaves after the step, in `[0, 1]`.
    pub leaving: f64,
}

impl SessionStep {
    /// The probability that the user is still there after the step.
    pub(super) fn survival_after(&self) -> f64 {
        self.survival * (1.0 - self.leaving)
    }
}

/// Whose session it is, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'name> {
    /// Who recommends.
    pub recommender: &'name str,
    /// To whom.
    pub query: &'name Query,
}

/// Plays a whole session.
pub(super) fn play<S: ExpectedSession + ?Sized>(
    recommender: &dyn SessionRecommender,
    query: &Query,
    session: &mut S,
) -> Result<Vec<SessionStep>, EvalError> {
    let mut next = recommender.begin(query)?;
    play_on(Place { recommender: recommender.name(), query }, &mut *next, session, 1.0)
}

/// Plays the rest of a session whose user is there with probability `survival`.
pub(super) fn play_on<S: ExpectedSession + ?Sized>(
    place: Place<'_>,
    next: &mut dyn NextItem,
    session: &mut S,
    mut survival: f64,
) -> Result<Vec<SessionStep>, EvalError> {
    let mut steps = Vec::with_capacity(session.horizon());
    while goes_on(session) {
        let item = choose(place, next, session)?;
        let step = show(place, session, item, survival)?;
        survival = step.survival_after();
        steps.push(step);
    }
    Ok(steps)
}

/// Whether another item can be shown.
pub(super) fn goes_on<S: ExpectedSession + ?Sized>(session: &S) -> bool {
    session.shown().len() < session.horizon() && !session.candidates().is_empty()
}

/// Asks for the next item and refuses one that is no candidate.
fn choose<S: ExpectedSession + ?Sized>(
    place: Place<'_>,
    next: &mut dyn NextItem,
    session: &S,
) -> Result<ItemIdx, EvalError> {
    let item = next.next(session.shown(), session.candidates())?;
    if session.candidates().contains(item) {
        return Ok(item);
    }
    let (recommender, user) = (place.recommender.to_owned(), place.query.user);
    Err(match session.shown().iter().any(|it| it.item == item) {
        true => EvalError::Repeated { recommender, user, item },
        false => EvalError::NotAllowed { recommender, user, item },
    })
}

/// Shows an item and refuses what is no answer.
pub(super) fn show<S: ExpectedSession + ?Sized>(
    place: Place<'_>,
    session: &mut S,
    item: ItemIdx,
    survival: f64,
) -> Result<SessionStep, EvalError> {
    let response = session.show(item)?;
    let (reward, leaving) = (response.reward, response.leaving);
    if !reward.is_finite() || !(0.0..=1.0).contains(&leaving) {
        return Err(EvalError::Answer { user: place.query.user, item, reward, leaving });
    }
    Ok(SessionStep { item, reward, survival, leaving })
}
