//! Judging on held-out rows: a run, lists from elsewhere, two runs, golden figures.

pub mod check;
pub mod compare;
pub mod evaluate;
pub mod recommend;
pub mod score;
