//! Every kernel against its twin on the CPU, on whatever can run it: compiled for the processor, and on a device with the
//! feature `cuda`. What is not there is left out with a line that says so; a test that ran nowhere says `not run`, and fails
//! where the variable `CI` is set.

mod adam;
mod emulator;
mod environment;
mod executors;
mod mlp;
mod state;
mod sum_tree;
mod top_k;
mod train;

#[cfg(feature = "cuda")]
mod compile;
