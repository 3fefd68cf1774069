//! Recommenders without reinforcement learning: what an agent must beat, and what shows whether learning helped.
//!
//! Each answers by the trait [`drr_core::Recommender`], carries the origin of the rows that it was fitted on, and scores
//! each query by itself: neither the batch nor the number of threads changes a list. Where nothing is known of a user,
//! the list is the popular items or, of models of ratings, the best rated ones; never an arbitrary one.
//!
//! # A new recommender
//!
//! Write it in a file of its own, with a type of settings and an implementation of [`drr_core::Recommender`], and add one entry to
//! the table in `config/kinds.rs`: name, settings, default, what a sweep draws, what a report says of it, whether it needs item
//! vectors, and how it is fitted. Configurations, sweeps, studies and reports know it from there: [`BaselineConfig`] and all
//! that can be asked of a kind are made from the table.

mod bandit;
mod biased_mf;
mod bpr;
mod config;
mod dense;
mod ease;
mod error;
mod fold_in;
mod ials;
mod item_knn;
mod item_mean;
mod markov;
mod plain_mf;
mod popularity;
mod random;
mod ranking;
mod recency;
mod session;
mod svd_plus_plus;

pub use bandit::{HLinUcb, HLinUcbConfig, LinUcb, LinUcbConfig};
pub use biased_mf::{BiasedMf, BiasedMfConfig};
pub use bpr::{Bpr, BprConfig};
pub use config::{BaselineConfig, Character, FitInputs};
pub use ease::{Ease, EaseConfig};
pub use error::BaselineError;
pub use fold_in::FoldInRecommender;
pub use ials::{Ials, IalsConfig};
pub use item_knn::{ItemKnn, ItemKnnConfig};
pub use item_mean::{DampedItemMean, DampedItemMeanConfig};
pub use markov::{MarkovChain, MarkovConfig};
pub use plain_mf::{PlainMf, PlainMfConfig};
pub use popularity::{Popularity, PopularityMeasure};
pub use random::Random;
pub use recency::{RecentPopularity, RecentPopularityConfig};
pub use session::{
    Informed, ListScores, MAX_TRIALS, Mmr, NamedScores, ScoresBy, SessionRule, SessionScores, Similarity,
    SumOfScores, Trial, TuneError, Tuned, score_spread, tune,
};
pub use svd_plus_plus::{SvdPlusPlus, SvdPlusPlusConfig};
