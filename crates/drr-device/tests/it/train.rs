//! The loop as a whole: acting and updates against the CPU's operations, and whether it learns.

mod reference;

use crate::environment::{log, sessions};
use crate::executors::{assert_close, floats, ids, in_one_order, numbers, on_each};
use drr_core::{Interaction, InteractionLog, ItemIdx, ItemSet, Seeds, UserIdx};
use drr_device::{
    EnvironmentConfig, EnvironmentTables, Executor, Exploration, Memory, OptimizerConfig, SessionSource,
    TrainConfig, TrainLoop, TrainTables,
};
use drr_env::{RewardConfig, SessionStart, Sessions, Unrated};
use drr_replay::ReplayConfig;
use reference::Reference;

pub const DIM: usize = 5;
pub const WINDOW: usize = 4;
const HORIZON: usize = 6;

fn config(tells_item: bool, base_is_user: bool) -> TrainConfig {
    let optimizer = |learning_rate, l2| OptimizerConfig { learning_rate, l2, max_gradient_norm: 1.0 };
    TrainConfig {
        actor_hidden: [12, 9],
        critic_hidden: [11, 8],
        base_is_user,
        scale: 0.7,
        tells_item,
        discount: 0.9,
        tau: 0.05,
        batch_size: 10,
        actor_optimizer: optimizer(1e-2, 1e-3),
        critic_optimizer: optimizer(2e-2, 1e-3),
        replay: ReplayConfig::prioritized(50, 10),
        exploration: Exploration { epsilon_start: 0.9, epsilon_end: 0.2, decay_steps: 60, noise: 0.4 },
        n_environments: 6,
    }
}

/// What a loop is made of.
struct World {
    log: InteractionLog,
    sessions: Sessions,
    n_items: usize,
}

impl World {
    fn tables<'a>(&self, vectors: &'a [Vec<f32>; 2], dim: usize, memory: &mut Memory) -> TrainTables<'a> {
        let reward = RewardConfig { unrated: Unrated::Constant { reward: -0.5 }, ..RewardConfig::default() };
        let config =
            EnvironmentConfig { horizon: HORIZON, history_length: WINDOW, reward, ratings: [1.0, 5.0] };
        let source = SessionSource {
            log: &self.log,
            sessions: &self.sessions,
            positive: 4.0,
            catalogue: &ItemSet::full(self.n_items),
            model: None,
        };
        TrainTables {
            dim,
            items: &vectors[0],
            contexts: &vectors[1],
            additive: true,
            environment: EnvironmentTables::new(config, source, memory).expect("the loop has a meaning"),
        }
    }
}

/// First parameters of sensible size, the position weights 1.
fn parameters(config: &TrainConfig, dim: usize) -> [Vec<f32>; 2] {
    let shapes = config.shapes(dim, WINDOW);
    let actor = numbers(shapes.actor.end(), 21).iter().map(|value| 0.4 * value).collect();
    let mut critic: Vec<f32> =
        numbers(shapes.position_weights.end, 22).iter().map(|value| 0.4 * value).collect();
    critic[shapes.position_weights].fill(1.0);
    [actor, critic]
}

#[test]
fn steps_and_updates_equal_those_written_out_on_the_cpu() {
    for (tells_item, base_is_user) in [(true, true), (false, false), (false, true)] {
        let log = log();
        let sessions = sessions(&log);
        let n_items = log.n_items();
        let world = World { sessions, n_items, log };
        let vectors = [numbers(n_items * DIM, 11), numbers(world.sessions.n_contexts() * DIM, 12)];
        let config = config(tells_item, base_is_user);
        let mut memory = Memory::default();
        let tables = world.tables(&vectors, DIM, &mut memory);
        let first = parameters(&config, DIM);
        let seeds = Seeds(3);
        let train = TrainLoop::new(&config, &tables, first.clone(), seeds, &mut memory)
            .expect("the loop has a meaning");
        on_each("train", &memory, |executor| {
            let mut reference = Reference::new(&config, &tables, first.clone());
            executor.run(&train.begin, 1).expect("the loop has a meaning");
            for _ in 0..3 {
                for _ in 0..3 {
                    reference.check_collect(&train, seeds, executor);
                }
                reference.check_update(&train, executor);
            }
            let metrics = train.metrics(executor).expect("the loop has a meaning");
            assert_eq!(metrics.counters.steps, 9 * 6);
            assert_eq!((metrics.counters.samples, metrics.counters.updates), (3, [3, 3, 0]));
            assert_eq!(metrics.counters.length, 50);
        });
    }
}

