//! Fitting what learns: spaces, simulators, agents, sequential models.

mod begun_by;
mod features;
pub mod learner;
pub mod sequential;
pub mod sessions;
pub mod simulator;
pub mod spaces;
pub mod train;
