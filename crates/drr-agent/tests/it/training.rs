//! Training, resuming, saving.

use crate::clusters::{Clusters, HORIZON, ITEMS_PER_CLUSTER, N_ITEMS, Quiet, Space, config, setup, trainer};
use drr_agent::{AgentConfig, AgentError, DrrPolicy, ReplayAction, StateKind, Trainer};
use drr_core::{
    Environment, EnvironmentError, ItemIdx, ItemSet, Observation, Observed, Query, RandomStream, Recommender,
    Step, UserIdx,
};
use drr_core::{Outcome, TrainingHooks};
use drr_learn::LearnError;
use drr_store::{checkpoint_digest, checkpoints, latest_checkpoint};
use std::path::Path;
use std::sync::Arc;

/// Asks to stop from the start.
struct Stop;

impl TrainingHooks for Stop {
    fn should_stop(&self) -> bool {
        true
    }
}

/// The mean total reward of the first and of the last tenth of the rounds.
pub fn first_and_last_reward(trainer: &Trainer<Clusters>) -> (f64, f64) {
    let records = &trainer.metrics().records;
    let rewards: Vec<f64> = records.iter().filter(|it| it.1 == "total_reward").map(|it| it.2).collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let tenth = rewards.len() / 10;
    (mean(&rewards[..tenth]), mean(&rewards[rewards.len() - tenth..]))
}

#[test]
fn it_finds_the_known_optimum_that_its_first_policy_misses() {
    for replay_action in [ReplayAction::Proto, ReplayAction::Item] {
        let config = AgentConfig { replay_action, ..config() };
        let mut trainer = trainer(&config, 1);
        assert_eq!(trainer.run(config.n_rounds(), None, &mut Quiet).unwrap(), Outcome::Finished);
        let (first, last) = first_and_last_reward(&trainer);
        let best = HORIZON as f64;
        assert!(first < 0.4 * best, "{replay_action:?}: {first}");
        assert!(last > 0.75 * best, "{replay_action:?}: {last} of {best}");
    }
}

#[test]
fn every_state_module_learns_and_is_served_as_it_was_trained() {
    for state in StateKind::ALL {
        let config = AgentConfig { state, n_episodes: 1200, ..config() };
        let mut trainer = trainer(&config, 1);
        trainer.run(config.n_rounds(), None, &mut Quiet).unwrap();
        let (first, last) = first_and_last_reward(&trainer);
        assert!(last > 1.3 * first, "{state:?}: {first} {last}");
        let policy = trainer.policy().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.safetensors");
        policy.save(&path).unwrap();
        let loaded = DrrPolicy::load(&path, Arc::new(Space::new("split"))).unwrap();
        let queries = [query(&[]), query(&[3]), query(&[0, 11])];
        let lists = policy.recommend(&queries, 4).unwrap();
        assert!(lists.iter().all(|list| list.len() == 4), "{state:?}");
        assert_eq!(lists, loaded.recommend(&queries, 4).unwrap(), "{state:?}");
    }
}

pub fn final_digest(folder: &Path) -> String {
    checkpoint_digest(&latest_checkpoint(folder).unwrap().unwrap()).unwrap()
}

