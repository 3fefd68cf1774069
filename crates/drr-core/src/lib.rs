//! The vocabulary that all crates share, the traits at their borders, and named random streams.
//!
//! Implementers (environments, recommenders) and consumers (agents, evaluators) never see each other: both know only
//! this crate. There is no I/O here, no clock, and no global random generator.

mod embedding;
mod environment;
mod ids;
mod item_set;
mod knowledge;
mod learner;
mod log;
mod origin;
mod protocol;
mod recommend;
mod seeds;
mod session;
mod sink;
mod space;
mod training;

pub use embedding::{EmbeddingError, EmbeddingTable};
pub use environment::{Environment, EnvironmentError, Observation, Step};
pub use ids::{ContextIdx, ItemIdx, UserIdx};
pub use item_set::ItemSet;
pub use knowledge::Knowledge;
pub use learner::{Form, LearnerId, Mode, World};
pub use log::{Interaction, InteractionLog, LogError, UserRatings};
pub use origin::{Part, PartSet, RowDigest, RowOrigin};
pub use protocol::{
    Candidates, ComparedBy, Cut, Known, Positives, Protocol, ProtocolFacts, SessionKind, Starts,
};
pub use recommend::{Feedback, Observed, Query, RecommendError, Recommender, ScoredItem, rank};
pub use seeds::{RandomStream, Seeds, StreamState};
pub use session::{Categories, ExpectedSession, NextItem, Response, SessionRecommender, Shown};
pub use sink::{MetricSink, Metrics, NoMetrics};
pub use space::EmbeddingSpace;
pub use training::{Judgement, Outcome, TrainingHooks, Validation};

/// A rating from this value on counts as positive: 4 and 5 stars (Liu et al. 2018, sec. V).
///
/// Data sets on another scale set their own threshold; this is the default.
pub const POSITIVE_RATING: f32 = 4.0;

/// The length of the lists by which agents and settings are chosen on validation rows, and which headline figures are of:
/// P@10.
pub const HEADLINE_LENGTH: usize = 10;
