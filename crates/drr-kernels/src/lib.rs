//! Fused operations on plain slices: each replaces a chain of small tensor operations by one pass over memory.
//!
//! Activations lie in [`Panels`] of sixteen examples. The width of the registers is found at run time, without unsafe
//! code; nothing allocates once the arrays have the size of the batch. Every gradient is held against finite differences.

pub mod adam;
pub mod categorical;
pub mod layer_norm;
pub mod matmul;
pub mod mlp;
pub mod state;

mod activation;
mod panels;
mod shapes;
mod softmax;
mod top_k;

pub use activation::Activation;
pub use panels::{LANES, Panels};
pub use shapes::{DrrShapes, NamedRange};
pub use softmax::softmax;
pub use top_k::{Ranked, TopK};
