//! What remains after training: a frozen policy that chooses item after item in a session.

use crate::networks::{FlatNetworks, Shapes};
use crate::pass::{ActorPass, ScorePass};
use crate::space::{CandidateTable, SessionSpace, checked, space_digest};
use crate::state::{SessionState, StateShape};
use crate::{SessionAgentConfig, SessionError};
use drr_core::{
    ItemIdx, ItemSet, NextItem, Query, RecommendError, RowOrigin, ScoredItem, SessionRecommender, Shown,
    UserIdx, rank,
};
use drr_store::{Written, read_arrays, write_arrays};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What tells a session policy's file from others.
const KIND: &str = "session_policy";

/// What stands in a policy's file beside its arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionHeader {
    /// The policy's name in files and reports.
    pub name: String,
    /// The settings of the agent.
    pub config: SessionAgentConfig,
    /// The length of a session that the time in the state is a share of, T.
    pub horizon: usize,
    /// The number of static features, `F`.
    pub n_features: usize,
    /// The dimension of an item vector, `D`.
    pub dim: usize,
    /// The rows that the space was fitted on.
    pub origin: RowOrigin,
    /// The digest of the space.
    pub space: String,
    /// The updates that made the policy; 0 is the untrained one, which is the base.
    pub n_updates: u64,
}

/// Trained networks with the space that they act in.
///
/// It takes the candidate of the greatest score `a . e_i`, of equals the smaller item. The networks see what the training
/// saw: the user from the query's history, and everything shown since.
pub struct SessionPolicy {
    header: SessionHeader,
    shape: StateShape,
    shapes: Shapes,
    networks: FlatNetworks,
    candidates: CandidateTable,
    space: Arc<dyn SessionSpace>,
}

impl SessionPolicy {
    pub(crate) fn new(
        header: SessionHeader,
        networks: FlatNetworks,
        space: Arc<dyn SessionSpace>,
    ) -> Result<Self, SessionError> {
        let SessionHeader { config, horizon, n_features, dim, .. } = &header;
        let shape = StateShape::new(config, *n_features, *dim, *horizon);
        let shapes = Shapes::new(config, shape.n_values(), *dim);
        Ok(Self { candidates: CandidateTable::new(&*space)?, header, shape, shapes, networks, space })
    }

    /// Whose policy it is, and what it was trained on.
    #[must_use]
    pub const fn header(&self) -> &SessionHeader {
        &self.header
    }

    /// The number of trained numbers, the critic's included.
    #[must_use]
    pub fn n_parameters(&self) -> u64 {
        (self.networks.actor.len() + self.networks.critic.len()) as u64
    }

    /// Writes the policy, without its space, to a safetensors file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Written, SessionError> {
        let text = serde_json::to_string(&self.header)
            .map_err(|error| SessionError::OtherRun(format!("the policy has no form as JSON: {error}")))?;
        Ok(write_arrays(path, &self.networks.to_arrays(&self.shapes, ""), &[(KIND, text)])?)
    }

    /// Reads a policy and joins it to the space it was trained in.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged or no session policy, or if `space` is another than the policy's.
    pub fn load(path: &Path, space: Arc<dyn SessionSpace>) -> Result<Self, SessionError> {
        let (arrays, texts) = read_arrays(path)?;
        let refuse = |what: String| SessionError::OtherRun(format!("{} {what}", path.display()));
        let text = texts.get(KIND).ok_or_else(|| refuse("is no session policy".to_owned()))?;
        let header: SessionHeader = serde_json::from_str(text)
            .map_err(|error| refuse(format!("is a session policy of another version: {error}")))?;
        header.config.check()?;
        if &header.origin != space.origin() || header.space != space_digest(&*space) {
            return Err(refuse("was trained in another space than this one".to_owned()));
        }
        let shape = StateShape::new(&header.config, header.n_features, header.dim, header.horizon);
        let shapes = Shapes::new(&header.config, shape.n_values(), header.dim);
        let networks = FlatNetworks::from_arrays(&shapes, "", &arrays)?;
        Self::new(header, networks, space)
    }

    /// The action `[D]` of a user, after what was shown: the base and its correction.
    ///
    /// # Errors
    ///
    /// Fails on items beyond the catalogue, and if the space fails for the user.
    pub fn action(&self, query: &Query, shown: &[Shown]) -> Result<Vec<f32>, SessionError> {
        let mut session = self.session(query)?;
        session.take_note(shown)?;
        session.act();
        Ok(session.actor.actions().to_rows())
    }

    /// The best `k` of the query's allowed items for a user of whom `query.history` was known before the session, after what
    /// was shown in it; best first, of equals the smaller item.
    ///
    /// # Errors
    ///
    /// As [`SessionPolicy::action`], and on a score that is not finite.
    pub fn ranked(
        &self,
        query: &Query,
        shown: &[Shown],
        k: usize,
    ) -> Result<Vec<ScoredItem>, RecommendError> {
        let mut session = self.session(query).map_err(|error| self.failed(error))?;
        session.take_note(shown).map_err(|error| self.failed(error))?;
        session.act();
        session.ranked(&query.allowed, k)
    }

    fn session(&self, query: &Query) -> Result<InSession<'_>, SessionError> {
        let user = checked(&*self.space, &query.history)?;
        Ok(InSession {
            policy: self,
            user: query.user,
            state: SessionState::begin(&self.shape, &user.features),
            base: user.base,
            actor: ActorPass::new(&self.shapes),
            scores: ScorePass::new(self.candidates.len(), self.header.dim),
        })
    }

    fn failed(&self, source: SessionError) -> RecommendError {
        RecommendError::Failed { recommender: self.header.name.clone(), source: Box::new(source) }
    }
}

