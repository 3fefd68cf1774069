//! Uniform and prioritized replay of observations.
//!
//! What is stored is ids, never encoded states: a sampled batch is encoded anew by the state module of today, which is
//! how that module gets its gradient. Everything lies in flat arrays, so that a batch is gathered, and a checkpoint
//! written, without a walk over objects.

mod batch;
mod config;
mod error;
mod priorities;
mod replay;
mod state;
mod storage;
mod sum_tree;

pub use batch::{Batch, ObservationBatch};
pub use config::{ReplayConfig, ReplayKind};
pub use error::ReplayError;
pub use replay::Replay;
pub use state::ReplayState;
pub use storage::{Sizes, Transition};
pub use sum_tree::SumTree;
