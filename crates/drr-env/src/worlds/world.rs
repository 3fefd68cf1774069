//! The world as an environment: leaving is drawn, and ends the session truly.

use super::{Dynamics, Mind, Population};
use crate::{EnvError, session::Session};
use drr_core::{
    ContextIdx, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream, Seeds, Shown,
    Step,
};
use rand::{Rng, RngCore};
use std::sync::Arc;

/// Users met one after the other. Copies share the population.
#[derive(Debug, Clone)]
pub struct SessionWorld {
    population: Arc<Population>,
    dynamics: Dynamics,
    session: Session,
    mind: Mind,
    shown: Vec<Shown>,
    leaving: RandomStream,
}

impl SessionWorld {
    /// The users of a population under the given dynamics; a history has at most `history_length` items.
    ///
    /// # Errors
    ///
    /// Refuses dynamics without a meaning, a history of length zero, and a population of nobody.
    pub fn new(
        population: &Arc<Population>,
        dynamics: Dynamics,
        history_length: usize,
    ) -> Result<Self, EnvError> {
        dynamics.check()?;
        if population.n_contexts() == 0 {
            return Err(EnvironmentError::NoUsers.into());
        }
        let session = Session::new(population.catalogue().n_items(), history_length, dynamics.horizon)?;
        let (population, leaving) = (Arc::clone(population), Seeds(0).stream("leaving"));
        Ok(Self { population, dynamics, session, mind: Mind::default(), shown: Vec::new(), leaving })
    }

    /// Begins the session of a given context whose leaving is drawn from `leaving`. Panics beyond the table, which is a
    /// bug.
    pub fn reset_to(&mut self, context: ContextIdx, leaving: RandomStream) -> Observation {
        let population = &self.population;
        self.leaving = leaving;
        self.shown.clear();
        self.mind.begin(population.shares(context), &self.dynamics);
        let n = self.session.history_length();
        let candidates = population.candidates(context);
        self.session.begin(population.user(context), context, candidates, |history| {
            population.fill_history(context, n, history);
        })
    }

    /// Everything shown in this session with its answer, in order: the step is its length.
    #[must_use]
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }
}

impl Environment for SessionWorld {
    fn n_items(&self) -> usize {
        self.population.catalogue().n_items()
    }

    fn history_length(&self) -> usize {
        self.session.history_length()
    }

    fn users_may_leave(&self) -> bool {
        true
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let drawn = random.random_range(0..self.population.n_contexts());
        let leaving = Seeds(random.next_u64()).stream("leaving");
        Ok(self.reset_to(ContextIdx::from(drawn), leaving))
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.session.check(item)?;
        let context = self.session.context();
        let response = self.population.response(context, &self.mind, item, &self.dynamics)?;
        self.mind.see(item, self.population.categories(), &self.dynamics);
        self.shown.push(Shown { item, reward: response.reward });
        let leaves = self.leaving.random::<f64>() < response.leaving;
        Ok(self.session.advance(item, response.reward, leaves))
    }

    fn candidates(&self) -> &ItemSet {
        self.session.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.session.recommended()
    }
}
