//! The targets, by hand.

use super::*;
use crate::{RivalConfig, ScheduleConfig, SystemConfig};

fn table() -> EmbeddingTable {
    EmbeddingTable::new(4, 2, vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0, -1.0, 0.5]).unwrap()
}

fn learner(discount: f64) -> Learner {
    let system = LirdConfig {
        slate: 2,
        position_discount: 0.5,
        hidden: 4,
        actor_learning_rate: 0.01,
        n_candidates: 100,
        tau: 0.1,
        noise: 0.5,
        epsilon: drr_learn::Schedule::Linear { start: 1.0, end: 0.2, steps: 10 },
        simulator: None,
    };
    let config = RivalConfig {
        discount,
        batch_size: 2,
        optimizer: AdamConfig { learning_rate: 0.01, l2: 0.0, max_gradient_norm: 0.0 },
        schedule: ScheduleConfig {
            n_environments: 1,
            n_episodes: 1,
            updates_per_step: 1,
            warmup: 0,
            capacity: 10,
            checkpoint_every: 1,
            validate_every: 1,
        },
        system: SystemConfig::Lird(system.clone()),
    };
    Learner::new(&system, Parts { config: &config, items: &table(), history_length: 2 }, Seeds(3)).unwrap()
}

fn experience(recommended: &[u32], terminated: bool) -> Experience {
    let recommended: Vec<ItemIdx> = recommended.iter().map(|item| ItemIdx(*item)).collect();
    let mut it =
        Experience { items: vec![ItemIdx(1), ItemIdx(0)], recommended, terminated, ..Experience::default() };
    it.rewards = vec![1.0, 0.5];
    it.after.liked = vec![ItemIdx(1), ItemIdx(0)];
    it
}

#[test]
fn the_target_is_the_list_reward_and_the_discounted_value_of_the_next_list() {
    let learner = learner(0.9);
    let (open, one, ended) =
        (experience(&[1, 0], false), experience(&[1, 0, 2], false), experience(&[1, 0, 2, 3], true));
    let mut random = Seeds(0).stream("unused");
    let targets: Vec<f32> = learner.targets(&[&open, &one, &ended], &mut random).unwrap().to_vec1().unwrap();
    let after = states([open.after.liked.as_slice()].into_iter(), &table(), learner.sizes).unwrap();
    let weights = learner.target.actor.forward(&after).unwrap().to_vec3::<f32>().unwrap();
    let score = |at: usize, item: usize| {
        let row = table().row(item).to_vec();
        weights[0][at][0] * row[0] + weights[0][at][1] * row[1]
    };
    let best = if score(0, 2) >= score(0, 3) { [2, 3] } else { [3, 2] }.map(ItemIdx);
    let value = |list: &[ItemIdx]| {
        let list = lists([list].into_iter(), &table(), learner.sizes).unwrap();
        learner.target.critic.forward(&after, &list).unwrap().to_vec1::<f32>().unwrap()[0]
    };
    assert!((targets[0] - (1.25 + 0.9 * value(&best))).abs() < 1e-6, "{targets:?}");
    assert!((targets[1] - (1.25 + 0.9 * value(&[ItemIdx(3)]))).abs() < 1e-6, "a short list is padded");
    assert_eq!(targets[2], 1.25, "nothing follows the end");
}

#[test]
fn the_greedy_twin_has_no_value_of_the_future() {
    let it = experience(&[1, 0], false);
    let targets = learner(0.0).targets(&[&it], &mut Seeds(0).stream("unused")).unwrap();
    assert_eq!(targets.to_vec1::<f32>().unwrap(), [1.25]);
}

#[test]
fn noise_comes_with_epsilon_which_falls_to_its_floor() {
    let learner = learner(0.9);
    let found = [0, 5, 10, 99].map(|step| learner.exploration(step));
    found.iter().zip([1.0, 0.6, 0.2, 0.2]).for_each(|(it, wanted)| assert!((it - wanted).abs() < 1e-12));
    let weights = Tensor::zeros((200, 2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
    let mut random = Seeds(1).stream("noise");
    let noisy = learner.explored(&weights, 0.5, &mut random).unwrap().to_vec3::<f32>().unwrap();
    let moved = noisy.iter().filter(|row| row.iter().flatten().all(|value| *value != 0.0)).count();
    let still = noisy.iter().filter(|row| row.iter().flatten().all(|value| *value == 0.0)).count();
    assert!(moved + still == 200 && (70..130).contains(&moved), "{moved} {still}");
}
