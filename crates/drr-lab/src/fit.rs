//! Fitting what learns: spaces, simulators, agents, sequential models.

pub mod features;
pub mod jobs;
pub mod names;
pub mod pretrain;
pub mod sequential;
pub mod simulator;
pub mod train;
