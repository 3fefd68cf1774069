//! Tests of the replay through its public interface.

mod prioritized;
mod ring;
mod save_and_load;

use drr_core::{ContextIdx, ItemIdx, Observation, RandomStream, Seeds, UserIdx};
use drr_replay::{Replay, ReplayConfig, ReplayKind, Sizes, Transition};

const SIZES: Sizes = Sizes { history_length: 3, action_dim: 2, max_recommended: 4 };

fn uniform(capacity: usize) -> ReplayConfig {
    ReplayConfig { capacity, sampling: ReplayKind::Uniform {} }
}

fn random() -> RandomStream {
    Seeds(5).stream("replay")
}

/// A transition that can be told from all others by `id`.
fn transition(id: u32) -> Transition {
    let ids = |n: u32| (0..n).map(|at| ItemIdx(10 * id + at)).collect::<Vec<_>>();
    let observation =
        |history, n_accepted| Observation { user: UserIdx(1), context: ContextIdx(id), history, n_accepted };
    Transition {
        observation: observation(ids(id % 4), 0),
        item: ItemIdx(id),
        action: vec![id as f32, -0.5],
        reward: 0.25 * id as f32,
        next_observation: observation(ids(3), id % 3),
        terminated: id.is_multiple_of(2),
        truncated: id.is_multiple_of(3),
        recommended: ids(id % 5),
    }
}

fn filled(config: &ReplayConfig, n: u32) -> Replay {
    let mut replay = Replay::new(config, SIZES).expect("the config has a meaning");
    for id in 0..n {
        replay.push(&transition(id)).expect("the transition fits");
    }
    replay
}
