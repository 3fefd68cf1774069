//! Embedding pretrainers: what turns a log of ratings into vectors of items, and any history into a vector of its user.
//!
//! Two spaces with one trait, [`drr_core::EmbeddingSpace`]. [`Pmf`] predicts ratings, which is what the simulated users
//! need; [`CoOccurrence`] ranks, which is what the agent needs: factors trained on ratings rank badly. Both are fitted on
//! the rows of one [`drr_core::InteractionLog`] and carry that log's origin, both give bit-identical numbers for any
//! number of threads, and both go to disk as named arrays with a header ([`Arrays`]).

mod arrays;
mod co_occurrence;
mod error;
mod five_fold;
mod neighbourhood;
mod pmf;

pub use arrays::{Array, Arrays};
pub use co_occurrence::{CoOccurrence, CoOccurrenceConfig};
pub use error::EmbedError;
pub use five_fold::{FiveFold, Predictor, cross_validate, five_fold_rmse};
pub use neighbourhood::{Neighbourhood, NeighbourhoodConfig};
pub use pmf::{EpochRmse, FoldedUser, Pmf, PmfConfig, PmfFit};
