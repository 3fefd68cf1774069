//! Embedding pretrainers: what turns a log of ratings into vectors of items, and any history into a vector of its user.
//!
//! Five spaces with one trait, [`drr_core::EmbeddingSpace`]. [`Pmf`] predicts ratings, which is what the simulated users
//! need; [`CoOccurrence`], [`EaseFactors`] and [`ContinuationFactors`] rank a catalogue, which factors trained on ratings do
//! badly; [`RatingFactors`] ranks by predicted ratings, which is what reranking what a user rates, and simulated ratings, reward.
//! All are fitted on the rows of one [`drr_core::InteractionLog`], carry that log's origin and give bit-identical numbers
//! for any number of threads. They go to disk as named arrays with a header ([`Arrays`]).

mod arrays;
mod co_occurrence;
mod continuation_factors;
mod ease_factors;
mod error;
mod five_fold;
mod neighbourhood;
mod pmf;
mod rating_factors;

pub use arrays::Arrays;
pub use co_occurrence::{CoOccurrence, CoOccurrenceConfig};
pub use continuation_factors::{ContinuationFactors, ContinuationFactorsConfig};
pub use ease_factors::{EaseFactors, EaseFactorsConfig};
pub use error::EmbedError;
pub use five_fold::{FiveFold, Predictor, cross_validate, five_fold_rmse};
pub use neighbourhood::{Neighbourhood, NeighbourhoodConfig};
pub use pmf::{EpochRmse, FoldedUser, Pmf, PmfConfig, PmfFit};
pub use rating_factors::RatingFactors;
