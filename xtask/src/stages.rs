//! The stages of the pipeline, one file each, and what they share: an [`Experiment`].
//!
//! fetch and ingest (`data`) -> `pretrain` -> `train` -> `evaluate` -> `report`. Each asks the stage cache whether its
//! inputs changed since it last ran.

pub mod ablation;
pub mod bench;
pub mod check;
pub mod compare;
pub mod data;
pub mod evaluate;
pub mod experiment;
mod features;
pub mod jobs;
pub mod long_term;
pub mod names;
pub mod pretrain;
pub mod readme;
pub mod recommend;
pub mod report;
pub mod score;
pub mod seeds;
pub mod sequential;
pub mod simulator;
pub mod staleness;
pub mod study;
pub mod sweep;
pub mod train;

pub use experiment::Experiment;

#[cfg(test)]
mod tests;
