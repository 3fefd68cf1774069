//! Other recommenders that learn by reinforcement, each with its paper's defining parts, behind the traits that DRR
//! stands behind.
//!
//! A system says how it acts, learns and ranks (`System` and `Ranker`); the loop around it, its checkpoints and
//! the frozen policy are the same for all:
//!
//! - `situation` is what a system sees of a user, in training and at serving alike;
//! - `memory` keeps what happened, `train` makes it happen, `policy` is what remains.
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
pub use train::RivalTrainer;