/// Users who like what points their way: four stars and more where the product is positive.
fn taste(n_users: usize, n_items: usize) -> (World, [Vec<f32>; 2]) {
    let (users, items) = (numbers(n_users * DIM, 31), numbers(n_items * DIM, 32));
    let mut rows = Vec::new();
    for user in 0..n_users {
        for item in 0..n_items {
            let pairs = users[user * DIM..][..DIM].iter().zip(&items[item * DIM..][..DIM]);
            let product: f32 = pairs.map(|(left, right)| left * right).sum();
            let rating = (3.0 + 3.0 * product).clamp(1.0, 5.0);
            let (user, item) = (UserIdx::from(user), ItemIdx::from(item));
            rows.push(Interaction { user, item, rating, timestamp: i64::from(item.0) });
        }
    }
    let log = InteractionLog::new(n_users, n_items, &rows).expect("the loop has a meaning");
    let start = SessionStart::First { count: 1 };
    let sessions =
        Sessions::new(&log, &start, 4.0, &mut Seeds(1).stream("cuts")).expect("the loop has a meaning");
    (World { log, sessions, n_items }, [items, users])
}

#[test]
fn it_learns_what_users_like() {
    let (world, vectors) = taste(6, 60);
    let optimizer = OptimizerConfig { learning_rate: 5e-3, l2: 0.0, max_gradient_norm: 1.0 };
    let config = TrainConfig {
        actor_hidden: [24, 24],
        critic_hidden: [24, 24],
        scale: 1.0,
        discount: 0.3,
        batch_size: 32,
        n_environments: 8,
        actor_optimizer: optimizer,
        critic_optimizer: optimizer,
        replay: ReplayConfig::prioritized(1024, 300),
        exploration: Exploration { epsilon_start: 1.0, epsilon_end: 0.0, decay_steps: 1600, noise: 0.7 },
        ..config(true, false)
    };
    let mut memory = Memory::default();
    let tables = world.tables(&vectors, DIM, &mut memory);
    let mut first = parameters(&config, DIM);
    first[0].iter_mut().for_each(|value| *value *= 0.5);
    let train =
        TrainLoop::new(&config, &tables, first, Seeds(4), &mut memory).expect("the loop has a meaning");
    in_one_order("train, learning", &memory, |executor| {
        executor.run(&train.begin, 1).expect("the loop has a meaning");
        let mean = |executor: &mut dyn Executor, n: u32, n_updates: usize| {
            let before = train.metrics(executor).expect("the loop has a meaning");
            executor.run(&train.round(1, n_updates), n).expect("the loop has a meaning");
            let after = train.metrics(executor).expect("the loop has a meaning");
            let steps = (after.counters.steps - before.counters.steps) as f64;
            (after.reward_sum - before.reward_sum) / steps
        };
        let untrained = mean(executor, 20, 0);
        mean(executor, 300, 1);
        let trained = mean(executor, 20, 0);
        println!("reward per step: {untrained:.3} untrained, {trained:.3} trained");
        assert!(trained > untrained + 0.2, "{untrained} {trained}");
    });
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let (world, vectors) = taste(6, 60);
    let mut memory = Memory::default();
    let tables = world.tables(&vectors, DIM, &mut memory);
    let refused = |config: &TrainConfig, parameters, memory: &mut Memory| {
        let made = TrainLoop::new(config, &tables, parameters, Seeds(1), memory);
        made.err().map(|error| error.to_string())
    };
    let names = |refusal: Option<String>, what: &str| {
        assert!(refusal.as_ref().is_some_and(|text| text.contains(what)), "{what}: {refusal:?}");
    };
    let good = config(true, true);
    let first = parameters(&good, DIM);
    assert_eq!(refused(&good, first.clone(), &mut memory), None);
    let no_batch = TrainConfig { batch_size: 0, ..good.clone() };
    names(refused(&no_batch, first.clone(), &mut memory), "give at least one of each");
    let small = TrainConfig { replay: ReplayConfig::prioritized(5, 10), ..good.clone() };
    names(refused(&small, first.clone(), &mut memory), "must hold one step of all environments");
    let cut = [first[0].clone(), vec![0.0; 3]];
    names(refused(&good, cut, &mut memory), "parameters of 3 is beyond the kernels");
}
