//! A session in which leaving is not drawn: to judge by in expectation, and to look ahead in.

use super::{Dynamics, Mind, Population};
use drr_core::{ContextIdx, EnvironmentError, ExpectedSession, ItemIdx, ItemSet, Response, Shown};
use std::sync::Arc;

/// One user's session. Copies go on from the same point, each for itself.
#[derive(Debug, Clone)]
pub struct JudgedSession {
    population: Arc<Population>,
    dynamics: Dynamics,
    context: ContextIdx,
    mind: Mind,
    candidates: ItemSet,
    shown: Vec<Shown>,
}

impl JudgedSession {
    /// Begins the session of a context. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn new(population: &Arc<Population>, dynamics: Dynamics, context: ContextIdx) -> Self {
        let mut mind = Mind::default();
        mind.begin(population.shares(context), &dynamics);
        let candidates = population.candidates(context);
        Self { population: Arc::clone(population), dynamics, context, mind, candidates, shown: Vec::new() }
    }

    /// The hidden state: for a judge's own lines alone.
    #[must_use]
    pub const fn mind(&self) -> &Mind {
        &self.mind
    }

    /// What showing an item would give now, without showing it: for a judge's own lines alone.
    ///
    /// # Errors
    ///
    /// Refuses an item that is no candidate.
    pub fn peek(&self, item: ItemIdx) -> Result<Response, EnvironmentError> {
        if !self.candidates.contains(item) {
            return Err(EnvironmentError::NotACandidate(item));
        }
        self.population.response(self.context, &self.mind, item, &self.dynamics)
    }
}

impl ExpectedSession for JudgedSession {
    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn shown(&self) -> &[Shown] {
        &self.shown
    }

    fn horizon(&self) -> usize {
        self.dynamics.horizon
    }

    fn show(&mut self, item: ItemIdx) -> Result<Response, EnvironmentError> {
        if self.shown.len() >= self.dynamics.horizon {
            return Err(EnvironmentError::SessionOver);
        }
        let response = self.peek(item)?;
        self.mind.see(item, self.population.categories(), &self.dynamics);
        self.candidates.remove(item);
        self.shown.push(Shown { item, reward: response.reward });
        Ok(response)
    }
}
