//! The border between simulated users and agents.

use crate::{ContextIdx, ItemIdx, RandomStream, UserIdx};

/// What an agent sees of a user: ids, never encoded states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observation {
    /// The user, for logging; a policy reads `context`.
    pub user: UserIdx,
    /// The row of the user's vector, folded in from what was known when the session began.
    pub context: ContextIdx,
    /// The latest positively rated items, oldest first, at most `N` of them.
    pub history: Vec<ItemIdx>,
    /// How many items at the end of `history` were accepted in this session, hence are not yet in the context's vector.
    pub n_accepted: u32,
}

/// What follows an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The observation after the action.
    pub observation: Observation,
    /// The immediate reward.
    pub reward: f32,
    /// No candidate remains, or the user has left: a true end, with no future to bootstrap from.
    pub terminated: bool,
    /// The time limit cut the session: the future goes on unseen, so the bootstrap goes on too.
    pub truncated: bool,
}

/// A reason why an environment refuses an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// The item is no candidate: unknown, observed before the session, or already recommended in it.
    #[error("item {} is not a candidate: it is beyond the catalogue, already observed, or already recommended", .0.0)]
    NotACandidate(ItemIdx),
    /// The session is over, or was never begun.
    #[error("the session is over: call reset first")]
    SessionOver,
    /// There is no user to simulate.
    #[error(
        "no user of the log has enough ratings to simulate a session: lower the observed part or use more data"
    )]
    NoUsers,
}

/// A simulated user, session after session. Many of them step side by side.
pub trait Environment {
    /// The size of the catalogue, `I`.
    fn n_items(&self) -> usize;

    /// The length of the history window, `N`.
    fn history_length(&self) -> usize;

    /// Whether a user may leave before the candidates run out.
    fn users_may_leave(&self) -> bool {
        false
    }

    /// Begins a session with a user drawn from `random`.
    ///
    /// # Errors
    ///
    /// Fails if there is no user to simulate.
    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError>;

    /// Recommends one item to the session's user.
    ///
    /// # Errors
    ///
    /// Fails if `item` is not among the candidates or if the session is over; the session is then as it was.
    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError>;

    /// The items that may be recommended now: in the catalogue, not observed before the session, not yet recommended.
    fn candidates(&self) -> &crate::ItemSet;

    /// The items recommended in this session so far, in order.
    fn recommended(&self) -> &[ItemIdx];
}
