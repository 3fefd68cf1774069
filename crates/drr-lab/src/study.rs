//! Studies around a run.

pub mod ablation;
pub mod domains;
pub mod long_session;
pub mod long_term;
pub mod seeds;
pub mod single;
pub mod staleness;
pub mod sweep;
