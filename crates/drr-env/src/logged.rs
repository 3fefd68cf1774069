//! A simulated user who answers out of a log of ratings.
//!
//! A rating after the session's cut answers a recommendation; an item that the user never rated gets what the config
//! says: a constant, or the reward of a predicted rating. The first is harsh on good items that were never seen, the
//! second as good as the model; which one is used stands in the run's config.

use crate::{EnvError, RatingModel, RatingScale, RewardConfig, Sessions, Unrated, session::Session};
use drr_core::{
    ContextIdx, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream, Step,
};
use rand::Rng;
use std::sync::Arc;

/// The sizes and the reward of a [`LoggedEnvironment`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoggedConfig {
    /// The steps of a session, `T`.
    pub horizon: usize,
    /// The length of the history window, `N`.
    pub history_length: usize,
    /// The reward function.
    pub reward: RewardConfig,
    /// The data set's range of ratings.
    pub rating_scale: RatingScale,
}

/// Simulates the users of a log, one session after the other.
#[derive(Clone)]
pub struct LoggedEnvironment {
    sessions: Arc<Sessions>,
    catalogue: ItemSet,
    reward: RewardConfig,
    rating_scale: RatingScale,
    rating_model: Option<Arc<dyn RatingModel>>,
    session: Session,
}

impl LoggedEnvironment {
    /// Users who may be recommended the items of `catalogue`. The rating model is read only where the config wants it.
    ///
    /// # Errors
    ///
    /// Refuses a horizon or history of length zero, a constant reward that is not finite, a catalogue of another size
    /// than the log's, and predicted ratings without a model.
    pub fn new(
        sessions: Arc<Sessions>,
        config: LoggedConfig,
        catalogue: ItemSet,
        rating_model: Option<Arc<dyn RatingModel>>,
    ) -> Result<Self, EnvError> {
        let LoggedConfig { horizon, history_length, reward, rating_scale } = config;
        if catalogue.n_items() != sessions.n_items() {
            let (n_catalogue, n_log) = (catalogue.n_items(), sessions.n_items());
            return Err(EnvError::Catalogue { n_catalogue, n_log });
        }
        match reward.unrated {
            Unrated::Constant { reward } if !reward.is_finite() => {
                return Err(EnvError::setting("unrated.reward", &reward, "give a finite reward"));
            }
            Unrated::Predicted {} if rating_model.is_none() => return Err(EnvError::NoRatingModel),
            _ => {}
        }
        let session = Session::new(catalogue.n_items(), history_length, horizon)?;
        Ok(Self { sessions, catalogue, reward, rating_scale, rating_model, session })
    }

    /// The sessions that it draws from.
    #[must_use]
    pub const fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// The steps of a session, `T`.
    #[must_use]
    pub const fn horizon(&self) -> usize {
        self.session.horizon()
    }

    /// Begins the session of a given context, to serve or to compare. Panics beyond the table, which is a bug.
    pub fn reset_to(&mut self, context: ContextIdx) -> Observation {
        let sessions = &self.sessions;
        let mut candidates = self.catalogue.clone();
        for item in sessions.before(context).items {
            candidates.remove(*item);
        }
        let n = self.session.history_length();
        self.session.begin(sessions.user(context), context, candidates, |history| {
            sessions.fill_history(context, n, history);
        })
    }

    /// The user's reward for `item`.
    fn reward_of(&self, item: ItemIdx) -> f32 {
        let context = self.session.context();
        if let Some(rating) = self.sessions.rating_after_cut(context, item) {
            return self.reward.of_rating(rating, self.rating_scale);
        }
        match (self.reward.unrated, &self.rating_model) {
            (Unrated::Constant { reward }, _) => reward,
            (Unrated::Predicted {}, Some(model)) => {
                let rating = self.rating_scale.clamp(model.predict(context, item));
                self.reward.of_rating(rating, self.rating_scale)
            }
            (Unrated::Predicted {}, None) => unreachable!("the constructor refuses this"),
        }
    }
}

impl Environment for LoggedEnvironment {
    fn n_items(&self) -> usize {
        self.catalogue.n_items()
    }

    fn history_length(&self) -> usize {
        self.session.history_length()
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let drawn = random.random_range(0..self.sessions.n_contexts());
        Ok(self.reset_to(ContextIdx::from(drawn)))
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.session.check(item)?;
        let reward = self.reward_of(item);
        Ok(self.session.advance(item, reward, false))
    }

    fn candidates(&self) -> &ItemSet {
        self.session.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.session.recommended()
    }
}
