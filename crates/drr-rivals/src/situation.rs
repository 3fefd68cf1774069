//! What a system sees of a user, in training and at serving alike.

use crate::RivalError;
use drr_core::{ContextIdx, EmbeddingSpace, ItemIdx, Observation, Query};
use drr_learn::TrainingTables;
use std::sync::Arc;

/// A user in a session, as ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Situation {
    /// The row of the user's vector, folded in from what was known when the session began.
    pub context: ContextIdx,
    /// The latest positive items, oldest first, at most `N`.
    pub liked: Vec<ItemIdx>,
    /// How many items at the end of `liked` were accepted in this session.
    pub n_accepted: u32,
    /// The latest items that were rated below positive or rejected in this session, oldest first, at most `N`.
    pub disliked: Vec<ItemIdx>,
}

impl Situation {
    /// The situation that an observation and the latest disliked items make.
    pub(crate) fn new(observation: &Observation, disliked: &[ItemIdx]) -> Self {
        Self {
            context: observation.context,
            liked: observation.history.clone(),
            n_accepted: observation.n_accepted,
            disliked: disliked.to_vec(),
        }
    }
}

/// A user with a vector, as networks read it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct View {
    /// The user's vector, `[D]`, scaled to a mean square of 1; zeros if nothing is known.
    pub vector: Vec<f32>,
    /// The latest positive items, oldest first, at most `N`.
    pub liked: Vec<ItemIdx>,
    /// The latest disliked items, oldest first, at most `N`.
    pub disliked: Vec<ItemIdx>,
}

/// When users come back, where the log tells.
pub trait ReturnTimes: std::fmt::Debug + Send + Sync {
    /// How many hours after the session's start the context's user rated `item`; none if the user never did.
    fn hours_until(&self, context: ContextIdx, item: ItemIdx) -> Option<f64>;
}

/// All that the systems know of the users among whom they are trained.
#[derive(Debug, Clone)]
pub struct RivalWorld {
    /// The vectors of items and contexts.
    pub(crate) tables: TrainingTables,
    /// The latest items that each context's user had rated below positive when the session began, oldest first.
    disliked: Vec<Vec<ItemIdx>>,
    returns: Option<Arc<dyn ReturnTimes>>,
}

impl AsRef<TrainingTables> for RivalWorld {
    fn as_ref(&self) -> &TrainingTables {
        &self.tables
    }
}

impl RivalWorld {
    /// Joins the vectors to what each context's user disliked before the session, oldest first, one list per context.
    ///
    /// # Errors
    ///
    /// Refuses another number of lists than of contexts.
    pub fn new(tables: TrainingTables, disliked: Vec<Vec<ItemIdx>>) -> Result<Self, RivalError> {
        if disliked.len() != tables.n_contexts() {
            let (lists, contexts) = (disliked.len(), tables.n_contexts());
            return Err(RivalError::Tables(format!(
                "{lists} lists of disliked items for {contexts} contexts"
            )));
        }
        Ok(Self { tables, disliked, returns: None })
    }

    /// The same world with the times at which its users come back.
    #[must_use]
    pub fn with_returns(mut self, returns: Arc<dyn ReturnTimes>) -> Self {
        self.returns = Some(returns);
        self
    }

    /// When users come back, if that is known.
    pub(crate) const fn returns(&self) -> Option<&Arc<dyn ReturnTimes>> {
        self.returns.as_ref()
    }

    /// The disliked window that a session begins with.
    pub(crate) fn disliked(&self, context: ContextIdx, window: usize) -> Vec<ItemIdx> {
        let all = &self.disliked[context.index()];
        all[all.len().saturating_sub(window)..].to_vec()
    }

    /// What networks read of a situation.
    pub(crate) fn view(&self, situation: &Situation) -> View {
        let mut vector = Vec::with_capacity(self.tables.dim());
        let n_old = situation.liked.len() - situation.n_accepted as usize;
        let accepted = situation.liked[n_old..].iter().copied();
        self.tables.push_user(situation.context, accepted, &mut vector);
        View { vector, liked: situation.liked.clone(), disliked: situation.disliked.clone() }
    }
}

/// What networks read of a question: the same as in training, out of the history alone.
pub(crate) fn view_of(
    query: &Query,
    space: &dyn EmbeddingSpace,
    positive_rating: f32,
    window: usize,
) -> View {
    let mut vector = space.fold_in(&query.history);
    drr_learn::normalize(&mut vector);
    let latest = |positive: bool| {
        let kept = query.history.iter().filter(|it| (it.rating >= positive_rating) == positive);
        let items: Vec<ItemIdx> = kept.map(|it| it.item).collect();
        items[items.len().saturating_sub(window)..].to_vec()
    };
    View { vector, liked: latest(true), disliked: latest(false) }
}