#[test]
fn a_run_that_was_killed_and_resumed_ends_with_the_same_checkpoint() {
    let config = AgentConfig { n_episodes: 160, ..config() };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trainer(&config, 7).run(20, Some(whole.path()), &mut Quiet).unwrap();
    // Killed after round 12: the last checkpoint is of round 10, and two rounds are lost.
    trainer(&config, 7).run(10, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = trainer(&config, 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 10);
    resumed.run(20, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(final_digest(whole.path()), final_digest(parts.path()));
}

#[test]
fn a_request_to_stop_leaves_a_checkpoint_to_go_on_from() {
    let config = config();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(trainer(&config, 7).run(20, Some(folder.path()), &mut Stop).unwrap(), Outcome::Interrupted);
    assert_eq!(trainer(&config, 7).resume(folder.path()).unwrap(), 1);
}

#[test]
fn one_seed_gives_one_policy_and_another_seed_another() {
    let arrays = |seed| {
        let mut trainer = trainer(&config(), seed);
        trainer.run(12, None, &mut Quiet).unwrap();
        trainer.policy().unwrap().to_arrays().to_vec()
    };
    assert_eq!(arrays(1), arrays(1));
    assert_ne!(arrays(1), arrays(2));
}

#[test]
fn a_checkpoint_of_another_configuration_or_a_damaged_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    trainer(&config, 7).run(5, Some(folder.path()), &mut Quiet).unwrap();
    let other = AgentConfig { discount: 0.1, ..config.clone() };
    let error = trainer(&other, 7).resume(folder.path()).unwrap_err();
    assert!(matches!(&error, AgentError::Learn(LearnError::OtherRun(_))), "{error}");
    let paths = checkpoints(folder.path()).unwrap();
    for (at, path) in paths.iter().enumerate() {
        let path = path.join("state.safetensors");
        let data = std::fs::read(&path).unwrap();
        std::fs::write(&path, &data[..data.len() / 2]).unwrap();
        let resumed = trainer(&config, 7).resume(folder.path());
        if at + 1 < paths.len() {
            assert!(resumed.unwrap() < 5, "it goes on from the one before");
        } else {
            let error = resumed.unwrap_err().to_string();
            assert!(error.contains("state.safetensors") && error.contains("run again"), "{error}");
        }
    }
}

/// An environment whose rewards outgrow single precision.
#[derive(Clone)]
struct Exploding(Clusters);

impl Environment for Exploding {
    fn n_items(&self) -> usize {
        self.0.n_items()
    }

    fn history_length(&self) -> usize {
        self.0.history_length()
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        self.0.reset(random)
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        Ok(Step { reward: 1e30, ..self.0.step(item)? })
    }

    fn candidates(&self) -> &ItemSet {
        self.0.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.0.recommended()
    }
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_with_the_step() {
    let config = config();
    let space = Arc::new(Space::new("split"));
    let tables = space.tables();
    let environments = vec![Exploding(Clusters::new()); config.n_environments];
    let trainer = Trainer::new(&config, setup(environments, tables, space, 1));
    let error = trainer.unwrap().run(300, None, &mut Quiet).unwrap_err().to_string();
    assert!(error.contains("critic's loss is inf") && error.contains("environment step"), "{error}");
}

pub fn query(liked: &[u32]) -> Query {
    let history: Vec<Observed> =
        liked.iter().map(|item| Observed { item: ItemIdx(*item), rating: 5.0, timestamp: 0 }).collect();
    let mut allowed = ItemSet::full(N_ITEMS);
    history.iter().for_each(|it| allowed.remove(it.item));
    Query { user: UserIdx(u32::MAX), history, allowed }
}

#[test]
fn a_loaded_policy_recommends_what_the_saved_one_did_to_users_it_never_saw() {
    let config = config();
    let mut trainer = trainer(&config, 1);
    trainer.run(config.n_rounds(), None, &mut Quiet).unwrap();
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = DrrPolicy::load(&path, Arc::new(Space::new("split"))).unwrap();
    let queries = [query(&[]), query(&[3]), query(&[0, 11])];
    assert_eq!(policy.recommend(&queries, 4).unwrap(), loaded.recommend(&queries, 4).unwrap());
    let lists = loaded.recommend(&queries, 4).unwrap();
    assert!(lists.iter().all(|list| list.len() == 4), "a cold user gets a whole list too");
    let in_cluster = lists[1].iter().filter(|it| it.item.index() / ITEMS_PER_CLUSTER == 0).count();
    assert!(in_cluster >= 3, "the user of item 3 likes its cluster: {:?}", lists[1]);
    let refused = DrrPolicy::load(&path, Arc::new(Space::new("another split")));
    assert!(
        matches!(refused, Err(AgentError::Learn(LearnError::OtherRun(_)))),
        "the space was fitted on other rows"
    );
}
