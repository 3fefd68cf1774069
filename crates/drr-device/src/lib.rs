//! The training loop on a CUDA device: act, step, store, sample and update without the host.
//!
//! A loop is data: [`Memory`] names the buffers, and each step is a list of [`Launch`]es of the kernels in `cuda/`. Whoever
//! implements [`Executor`] runs such lists: with the feature `cuda` that is a device, which records them as a graph; in the
//! tests it is also the same kernels compiled for the processor. Every kernel has a twin on the CPU that it is held against:
//! the fused operations of `drr-kernels`, the replay, the environments, and what stands beside the launches here.
//!
//! Every kernel was held against its twin on one GPU, an NVIDIA H200 with driver 580.159.04. No other device or driver, no two
//! devices together and no training of hours was tried; docs/cuda.md says what was checked, on the device and without one.

mod counters;
mod environment;
mod error;
mod launch;
mod memory;
mod network;
mod optimizer;
mod priorities;
mod random;
mod search;
pub mod sources;
mod state;
mod train;

#[cfg(feature = "cuda")]
mod device;

pub use counters::{Counters, Status};
#[cfg(feature = "cuda")]
pub use device::{Device, Recording, compile};
pub use environment::{EnvironmentConfig, EnvironmentTables, Environments, FactorModel, Ring, SessionSource};
pub use error::DeviceError;
pub use launch::{Argument, Executor, Launch};
pub use memory::{Buffer, Kind, Memory, Place, Values};
pub use network::Network;
pub use optimizer::{Optimizer, OptimizerConfig};
pub use priorities::Priorities;
pub use random::{Draw, normal, philox, uniform};
pub use search::Search;
pub use state::StateModule;
pub use train::{Exploration, Learner, Metrics, TrainConfig, TrainLoop, TrainTables};
