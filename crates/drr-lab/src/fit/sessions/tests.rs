//! Why the session agent learns by a policy gradient: in one small world, on the same vectors and from the same greedy
//! beginning, that gradient finds what pays later, and the gradient of DDPG ends below its beginning in the mean.

use drr_agent::{ActionBase, ActionConfig, AgentConfig, ReplayAction, Trainer};
use drr_core::{
    Categories, ContextIdx, EmbeddingSpace, EmbeddingTable, Environment, ItemIdx, ItemSet, Observed, PartSet,
    Query, Recommender, RowDigest, RowOrigin, Seeds, TrainingHooks,
};
use drr_env::RatingScale;
use drr_env::worlds::{Dynamics, Known, Population, SessionWorld};
use drr_learn::{TrainingSetup, TrainingTables};
use drr_nn::AdamConfig;
use drr_session::{EmbeddedSpace, SessionAgentConfig, SessionRanker, SessionSetup, SessionTrainer};
use std::sync::Arc;

/// Categories, each with as many items.
const N_CATEGORIES: usize = 6;
const ITEMS_PER_CATEGORY: usize = 10;
const N_ITEMS: usize = N_CATEGORIES * ITEMS_PER_CATEGORY;
/// The items of a category that are known of a user who likes it.
const N_KNOWN: usize = 3;
/// The steps of a session.
const HORIZON: usize = 20;
/// The rating whose reward is 0, and the distance from it whose reward is 1.
const REWARDS: (f32, f32) = (3.0, 2.0);

/// Items `[quality, category]` in ratings above 3, and users `[1, taste]`, so that the inner product is the rating above 3 that
/// a user would give outside of any session.
struct Vectors {
    items: EmbeddingTable,
    origin: RowOrigin,
}

impl Vectors {
    fn new() -> Self {
        let row = |item: usize| {
            let (category, place) = (item % N_CATEGORIES, item / N_CATEGORIES);
            let quality = 1.2 - 0.2 * place as f32 + 0.05 * category as f32;
            let taste = (0..N_CATEGORIES).map(move |at| f32::from(u8::from(at == category)));
            std::iter::once(quality).chain(taste).collect::<Vec<f32>>()
        };
        let values = (0..N_ITEMS).flat_map(row).collect();
        let origin = RowOrigin { split: String::new(), parts: PartSet::train(), digest: RowDigest::of(&[]) };
        Self { items: EmbeddingTable::new(N_ITEMS, 1 + N_CATEGORIES, values).unwrap(), origin }
    }
}

impl EmbeddingSpace for Vectors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        let mut user = vec![0.0; 1 + N_CATEGORIES];
        user[0] = 1.0;
        for it in history {
            user[1 + it.item.index() % N_CATEGORIES] = 0.8;
        }
        user
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

/// One user for each category, who knows and likes it and takes the others when they have become familiar.
fn population(vectors: &Vectors) -> Population {
    let of_items: Vec<Vec<u16>> = (0..N_ITEMS).map(|item| vec![(item % N_CATEGORIES) as u16]).collect();
    let categories = Arc::new(Categories::new(N_CATEGORIES, &of_items).unwrap());
    let mut population =
        Population::new(ItemSet::full(N_ITEMS), Arc::clone(&categories), RatingScale::STARS, 3.5).unwrap();
    for favourite in 0..N_CATEGORIES {
        // The worst items of the category are known.
        let items: Vec<ItemIdx> = (0..N_KNOWN)
            .map(|at| ItemIdx::from((ITEMS_PER_CATEGORY - 1 - at) * N_CATEGORIES + favourite))
            .collect();
        let known: Vec<Observed> =
            items.iter().map(|item| Observed { item: *item, rating: 4.0, timestamp: 0 }).collect();
        let user = vectors.fold_in(&known);
        let rating = |item: usize| {
            let product: f32 = user.iter().zip(vectors.items.row(item)).map(|(a, b)| a * b).sum();
            REWARDS.0 + product
        };
        population
            .push(Known {
                user: drr_core::UserIdx::from(favourite),
                ratings: (0..N_ITEMS).map(rating).collect(),
                category_shares: Population::category_shares(&categories, &items),
                known,
            })
            .unwrap();
    }
    population
}

struct Quiet;
impl TrainingHooks for Quiet {}

/// The mean total reward of 50 sessions of every user; what is liked, or all that was shown, joins the history.
fn total_reward(
    recommender: &dyn Recommender,
    world: &SessionWorld,
    population: &Population,
    liked_only: bool,
) -> f32 {
    let mut world = world.clone();
    let mut total = 0.0;
    for context in (0..N_CATEGORIES).map(ContextIdx::from) {
        for session in 0..50 {
            world.reset_to(context, Seeds(session).stream("leaving"));
            let mut history = population.known(context).to_vec();
            loop {
                let allowed = world.candidates().clone();
                let query = Query { user: population.user(context), history: history.clone(), allowed };
                let item = recommender.recommend(&[query], 1).unwrap()[0][0].item;
                let step = world.step(item).unwrap();
                total += step.reward / (50 * N_CATEGORIES) as f32;
                if step.reward > 0.0 || !liked_only {
                    history.push(Observed {
                        item,
                        rating: REWARDS.0 + REWARDS.1 * step.reward,
                        timestamp: 0,
                    });
                }
                if step.terminated || step.truncated {
                    break;
                }
            }
        }
    }
    total
}

