//! The agent that goes on learning within a session, with its parameters reset before each (Liu et al. 2018, sec. V, online
//! evaluation by Algorithm 1).
//!
//! Every session is served by a fork: the trained networks and optimizers, and a small replay of transitions drawn from
//! the training's, to rehearse. A step's transition is complete when the next query shows what followed; then the fork
//! updates. It recommends without noise: a session of ten steps leaves no time to explore.

use crate::policy::DrrPolicy;
use crate::update::Learner;
use crate::{AgentConfig, AgentError, Trainer};
use drr_core::{
    EmbeddingSpace, Environment, Feedback, ItemIdx, Observation, Query, RandomStream, RecommendError,
    Recommender, RowOrigin, ScoredItem, Seeds, UserIdx,
};
use drr_learn::{LearnError, ListRequest, Rows, TrainingTables};
use drr_replay::{Replay, Transition};
use drr_store::NamedArray;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// How an agent learns within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OnlineConfig {
    /// Updates after each step of a session.
    pub updates_per_step: usize,
    /// Transitions of the training that every session begins its replay with.
    pub n_rehearsed: usize,
}

impl Default for OnlineConfig {
    /// One update a step, on a replay that begins with 256 transitions.
    fn default() -> Self {
        Self { updates_per_step: 1, n_rehearsed: 256 }
    }
}

/// What all forks start from.
struct Shared {
    name: String,
    config: AgentConfig,
    online: OnlineConfig,
    arrays: Vec<NamedArray>,
    n_updates: u64,
    policy: DrrPolicy,
    tables: TrainingTables,
    space: Arc<dyn EmbeddingSpace>,
    positive_rating: f32,
    rehearsal: Replay,
    seeds: Seeds,
}

/// A trained agent whose forks learn while they serve. Without a session it answers as the frozen policy does.
pub struct OnlineAgent {
    shared: Arc<Shared>,
    session: Option<Mutex<Session>>,
}

/// A recommendation whose outcome is not yet fully known.
struct Pending {
    observation: Observation,
    output: Vec<f32>,
    item: ItemIdx,
    reward: Option<f32>,
}

/// The state of one session; made at its first query.
struct Session {
    user: UserIdx,
    random: RandomStream,
    begun: Option<Begun>,
}

struct Begun {
    learner: Learner,
    tables: TrainingTables,
    replay: Replay,
    /// The first observation: its context, and how many positive ratings came before the session.
    first: Observation,
    n_before: usize,
    recommended: Vec<ItemIdx>,
    pending: Option<Pending>,
}

impl OnlineAgent {
    /// The agent of a training as it is now, to go on learning within the sessions that it serves.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot copy a tensor, and if there is nothing to rehearse.
    pub fn of<E: Environment>(
        trainer: &Trainer<E>,
        online: OnlineConfig,
        seeds: Seeds,
    ) -> Result<Self, AgentError> {
        let (agent, wiring) = (trainer.trainee(), trainer.wiring());
        let rehearsal = agent.replay.rehearsal(
            &wiring.config.replay,
            online.n_rehearsed,
            wiring.horizon,
            &mut seeds.stream("rehearsal"),
        )?;
        Self::new(Shared {
            name: format!("{}_online", wiring.name),
            config: wiring.config.clone(),
            online,
            arrays: agent.learner.to_arrays()?,
            n_updates: agent.learner.n_updates(),
            policy: trainer.policy()?,
            tables: wiring.world.clone(),
            space: Arc::clone(&wiring.space),
            positive_rating: wiring.positive_rating,
            rehearsal,
            seeds,
        })
    }

    fn new(shared: Shared) -> Result<Self, AgentError> {
        if shared.rehearsal.is_empty() {
            return Err(drr_replay::ReplayError::Empty.into());
        }
        if shared.config.slate > 1 {
            let message = "learning within sessions takes one item at a time: it needs slate = 1";
            return Err(AgentError::Settings(message));
        }
        Ok(Self { shared: Arc::new(shared), session: None })
    }

    fn failed(&self, source: AgentError) -> RecommendError {
        match source {
            AgentError::Learn(LearnError::Ranking(source)) => source,
            source => {
                RecommendError::Failed { recommender: self.shared.name.clone(), source: Box::new(source) }
            }
        }
    }
}

impl Recommender for OnlineAgent {
    fn name(&self) -> &str {
        &self.shared.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.shared.policy.origin()
    }

