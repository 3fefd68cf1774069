//! What a checkpoint holds of the agent beside its networks: the replay with its priorities, and what is no array.

use crate::diagnostics::Collapse;
use drr_replay::ReplayState;
use drr_store::NamedArray;
use serde::{Deserialize, Serialize};

const REPLAY: &str = "replay.";

/// What is neither an array nor a random stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notes {
    #[serde(default)]
    pub(super) collapse: Collapse,
}

/// An array of the replay under its name in a checkpoint.
pub(super) fn to_named(array: NamedArray) -> NamedArray {
    NamedArray { name: format!("{REPLAY}{}", array.name), ..array }
}

/// The replay's part of a checkpoint.
pub(super) fn from_named(arrays: Vec<NamedArray>) -> ReplayState {
    ReplayState { arrays: arrays.into_iter().filter_map(of_replay).collect() }
}

fn of_replay(array: NamedArray) -> Option<NamedArray> {
    let name = array.name.strip_prefix(REPLAY)?.to_owned();
    Some(NamedArray { name, ..array })
}
