//! A replay that was saved goes on as if it had not been.

use crate::{SIZES, filled, random, transition, uniform};
use drr_core::RandomStream;
use drr_replay::{Batch, Replay, ReplayConfig, ReplayError, ReplayState, Sizes};
use drr_store::Values;

/// Draws, updates and pushes, as a training loop does.
fn go_on(replay: &mut Replay, random: &mut RandomStream, from: u32) -> Vec<Batch> {
    (from..from + 20)
        .map(|id| {
            replay.push(&transition(id)).expect("the transition fits");
            let batch = replay.sample(6, random).expect("the replay has transitions");
            let td_errors: Vec<f32> = batch.items.iter().map(|item| (*item as f32).sin()).collect();
            replay.update_priorities(&batch.slots, &td_errors).expect("the errors are finite");
            batch
        })
        .collect()
}

#[test]
fn a_restored_replay_draws_the_same_batches_bit_for_bit() {
    for config in [uniform(16), ReplayConfig::prioritized(16, 30), ReplayConfig::prioritized(100, 30)] {
        let mut replay = filled(&config, 3);
        let mut stream = random();
        go_on(&mut replay, &mut stream, 3);
        let mut again = Replay::from_state(&config, SIZES, &replay.state()).unwrap();
        assert_eq!(again, replay);
        let mut same = RandomStream::from_state(&stream.state()).unwrap();
        assert_eq!(go_on(&mut again, &mut same, 23), go_on(&mut replay, &mut stream, 23));
        assert_eq!(again, replay);
    }
}

#[test]
fn an_empty_replay_is_restored_too() {
    let config = ReplayConfig::prioritized(4, 10);
    let empty = filled(&config, 0);
    assert_eq!(Replay::from_state(&config, SIZES, &empty.state()), Ok(empty));
}

#[test]
fn a_state_that_does_not_fit_is_refused_with_the_name_of_the_array() {
    let config = ReplayConfig::prioritized(8, 10);
    let state = filled(&config, 5).state();
    let refused = |state: &ReplayState, sizes, config| match Replay::from_state(config, sizes, state) {
        Err(ReplayError::State { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    for at in 0..state.arrays.len() {
        let name = state.arrays[at].name.clone();
        let mut absent = state.clone();
        absent.arrays.remove(at);
        assert_eq!(refused(&absent, SIZES, &config), name);
        let mut short = state.clone();
        short.arrays[at].values = Values::U8(Vec::new());
        assert_eq!(refused(&short, SIZES, &config), name);
    }
    assert_eq!(refused(&state, Sizes { action_dim: 7, ..SIZES }, &config), "actions");
    assert_eq!(refused(&state, SIZES, &ReplayConfig::prioritized(4, 10)), "position");
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let config = ReplayConfig::prioritized(8, 10);
    let state = filled(&config, 2).state();
    let with = |name: &str, values: Values| {
        let mut changed = state.clone();
        for array in changed.arrays.iter_mut().filter(|array| array.name == name) {
            array.values = values.clone();
        }
        Replay::from_state(&config, SIZES, &changed).unwrap_err()
    };
    let is_of = |error, expected| matches!(error, ReplayError::State { name, .. } if name == expected);
    assert!(is_of(with("rewards", Values::F32(vec![0.0, f32::NAN])), "rewards"));
    assert!(is_of(with("terminated", Values::U8(vec![0, 2])), "terminated"));
    assert!(is_of(with("greatest_priority", Values::F64(vec![0.0])), "greatest_priority"));
    assert_eq!(with("leaves", Values::F64(vec![1.0, -1.0])), ReplayError::InvalidPriority(-1.0));
}
