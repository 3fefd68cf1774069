//! The DRR agent: an actor-critic whose action is a vector that is scored against the items (Liu et al. 2018).
//!
//! The agent knows only the `Environment` trait and the item and user vectors it is given. Where to look:
//!
//! - `update` holds the update rule: `update::composed` is to be read, `update::fused` is fast;
//! - `train` is what the trainer of `drr-learn` asks of the agent: act, remember, update, save;
//! - `policy` is what remains after training: a recommender.

mod action;
mod actor;
mod bench;
mod config;
mod critic;
mod diagnostics;
mod encoder;
mod error;
mod flat;
mod networks;
mod online;
mod policy;
mod refinement;
mod reward_model;
mod train;
mod update;

pub use bench::{BenchSizes, ComposedScoring, UpdateBench, random_transition};
pub use config::{
    ActionBase, ActionConfig, AgentConfig, AnchorConfig, ConservativeConfig, RefinementConfig, ReplayAction,
    SlateReward, Td3Config, UpdatePath,
};
pub use encoder::{DrrAve, StateKind};
pub use error::AgentError;
pub use online::{OnlineAgent, OnlineConfig};
pub use policy::DrrPolicy;
pub use reward_model::{LabelledContext, RewardModel, RewardModelConfig};
pub use train::{DrrTrainee, Trainer};
