//! Simulated users to recommend to.
//!
//! A simulated user is a log of ratings, cut at the point where a session begins: what came before is observed, what
//! came after answers the recommendations. The environment knows no agent and no embedding; it deals in ids only, and a
//! rating model, where one is wanted, comes in through the trait [`RatingModel`].

mod check;
mod error;
mod logged;
pub mod long_term;
mod reward;
mod session;
mod sessions;
mod similarity;
mod time_limit;
pub mod toy;
pub mod worlds;

pub use check::{Violation, check_environment};
pub use error::EnvError;
pub use logged::{LoggedConfig, LoggedEnvironment};
pub use reward::{RatingModel, RatingScale, RewardConfig, RewardScale, Unrated};
pub use sessions::{SessionStart, Sessions};
pub use similarity::{Answer, SimilarityConfig, SimilarityEnvironment};
pub use time_limit::TimeLimit;
