//! What is measured: each a closure that does one piece of work, on random numbers from a fixed seed.

use super::UpdateSetting;
use anyhow::{Result, anyhow};
use drr_agent::{ComposedScoring, UpdateBench, random_transition};
use drr_core::{
    Categories, ContextIdx, Environment, Interaction, InteractionLog, ItemIdx, ItemSet, Seeds, UserIdx,
};
use drr_env::worlds::{Dynamics, Known, Population, SessionWorld};
use drr_env::{
    LoggedConfig, LoggedEnvironment, RatingScale, RewardConfig, RewardScale, SessionStart, Sessions, Unrated,
};
use drr_index::{Index, IndexConfig};
use drr_kernels::{Panels, TopK};
use drr_replay::{Batch, Replay, ReplayConfig, Sizes};
use rand::Rng;
use std::sync::Arc;

/// One call of a piece of work.
pub type Run = Box<dyn FnMut() -> Result<()>>;

/// A piece of work, made when it is wanted: some need a gigabyte.
pub struct Work {
    /// What `--only` looks for.
    pub name: &'static str,
    /// What is done, in words.
    pub what: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// How many of them one call does.
    pub per_call: f64,
    /// Multiplications and additions of one call, counted by hand from the shapes; 0 where memory is what counts.
    pub flops: f64,
    /// Bytes that one call must at least move; 0 where arithmetic is what counts.
    pub bytes: f64,
    /// Makes the closure.
    pub make: fn() -> Result<Run>,
}

/// Items of MovieLens 1M.
const N_ITEMS: usize = 3706;
/// The vectors' dimension.
const DIM: usize = 100;

/// All there is, in the order in which it is measured.
pub const ALL: [Work; 17] = [
    update("update_32", "DRR update, batch 32, with replay", 32.0, || updates(32, UpdateBench::step)),
    update("update_64", "DRR update, batch 64, with replay", 64.0, || updates(64, UpdateBench::step)),
    update("update_256", "DRR update, batch 256, with replay", 256.0, || updates(256, UpdateBench::step)),
    update("learn_32", "DRR update, batch 32, without replay", 32.0, || updates(32, UpdateBench::learn)),
    Work {
        name: "act_64",
        what: "acting: state, actor, best of 3,706 items, 64 users",
        unit: "actions",
        per_call: 64.0,
        flops: 64.0 * 2.0 * (ACTOR_WEIGHTS + (N_ITEMS * DIM) as f64),
        bytes: 0.0,
        make: || {
            let mut bench = update_bench(64)?;
            Ok(Box::new(move || Ok(bench.act().map(drop)?)))
        },
    },
    scoring("top_10", "masked scores and top 10, 512 actions x 3,706 items", 512.0, N_ITEMS, || {
        search(512, N_ITEMS)
    }),
    scoring("top_10_tensors", "the same by a matrix of scores and a sort, in Candle", 512.0, N_ITEMS, || {
        composed(512, N_ITEMS, |scoring| scoring.top(10).map(drop))
    }),
    scoring("product", "the matrix of scores alone, in Candle", 512.0, N_ITEMS, || {
        composed(512, N_ITEMS, |scoring| scoring.product().map(drop))
    }),
    scoring(
        "top_10_million",
        "masked scores and top 10, 64 actions x 1,000,000 items",
        64.0,
        1_000_000,
        || search(64, 1_000_000),
    ),
    scoring("index", "top 10 of 50,000 items by the approximate index, one action", 1.0, 0, || {
        let (items, actions) = (clustered("items", INDEXED), clustered("actions", 64));
        let index = build_index(&items)?;
        let mut nth = 0;
        Ok(Box::new(move || {
            nth = (nth + 1) % 64;
            index.search(&actions[nth * DIM..][..DIM], 10, |_| true)?;
            Ok(())
        }))
    }),
    scoring("index_exact", "the same by the exact search", 1.0, INDEXED, || {
        let (items, actions) = (clustered("items", INDEXED), clustered("actions", 64));
        let (mut search, mut nth) = (TopK::new(10), 0);
        Ok(Box::new(move || {
            nth = (nth + 1) % 64;
            search.search(&items, &Panels::from_rows(&actions[nth * DIM..][..DIM], DIM), |_, _| true);
            Ok(())
        }))
    }),
    replay("replay_push", "replay of 1,000,000: push", push),
    replay("replay_tree", "replay of 1,000,000: sample 32, update 32", sample_and_update),
    replay("replay_uniform", "replay of 1,000,000, uniform: sample 32", sample_uniform),
    Work {
        name: "environment",
        what: "logged environment: reset and 10 steps, one user",
        unit: "steps",
        per_call: 10.0,
        flops: 0.0,
        bytes: 0.0,
        make: steps,
    },
    Work {
        name: "session_world",
        what: "long session: reset and 30 steps of a user with a memory, 1,300 candidates, 18 categories",
        unit: "steps",
        per_call: 30.0,
        flops: 0.0,
        bytes: 0.0,
        make: session_steps,
    },
    Work {
        name: "roofline_copy",
        what: "a copy of 256 MiB on one thread: read and written",
        unit: "bytes",
        per_call: 2.0 * COPIED as f64,
        flops: 0.0,
        bytes: 2.0 * COPIED as f64,
        make: copy,
    },
];

