//! Fused operations on plain slices: each replaces a chain of small tensor operations by one pass over memory.

pub mod matmul;
mod panels;

pub use panels::{LANES, Panels};
