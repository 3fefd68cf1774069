//! The world in which the greedy choice is wrong.

use crate::random;
use drr_core::{Environment, EnvironmentError, ItemIdx};
use drr_env::check_environment;
use drr_env::long_term::{LongTermConfig, LongTermEnvironment};
use proptest::prelude::*;

fn world(horizon: usize, history_length: usize) -> LongTermEnvironment {
    let config = LongTermConfig { items_per_kind: 20, horizon, history_length };
    LongTermEnvironment::new(config).expect("the sizes are usable")
}

/// Plays one session; bit `t` of `plan` says whether step `t` is a vegetable.
fn play(environment: &mut LongTermEnvironment, plan: u32) -> Vec<f32> {
    environment.reset(&mut random()).expect("there is a user");
    let mut rewards = Vec::new();
    loop {
        let kind = plan >> rewards.len() & 1;
        let item = environment.candidates().iter().find(|item| item.0 % 2 == kind).expect("no kind runs out");
        let step = environment.step(item).expect("it is a candidate");
        rewards.push(step.reward);
        if step.truncated || step.terminated {
            return rewards;
        }
    }
}

#[test]
fn the_long_term_environment_keeps_the_contract() {
    for (horizon, history_length) in [(1, 1), (6, 3), (20, 5)] {
        let mut environment = world(horizon, history_length);
        assert_eq!(check_environment(&mut environment, &mut random()).unwrap(), []);
    }
}

#[test]
fn the_rewards_are_those_computed_by_hand() {
    // The mood is 0.1 + 0.45 (1 + (v - s) / 2) with a window of two items.
    let mut environment = world(4, 2);
    let close = |found: Vec<f32>, wanted: [f32; 4]| {
        assert!(found.iter().zip(wanted).all(|(one, other)| (one - other).abs() < 1e-6), "{found:?}");
    };
    close(play(&mut environment, 0b0000), [0.55, 0.325, 0.1, 0.1]);
    close(play(&mut environment, 0b1111), [0.22, 0.31, 0.4, 0.4]);
    // Vegetable, vegetable, sweet, sweet: full mood, then an even one.
    close(play(&mut environment, 0b0011), [0.22, 0.31, 1.0, 0.55]);
    assert!((environment.greedy_return() - 1.075).abs() < 1e-6);
    assert!((environment.patient_return() - 1.33).abs() < 1e-6);
    assert!((environment.optimal_return() - 2.08).abs() < 1e-6);
}

#[test]
fn the_greedy_policy_is_far_below_the_optimum() {
    for (horizon, history_length) in [(10, 3), (20, 5), (20, 10)] {
        let environment = world(horizon, history_length);
        assert!(environment.greedy_return() <= 0.7 * environment.optimal_return());
        assert!(environment.patient_return() < environment.optimal_return());
    }
}

#[test]
fn the_best_policy_without_a_clock_lies_between_the_greedy_one_and_the_optimum() {
    let environment = world(20, 4);
    assert!((environment.discounted_return(0.0) - environment.greedy_return()).abs() < 1e-6);
    // V V V S S in turns, found with another program; the optimum ends with three sweets.
    assert!((environment.discounted_return(0.9) - 8.6075).abs() < 1e-3);
    assert!(environment.discounted_return(0.9) < environment.optimal_return());
}

#[test]
fn unusable_sizes_are_refused() {
    for (items_per_kind, horizon, history_length, named) in [
        (4, 5, 3, "items_per_kind"),
        (20, 0, 3, "horizon"),
        (20, 5, 0, "history_length"),
        (20, 5, 13, "history_length"),
    ] {
        let config = LongTermConfig { items_per_kind, horizon, history_length };
        let error = LongTermEnvironment::new(config).expect_err("an unusable size").to_string();
        assert!(error.contains(&format!("the setting {named} = ")), "{config:?}: {error}");
    }
}

#[test]
fn a_refused_item_leaves_the_mood_as_it_was() {
    let mut environment = world(3, 2);
    environment.reset(&mut random()).unwrap();
    let first = environment.step(ItemIdx(0)).unwrap().reward;
    assert_eq!(environment.step(ItemIdx(0)), Err(EnvironmentError::NotACandidate(ItemIdx(0))));
    let second = environment.step(ItemIdx(2)).unwrap().reward;
    assert!((first - 0.55).abs() < 1e-6 && (second - 0.325).abs() < 1e-6);
}

#[test]
fn the_vectors_show_the_kind() {
    let environment = world(3, 2);
    let vectors = environment.item_vectors();
    assert_eq!((vectors.n_rows(), vectors.row(4), vectors.row(5)), (40, &[1.0, 0.0][..], &[0.0, 1.0][..]));
    assert_eq!(environment.context_vectors().values(), [1.0, 1.0]);
}

proptest! {
    #[test]
    fn dynamic_programming_agrees_with_all_plans(horizon in 1_usize..9, history_length in 1_usize..6) {
        let mut environment = world(horizon, history_length);
        let total = |plan| play(&mut environment, plan).iter().sum::<f32>();
        let best = (0..1_u32 << horizon).map(total).fold(0.0, f32::max);
        prop_assert!((best - environment.optimal_return()).abs() < 1e-5);
    }
}
