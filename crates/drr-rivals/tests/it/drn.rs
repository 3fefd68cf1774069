//! DRN at work.

use crate::world::{Quiet, SIZES, Vectors, finds_what_its_greedy_twin_cannot, trainer};
use drr_core::{ContextIdx, ItemIdx, ItemSet, Observed, Query, Recommender, Seeds, UserIdx};
use drr_env::long_term::LongTermEnvironment;
use drr_learn::TrainingSetup;
use drr_nn::AdamConfig;
use drr_rivals::{
    ActivenessConfig, DrnConfig, ReturnTimes, RivalConfig, RivalPolicy, RivalTrainer, ScheduleConfig,
    SystemConfig,
};
use drr_store::{checkpoint_digest, latest_checkpoint};
use std::path::Path;
use std::sync::Arc;

fn drn() -> DrnConfig {
    DrnConfig {
        hidden: 32,
        target_every: 50,
        n_candidates: 80,
        major_every: 1,
        slate: 1,
        explore: 0.1,
        exploit: 0.05,
        list_length: 10,
        rank_exponent: 3.0,
        random_steps: 9_000,
        activeness: None,
    }
}

fn config(system: DrnConfig) -> RivalConfig {
    RivalConfig {
        discount: 0.9,
        batch_size: 64,
        optimizer: AdamConfig { learning_rate: 1e-3, l2: 0.0, max_gradient_norm: 10.0 },
        schedule: ScheduleConfig {
            n_environments: 10,
            n_episodes: 600,
            updates_per_step: 2,
            warmup: 200,
            capacity: 20_000,
            checkpoint_every: 2,
            validate_every: 1_000,
        },
        system: SystemConfig::Drn(system),
    }
}

fn query() -> Query {
    let history = vec![Observed { item: ItemIdx(3), rating: 0.4, timestamp: 0 }];
    Query { user: UserIdx(0), history, allowed: ItemSet::full(2 * SIZES.items_per_kind) }
}

#[test]
fn it_finds_what_its_greedy_twin_cannot() {
    finds_what_its_greedy_twin_cannot(&config(drn()));
}

/// A training that explores from the start, with slates of three and a subset of candidates.
fn slates() -> RivalConfig {
    config(DrnConfig { slate: 3, random_steps: 600, n_candidates: 30, major_every: 2, ..drn() })
}

fn digest(folder: &Path) -> String {
    checkpoint_digest(&latest_checkpoint(folder).unwrap().unwrap()).unwrap()
}

#[test]
fn a_drn_that_was_killed_and_resumed_ends_with_the_same_checkpoint() {
    let config = slates();
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trainer(&config, 7).run(6, Some(whole.path()), &mut Quiet).unwrap();
    trainer(&config, 7).run(4, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = trainer(&config, 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 4);
    resumed.run(6, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(digest(whole.path()), digest(parts.path()));
}

#[test]
fn a_loaded_drn_gives_the_lists_of_the_saved_one() {
    let mut trainer = trainer(&slates(), 1);
    trainer.run(4, None, &mut Quiet).unwrap();
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = RivalPolicy::load(&path, Arc::new(Vectors::new(Seeds(1)))).unwrap();
    let lists = policy.recommend(&[query()], 10).unwrap();
    assert_eq!(lists[0].len(), 10);
    assert_eq!(lists, loaded.recommend(&[query()], 10).unwrap());
}

/// Users who are pleased by vegetables come back within the hour, and for sweets after four days.
#[derive(Debug)]
struct SoonerWhenPleased;

impl ReturnTimes for SoonerWhenPleased {
    fn hours_until(&self, _context: ContextIdx, item: ItemIdx) -> Option<f64> {
        Some(if LongTermEnvironment::is_vegetable(item) { 1.0 } else { 96.0 })
    }
}

#[test]
fn activeness_turns_it_to_the_items_that_users_come_back_for() {
    let activeness = ActivenessConfig {
        weight: 2.0,
        decay_per_hour: 0.0432,
        initial: 0.5,
        rise: 0.32,
        window_hours: 168.0,
    };
    let shared_vegetables = |activeness: Option<ActivenessConfig>| {
        let system = DrnConfig { activeness, random_steps: 3_000, ..drn() };
        let config = RivalConfig { discount: 0.0, ..config(system) };
        let vectors = Arc::new(Vectors::new(Seeds(1)));
        let world = vectors.world().with_returns(Arc::new(SoonerWhenPleased));
        let environments = vec![LongTermEnvironment::new(SIZES).unwrap(); config.schedule.n_environments];
        let mut trainer = RivalTrainer::new(
            &config,
            TrainingSetup {
                name: "drn".to_owned(),
                environments,
                horizon: SIZES.horizon,
                world,
                space: vectors,
                positive_rating: 0.0,
                seeds: Seeds(1),
            },
        )
        .unwrap();
        trainer.run(20, None, &mut Quiet).unwrap();
        let list = trainer.policy().unwrap().recommend(&[query()], 10).unwrap().remove(0);
        list.iter().filter(|it| LongTermEnvironment::is_vegetable(it.item)).count()
    };
    assert_eq!(shared_vegetables(None), 0);
    assert_eq!(shared_vegetables(Some(activeness)), 10);
}

#[test]
fn activeness_without_return_times_is_refused() {
    let activeness = ActivenessConfig {
        weight: 1.0,
        decay_per_hour: 0.0432,
        initial: 0.5,
        rise: 0.32,
        window_hours: 168.0,
    };
    let config = config(DrnConfig { activeness: Some(activeness), ..drn() });
    assert!(config.needs_return_times());
    let vectors = Arc::new(Vectors::new(Seeds(1)));
    let environments = vec![LongTermEnvironment::new(SIZES).unwrap(); config.schedule.n_environments];
    let made = RivalTrainer::new(
        &config,
        TrainingSetup {
            name: "drn".to_owned(),
            environments,
            horizon: SIZES.horizon,
            world: vectors.world(),
            space: vectors,
            positive_rating: 0.0,
            seeds: Seeds(1),
        },
    )
    .map(|_| ());
    assert!(made.unwrap_err().to_string().contains("return times"));
}
