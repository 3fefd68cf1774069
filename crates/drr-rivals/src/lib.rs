//! Other recommenders that learn by reinforcement, each with its paper's defining parts, behind the traits that DRR
//! stands behind.
//!
//! A system says how it acts, learns and ranks (`System` and `Ranker`); the trainer of `drr-learn` goes around it, and
//! the frozen policy is the same for all:
//!
//! - `situation` is what a system sees of a user, in training and at serving alike;
//! - `memory` keeps what happened, `train` is what the trainer asks of a system, `policy` is what remains;
//! - `systems` has a module for each: its settings, networks, way to act and update rule.
//!
//! The formulas were written without the papers' texts at hand, so no numbers of equations or sections stand beside them;
//! `docs/method.md` names each paper, what was looked up, and where a system differs.

mod config;
mod error;
mod memory;
mod policy;
mod situation;
mod system;
mod systems;
mod train;

pub use config::{RivalConfig, ScheduleConfig, SystemConfig};
pub use error::RivalError;
pub use policy::RivalPolicy;
pub use situation::{ReturnTimes, RivalWorld};
pub use systems::{ActivenessConfig, DeersConfig, DpgFbeConfig, DrnConfig, LirdConfig, SimulatorConfig};
pub use train::{RivalTrainee, RivalTrainer};
