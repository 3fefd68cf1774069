//! What every training by reinforcement shares, whichever system is trained.
//!
//! Systems stand side by side on this crate and never see each other. Where to look:
//!
//! - `trainer` is the one trainer, [`Trainee`] what a system says of itself to be trained in it;
//! - `rounds` is the rhythm of a training: rounds, validations, checkpoints, interruptions;
//! - `update` is the border of an update path, [`Updater`]: named arrays in and out;
//! - `schedule` and `exploration` say which number holds at which step, and which item is tried;
//! - `tables` and `features` are the vectors that networks read, `rows` is how a batch of them lies in memory;
//! - `policy_header` is what stands in a policy's file beside its arrays.

mod error;
mod exploration;
mod features;
mod policy_header;
mod rounds;
mod rows;
mod schedule;
mod tables;
mod trainer;
mod update;

pub use error::LearnError;
pub use exploration::{ExplorationConfig, ExplorationKind};
pub use features::StateFeatures;
pub use policy_header::PolicyHeader;
pub use rounds::{Rounds, resume, run};
pub use rows::{Inputs, Rows, Side};
pub use schedule::Schedule;
pub use tables::{TrainingTables, normalize, scale_factor, scaled, scaled_items};
pub use trainer::{Rhythm, SavedTraining, Trainee, Trainer, TrainingSetup, Wiring};
pub use update::{ListRequest, Served, UpdateReport, Updater};
