//! An environment with a known optimum: every user likes one cluster of items, and the user's vector tells which.

use drr_agent::{
    ActionBase, ActionConfig, AgentConfig, ReplayAction, SlateReward, StateKind, Trainer, UpdatePath,
};
use drr_core::{
    ContextIdx, EmbeddingSpace, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation,
    Observed, PartSet, RandomStream, RowDigest, RowOrigin, Seeds, Step, TrainingHooks, UserIdx,
};
use drr_learn::{ExplorationConfig, Served, TrainingSetup, TrainingTables};
use drr_nn::AdamConfig;
use drr_replay::ReplayConfig;
use rand::Rng;
use std::sync::Arc;

pub const N_CLUSTERS: usize = 4;
pub const ITEMS_PER_CLUSTER: usize = 5;
pub const N_ITEMS: usize = N_CLUSTERS * ITEMS_PER_CLUSTER;
pub const HORIZON: usize = 4;
pub const WINDOW: usize = 3;

/// Judges nothing.
pub struct Quiet;

impl TrainingHooks for Quiet {}

/// A training in `space` with what `world` knows of it.
pub fn setup<E>(
    environments: Vec<E>,
    world: TrainingTables,
    space: Arc<dyn EmbeddingSpace>,
    seed: u64,
) -> TrainingSetup<E> {
    TrainingSetup {
        name: "drr".to_owned(),
        environments,
        horizon: HORIZON,
        world,
        space,
        positive_rating: 4.0,
        seeds: Seeds(seed),
    }
}

/// An agent in sessions with clusters, before its first round.
pub fn trainer(config: &AgentConfig, seed: u64) -> Trainer<Clusters> {
    let space = Space::new("split");
    let (tables, environments) = (space.tables(), vec![Clusters::new(); config.n_environments]);
    Trainer::new(config, setup(environments, tables, Arc::new(space), seed)).unwrap()
}

/// A session of one user; the best return is [`HORIZON`], every other item costs a half.
#[derive(Debug, Clone)]
pub struct Clusters {
    cluster: usize,
    candidates: ItemSet,
    recommended: Vec<ItemIdx>,
    history: Vec<ItemIdx>,
}

impl Clusters {
    pub fn new() -> Self {
        Self { cluster: 0, candidates: ItemSet::empty(N_ITEMS), recommended: Vec::new(), history: Vec::new() }
    }

    fn observation(&self) -> Observation {
        Observation {
            user: UserIdx::from(self.cluster),
            context: ContextIdx::from(self.cluster),
            history: self.history.clone(),
            n_accepted: self.history.len() as u32,
        }
    }
}

impl Environment for Clusters {
    fn n_items(&self) -> usize {
        N_ITEMS
    }

    fn history_length(&self) -> usize {
        WINDOW
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        self.cluster = random.random_range(0..N_CLUSTERS);
        self.candidates = ItemSet::full(N_ITEMS);
        self.recommended.clear();
        self.history.clear();
        Ok(self.observation())
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        if !self.candidates.contains(item) {
            return Err(EnvironmentError::NotACandidate(item));
        }
        self.candidates.remove(item);
        self.recommended.push(item);
        let liked = item.index() / ITEMS_PER_CLUSTER == self.cluster;
        if liked {
            self.history.push(item);
            self.history.drain(..self.history.len().saturating_sub(WINDOW));
        }
        Ok(Step {
            observation: self.observation(),
            reward: if liked { 1.0 } else { -0.5 },
            terminated: false,
            truncated: self.recommended.len() == HORIZON,
        })
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn recommended(&self) -> &[ItemIdx] {
        &self.recommended
    }
}

/// One-hot clusters, rotated against the users so that nothing but learning brings the two together.
pub struct Space(EmbeddingTable, RowOrigin);

impl Space {
    pub fn new(split: &str) -> Self {
        let one_hot = |at: usize| (0..N_CLUSTERS).map(move |other| f32::from(u8::from(other == at)));
        let items = (0..N_ITEMS).flat_map(|item| one_hot(item / ITEMS_PER_CLUSTER)).collect();
        let origin = RowOrigin { split: split.into(), parts: PartSet::train(), digest: RowDigest::default() };
        Self(EmbeddingTable::new(N_ITEMS, N_CLUSTERS, items).unwrap(), origin)
    }

    /// The vector of a user of `cluster` points to the next cluster.
    pub fn user(cluster: usize) -> Vec<f32> {
        (0..N_CLUSTERS).map(|at| f32::from(u8::from(at == (cluster + 1) % N_CLUSTERS))).collect()
    }

    pub fn tables(&self) -> TrainingTables {
        let users = (0..N_CLUSTERS).flat_map(Self::user).collect();
        let contexts = EmbeddingTable::new(N_CLUSTERS, N_CLUSTERS, users).unwrap();
        let liked = |cluster| {
            let items = cluster * ITEMS_PER_CLUSTER..(cluster + 1) * ITEMS_PER_CLUSTER;
            items.map(ItemIdx::from).collect()
        };
        let tables = TrainingTables::new(&self.0, &contexts, None, self.1.clone()).unwrap();
        tables.with_positives((0..N_CLUSTERS).map(liked).collect()).unwrap()
    }
}

impl EmbeddingSpace for Space {
    fn items(&self) -> &EmbeddingTable {
        &self.0
    }

    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        history
            .last()
            .map_or_else(|| vec![0.0; N_CLUSTERS], |it| Self::user(it.item.index() / ITEMS_PER_CLUSTER))
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.1
    }
}

/// An agent small enough for a test.
pub fn config() -> AgentConfig {
    let optimizer = |learning_rate| AdamConfig { learning_rate, l2: 0.0, max_gradient_norm: 1.0 };
    AgentConfig {
        state: StateKind::DrrAve,
        features: false,
        actor_hidden: [32, 32],
        critic_hidden: [32, 32],
        action: ActionConfig { base: ActionBase::None, scale: 1.0, first_bound: 0.1 },
        replay_action: ReplayAction::Proto,
        slate: 1,
        slate_reward: SlateReward::Mean,
        discount: 0.5,
        tau: 0.02,
        batch_size: 32,
        actor_optimizer: optimizer(1e-3),
        critic_optimizer: optimizer(3e-3),
        actor_optimizer_schedule: None,
        critic_optimizer_schedule: None,
        served: Served::Online,
        actor_moves_state: false,
        fine_tune_items: false,
        replay: ReplayConfig::prioritized(2000, 2000),
        exploration: ExplorationConfig::gaussian(1.0, 0.1, 4000, 0.7),
        n_environments: 8,
        n_episodes: 2400,
        updates_per_step: 1,
        warmup_transitions: 64,
        checkpoint_every: 5,
        validate_every: 1000,
        path: UpdatePath::default(),
        critic_layer_norm: false,
        saturation_penalty: None,
        td3: None,
        anchor: None,
        refinement: None,
        conservative: None,
    }
}
