//! Sessions side by side: one environment in each slot, with the state of its session.

use crate::state::{SessionState, StateShape};
use crate::{SessionError, SessionTables};
use drr_core::{Environment, ItemIdx, RandomStream};
use serde::{Deserialize, Serialize};

/// A session under way, as a checkpoint has it: where its draws began, and what was shown.
///
/// An environment has no other source of chance than the stream of its reset, so playing the same items from the same place
/// gives the same session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedSession {
    stream: RandomStream,
    items: Vec<ItemIdx>,
}

/// What a step said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SlotStep {
    pub reward: f32,
    /// The user left, or nothing is left to choose.
    pub terminated: bool,
    /// The time limit cut the session.
    pub truncated: bool,
}

/// A session that is over: its whole reward and its length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FinishedSession {
    pub reward: f64,
    pub length: usize,
}

/// One environment and its session under way.
#[derive(Debug)]
pub(crate) struct Slot<E> {
    environment: E,
    context: u32,
    state: SessionState,
    /// The bits of the candidates that may not be chosen: known before, or shown.
    excluded: Vec<u64>,
    n_left: usize,
    /// The stream as it was when the session began.
    stream: RandomStream,
    reward: f64,
}

impl<E: Environment> Slot<E> {
    /// A slot whose first session begins with draws from `random`.
    pub(crate) fn new(
        environment: E,
        shape: &StateShape,
        tables: &SessionTables,
        random: &mut RandomStream,
    ) -> Result<Self, SessionError> {
        let mut slot = Self {
            environment,
            context: 0,
            state: SessionState::begin(shape, &vec![0.0; shape.n_features()]),
            excluded: vec![0; tables.candidates().len().div_ceil(64)],
            n_left: 0,
            stream: random.clone(),
            reward: 0.0,
        };
        slot.begin(shape, tables, random)?;
        Ok(slot)
    }

    /// Begins the next session.
    pub(crate) fn begin(
        &mut self,
        shape: &StateShape,
        tables: &SessionTables,
        random: &mut RandomStream,
    ) -> Result<(), SessionError> {
        self.stream = random.clone();
        let context = self.environment.reset(random)?.context;
        if context.index() >= tables.n_contexts() {
            let message = format!("context {} is beyond the {} known users", context.0, tables.n_contexts());
            return Err(SessionError::Parts(message));
        }
        self.context = context.0;
        self.state.begin_anew(shape, tables.features(context.index()));
        self.reward = 0.0;
        self.excluded.fill(0);
        self.n_left = 0;
        let allowed = self.environment.candidates();
        for (at, item) in tables.candidates().iter().enumerate() {
            if allowed.contains(*item) {
                self.n_left += 1;
            } else {
                self.excluded[at / 64] |= 1 << (at % 64);
            }
        }
        if self.n_left == 0 {
            return Err(SessionError::NoCandidate { n_candidates: tables.candidates().len() });
        }
        Ok(())
    }

    /// Shows candidate `chosen`.
    pub(crate) fn step(
        &mut self,
        shape: &StateShape,
        tables: &SessionTables,
        chosen: usize,
    ) -> Result<SlotStep, SessionError> {
        let item = tables.candidates()[chosen];
        let step = self.environment.step(item)?;
        self.state.show(shape, tables.items().row(item.index()), step.reward);
        self.excluded[chosen / 64] |= 1 << (chosen % 64);
        self.n_left -= 1;
        self.reward += f64::from(step.reward);
        let terminated = step.terminated || self.n_left == 0;
        Ok(SlotStep { reward: step.reward, terminated, truncated: step.truncated && !terminated })
    }

    /// The whole reward and the length so far.
    pub(crate) const fn finished(&self) -> FinishedSession {
        FinishedSession { reward: self.reward, length: self.state.n_shown() }
    }

    pub(crate) const fn context(&self) -> u32 {
        self.context
    }

    pub(crate) fn state(&self) -> &[f32] {
        self.state.values()
    }

    pub(crate) fn excluded(&self) -> &[u64] {
        &self.excluded
    }

    /// The session under way, for a checkpoint.
    pub(crate) fn saved(&self) -> SavedSession {
        SavedSession { stream: self.stream.clone(), items: self.environment.recommended().to_vec() }
    }

    /// Plays a saved session again, up to where it was left off.
    pub(crate) fn restore(
        &mut self,
        shape: &StateShape,
        tables: &SessionTables,
        saved: &SavedSession,
    ) -> Result<(), SessionError> {
        self.begin(shape, tables, &mut saved.stream.clone())?;
        for item in &saved.items {
            let chosen = tables.candidates().binary_search(item).map_err(|_| {
                SessionError::OtherRun(format!("the checkpoint shows item {}, which is no candidate", item.0))
            })?;
            self.step(shape, tables, chosen)?;
        }
        Ok(())
    }
}
