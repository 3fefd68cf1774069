//! What judges a recommender in long sessions: the held-out users of one part, with their tastes by one simulator.

use super::models::{Items, SessionModels, Tastes};
use anyhow::Result;
use drr_core::{ContextIdx, EnvironmentError, Part, SessionRecommender, UserIdx};
use drr_env::worlds::{Dynamics, JudgedSession, Population};
use drr_eval::{EvalError, LongSessionEvaluation, SessionCase, SessionSet, evaluate_sessions};
use std::collections::HashMap;
use std::sync::Arc;

/// Users, their tastes, and what happens in a session.
#[derive(Debug, Clone)]
pub struct SessionBench {
    /// Who is judged on, and who may be judged.
    pub set: SessionSet,
    /// The users' tastes.
    pub population: Arc<Population>,
    /// What happens in a session.
    pub dynamics: Dynamics,
    contexts: Arc<HashMap<UserIdx, ContextIdx>>,
}

impl SessionBench {
    /// The users of one part.
    ///
    /// # Errors
    ///
    /// Fails if the models are not fitted, and if the part has no user with a candidate.
    pub fn new(
        models: &SessionModels<'_>,
        items: &Items,
        part: Part,
        tastes: Tastes,
        dynamics: Dynamics,
    ) -> Result<Self> {
        let rows = models.cut.rows(&[part])?;
        let (catalogue, permitted) = (items.candidates.clone(), models.cut.permitted()?);
        let set = SessionSet::new(&rows, catalogue, models.config.n_known, part, permitted)?;
        let population = Arc::new(models.population(&[part], tastes, items)?);
        let contexts = (0..population.n_contexts()).map(ContextIdx::from);
        let contexts = Arc::new(contexts.map(|context| (population.user(context), context)).collect());
        Ok(Self { set, population, dynamics, contexts })
    }

    /// The same users under other dynamics.
    #[must_use]
    pub fn under(&self, dynamics: Dynamics) -> Self {
        Self { dynamics, ..self.clone() }
    }

    /// The first `n_users` of the same users: a sample for what takes long.
    #[must_use]
    pub fn first_users(&self, n_users: usize) -> Self {
        Self { set: self.set.first_users(n_users), ..self.clone() }
    }

    /// The context of a user.
    ///
    /// # Errors
    ///
    /// Fails for a user of another part.
    pub fn context(&self, user: UserIdx) -> Result<ContextIdx, EnvironmentError> {
        self.contexts.get(&user).copied().ok_or(EnvironmentError::NoUsers)
    }

    /// Begins a user's session.
    ///
    /// # Errors
    ///
    /// As [`SessionBench::context`].
    pub fn begin(&self, case: &SessionCase) -> Result<JudgedSession, EnvironmentError> {
        Ok(JudgedSession::new(&self.population, self.dynamics, self.context(case.query.user)?))
    }

    /// Judges a recommender by the session of every user.
    ///
    /// # Errors
    ///
    /// As [`evaluate_sessions`].
    pub fn evaluate(&self, recommender: &dyn SessionRecommender) -> Result<LongSessionEvaluation, EvalError> {
        evaluate_sessions(recommender, &self.set, |case| Ok(Box::new(self.begin(case)?)))
    }

    /// The mean over users of the total reward.
    ///
    /// # Errors
    ///
    /// As [`evaluate_sessions`].
    pub fn total_reward(&self, recommender: &dyn SessionRecommender) -> Result<f64, EvalError> {
        Ok(self.evaluate(recommender)?.summary.total_reward.mean)
    }
}