    fn n_parameters(&self) -> u64 {
        self.shared.policy.n_parameters()
    }

    fn fork(&self) -> Option<Box<dyn Recommender>> {
        Some(Box::new(Self { shared: Arc::clone(&self.shared), session: None }))
    }

    fn start_session(&mut self, user: UserIdx) {
        let random = self.shared.seeds.stream(&format!("session.{}", user.0));
        self.session = Some(Mutex::new(Session { user, random, begun: None }));
    }

    fn observe(&mut self, feedback: Feedback) {
        let Some(session) = &mut self.session else { return };
        let session = session.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = &mut session.begun
            && let Some(pending) = &mut begun.pending
        {
            pending.item = feedback.item;
            pending.reward = Some(feedback.reward);
            begun.recommended.push(feedback.item);
        }
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let Some(session) = &self.session else { return self.shared.policy.recommend(queries, k) };
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = |query: &Query| {
            if query.user != session.user {
                return Ok(self.shared.policy.recommend(std::slice::from_ref(query), k)?.swap_remove(0));
            }
            serve(&self.shared, &mut session, query, k).map_err(|it| self.failed(it))
        };
        queries.iter().map(answer).collect()
    }
}

/// The items of a history that are rated positively, oldest first.
fn positives(shared: &Shared, query: &Query) -> Vec<ItemIdx> {
    let positive = query.history.iter().filter(|it| it.rating >= shared.positive_rating);
    positive.map(|it| it.item).collect()
}

fn begin(shared: &Shared, query: &Query) -> Result<Begun, AgentError> {
    let mut tables = shared.tables.clone();
    let context = tables.add_context(query.user, &shared.space.fold_in(&query.history))?;
    let window = shared.rehearsal.sizes().history_length;
    let mut learner = Learner::new(&shared.config, &tables, window, shared.seeds.child("parameters"))?;
    learner.load_arrays(&shared.arrays, shared.n_updates)?;
    Ok(Begun {
        learner,
        tables,
        replay: shared.rehearsal.clone(),
        first: Observation { user: query.user, context, ..Observation::default() },
        n_before: positives(shared, query).len(),
        recommended: Vec::new(),
        pending: None,
    })
}

/// Learns from the step before, and ranks the allowed items.
fn serve(
    shared: &Shared,
    session: &mut Session,
    query: &Query,
    k: usize,
) -> Result<Vec<ScoredItem>, AgentError> {
    let Session { random, begun, .. } = session;
    let begun = match begun {
        Some(begun) => begun,
        None => begun.insert(begin(shared, query)?),
    };
    let window = shared.rehearsal.sizes().history_length;
    let liked = positives(shared, query);
    let accepted = liked.len().saturating_sub(begun.n_before).min(window);
    let observation = Observation {
        history: liked[liked.len().saturating_sub(window)..].to_vec(),
        n_accepted: accepted as u32,
        ..begun.first.clone()
    };
    if let Some(Pending { observation: before, output, item, reward: Some(reward) }) = begun.pending.take() {
        let transition = Transition {
            observation: before,
            item,
            action: output,
            reward,
            next_observation: observation.clone(),
            terminated: false,
            truncated: false,
            recommended: begun.recommended.clone(),
        };
        learn(shared, begun, &transition, random)?;
    }
    let mut rows = Rows::new(window);
    rows.push_observation(&observation, &begun.tables);
    let served = shared.config.served;
    let output = begun.learner.outputs(served, &rows, &begun.tables)?;
    let request = ListRequest { name: &shared.name, rows: &[(observation.user, &query.allowed)], k };
    let list = begun.learner.served(&rows, &output, &begun.tables, request)?.swap_remove(0);
    begun.pending = Some(Pending { observation, output, item: ItemIdx(0), reward: None });
    Ok(list)
}

fn learn(
    shared: &Shared,
    begun: &mut Begun,
    transition: &Transition,
    random: &mut RandomStream,
) -> Result<(), AgentError> {
    begun.replay.push(transition)?;
    for _ in 0..shared.online.updates_per_step {
        let batch = begun.replay.sample(shared.config.batch_size, random)?;
        let report = begun.learner.update(&batch, &begun.tables, 0)?;
        begun.replay.update_priorities(&batch.slots, &report.td_errors)?;
    }
    Ok(())
}
