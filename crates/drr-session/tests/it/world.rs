//! Two small worlds with known optima, and the space that the agent acts in.

use drr_core::{
    ContextIdx, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, Observed,
    PartSet, Query, RandomStream, RowDigest, RowOrigin, Seeds, SessionRecommender, Shown, Step,
    TrainingHooks, UserIdx,
};
use drr_session::{SessionAgentConfig, SessionSetup, SessionSpace, SessionTrainer, SessionUser};
use rand::{Rng, RngCore};
use std::sync::Arc;

/// Items of two kinds, even and odd, with one coordinate for each. A user is known by one item: the base leans to its kind.
pub struct Kinds {
    items: EmbeddingTable,
    candidates: ItemSet,
    origin: RowOrigin,
    lean: f32,
}

impl Kinds {
    pub fn new(n_items: usize, lean: f32) -> Self {
        let values = [1.0, 0.0, 0.0, 1.0].repeat(n_items / 2);
        Self {
            items: EmbeddingTable::new(n_items, 2, values).unwrap(),
            candidates: ItemSet::full(n_items),
            origin: RowOrigin { split: String::new(), parts: PartSet::train(), digest: RowDigest::of(&[]) },
            lean,
        }
    }

    pub fn with_candidates(self, candidates: ItemSet) -> Self {
        Self { candidates, ..self }
    }
}

impl SessionSpace for Kinds {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn n_features(&self) -> usize {
        2
    }

    fn user(&self, known: &[Observed]) -> SessionUser {
        let mut features = vec![0.0; 2];
        known.iter().for_each(|known| features[known.item.index() % 2] += 1.0);
        SessionUser { base: features.iter().map(|it| it * self.lean).collect(), features }
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

/// A user who likes one kind (context 0 the even, context 1 the odd), takes the other too, and may leave after three of a
/// kind in a row.
#[derive(Debug, Clone)]
pub struct Bored {
    n_items: usize,
    horizon: usize,
    /// The probability of leaving after three of a kind in a row.
    leaving: f64,
    observation: Observation,
    candidates: ItemSet,
    shown: Vec<ItemIdx>,
    draws: RandomStream,
    is_over: bool,
}

pub const FAVOURITE: f32 = 1.0;
pub const OTHER: f32 = 0.5;

impl Bored {
    pub fn new(n_items: usize, horizon: usize, leaving: f64) -> Self {
        Self {
            n_items,
            horizon,
            leaving,
            observation: Observation::default(),
            candidates: ItemSet::empty(n_items),
            shown: Vec::new(),
            draws: Seeds(0).stream("none"),
            is_over: true,
        }
    }

    /// The greatest return where three of a kind end the session for certain, by dynamic programming (Bellman 1957) over the
    /// last kind and how often it was shown in a row.
    pub fn optimal_return(&self) -> f32 {
        let mut values = [[0.0_f32; 3]; 2];
        for _ in 0..self.horizon {
            let value = |kind: usize, last: usize, run: usize| {
                let reward = if kind == 0 { FAVOURITE } else { OTHER };
                let run = if kind == last { run + 1 } else { 1 };
                reward + if run == 3 { 0.0 } else { values[kind][run] }
            };
            let best = |last, run| value(0, last, run).max(value(1, last, run));
            values = [0, 1].map(|last| [0, 1, 2].map(|run| best(last, run)));
        }
        values[0][0]
    }
}

impl Environment for Bored {
    fn n_items(&self) -> usize {
        self.n_items
    }

    fn history_length(&self) -> usize {
        1
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let kind = usize::from(random.random::<bool>());
        self.draws = Seeds(random.next_u64()).stream("leaving");
        self.observation.context = ContextIdx::from(kind);
        self.candidates = ItemSet::full(self.n_items);
        self.candidates.remove(ItemIdx::from(kind));
        self.shown.clear();
        self.is_over = false;
        Ok(self.observation.clone())
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        if self.is_over {
            return Err(EnvironmentError::SessionOver);
        }
        if !self.candidates.contains(item) {
            return Err(EnvironmentError::NotACandidate(item));
        }
        self.candidates.remove(item);
        self.shown.push(item);
        let is_favourite = item.index() % 2 == self.observation.context.index();
        let last = &self.shown[self.shown.len().saturating_sub(3)..];
        let is_bored = last.len() == 3 && last.iter().all(|shown| shown.0 % 2 == item.0 % 2);
        let terminated = self.draws.random_bool(if is_bored { self.leaving } else { 0.0 });
        let truncated = !terminated && self.shown.len() == self.horizon;
        self.is_over = terminated || truncated;
        let reward = if is_favourite { FAVOURITE } else { OTHER };
        Ok(Step { observation: self.observation.clone(), reward, terminated, truncated })
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn recommended(&self) -> &[ItemIdx] {
        &self.shown
    }
}

/// What is known of the users of both contexts: one item of the kind they like.
pub fn known() -> Vec<Vec<Observed>> {
    [0, 1].map(|item| vec![Observed { item: ItemIdx(item), rating: 5.0, timestamp: 0 }]).to_vec()
}

/// A small training that is over in a second or two.
pub fn config() -> SessionAgentConfig {
    SessionAgentConfig {
        hidden: vec![32, 32],
        multiplier: 0.5,
        temperature: 0.5,
        gae_lambda: 0.95,
        entropy_weight: 0.02,
        n_sessions: 32,
        n_steps: 20,
        minibatch_size: 160,
        learning_rate: 3e-3,
        n_iterations: 100,
        ..SessionAgentConfig::default()
    }
}

/// A training at its beginning.
pub fn trainer<E: Environment + Clone>(
    config: &SessionAgentConfig,
    environment: &E,
    horizon: usize,
    space: Arc<dyn SessionSpace>,
    seed: u64,
) -> SessionTrainer<E> {
    let setup = SessionSetup {
        name: "agent".to_owned(),
        environments: vec![environment.clone(); config.n_sessions],
        horizon,
        space,
        known: known(),
        seeds: Seeds(seed),
    };
    SessionTrainer::new(config, setup).unwrap()
}

/// Asks for nothing.
pub struct Quiet;

impl TrainingHooks for Quiet {}

/// The reward of a session of a user of the given context, served by `policy`.
pub fn play<E: Environment>(
    policy: &dyn SessionRecommender,
    environment: &mut E,
    random: &mut RandomStream,
) -> f32 {
    let context = environment.reset(random).unwrap().context;
    let query = Query {
        user: UserIdx(0),
        history: known()[context.index()].clone(),
        allowed: environment.candidates().clone(),
    };
    let mut session = policy.begin(&query).unwrap();
    let (mut shown, mut total) = (Vec::new(), 0.0);
    loop {
        let item = session.next(&shown, environment.candidates()).unwrap();
        let step = environment.step(item).unwrap();
        shown.push(Shown { item, reward: step.reward });
        total += step.reward;
        if step.terminated || step.truncated {
            return total;
        }
    }
}
