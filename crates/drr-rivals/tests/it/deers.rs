//! DEERS at work.

use crate::hated;
use crate::world::{self, Quiet, Vectors};
use drr_core::{Observed, Query, Recommender, Seeds, UserIdx};
use drr_nn::AdamConfig;
use drr_rivals::{DeersConfig, RivalConfig, RivalPolicy, ScheduleConfig, SystemConfig};
use drr_store::{checkpoint_digest, latest_checkpoint};
use std::path::Path;
use std::sync::Arc;

fn config() -> RivalConfig {
    RivalConfig {
        discount: 0.9,
        batch_size: 32,
        optimizer: AdamConfig { learning_rate: 0.002, l2: 0.0, max_gradient_norm: 5.0 },
        schedule: ScheduleConfig {
            n_environments: 8,
            n_episodes: 800,
            updates_per_step: 1,
            warmup: 200,
            capacity: 20_000,
            checkpoint_every: 5,
            validate_every: 1000,
        },
        system: SystemConfig::Deers(DeersConfig {
            state_hidden: 16,
            hidden: 32,
            n_candidates: 1000,
            pairwise_weight: 0.1,
            pairwise_margin: 0.5,
            tau: 0.02,
            epsilon: drr_learn::Schedule::Linear { start: 1.0, end: 0.1, steps: 12_000 },
        }),
    }
}

#[test]
fn it_finds_what_its_greedy_twin_cannot() {
    world::finds_what_its_greedy_twin_cannot(&config());
}

#[test]
fn it_learns_from_what_was_disliked_where_nothing_else_tells() {
    let mut config = config();
    config.schedule.n_episodes = 1200;
    hated::finds_it_by_what_was_disliked(&config);
}

fn final_digest(folder: &Path) -> String {
    checkpoint_digest(&latest_checkpoint(folder).unwrap().unwrap()).unwrap()
}

#[test]
fn a_training_that_was_killed_and_resumed_ends_with_the_same_checkpoint() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    world::trainer(&config(), 7).run(10, Some(whole.path()), &mut Quiet).unwrap();
    world::trainer(&config(), 7).run(5, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = world::trainer(&config(), 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 5);
    resumed.run(10, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(final_digest(whole.path()), final_digest(parts.path()));
}

fn query(history: &[(u32, f32)]) -> Query {
    let n_items = 2 * world::SIZES.items_per_kind;
    let observed = |(at, (item, rating)): (usize, &(u32, f32))| Observed {
        item: drr_core::ItemIdx(*item),
        rating: *rating,
        timestamp: at as i64,
    };
    let history = history.iter().enumerate().map(observed).collect();
    Query { user: UserIdx(0), history, allowed: drr_core::ItemSet::full(n_items) }
}

#[test]
fn a_saved_and_loaded_policy_gives_the_same_lists() {
    let mut trainer = world::trainer(&config(), 3);
    trainer.run(5, None, &mut Quiet).unwrap();
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = RivalPolicy::load(&path, Arc::new(Vectors::new(Seeds(3)))).unwrap();
    let queries = [query(&[]), query(&[(3, 1.0)]), query(&[(0, 1.0), (11, -1.0)])];
    let lists = policy.recommend(&queries, 6).unwrap();
    assert!(lists.iter().all(|list| list.len() == 6));
    assert_eq!(lists, loaded.recommend(&queries, 6).unwrap());
    assert_ne!(lists[1], lists[2]);
}
