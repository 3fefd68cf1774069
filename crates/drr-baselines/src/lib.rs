//! Recommenders without reinforcement learning: what an agent must beat, and what shows whether learning helped.
//!
//! Each answers by the trait [`drr_core::Recommender`], carries the origin of the rows that it was fitted on, and scores
//! each query by itself: neither the batch nor the number of threads changes a list. Where nothing is known of a user,
//! the list is the popular items, never an arbitrary one.

mod error;
mod fold_in;
mod item_knn;
mod popularity;
mod random;
mod ranking;

pub use error::BaselineError;
pub use fold_in::FoldInRecommender;
pub use item_knn::{ItemKnn, ItemKnnConfig};
pub use popularity::Popularity;
pub use random::Random;
