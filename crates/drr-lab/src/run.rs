//! One run: its folder, its data set, its cuts, and the cache of its stages.

pub mod cache;
pub mod context;
pub mod data;
pub mod experiment;
pub mod files;
