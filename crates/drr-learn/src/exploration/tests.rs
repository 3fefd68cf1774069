//! What is executed, and how often.

use super::*;
use drr_core::Seeds;

const CONFIG: ExplorationConfig = ExplorationConfig::gaussian(1.0, 0.1, 100, 5.0);

#[test]
fn epsilon_falls_linearly_to_its_floor() {
    for (step, epsilon) in [(0, 1.0), (50, 0.55), (100, 0.1), (1000, 0.1)] {
        assert!((CONFIG.epsilon(step) - epsilon).abs() < 1e-12, "{step}");
    }
}

#[test]
fn schedules_take_the_place_of_epsilon_and_noise() {
    let steps = 10;
    let config = ExplorationConfig {
        epsilon_schedule: Some(Schedule::Exponential { start: 1.0, end: 0.01, steps }),
        noise_schedule: Some(Schedule::Linear { start: 1.0, end: 0.0, steps }),
        ..CONFIG
    };
    assert!((config.epsilon(5) - 0.1).abs() < 1e-12);
    assert!((config.noise(5) - 0.5).abs() < 1e-6);
    let mut output = [0.25; 4];
    config.explore(10, &mut output, &mut Seeds(1).stream("noise"));
    assert_eq!(output, [0.25; 4], "there is no noise left");
}

#[test]
fn what_is_executed_stays_in_the_box_and_is_untouched_where_epsilon_is_zero() {
    let mut random = Seeds(1).stream("noise");
    let mut output = [0.5; 20];
    CONFIG.explore(0, &mut output, &mut random);
    assert!(output.iter().all(|value| value.abs() <= 1.0) && output != [0.5; 20]);
    let mut output = [0.5; 20];
    let quiet = ExplorationConfig { epsilon_start: 0.0, epsilon_end: 0.0, ..CONFIG };
    quiet.explore(0, &mut output, &mut random);
    assert_eq!(output, [0.5; 20]);
}

fn scored(scores: &[f32]) -> Vec<ScoredItem> {
    scores
        .iter()
        .enumerate()
        .map(|(at, score)| ScoredItem { item: ItemIdx::from(at), score: *score })
        .collect()
}

/// How often each of `n` items was the only one chosen, in shares.
fn shares(config: &ExplorationConfig, ranked: &[ScoredItem], n: usize) -> Vec<f64> {
    let (mut random, candidates) = (Seeds(3).stream("choice"), ItemSet::full(n));
    let mut counts = vec![0.0; n];
    for _ in 0..20_000 {
        counts[config.choose(0, ranked, &candidates, 1, &mut random)[0].index()] += 1.0 / 20_000.0;
    }
    counts
}

#[test]
fn a_random_item_is_any_allowed_one_with_probability_epsilon() {
    let config = ExplorationConfig {
        kind: ExplorationKind::RandomItem {},
        epsilon_start: 0.4,
        epsilon_end: 0.4,
        ..CONFIG
    };
    // The best of five: .6 by itself, and a fifth of .4 like all others.
    let found = shares(&config, &scored(&[1.0]), 5);
    for (share, expected) in found.iter().zip([0.68, 0.08, 0.08, 0.08, 0.08]) {
        assert!((share - expected).abs() < 0.01, "{found:?}");
    }
    let mut output = [0.5; 3];
    config.explore(0, &mut output, &mut Seeds(1).stream("noise"));
    assert_eq!(output, [0.5; 3], "the actor's output is not touched");
}

#[test]
fn a_slate_of_random_items_has_none_twice() {
    let config = ExplorationConfig { kind: ExplorationKind::RandomItem {}, ..CONFIG };
    let (mut random, candidates) = (Seeds(3).stream("choice"), ItemSet::full(4));
    for _ in 0..200 {
        let mut slate = config.choose(0, &scored(&[3.0, 2.0, 1.0]), &candidates, 3, &mut random);
        slate.sort_unstable();
        slate.dedup();
        assert_eq!(slate.len(), 3);
    }
}

#[test]
fn the_softmax_draws_by_the_exponentials_of_the_best_scores() {
    let temperature = Schedule::Constant { value: 2.0 };
    let config = ExplorationConfig { kind: ExplorationKind::Softmax { n_best: 3, temperature }, ..CONFIG };
    // Scores of 2 ln 6, 2 ln 3 and 2 ln 1 at a temperature of 2: 6 to 3 to 1.
    let ranked = scored(&[2.0 * 6.0_f32.ln(), 2.0 * 3.0_f32.ln(), 0.0]);
    let found = shares(&config, &ranked, 5);
    for (share, expected) in found.iter().zip([0.6, 0.3, 0.1, 0.0, 0.0]) {
        assert!((share - expected).abs() < 0.012, "{found:?}");
    }
    assert_eq!((config.n_ranked(1), config.n_ranked(7), CONFIG.n_ranked(2)), (3, 7, 2));
}

#[test]
fn as_many_values_are_drawn_whatever_was_found() {
    let temperature = Schedule::Constant { value: 1.0 };
    for kind in [ExplorationKind::RandomItem {}, ExplorationKind::Softmax { n_best: 3, temperature }] {
        let config = ExplorationConfig { kind, ..CONFIG };
        let after = |scores: &[f32], n: usize| {
            let mut random = Seeds(3).stream("choice");
            config.choose(0, &scored(scores), &ItemSet::full(n), 2, &mut random);
            random
        };
        assert_eq!(after(&[1.0], 1), after(&[3.0, 2.0, 1.0], 9), "{kind:?}");
    }
}

#[test]
fn exploring_items_needs_items_in_the_replay() {
    let config = ExplorationConfig { kind: ExplorationKind::RandomItem {}, ..CONFIG };
    assert!(config.check(true).is_ok());
    assert!(matches!(config.check(false), Err(LearnError::Settings(_))));
    let bad = ExplorationConfig { noise_schedule: Some(Schedule::Constant { value: -1.0 }), ..CONFIG };
    assert!(bad.check(true).unwrap_err().to_string().contains("exploration.noise_schedule"));
}