/// The settings of both, for networks and budgets of one size: 64,000 steps of the world, or somewhat fewer for DDPG.
fn settings() -> (SessionAgentConfig, AgentConfig) {
    let session = SessionAgentConfig {
        hidden: vec![32, 32],
        multiplier: 0.5,
        n_sessions: 32,
        n_steps: 20,
        minibatch_size: 160,
        learning_rate: 5e-3,
        n_iterations: 100,
        ..SessionAgentConfig::default()
    };
    let ddpg = AgentConfig {
        action: ActionConfig { base: ActionBase::User, scale: 3.0, ..ActionConfig::default() },
        actor_optimizer: AdamConfig { learning_rate: 1e-3, l2: 0.0, max_gradient_norm: 1.0 },
        replay_action: ReplayAction::Item,
        actor_hidden: [32, 32],
        critic_hidden: [32, 32],
        discount: 0.95,
        tau: 0.01,
        n_environments: 16,
        n_episodes: 4000,
        updates_per_step: 2,
        warmup_transitions: 1000,
        ..AgentConfig::default()
    };
    (session, ddpg)
}

/// The total rewards of the greedy beginning and after training: of the session agent, and of DDPG.
fn trained(
    world: &SessionWorld,
    population: &Population,
    vectors: &Arc<Vectors>,
    seed: u64,
) -> [[f32; 2]; 2] {
    let (session, ddpg) = settings();
    let space: Arc<dyn EmbeddingSpace> = Arc::clone(vectors) as Arc<dyn EmbeddingSpace>;
    let known: Vec<Vec<Observed>> =
        (0..N_CATEGORIES).map(|at| population.known(ContextIdx::from(at)).to_vec()).collect();
    let acting = EmbeddedSpace::new(Arc::clone(&space), ItemSet::full(N_ITEMS), REWARDS, true).unwrap();
    let setup = SessionSetup {
        name: "session".to_owned(),
        environments: vec![world.clone(); session.n_sessions],
        horizon: HORIZON,
        space: Arc::new(acting),
        known: known.clone(),
        seeds: Seeds(seed),
    };
    let mut training = SessionTrainer::new(&session, setup).unwrap();
    let judged =
        |policy| total_reward(&SessionRanker::new(policy, N_KNOWN, REWARDS), world, population, false);
    let before = judged(training.policy().unwrap());
    training.run(session.n_iterations, None, &mut Quiet).unwrap();
    let of_session = [before, judged(training.policy().unwrap())];

    let contexts: Vec<f32> = known.iter().flat_map(|known| space.fold_in(known)).collect();
    let contexts = EmbeddingTable::new(N_CATEGORIES, 1 + N_CATEGORIES, contexts).unwrap();
    let tables = TrainingTables::new(space.items(), &contexts, None, space.origin().clone()).unwrap();
    let setup = TrainingSetup {
        name: "ddpg".to_owned(),
        environments: vec![world.clone(); ddpg.n_environments],
        horizon: HORIZON,
        world: tables,
        space,
        positive_rating: 3.5,
        seeds: Seeds(seed),
    };
    let mut training = Trainer::new(&ddpg, setup).unwrap();
    let judged = |policy: &dyn Recommender| total_reward(policy, world, population, true);
    let before = judged(&training.policy().unwrap());
    training.run(ddpg.n_rounds(), None, &mut Quiet).unwrap();
    [of_session, [before, judged(&training.policy().unwrap())]]
}

#[test]
fn the_policy_gradient_finds_what_pays_later_and_that_of_ddpg_does_not() {
    let dynamics = Dynamics { horizon: HORIZON, ..Dynamics::growing_taste() };
    let vectors = Arc::new(Vectors::new());
    let population = Arc::new(population(&vectors));
    let world = SessionWorld::new(&population, dynamics, 5).unwrap();
    let runs: Vec<[[f32; 2]; 2]> = (0..3).map(|seed| trained(&world, &population, &vectors, seed)).collect();
    for [[greedy, session], [_, ddpg]] in &runs {
        assert!(*session > 1.25 * greedy && *session > ddpg + 0.15, "{runs:?}");
    }
    // What the untrained agent has is greedy too, but for the order of equals.
    let mean = |at: usize| runs.iter().map(|[_, ddpg]| ddpg[at]).sum::<f32>() / runs.len() as f32;
    assert!(mean(1) < mean(0), "{runs:?}");
}
