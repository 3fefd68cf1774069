//! Studies around a run.

pub mod ablation;
pub mod long_term;
pub mod paper;
pub mod seeds;
pub mod staleness;
pub mod sweep;
