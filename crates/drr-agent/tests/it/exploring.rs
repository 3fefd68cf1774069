//! Exploring, and what the training says of itself.

use crate::clusters::{
    self, Clusters, HORIZON, ITEMS_PER_CLUSTER, N_CLUSTERS, N_ITEMS, Quiet, Space, config, setup,
};
use drr_agent::{AgentConfig, AgentError, DrrPolicy, ReplayAction, SlateReward, Trainer};
use drr_core::{EmbeddingSpace, EmbeddingTable, ItemSet, Observed, Query, Recommender, RowOrigin, UserIdx};
use drr_core::{Judgement, TrainingHooks};
use drr_learn::{ExplorationConfig, ExplorationKind, LearnError, Schedule, StateFeatures, TrainingTables};
use drr_nn::AdamConfig;
use drr_store::{checkpoint_digest, latest_checkpoint};
use std::sync::Arc;

/// Says always the same of a policy.
struct Pleased;

impl TrainingHooks for Pleased {
    fn validate(
        &mut self,
        _policy: &dyn Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Some(Judgement { score: 0.5, distinct_top10: Some(0.25) }))
    }
}

fn curve(trainer: &Trainer<Clusters>, name: &str) -> Vec<f64> {
    trainer.metrics().records.iter().filter(|it| it.1 == name).map(|it| it.2).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn exploring(kind: ExplorationKind) -> AgentConfig {
    let exploration = ExplorationConfig { kind, ..ExplorationConfig::gaussian(1.0, 0.1, 4000, 0.0) };
    AgentConfig { exploration, replay_action: ReplayAction::Item, n_episodes: 1600, ..config() }
}

/// Boltzmann exploration that cools down.
fn softmax() -> ExplorationKind {
    let temperature = Schedule::Exponential { start: 10.0, end: 0.02, steps: 4000 };
    ExplorationKind::Softmax { n_best: 20, temperature }
}

#[test]
fn exploring_by_items_finds_the_known_optimum_too() {
    for kind in [ExplorationKind::RandomItem {}, softmax()] {
        let config = exploring(kind);
        let mut trainer = clusters::trainer(&config, 1);
        trainer.run(config.n_rounds(), None, &mut Pleased).unwrap();
        let rewards = curve(&trainer, "total_reward");
        let last = mean(&rewards[rewards.len() - 20..]);
        assert!(last > 0.7 * HORIZON as f64, "{kind:?}: {last}");
    }
}

#[test]
fn slates_find_the_known_optimum_too() {
    for slate_reward in [SlateReward::Mean, SlateReward::Dcg] {
        // Sessions of four items: slates of three are followed by one that is short.
        for slate in [2, 3] {
            let config = AgentConfig {
                slate,
                slate_reward,
                n_episodes: 3200,
                ..exploring(ExplorationKind::RandomItem {})
            };
            let mut trainer = clusters::trainer(&config, 1);
            trainer.run(config.n_rounds(), None, &mut Quiet).unwrap();
            let rewards = curve(&trainer, "total_reward");
            let last = mean(&rewards[rewards.len() - 20..]);
            assert!(last > 0.7 * HORIZON as f64, "{slate} {slate_reward:?}: {last}");
            assert!(curve(&trainer, "q_bias").iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn every_schedule_and_every_diagnostic_has_a_value_each_round() {
    let mut config = AgentConfig {
        actor_optimizer_schedule: Some(Schedule::Cosine { start: 1.0, end: 0.1, steps: 20 }),
        validate_every: 6,
        ..exploring(softmax())
    };
    config.exploration.noise_schedule = Some(Schedule::Constant { value: 0.5 });
    let mut trainer = clusters::trainer(&config, 1);
    trainer.run(12, None, &mut Pleased).unwrap();
    for name in [
        "epsilon",
        "noise",
        "temperature",
        "actor_learning_rate",
        "critic_learning_rate",
        "policy_saturated_share",
        "distinct_items",
        "policy_entropy",
        "policy_entropy_share",
        "q_bias",
        "mean_abs_q",
        "collapsed",
    ] {
        let values = curve(&trainer, name);
        assert_eq!(values.len(), 12, "{name}");
        assert!(values.iter().all(|value| value.is_finite()), "{name}: {values:?}");
    }
    let rates = curve(&trainer, "actor_learning_rate");
    assert!(rates[11] < 0.11 * 1e-3 && rates[0] > 0.9e-3, "{rates:?}");
    assert_eq!(curve(&trainer, "distinct_top10"), [0.25; 3], "untrained, after 6 and after 12 rounds");
}

#[test]
fn the_critic_comes_to_predict_the_return_of_sessions() {
    // With a discount of 0 the return that is predicted has no unseen rest: its first reward is all there is.
    let config = AgentConfig { discount: 0.0, ..exploring(ExplorationKind::RandomItem {}) };
    let mut trainer = clusters::trainer(&config, 1);
    trainer.run(config.n_rounds(), None, &mut Pleased).unwrap();
    let bias = curve(&trainer, "q_bias");
    let last = mean(&bias[bias.len() - 30..]);
    assert!(last.abs() < 0.15, "{last}");
    let size = curve(&trainer, "mean_abs_q");
    assert!(size[size.len() - 1] > 0.5 && size[0] < 0.1, "{size:?}");
}

#[test]
fn a_policy_that_says_the_same_to_everyone_has_collapsed() {
    let still = AdamConfig { learning_rate: 0.0, l2: 0.0, max_gradient_norm: 0.0 };
    let mut config = config();
    config.actor_optimizer = still;
    config.action.first_bound = 0.0;
    config.exploration = ExplorationConfig::gaussian(0.0, 0.0, 1, 0.0);
    let mut trainer = clusters::trainer(&config, 1);
    trainer.run(30, None, &mut Pleased).unwrap();
    let collapsed = curve(&trainer, "collapsed");
    assert_eq!((collapsed[0], collapsed[29]), (0.0, 1.0), "{collapsed:?}");
    let sound = exploring(ExplorationKind::RandomItem {});
    let mut trainer = clusters::trainer(&sound, 1);
    trainer.run(sound.n_rounds(), None, &mut Pleased).unwrap();
    assert_eq!(curve(&trainer, "collapsed").last(), Some(&0.0));
}

#[test]
fn a_run_with_schedules_that_was_resumed_ends_with_the_same_checkpoint() {
    let schedule = Some(Schedule::Linear { start: 1.0, end: 0.2, steps: 60 });
    let config = AgentConfig { critic_optimizer_schedule: schedule, ..exploring(softmax()) };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let digest =
        |folder: &std::path::Path| checkpoint_digest(&latest_checkpoint(folder).unwrap().unwrap()).unwrap();
    clusters::trainer(&config, 1).run(20, Some(whole.path()), &mut Quiet).unwrap();
    clusters::trainer(&config, 1).run(10, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = clusters::trainer(&config, 1);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 10);
    resumed.run(20, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(digest(whole.path()), digest(parts.path()));
}

#[test]
fn schedules_out_of_their_range_are_refused_by_their_field() {
    let schedule = Some(Schedule::Constant { value: -1.0 });
    let config = AgentConfig { actor_optimizer_schedule: schedule, ..config() };
    let error = config.check().unwrap_err().to_string();
    assert!(error.contains("actor_optimizer_schedule"), "{error}");
    let proto = AgentConfig { replay_action: ReplayAction::Proto, ..exploring(softmax()) };
    assert!(matches!(proto.check(), Err(AgentError::Learn(LearnError::Settings(_)))));
}

/// Users whose vectors are all alike: their clusters are known from the features alone.
struct Alike(Space);

impl EmbeddingSpace for Alike {
    fn items(&self) -> &EmbeddingTable {
        self.0.items()
    }

    fn fold_in(&self, _history: &[Observed]) -> Vec<f32> {
        vec![1.0; N_CLUSTERS]
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        self.0.origin()
    }
}

impl Alike {
    fn tables(&self) -> TrainingTables {
        let contexts =
            EmbeddingTable::new(N_CLUSTERS, N_CLUSTERS, vec![1.0; N_CLUSTERS * N_CLUSTERS]).unwrap();
        TrainingTables::new(self.items(), &contexts, None, self.origin().clone()).unwrap()
    }

    /// The cluster of each user, one-hot; nothing of the items.
    fn features() -> StateFeatures {
        let users = (0..N_CLUSTERS).flat_map(Space::user).collect();
        let users = EmbeddingTable::new(N_CLUSTERS, N_CLUSTERS, users).unwrap();
        StateFeatures::new(users, EmbeddingTable::new(N_ITEMS, 1, vec![0.0; N_ITEMS]).unwrap())
    }
}

#[test]
fn features_tell_what_the_vectors_do_not_in_training_and_after_loading() {
    let config = AgentConfig { features: true, ..config() };
    let users: Vec<UserIdx> = (0..N_CLUSTERS).map(UserIdx::from).collect();
    let new = |tables: TrainingTables| {
        let environments = vec![Clusters::new(); config.n_environments];
        let space = Arc::new(Alike(Space::new("split")));
        Trainer::new(&config, setup(environments, tables, space, 1))
    };
    let tables = Alike(Space::new("split")).tables();
    assert!(
        matches!(new(tables.clone()), Err(AgentError::Learn(LearnError::Tables(_)))),
        "there are no features"
    );
    assert!(tables.clone().with_features(Alike::features(), users[1..].to_vec()).is_err());
    let mut trainer = new(tables.with_features(Alike::features(), users.clone()).unwrap()).unwrap();
    trainer.run(config.n_rounds(), None, &mut Quiet).unwrap();
    let rewards = curve(&trainer, "total_reward");
    let last = mean(&rewards[rewards.len() - 20..]);
    assert!(last > 0.7 * HORIZON as f64, "{last}");
    let policy = trainer.policy().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    policy.save(&path).unwrap();
    let loaded = DrrPolicy::load(&path, Arc::new(Alike(Space::new("split")))).unwrap();
    let cold = |user| Query { user, history: Vec::new(), allowed: ItemSet::full(N_ITEMS) };
    let queries: Vec<Query> = users.iter().copied().chain([UserIdx(u32::MAX)]).map(cold).collect();
    let lists = loaded.recommend(&queries, 4).unwrap();
    assert_eq!(lists, policy.recommend(&queries, 4).unwrap());
    for (user, list) in users.iter().zip(&lists) {
        let liked = list.iter().filter(|it| it.item.index() / ITEMS_PER_CLUSTER == user.index()).count();
        assert!(liked >= 3, "{user:?}: {list:?}");
    }
    assert_eq!(lists[N_CLUSTERS].len(), 4, "an unknown user is served too");
}
