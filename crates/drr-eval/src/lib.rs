//! Metrics, evaluation protocols, statistics and reports for ranked lists.
//!
//! The evaluator knows no model. Popularity, an agent, a file of lists from elsewhere: all come in by the same door, the
//! trait [`drr_core::Recommender`], answer the same queries, and pass the same leakage guard.

mod adaptive;
pub mod canary;
mod contract;
mod error;
mod evaluate;
pub mod gate;
mod guard;
mod long_session;
pub mod metrics;
mod oracle;
mod protocol;
pub mod report;
mod sessions;
pub mod statistics;

pub use adaptive::evaluate_adaptive;
pub use canary::{Canaries, CanaryError, CanaryUser, CanaryVerdict};
pub use contract::{ContractViolation, check_recommender};
pub use drr_core::Protocol;
pub use error::EvalError;
pub use evaluate::{DiversityAt, Evaluation, EvaluationSummary, MetricMean, PerUser, evaluate};
pub use guard::{Provenance, check_origin};
pub use long_session::{
    CurvePoint, LONG_SESSION, LONG_SESSION_VERSION, LongSessionEvaluation, LongSessionSummary, Replayable,
    SeedFigures, SessionCase, SessionMeasure, SessionSet, SessionStep, compare_sessions, evaluate_sessions,
    mean_of_seeds, over_seeds, rollout_bound, rollout_bounds,
};
pub use metrics::{Diversity, ItemFeatures, ListMeasures, ListView, Metric, hits, mean_of_defined};
pub use oracle::{Oracle, SimulatorOracle};
pub use protocol::{Case, EvaluationSet};
pub use sessions::{
    EpisodeConfig, SessionEvaluation, SimulatedConfig, UserSimulator, evaluate_episodes, evaluate_online,
};
pub use statistics::{Interval, PairedComparison};
