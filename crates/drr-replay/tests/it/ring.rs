//! What is stored comes back, and the oldest is overwritten.

use crate::{SIZES, filled, random, transition, uniform};
use drr_core::{ContextIdx, ItemIdx};
use drr_replay::{Replay, ReplayConfig, ReplayError, Sizes};
use proptest::prelude::*;

#[test]
fn a_sampled_transition_is_the_one_that_was_pushed() {
    let mut replay = filled(&uniform(8), 8);
    let batch = replay.sample(64, &mut random()).unwrap();
    for at in 0..batch.len() {
        let id = batch.items[at];
        let pushed = transition(id);
        let history = |ids: &[ItemIdx]| {
            let mut padded: Vec<u32> = ids.iter().map(|item| item.0).collect();
            padded.resize(3, 0);
            padded
        };
        assert_eq!(batch.slots[at], id as usize);
        assert_eq!(batch.observations.contexts[at], id);
        assert_eq!(batch.observations.histories[3 * at..3 * at + 3], history(&pushed.observation.history));
        assert_eq!(batch.observations.lengths[at], id % 4);
        assert_eq!(batch.observations.lengths[at], id % 4);
        assert_eq!(batch.next_observations.contexts[at], id);
        assert_eq!(
            batch.next_observations.histories[3 * at..3 * at + 3],
            history(&pushed.next_observation.history)
        );
        assert_eq!(batch.next_observations.n_accepted[at], id % 3);
        assert_eq!(batch.actions[2 * at..2 * at + 2], pushed.action);
        assert_eq!(batch.rewards[at], pushed.reward);
        assert_eq!((batch.terminated[at], batch.truncated[at]), (pushed.terminated, pushed.truncated));
        assert_eq!(batch.recommended(at), pushed.recommended);
        assert_eq!(batch.weights[at], 1.0);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_the_replay_as_it_was() {
    let mut replay = filled(&uniform(4), 2);
    let before = replay.clone();
    let with = |change: fn(&mut drr_replay::Transition)| {
        let mut changed = transition(1);
        change(&mut changed);
        changed
    };
    let length = |part, length, expected| ReplayError::Length { part, length, expected };
    for (bad, expected) in [
        (with(|it| it.observation.history = vec![ItemIdx(0); 4]), length("history", 4, 3)),
        (with(|it| it.next_observation.history = vec![ItemIdx(0); 4]), length("next history", 4, 3)),
        (with(|it| it.action = vec![0.0]), length("action", 1, 2)),
        (with(|it| it.recommended = vec![ItemIdx(0); 5]), length("recommended", 5, 4)),
        (
            with(|it| it.next_observation.context = ContextIdx(7)),
            ReplayError::OtherContext { before: 1, after: 7 },
        ),
        (
            with(|it| it.reward = f32::INFINITY),
            ReplayError::NotFinite { what: "reward", value: f64::INFINITY },
        ),
    ] {
        assert_eq!(replay.push(&bad), Err(expected));
    }
    assert!(matches!(replay.push(&with(|it| it.action[1] = f32::NAN)), Err(ReplayError::NotFinite { .. })));
    assert_eq!(replay, before);
}

#[test]
fn an_empty_replay_and_an_empty_batch_are_errors() {
    let mut empty = filled(&uniform(4), 0);
    assert_eq!(empty.sample(1, &mut random()), Err(ReplayError::Empty));
    let mut replay = filled(&uniform(4), 1);
    assert!(matches!(replay.sample(0, &mut random()), Err(ReplayError::Setting { setting: "batch", .. })));
}

#[test]
fn sizes_of_zero_are_refused() {
    let none = Sizes { action_dim: 0, ..SIZES };
    assert!(matches!(Replay::new(&uniform(4), none), Err(ReplayError::Setting { setting: "sizes", .. })));
}

proptest! {
    #[test]
    fn exactly_the_latest_transitions_are_kept(capacity in 1_usize..20, n in 1_u32..60, prioritized: bool) {
        let config = if prioritized { ReplayConfig::prioritized(capacity, 10) } else { uniform(capacity) };
        let mut replay = filled(&config, n);
        prop_assert_eq!(replay.len(), capacity.min(n as usize));
        let oldest = n - replay.len() as u32;
        let batch = replay.sample(500, &mut random()).unwrap();
        let mut seen: Vec<u32> = batch.items.clone();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen, (oldest..n).collect::<Vec<_>>());
        for (item, slot) in batch.items.iter().zip(&batch.slots) {
            prop_assert_eq!(*item as usize % capacity, *slot);
        }
    }
}
