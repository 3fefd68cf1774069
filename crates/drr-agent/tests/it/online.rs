//! Learning within sessions, and the supervised model beside the agent.

use crate::clusters::{HORIZON, ITEMS_PER_CLUSTER, N_CLUSTERS, N_ITEMS, Quiet, Space, config, trainer};
use drr_agent::{LabelledContext, OnlineAgent, OnlineConfig, RewardModel, RewardModelConfig};
use drr_core::{Feedback, ItemIdx, ItemSet, Observed, Query, Recommender, Seeds, UserIdx};
use drr_nn::AdamConfig;
use std::sync::Arc;

fn liked(cluster: usize) -> Observed {
    Observed { item: ItemIdx::from(cluster * ITEMS_PER_CLUSTER), rating: 5.0, timestamp: 0 }
}

/// Serves one session of a user who likes `cluster`, and returns the recommended items and the last scores.
fn session(agent: &mut dyn Recommender, cluster: usize) -> Vec<(ItemIdx, f32)> {
    let user = UserIdx::from(cluster);
    let mut query = Query { user, history: vec![liked(cluster)], allowed: ItemSet::full(N_ITEMS) };
    query.allowed.remove(liked(cluster).item);
    agent.start_session(user);
    let mut served = Vec::new();
    for _ in 0..HORIZON {
        let best = agent.recommend(std::slice::from_ref(&query), 1).expect("it answers")[0][0];
        let rating = if best.item.index() / ITEMS_PER_CLUSTER == cluster { 5.0 } else { 1.0 };
        agent.observe(Feedback { user, item: best.item, reward: (rating - 3.0) / 2.0 });
        query.history.push(Observed { item: best.item, rating, timestamp: 0 });
        query.allowed.remove(best.item);
        served.push((best.item, best.score));
    }
    served
}

#[test]
fn a_fork_learns_within_its_session_and_the_next_fork_starts_anew() {
    let config = config();
    let mut trainer = trainer(&config, 3);
    trainer.run(20, None, &mut Quiet).unwrap();
    let serve = |updates_per_step| {
        let online = OnlineConfig { updates_per_step, n_rehearsed: 64 };
        let agent = OnlineAgent::of(&trainer, online, Seeds(4)).unwrap();
        let runs: Vec<_> = (0..2).map(|_| session(&mut *agent.fork().unwrap(), 1)).collect();
        assert_eq!(runs[0], runs[1], "parameters are reset before each session");
        runs[0].clone()
    };
    let (frozen, learning) = (serve(0), serve(40));
    assert_eq!(frozen[0], learning[0], "nothing is learned before the first feedback");
    assert_ne!(frozen.last(), learning.last(), "feedback changes the scores");
}

#[test]
fn the_reward_model_learns_which_cluster_a_user_likes() {
    let space = Arc::new(Space::new("split"));
    let contexts: Vec<LabelledContext> = (0..N_CLUSTERS)
        .map(|cluster| LabelledContext {
            observed: vec![liked(cluster)],
            rewards: (0..N_ITEMS)
                .map(|item| {
                    (ItemIdx::from(item), if item / ITEMS_PER_CLUSTER == cluster { 1.0 } else { -1.0 })
                })
                .collect(),
        })
        .collect();
    let config = RewardModelConfig {
        history_length: 3,
        hidden: [16, 16],
        optimizer: AdamConfig { learning_rate: 1e-2, l2: 0.0, max_gradient_norm: 0.0 },
        batch_size: 32,
        n_updates: 300,
        unrated_share: 0.2,
        unrated_reward: -0.5,
    };
    let model = RewardModel::fit(&contexts, space, &config, 4.0, Seeds(5)).unwrap();
    for cluster in 0..N_CLUSTERS {
        let mut allowed = ItemSet::full(N_ITEMS);
        allowed.remove(liked(cluster).item);
        let query = Query { user: UserIdx(9), history: vec![liked(cluster)], allowed };
        let list = &model.recommend(&[query], ITEMS_PER_CLUSTER - 1).unwrap()[0];
        assert!(list.iter().all(|it| it.item.index() / ITEMS_PER_CLUSTER == cluster), "{cluster}: {list:?}");
    }
}