/// The work of this name.
pub fn named(name: &str) -> Option<&'static Work> {
    ALL.iter().find(|it| it.name == name)
}

const COPIED: usize = 256 << 20;
/// Weights of the actor 300-128-128-100.
const ACTOR_WEIGHTS: f64 = (300 * 128 + 128 * 128 + 128 * 100) as f64;
/// Weights of the critic 300-128, 228-128, 128-1.
const CRITIC_WEIGHTS: f64 = (300 * 128 + 228 * 128 + 128) as f64;
/// Passes over each in one update: targets; forward, gradient of weights and of inputs; for the actor's loss once more
/// through the critic and back.
const UPDATE_FLOPS: f64 = 2.0 * (4.0 * ACTOR_WEIGHTS + 6.0 * CRITIC_WEIGHTS);

const fn update(name: &'static str, what: &'static str, batch: f64, make: fn() -> Result<Run>) -> Work {
    Work { name, what, unit: "updates", per_call: 1.0, flops: batch * UPDATE_FLOPS, bytes: 0.0, make }
}

const fn scoring(
    name: &'static str,
    what: &'static str,
    n_actions: f64,
    n_items: usize,
    make: fn() -> Result<Run>,
) -> Work {
    let flops = 2.0 * n_actions * (n_items * DIM) as f64;
    Work { name, what, unit: "actions", per_call: n_actions, flops, bytes: 0.0, make }
}

const fn replay(name: &'static str, what: &'static str, make: fn() -> Result<Run>) -> Work {
    Work { name, what, unit: "calls", per_call: 1.0, flops: 0.0, bytes: 0.0, make }
}

/// A learner with a batch of `batch_size`.
pub fn update_bench(batch_size: usize) -> Result<UpdateBench> {
    let setting = UpdateSetting::load(batch_size)?;
    Ok(UpdateBench::new(&setting.agent, setting.sizes, 1)?)
}

fn updates(
    batch_size: usize,
    update: fn(&mut UpdateBench) -> Result<(), drr_agent::AgentError>,
) -> Result<Run> {
    let mut bench = update_bench(batch_size)?;
    Ok(Box::new(move || Ok(update(&mut bench)?)))
}

