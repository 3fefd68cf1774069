//! What a network needs beside tensors: seeded parameters, dense layers, an optimizer that can be saved, soft target
//! updates and checkpoints, on Candle; and in [`ops`] the operations that Candle lacks, with their gradients.
//!
//! Candle's own parameter map draws from a generator that cannot be seeded, and its optimizers keep their moments to
//! themselves; a run that must resume bit by bit needs both.

pub mod ops;

mod adam;
mod dense;
mod error;
mod flat;
mod parameters;
mod soft_update;

pub use adam::{Adam, AdamConfig};
pub use dense::Dense;
pub use error::NnError;
pub use flat::{FlatAdam, FlatLayout};
pub use parameters::Parameters;
pub use soft_update::soft_update;
