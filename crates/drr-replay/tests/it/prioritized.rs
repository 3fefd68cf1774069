//! Prioritized draws follow Schaul et al. 2016.

use crate::{SIZES, filled, random, transition};
use drr_replay::{Replay, ReplayConfig, ReplayError, ReplayKind};
use proptest::prelude::*;

fn prioritized(alpha: f64, beta: f64) -> ReplayConfig {
    let (beta_start, beta_end) = (beta, beta);
    let sampling = ReplayKind::Prioritized { alpha, beta_start, beta_end, beta_steps: 1, epsilon: 1e-6 };
    ReplayConfig { capacity: 8, sampling }
}

/// How often each slot is drawn in `n_batches` batches of 8.
fn frequencies(replay: &mut Replay, n_batches: usize) -> Vec<f64> {
    let mut random = random();
    let mut counts = vec![0.0; replay.len()];
    for _ in 0..n_batches {
        for slot in replay.sample(8, &mut random).unwrap_or_else(|error| panic!("{error}")).slots {
            counts[slot] += 1.0 / (8 * n_batches) as f64;
        }
    }
    counts
}

#[test]
fn draws_follow_the_priorities_with_the_exponent_applied_once() {
    let td_errors = [0.0, 1.0, -2.0, 4.0];
    for alpha in [0.0, 0.5, 1.0] {
        let mut replay = filled(&prioritized(alpha, 0.4), 4);
        replay.update_priorities(&[0, 1, 2, 3], &td_errors).unwrap();
        let powers = td_errors.map(|error| (f64::from(error).abs() + 1e-6).powf(alpha));
        let total: f64 = powers.iter().sum();
        for (found, power) in frequencies(&mut replay, 20_000).into_iter().zip(powers) {
            // Stratified draws vary less than independent ones, whose five standard deviations are .0063 here.
            assert!((found - power / total).abs() < 0.0063, "{found} instead of {}", power / total);
        }
    }
}

#[test]
fn importance_weights_are_those_of_the_paper() {
    let mut replay = filled(&prioritized(1.0, 0.5), 2);
    replay.update_priorities(&[0, 1], &[1.0, 4.0]).unwrap();
    let batch = replay.sample(5, &mut random()).unwrap();
    // Strata of one fifth: the first covers slot 0 alone, the others slot 1. N P = 2/5 and 8/5, so the weights are
    // (2/5)^-1/2 and (8/5)^-1/2, and divided by the first 1 and 1/2.
    assert_eq!(batch.slots, [0, 1, 1, 1, 1]);
    for (weight, expected) in batch.weights.iter().zip([1.0, 0.5, 0.5, 0.5, 0.5]) {
        assert!((weight - expected).abs() < 1e-5, "{weight} instead of {expected}");
    }
}

#[test]
fn a_new_transition_enters_with_the_greatest_priority_so_far() {
    let mut replay = filled(&prioritized(1.0, 1.0), 2);
    assert_eq!(frequencies(&mut replay, 10).len(), 2);
    replay.update_priorities(&[0, 1], &[3.0, 0.0]).unwrap();
    // A priority that falls again does not lower the greatest.
    replay.update_priorities(&[0], &[0.0]).unwrap();
    replay.push(&transition(2)).unwrap();
    let found = frequencies(&mut replay, 1_000);
    assert!(found[2] > 0.999, "{found:?}");
    let mut fresh = filled(&prioritized(1.0, 1.0), 1);
    fresh.update_priorities(&[0], &[1.0 / 3.0]).unwrap();
    fresh.push(&transition(1)).unwrap();
    assert!((frequencies(&mut fresh, 5_000)[1] - 0.75).abs() < 0.02, "the first priority is 1");
}

#[test]
fn beta_moves_linearly_with_the_samples_and_then_stays() {
    let mut replay = filled(&ReplayConfig::prioritized(4, 4), 4);
    let mut random = random();
    let betas: Vec<f64> = (0..6)
        .map(|_| {
            let beta = replay.beta().unwrap();
            replay.sample(2, &mut random).unwrap();
            beta
        })
        .collect();
    for (beta, expected) in betas.iter().zip([0.4, 0.55, 0.7, 0.85, 1.0, 1.0]) {
        assert!((beta - expected).abs() < 1e-12);
    }
}

#[test]
fn bad_td_errors_are_refused_and_leave_the_replay_as_it_was() {
    let mut replay = filled(&prioritized(0.6, 0.4), 3);
    let before = replay.clone();
    let nan = replay.update_priorities(&[0, 1], &[9.0, f32::NAN]);
    assert!(matches!(nan, Err(ReplayError::NotFinite { what: "TD error", .. })));
    let beyond = replay.update_priorities(&[0, 3], &[9.0, 9.0]);
    assert_eq!(beyond, Err(ReplayError::NoSuchSlot { slot: 3, len: 3 }));
    let count = replay.update_priorities(&[0], &[]);
    assert_eq!(count, Err(ReplayError::CountOfErrors { n_slots: 1, n_errors: 0 }));
    assert_eq!(replay, before);
}

#[test]
fn a_priority_goes_with_its_transition_when_the_slot_is_overwritten() {
    let config = ReplayConfig { capacity: 2, ..prioritized(1.0, 0.4) };
    let mut replay = filled(&config, 2);
    replay.update_priorities(&[0, 1], &[0.0, 0.0]).unwrap();
    replay.push(&transition(2)).unwrap();
    assert!(frequencies(&mut replay, 1_000)[0] > 0.999, "slot 0 is new and has the greatest priority");
}

proptest! {
    #[test]
    fn weights_are_positive_with_a_maximum_of_one(
        td_errors in prop::collection::vec(-100.0_f32..100.0, 1..8),
        n in 1_usize..40,
    ) {
        let mut replay = Replay::new(&ReplayConfig::prioritized(8, 100), SIZES).unwrap();
        for id in 0..td_errors.len() as u32 {
            replay.push(&transition(id)).unwrap();
        }
        let slots: Vec<usize> = (0..td_errors.len()).collect();
        replay.update_priorities(&slots, &td_errors).unwrap();
        let batch = replay.sample(n, &mut random()).unwrap();
        prop_assert!(batch.slots.is_sorted(), "stratified draws ascend");
        prop_assert!(batch.weights.iter().all(|weight| *weight > 0.0 && *weight <= 1.0));
        prop_assert!(batch.weights.contains(&1.0));
    }
}