impl SessionRecommender for SessionPolicy {
    fn name(&self) -> &str {
        &self.header.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.header.origin)
    }

    fn begin(&self, query: &Query) -> Result<Box<dyn NextItem + '_>, RecommendError> {
        Ok(Box::new(self.session(query).map_err(|error| self.failed(error))?))
    }
}

/// The policy in one user's session.
struct InSession<'a> {
    policy: &'a SessionPolicy,
    user: UserIdx,
    state: SessionState,
    base: Vec<f32>,
    actor: ActorPass,
    scores: ScorePass,
}

impl InSession<'_> {
    /// Lets the state grow by what was shown since the last call.
    fn take_note(&mut self, shown: &[Shown]) -> Result<(), SessionError> {
        let items = self.policy.space.items();
        for Shown { item, reward } in shown.iter().skip(self.state.n_shown()) {
            if item.index() >= items.n_rows() {
                return Err(SessionError::UnknownItem { item: *item, n_items: items.n_rows() });
            }
            self.state.show(&self.policy.shape, items.row(item.index()), *reward);
        }
        Ok(())
    }

    fn act(&mut self) {
        let SessionPolicy { shapes, networks, header, .. } = self.policy;
        self.actor.fill([(self.state.values(), self.base.as_slice())].into_iter());
        self.actor.forward(shapes, &header.config, &networks.actor);
    }

    fn ranked(&mut self, allowed: &ItemSet, k: usize) -> Result<Vec<ScoredItem>, RecommendError> {
        let SessionPolicy { candidates, header, .. } = self.policy;
        let n_items = allowed.n_items();
        let mut of_all = vec![0.0; n_items];
        let scores = self.scores.scores(candidates.vectors(), self.actor.actions().panel(0));
        candidates.items().iter().zip(scores).for_each(|(item, scores)| of_all[item.index()] = scores[0]);
        let may_be_shown = candidates.items().iter().copied().filter(|item| allowed.contains(*item));
        let may_be_shown = ItemSet::from_items(n_items, may_be_shown);
        rank(&of_all, &may_be_shown, k).map_err(|ScoredItem { item, score }| {
            let (recommender, user) = (header.name.clone(), self.user);
            RecommendError::NotFinite { recommender, user, item, score }
        })
    }

    /// The best of the candidates that may be shown; `None` if there is none.
    fn best(&mut self, allowed: &ItemSet) -> Result<Option<ItemIdx>, RecommendError> {
        let SessionPolicy { candidates, header, .. } = self.policy;
        let scores = self.scores.scores(candidates.vectors(), self.actor.actions().panel(0));
        let mut best: Option<(ItemIdx, f32)> = None;
        for (item, scores) in candidates.items().iter().zip(scores) {
            if !allowed.contains(*item) {
                continue;
            }
            let score = scores[0];
            if !score.is_finite() {
                let (recommender, user) = (header.name.clone(), self.user);
                return Err(RecommendError::NotFinite { recommender, user, item: *item, score });
            }
            // Items ascend, so of equals the first is the smaller.
            if best.is_none_or(|(_, greatest)| score > greatest) {
                best = Some((*item, score));
            }
        }
        Ok(best.map(|(item, _)| item))
    }
}

impl NextItem for InSession<'_> {
    fn next(&mut self, shown: &[Shown], candidates: &ItemSet) -> Result<ItemIdx, RecommendError> {
        self.take_note(shown).map_err(|error| self.policy.failed(error))?;
        self.act();
        let n_candidates = self.policy.candidates.len();
        self.best(candidates)?.ok_or_else(|| self.policy.failed(SessionError::NoCandidate { n_candidates }))
    }
}
