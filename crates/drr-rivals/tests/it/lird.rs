//! LIRD at work.

use crate::world::{self, Quiet, SIZES, Vectors};
use drr_core::Outcome;
use drr_core::{Environment, ItemIdx, ItemSet, Observed, Query, Recommender, Seeds, UserIdx};
use drr_env::long_term::{LongTermConfig, LongTermEnvironment};
use drr_learn::TrainingSetup;
use drr_nn::AdamConfig;
use drr_rivals::{LirdConfig, RivalConfig, RivalPolicy, RivalTrainer, ScheduleConfig, SystemConfig};
use drr_store::{checkpoint_digest, latest_checkpoint};
use std::path::Path;
use std::sync::Arc;

fn config(slate: usize, position_discount: f64) -> RivalConfig {
    RivalConfig {
        discount: 0.9,
        batch_size: 32,
        optimizer: AdamConfig { learning_rate: 0.002, l2: 0.0, max_gradient_norm: 5.0 },
        schedule: ScheduleConfig {
            n_environments: 8,
            n_episodes: 1200,
            updates_per_step: 1,
            warmup: 200,
            capacity: 20_000,
            checkpoint_every: 5,
            validate_every: 1000,
        },
        system: SystemConfig::Lird(LirdConfig {
            slate,
            position_discount,
            hidden: 48,
            actor_learning_rate: 0.0005,
            n_candidates: 1000,
            tau: 0.02,
            noise: 1.5,
            epsilon: drr_learn::Schedule::Linear { start: 1.0, end: 0.2, steps: 24_000 },
            simulator: None,
        }),
    }
}

#[test]
fn one_item_at_a_time_it_finds_what_its_greedy_twin_cannot() {
    world::finds_what_its_greedy_twin_cannot(&config(1, 1.0));
}

/// A mood that moves slowly: within a list of two, a sweet first is always worth more to one who sees no further.
const SLOW: LongTermConfig = LongTermConfig { history_length: 12, ..SIZES };

fn slow() -> LongTermEnvironment {
    LongTermEnvironment::new(SLOW).expect("the sizes are usable")
}

fn trainer(config: &RivalConfig, seed: u64) -> RivalTrainer<LongTermEnvironment> {
    let vectors = Arc::new(Vectors::new(Seeds(seed)));
    let environments = vec![slow(); config.schedule.n_environments];
    RivalTrainer::new(
        config,
        TrainingSetup {
            name: "lird".to_owned(),
            environments,
            horizon: SLOW.horizon,
            world: vectors.world(),
            space: vectors,
            positive_rating: 0.0,
            seeds: Seeds(seed),
        },
    )
    .expect("the parts fit")
}

/// The return of one session that is served in lists of `slate`, undiscounted.
fn return_of(recommender: &dyn Recommender, slate: usize) -> f64 {
    let mut world = slow();
    world.reset(&mut Seeds(0).stream("unused")).expect("there is a user");
    let (mut history, mut total) = (Vec::new(), 0.0);
    loop {
        let allowed = world.candidates().clone();
        let query = Query { user: UserIdx(0), history: history.clone(), allowed };
        for scored in &recommender.recommend(&[query], slate).expect("it answers")[0] {
            let step = world.step(scored.item).expect("it is a candidate");
            total += f64::from(step.reward);
            let timestamp = history.len() as i64;
            history.push(Observed { item: scored.item, rating: step.reward, timestamp });
            if step.terminated || step.truncated {
                return total;
            }
        }
    }
}

/// What follows from the rewards: with the worst mood, two sweets earn `.1 + .7 * .1 = .17`, a vegetable and a sweet
/// `.04 + .7 * .175 = .1625`. A better mood is worth more to sweets. So lists of two sweets have the greatest reward in
/// every state.
#[test]
fn a_list_at_a_time_it_finds_what_its_greedy_twin_cannot() {
    let config = config(2, 0.7);
    // The agent sees no clock, so the best policy without one is what it can come near. It does not reach it, since its own
    // criterion counts the second items less.
    let best = f64::from(slow().discounted_return(0.9_f64.sqrt()));
    let greedy = f64::from(slow().greedy_return());
    let trained = |config: &RivalConfig, seed| {
        let mut trainer = trainer(config, seed);
        assert_eq!(trainer.run(config.n_rounds(), None, &mut Quiet).unwrap(), Outcome::Finished);
        return_of(&trainer.policy().unwrap(), 2)
    };
    let twin = RivalConfig { discount: 0.0, ..config.clone() };
    for seed in [1, 2] {
        let (far, near) = (trained(&config, seed), trained(&twin, seed));
        assert!(far > 0.8 * best, "seed {seed}: {far} of {best}, greedy {greedy}");
        assert!(near < 0.55 * best, "seed {seed}: the twin has {near}, greedy {greedy}");
    }
}

fn final_digest(folder: &Path) -> String {
    let latest = latest_checkpoint(folder).expect("the folder can be read").expect("there is a checkpoint");
    checkpoint_digest(&latest).expect("it can be read")
}

/// Lists of four do not divide the 30 steps of a session: the last one is cut short.
#[test]
fn a_training_that_was_killed_and_resumed_ends_with_the_same_checkpoint() {
    let config = config(4, 0.9);
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trainer(&config, 7).run(20, Some(whole.path()), &mut Quiet).unwrap();
    // Killed after round 12: the last checkpoint is of round 10, and two rounds are lost.
    trainer(&config, 7).run(10, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = trainer(&config, 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 10);
    resumed.run(20, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(final_digest(whole.path()), final_digest(parts.path()));
    assert!(resumed.n_updates() > 0);
}

fn query(history: &[u32]) -> Query {
    let observed =
        |(at, item): (usize, &u32)| Observed { item: ItemIdx(*item), rating: 1.0, timestamp: at as i64 };
    let mut allowed = ItemSet::full(2 * SIZES.items_per_kind);
    history.iter().for_each(|item| allowed.remove(ItemIdx(*item)));
    Query { user: UserIdx(0), history: history.iter().enumerate().map(observed).collect(), allowed }
}

#[test]
fn a_saved_and_loaded_policy_gives_the_same_lists_down_to_a_length_beyond_its_own() {
    let mut trainer = trainer(&config(3, 0.9), 3);
    trainer.run(8, None, &mut Quiet).unwrap();
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = RivalPolicy::load(&path, Arc::new(Vectors::new(Seeds(3)))).unwrap();
    let queries = [query(&[]), query(&[3]), query(&[0, 11])];
    let lists = policy.recommend(&queries, 10).unwrap();
    assert_eq!(lists, loaded.recommend(&queries, 10).unwrap());
    for (list, query) in lists.iter().zip(&queries) {
        assert!(list.len() == 10 && list.iter().all(|it| query.allowed.contains(it.item)));
        assert!(list.windows(2).all(|pair| pair[0].score > pair[1].score && pair[0].item != pair[1].item));
    }
    let shorter = policy.recommend(&queries, 4).unwrap();
    let items = |list: &[drr_core::ScoredItem]| list.iter().map(|it| it.item).collect::<Vec<_>>();
    assert_eq!(items(&shorter[1]), items(&lists[1][..4]));
}