fn vectors(name: &str, n: usize) -> Vec<f32> {
    let mut random = Seeds(1).stream(name);
    (0..n * DIM).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// Every seventh item is not allowed.
fn search(n_actions: usize, n_items: usize) -> Result<Run> {
    let items = vectors("items", n_items);
    let actions = Panels::from_rows(&vectors("actions", n_actions), DIM);
    let mut search = TopK::new(10);
    Ok(Box::new(move || {
        search.search(&items, &actions, |row, item| !(item as usize + row).is_multiple_of(7));
        Ok(())
    }))
}

/// Items of the approximate index.
const INDEXED: usize = 50_000;

/// Vectors around some centres, of unequal lengths: an index of vectors without any order would be of no use to anybody.
fn clustered(name: &str, n: usize) -> Vec<f32> {
    let mut random = Seeds(2).stream("centres");
    let centres: Vec<f32> = (0..200 * DIM).map(|_| random.random_range(-1.0..1.0)).collect();
    let mut random = Seeds(2).stream(name);
    let mut vector = || -> Vec<f32> {
        let (centre, length) = (random.random_range(0..200), random.random_range(0.2..3.0_f32));
        let centre = &centres[centre * DIM..][..DIM];
        centre.iter().map(|it| length * (it + random.random_range(-0.5..0.5))).collect()
    };
    (0..n).flat_map(|_| vector()).collect()
}

fn build_index(items: &[f32]) -> Result<Index> {
    Ok(Index::build(items, DIM, IndexConfig { parallel: true, ..IndexConfig::default() })?)
}

/// The share of the exact top 10 that the approximate index finds.
pub fn index_recall() -> Result<f64> {
    let (items, actions) = (clustered("items", INDEXED), clustered("actions", 200));
    let (index, mut exact) = (build_index(&items)?, TopK::new(10));
    exact.search(&items, &Panels::from_rows(&actions, DIM), |_, _| true);
    let mut n_found = 0;
    for (row, action) in actions.chunks_exact(DIM).enumerate() {
        let found = index.search(action, 10, |_| true)?;
        let best = exact.best(row).map_err(|bad| anyhow!("the score of item {} is not finite", bad.item))?;
        n_found += best.filter(|best| found.iter().any(|(item, _)| *item == best.item)).count();
    }
    Ok(n_found as f64 / 2000.0)
}

fn composed(
    n_actions: usize,
    n_items: usize,
    work: fn(&ComposedScoring) -> Result<(), drr_agent::AgentError>,
) -> Result<Run> {
    let scoring = ComposedScoring::new(&vectors("items", n_items), &vectors("actions", n_actions), DIM)?;
    Ok(Box::new(move || Ok(work(&scoring)?)))
}

/// A full replay of a million transitions. Actions are short here: what is measured is finding, not copying, and a
/// replay of long ones would take gigabytes.
fn full_replay(config: ReplayConfig) -> Result<(Replay, drr_core::RandomStream)> {
    let mut sizes = UpdateSetting::load(32)?.sizes;
    sizes.dim = 8;
    let mut random = Seeds(1).stream("replay");
    let mut replay = Replay::new(
        &config,
        Sizes { history_length: sizes.history_length, action_dim: sizes.dim, max_recommended: 10 },
    )?;
    for _ in 0..config.capacity {
        replay.push(&random_transition(sizes, &mut random))?;
    }
    Ok((replay, random))
}

const CAPACITY: usize = 1_000_000;

fn push() -> Result<Run> {
    let (mut replay, mut random) = full_replay(ReplayConfig::prioritized(CAPACITY, 100_000))?;
    let mut sizes = UpdateSetting::load(32)?.sizes;
    sizes.dim = 8;
    let transition = random_transition(sizes, &mut random);
    Ok(Box::new(move || Ok(replay.push(&transition)?)))
}

fn sample_and_update() -> Result<Run> {
    let (mut replay, mut random) = full_replay(ReplayConfig::prioritized(CAPACITY, 100_000))?;
    let errors: Vec<f32> = (0..32).map(|_| random.random_range(-2.0..2.0)).collect();
    let mut batch = Batch::default();
    Ok(Box::new(move || {
        replay.sample_into(32, &mut random, &mut batch)?;
        Ok(replay.update_priorities(&batch.slots, &errors)?)
    }))
}

fn sample_uniform() -> Result<Run> {
    let config = ReplayConfig { capacity: CAPACITY, sampling: drr_replay::ReplayKind::Uniform {} };
    let (mut replay, mut random) = full_replay(config)?;
    let mut batch = Batch::default();
    Ok(Box::new(move || Ok(replay.sample_into(32, &mut random, &mut batch)?)))
}

/// Sessions of users with 165 ratings each, as MovieLens 1M has them in the mean.
fn steps() -> Result<Run> {
    let (n_users, per_user) = (2000, 165);
    let mut random = Seeds(1).stream("environment");
    let mut rows = Vec::with_capacity(n_users * per_user);
    for user in 0..n_users {
        for (at, item) in rand::seq::index::sample(&mut random, N_ITEMS, per_user).into_iter().enumerate() {
            rows.push(Interaction {
                user: UserIdx::from(user),
                item: ItemIdx::from(item),
                rating: random.random_range(1..=5_u8).into(),
                timestamp: at as i64,
            });
        }
    }
    let log = InteractionLog::new(n_users, N_ITEMS, &rows)?;
    let sessions = Sessions::new(&log, &SessionStart::First { count: 10 }, 4.0, &mut random)?;
    let config = LoggedConfig {
        horizon: 10,
        history_length: 10,
        reward: RewardConfig { scale: RewardScale::Centred, unrated: Unrated::Constant { reward: -0.5 } },
        rating_scale: RatingScale::STARS,
    };
    let mut environment = LoggedEnvironment::new(Arc::new(sessions), config, ItemSet::full(N_ITEMS), None)?;
    let mut nth = 0;
    Ok(Box::new(move || {
        nth += 1;
        environment.reset_to(ContextIdx::from(nth % n_users));
        let mut item = nth * 37 % N_ITEMS;
        for _ in 0..10 {
            item = (item + 101) % N_ITEMS;
            while !environment.candidates().contains(ItemIdx::from(item)) {
                item = (item + 1) % N_ITEMS;
            }
            environment.step(ItemIdx::from(item))?;
        }
        Ok(())
    }))
}

/// Sessions of the size that MovieLens 1M has, with users who stay to the end.
fn session_steps() -> Result<Run> {
    let (n_users, n_items, n_categories) = (500, 1300, 18_u16);
    let mut random = Seeds(1).stream("session world");
    let of_items: Vec<Vec<u16>> = (0..n_items)
        .map(|_| (0..random.random_range(1..=3)).map(|_| random.random_range(0..n_categories)).collect())
        .collect();
    let categories = Categories::new(usize::from(n_categories), &of_items)
        .map_err(|item| anyhow!("item {} has a category beyond the last", item.0))?;
    let categories = Arc::new(categories);
    let mut population =
        Population::new(ItemSet::full(n_items), Arc::clone(&categories), RatingScale::STARS, 4.0)?;
    for user in 0..n_users {
        let rated: Vec<ItemIdx> = (0..50).map(|_| ItemIdx::from(random.random_range(0..n_items))).collect();
        population.push(Known {
            user: UserIdx::from(user),
            known: Vec::new(),
            ratings: (0..n_items).map(|_| random.random_range(1.0..5.0)).collect(),
            category_shares: Population::category_shares(&categories, &rated),
        })?;
    }
    let dynamics = Dynamics { hazard: 0.0, impatience: 0.0, ..Dynamics::growing_taste() };
    let mut world = SessionWorld::new(&Arc::new(population), dynamics, 10)?;
    let leaving = Seeds(2).stream("leaving");
    let mut nth = 0;
    Ok(Box::new(move || {
        nth += 1;
        world.reset_to(ContextIdx::from(nth % n_users), leaving.clone());
        let first = nth * 37 % n_items;
        for step in 0..dynamics.horizon {
            world.step(ItemIdx::from((first + step * 41) % n_items))?;
        }
        Ok(())
    }))
}

fn copy() -> Result<Run> {
    let (from, mut to) = (vec![1_u8; COPIED], vec![0_u8; COPIED]);
    Ok(Box::new(move || {
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&to);
        Ok(())
    }))
}
