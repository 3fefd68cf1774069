//! What a checkpoint holds of the agent beside its networks: the replay with its priorities, and what is no array.

use crate::diagnostics::Collapse;
use drr_nn::{NamedArray, Values};
use drr_replay::{ReplayArray, ReplayState, ReplayValues};
use serde::{Deserialize, Serialize};

const REPLAY: &str = "replay.";

/// What is neither an array nor a random stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notes {
    #[serde(default)]
    pub(super) collapse: Collapse,
}

/// An array of the replay under its name in a checkpoint.
pub(super) fn to_named(array: ReplayArray) -> NamedArray {
    let values = match array.values {
        ReplayValues::F32(values) => Values::F32(values),
        ReplayValues::F64(values) => Values::F64(values),
        ReplayValues::U8(values) => Values::U8(values),
        ReplayValues::U32(values) => Values::U32(values),
        ReplayValues::U64(values) => Values::U64(values),
    };
    NamedArray::new(format!("{REPLAY}{}", array.name), array.shape, values)
}

/// The replay's part of a checkpoint.
pub(super) fn from_named(arrays: Vec<NamedArray>) -> ReplayState {
    ReplayState { arrays: arrays.into_iter().filter_map(of_replay).collect() }
}

fn of_replay(array: NamedArray) -> Option<ReplayArray> {
    let name = array.name.strip_prefix(REPLAY)?.to_owned();
    let values = match array.values {
        Values::F32(values) => ReplayValues::F32(values),
        Values::F64(values) => ReplayValues::F64(values),
        Values::U8(values) => ReplayValues::U8(values),
        Values::U32(values) => ReplayValues::U32(values),
        Values::U64(values) => ReplayValues::U64(values),
    };
    Some(ReplayArray { name, shape: array.shape, values })
}
