//! The replay: transitions, and how likely each is to be drawn.

use crate::priorities::Priorities;
use crate::storage::Storage;
use crate::{Batch, ReplayConfig, ReplayError, Sizes, Transition};
use drr_core::RandomStream;
use rand::Rng;

/// The latest transitions, to draw batches from.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    pub(crate) storage: Storage,
    pub(crate) priorities: Option<Priorities>,
}

impl Replay {
    /// An empty replay.
    ///
    /// # Errors
    ///
    /// Refuses settings without a meaning.
    pub fn new(config: &ReplayConfig, sizes: Sizes) -> Result<Self, ReplayError> {
        config.check()?;
        if sizes.history_length == 0 || sizes.action_dim == 0 || sizes.max_recommended == 0 {
            let remedy = "histories, actions and recommendations need at least one place";
            return Err(ReplayError::Setting { setting: "sizes", value: 0.0, remedy });
        }
        Ok(Self { storage: Storage::new(config.capacity, sizes), priorities: Priorities::new(config) })
    }

    /// The number of transitions.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.storage.len()
    }

    /// Whether there is no transition.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The greatest number of transitions.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.storage.capacity
    }

    /// The sizes of what is stored.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        self.storage.sizes
    }

    /// The exponent of the importance weights at the next sample; `None` where all are drawn with the same probability.
    #[must_use]
    pub fn beta(&self) -> Option<f64> {
        self.priorities.as_ref().map(Priorities::beta)
    }

    /// Adds a transition, over the oldest if the replay is full, with the greatest priority so far.
    ///
    /// # Errors
    ///
    /// Refuses a transition that does not fit the sizes, that leads into another session, or whose reward or action is
    /// not finite; the replay is then as it was.
    pub fn push(&mut self, transition: &Transition) -> Result<(), ReplayError> {
        self.storage.check(transition)?;
        let slot = self.storage.push(transition);
        if let Some(priorities) = &mut self.priorities {
            priorities.enter(slot)?;
        }
        Ok(())
    }

    /// A smaller replay of `n` of the transitions, drawn without replacement, all with the same priority, and with room
    /// for `n_more`: what a learner rehearses while it goes on learning elsewhere.
    ///
    /// # Errors
    ///
    /// Refuses settings without a meaning. Of fewer than `n` transitions it takes all.
    pub fn rehearsal(
        &self,
        config: &ReplayConfig,
        n: usize,
        n_more: usize,
        random: &mut RandomStream,
    ) -> Result<Self, ReplayError> {
        let n = n.min(self.len());
        let config = ReplayConfig { capacity: n + n_more, ..*config };
        let mut smaller = Self::new(&config, self.sizes())?;
        for slot in rand::seq::index::sample(random, self.len(), n) {
            smaller.push(&self.storage.transition(slot))?;
        }
        Ok(smaller)
    }

    /// Draws `n` transitions, with replacement.
    ///
    /// Uniform draws have weight 1. Prioritized draws are stratified and weighted (Schaul et al. 2016, sec. 3.4), and each
    /// call moves beta one step along its schedule.
    ///
    /// # Errors
    ///
    /// Fails if there is no transition, or if `n` is zero.
    pub fn sample(&mut self, n: usize, random: &mut RandomStream) -> Result<Batch, ReplayError> {
        let mut batch = Batch::default();
        self.sample_into(n, random, &mut batch)?;
        Ok(batch)
    }

    /// The same into a batch whose memory is used again; a batch of the same sizes allocates nothing.
    ///
    /// # Errors
    ///
    /// As [`Replay::sample`]; the batch is then as it was.
    pub fn sample_into(
        &mut self,
        n: usize,
        random: &mut RandomStream,
        batch: &mut Batch,
    ) -> Result<(), ReplayError> {
        if self.is_empty() {
            return Err(ReplayError::Empty);
        }
        if n == 0 {
            let remedy = "draw at least one transition";
            return Err(ReplayError::Setting { setting: "batch", value: 0.0, remedy });
        }
        let len = self.len();
        let Batch { slots, weights, .. } = batch;
        match &mut self.priorities {
            Some(priorities) => priorities.sample(n, len, random, slots, weights),
            None => {
                slots.clear();
                slots.extend((0..n).map(|_| random.random_range(0..len)));
                weights.clear();
                weights.resize(n, 1.0);
            }
        }
        self.storage.gather(batch);
        Ok(())
    }

    /// Sets the priorities of sampled transitions to their absolute TD errors plus epsilon. A slot that was drawn twice
    /// takes the last of its errors.
    ///
    /// Without priorities only the arguments are checked, so that both kinds of replay stop on the same fault.
    ///
    /// # Errors
    ///
    /// Refuses an error that is not finite, a slot without a transition, and unequal numbers of both; the replay is then
    /// as it was.
    pub fn update_priorities(&mut self, slots: &[usize], td_errors: &[f32]) -> Result<(), ReplayError> {
        if slots.len() != td_errors.len() {
            return Err(ReplayError::CountOfErrors { n_slots: slots.len(), n_errors: td_errors.len() });
        }
        if let Some(value) = td_errors.iter().find(|error| !error.is_finite()) {
            return Err(ReplayError::NotFinite { what: "TD error", value: f64::from(*value) });
        }
        let len = self.len();
        if let Some(slot) = slots.iter().find(|slot| **slot >= len) {
            return Err(ReplayError::NoSuchSlot { slot: *slot, len });
        }
        if let Some(priorities) = &mut self.priorities {
            priorities.update(slots, td_errors)?;
        }
        Ok(())
    }
}
