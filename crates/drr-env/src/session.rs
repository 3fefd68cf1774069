//! The bookkeeping of one session, the same for every simulated user.
//!
//! An environment decides on the reward alone. Which items may still be recommended, what a positive reward does to the
//! history, and when a session ends, is written once, here.

use crate::{EnvError, TimeLimit};
use drr_core::{ContextIdx, EnvironmentError, ItemIdx, ItemSet, Observation, Step, UserIdx};

/// A session's observation, candidates and end.
#[derive(Debug, Clone)]
pub struct Session {
    history_length: usize,
    limit: TimeLimit,
    observation: Observation,
    candidates: ItemSet,
    n_candidates: usize,
    recommended: Vec<ItemIdx>,
    is_over: bool,
}

impl Session {
    /// No session yet, of a catalogue of `n_items`.
    pub fn new(n_items: usize, history_length: usize, horizon: usize) -> Result<Self, EnvError> {
        if history_length == 0 {
            let remedy = "the agent needs at least one position";
            return Err(EnvError::setting("history_length", &history_length, remedy));
        }
        Ok(Self {
            history_length,
            limit: TimeLimit::new(horizon)?,
            observation: Observation::default(),
            candidates: ItemSet::empty(n_items),
            n_candidates: 0,
            recommended: Vec::with_capacity(horizon.min(n_items)),
            is_over: true,
        })
    }

    /// Begins a session with the history that `fill_history` writes; a session without candidates is over at once.
    pub fn begin(
        &mut self,
        user: UserIdx,
        context: ContextIdx,
        candidates: ItemSet,
        fill_history: impl FnOnce(&mut Vec<ItemIdx>),
    ) -> Observation {
        self.limit.reset();
        self.recommended.clear();
        self.n_candidates = candidates.len();
        self.is_over = self.n_candidates == 0;
        self.candidates = candidates;
        self.observation.user = user;
        self.observation.context = context;
        self.observation.n_accepted = 0;
        fill_history(&mut self.observation.history);
        self.observation.clone()
    }

    /// Refuses an item that cannot be recommended now.
    pub fn check(&self, item: ItemIdx) -> Result<(), EnvironmentError> {
        if self.is_over {
            return Err(EnvironmentError::SessionOver);
        }
        if !self.candidates.contains(item) {
            return Err(EnvironmentError::NotACandidate(item));
        }
        Ok(())
    }

    /// Takes note of the recommendation of `item`, a candidate, of the user's reward for it, and of whether the user leaves
    /// after it.
    pub fn advance(&mut self, item: ItemIdx, reward: f32, leaves: bool) -> Step {
        self.candidates.remove(item);
        self.n_candidates -= 1;
        self.recommended.push(item);
        if reward > 0.0 {
            self.accept(item);
        }
        let is_cut = self.limit.tick();
        let terminated = leaves || self.n_candidates == 0;
        let truncated = is_cut && !terminated;
        self.is_over = terminated || truncated;
        Step { observation: self.observation.clone(), reward, terminated, truncated }
    }

    /// Shifts the history: the item joins at the end, the oldest leaves a full window (Liu et al. 2018, sec. III).
    fn accept(&mut self, item: ItemIdx) {
        let Observation { history, n_accepted, .. } = &mut self.observation;
        if history.len() == self.history_length {
            history.remove(0);
        }
        history.push(item);
        *n_accepted = history.len().min(*n_accepted as usize + 1) as u32;
    }

    /// The context of the session.
    pub const fn context(&self) -> ContextIdx {
        self.observation.context
    }

    /// The latest positive items, oldest first, at most `N`.
    pub const fn history(&self) -> &[ItemIdx] {
        self.observation.history.as_slice()
    }

    /// The length of the history window, `N`.
    pub const fn history_length(&self) -> usize {
        self.history_length
    }

    /// The horizon `T`, in steps.
    pub const fn horizon(&self) -> usize {
        self.limit.horizon()
    }

    /// The items that may be recommended now.
    pub const fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    /// The items recommended so far, in order.
    pub fn recommended(&self) -> &[ItemIdx] {
        &self.recommended
    }
}
