//! Judging on held-out rows: a run, lists from elsewhere, two runs, golden figures.

pub mod bench;
pub mod check;
pub mod compare;
pub mod comparisons;
pub mod contestants;
pub mod costs;
pub mod evaluate;
mod features;
pub mod figures;
pub mod forms;
pub mod score;
pub mod sessions;

pub use bench::Bench;
