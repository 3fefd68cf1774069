//! The integration tests of the crate, in one binary.

mod raw;
mod store;
mod tables;
