//! Fitting what learns: spaces, simulators, agents, sequential models.

mod features;
pub mod learner;
pub mod sequential;
pub mod simulator;
pub mod spaces;
pub mod train;
