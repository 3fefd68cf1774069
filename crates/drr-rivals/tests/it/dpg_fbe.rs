//! DPG-FBE at work.

use crate::world::{Quiet, Vectors, finds_what_its_greedy_twin_cannot, trainer};
use drr_core::{ItemIdx, ItemSet, Observed, Query, Recommender, Seeds, UserIdx};
use drr_learn::ExplorationConfig;
use drr_nn::AdamConfig;
use drr_rivals::{DpgFbeConfig, RivalConfig, RivalPolicy, ScheduleConfig, SystemConfig};
use drr_store::{checkpoint_digest, latest_checkpoint};
use std::path::Path;
use std::sync::Arc;

fn config() -> RivalConfig {
    RivalConfig {
        discount: 0.9,
        batch_size: 32,
        optimizer: AdamConfig { learning_rate: 2e-3, l2: 0.0, max_gradient_norm: 1.0 },
        schedule: ScheduleConfig {
            n_environments: 8,
            n_episodes: 2000,
            updates_per_step: 1,
            warmup: 240,
            capacity: 20_000,
            checkpoint_every: 5,
            validate_every: 1000,
        },
        system: SystemConfig::DpgFbe(DpgFbeConfig {
            hidden: 32,
            tau: 0.02,
            actor_learning_rate: 1e-3,
            actor_l2: 3e-4,
            base_scale: 0.0,
            model_updates: 200,
            exploration: ExplorationConfig::gaussian(1.0, 0.2, 40_000, 0.7),
            ends_at_conversion: false,
        }),
    }
}

#[test]
fn it_finds_the_long_term_optimum_that_its_greedy_twin_cannot() {
    finds_what_its_greedy_twin_cannot(&config());
}

#[test]
fn a_run_that_was_killed_and_resumed_ends_with_the_same_checkpoint() {
    let final_digest =
        |folder: &Path| checkpoint_digest(&latest_checkpoint(folder).unwrap().unwrap()).unwrap();
    let config = config();
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trainer(&config, 7).run(14, Some(whole.path()), &mut Quiet).unwrap();
    // Killed after round 12: the last checkpoint is of round 10, and two rounds are lost.
    trainer(&config, 7).run(10, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = trainer(&config, 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 10);
    resumed.run(14, Some(parts.path()), &mut Quiet).unwrap();
    assert!(resumed.n_updates() > 200, "the critic has learned too");
    assert_eq!(final_digest(whole.path()), final_digest(parts.path()));
}

#[test]
fn a_loaded_policy_gives_the_lists_of_the_saved_one() {
    let mut trainer = trainer(&config(), 3);
    trainer.run(12, None, &mut Quiet).unwrap();
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = RivalPolicy::load(&path, Arc::new(Vectors::new(Seeds(3)))).unwrap();
    let query = |liked: &[u32]| {
        let seen = liked.iter().map(|item| Observed { item: ItemIdx(*item), rating: 1.0, timestamp: 0 });
        Query { user: UserIdx(0), history: seen.collect(), allowed: ItemSet::full(80) }
    };
    let queries = [query(&[]), query(&[3]), query(&[0, 11])];
    let lists = policy.recommend(&queries, 4).unwrap();
    assert!(lists.iter().all(|list| list.len() == 4));
    assert_eq!(lists, loaded.recommend(&queries, 4).unwrap());
}
