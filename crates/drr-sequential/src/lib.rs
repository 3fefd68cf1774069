//! Sequential recommenders that predict the next item: SASRec and GRU4Rec, trained with a softmax loss.
//!
//! They are the references that an agent stands beside: what they know of a user is the order of the history, so new
//! users need no training. Each batch is cut into shards that are computed side by side and added in a fixed order, so
//! the number of threads never changes a bit.

mod config;
mod dropout;
mod error;
mod gru;
mod layers;
mod network;
mod recommender;
mod sas_rec;
mod sequences;
mod train;

pub use config::{Architecture, SequentialConfig};
pub use error::SequentialError;
pub use recommender::SequentialRecommender;
pub use train::SequentialHooks;
