//! What the evaluator refuses.

use drr_core::{EnvironmentError, ItemIdx, Part, RecommendError, UserIdx};

/// A reason why there is no evaluation.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The recommender was fitted on rows that it may not know.
    #[error(
        "leakage: {recommender} was fitted on {fitted}, but protocol \"{protocol}\" judges {part:?} rows and permits only \
         {permitted}"
    )]
    Leakage {
        /// The recommender.
        recommender: String,
        /// What it was fitted on, in words.
        fitted: String,
        /// The protocol.
        protocol: &'static str,
        /// The part that is judged.
        part: Part,
        /// What it may be fitted on, in words.
        permitted: String,
    },
    /// The recommender failed.
    #[error(transparent)]
    Recommend(#[from] RecommendError),
    /// The number of lists is not that of the queries.
    #[error("{recommender} answered {n_queries} queries with {n_lists} lists")]
    CountOfLists {
        /// The recommender.
        recommender: String,
        /// The queries asked.
        n_queries: usize,
        /// The lists given.
        n_lists: usize,
    },
    /// A list is longer than what was asked for.
    #[error("{recommender} recommended {length} items to user {} where {k} were asked for", .user.0)]
    TooLong {
        /// The recommender.
        recommender: String,
        /// The user.
        user: UserIdx,
        /// The list's length.
        length: usize,
        /// The length asked for.
        k: usize,
    },
    /// An item was recommended that may not be.
    #[error("{recommender} recommended item {} to user {}, which is not among the allowed items", .item.0, .user.0)]
    NotAllowed {
        /// The recommender.
        recommender: String,
        /// The user.
        user: UserIdx,
        /// The item.
        item: ItemIdx,
    },
    /// An item stands twice in one list.
    #[error("{recommender} recommended item {} twice to user {}", .item.0, .user.0)]
    Repeated {
        /// The recommender.
        recommender: String,
        /// The user.
        user: UserIdx,
        /// The item.
        item: ItemIdx,
    },
    /// The lists are to be judged at no length, or at length zero.
    #[error("the list lengths {0:?} are unusable: give at least one, each at least 1")]
    ListLengths(Vec<usize>),
    /// The protocol finds no user to judge on.
    #[error(
        "protocol \"{protocol}\" finds no user to judge on: the held-out part is empty, shares no item with the rest, or has nothing \
         relevant after what is observed; observe fewer ratings, or hold out more users"
    )]
    NoCases {
        /// The protocol.
        protocol: &'static str,
    },
    /// Two logs or a log and a catalogue count different items.
    #[error("the logs and the catalogue count different items: {left} and {right}")]
    Catalogue {
        /// One count.
        left: usize,
        /// The other.
        right: usize,
    },
    /// There are no values to average.
    #[error("cannot average no values")]
    NoValues,
    /// Paired samples are of different sizes.
    #[error("cannot pair {left} values with {right}: both must be of the same users in the same order")]
    Unpaired {
        /// The size of the one.
        left: usize,
        /// The size of the other.
        right: usize,
    },
    /// A number of resamples of zero.
    #[error("cannot bootstrap with no resample: give at least 1, and 2,000 for a 95 % interval")]
    NoResamples,
    /// A simulated user's session cannot go on.
    #[error("a simulated user's session cannot go on: {0}")]
    Session(#[from] EnvironmentError),
    /// A session begins with other candidates than its user's query.
    #[error(
        "the session of user {} begins with {session} candidates and the query allows {query}, or others: every line must choose \
         among the same items, so begin the session with the items that the query allows",
        .user.0
    )]
    SessionCandidates {
        /// The user.
        user: UserIdx,
        /// The number of the session's candidates.
        session: usize,
        /// The number of the query's.
        query: usize,
    },
    /// A session has no step.
    #[error(
        "the session of user {} has no step: give it a horizon of at least 1 and at least one candidate",
        .user.0
    )]
    NoStep {
        /// The user.
        user: UserIdx,
    },
    /// A simulated user's answer is no answer.
    #[error(
        "user {} answered item {} with the reward {reward} and leaves with probability {leaving}: the simulator is at fault",
        .user.0, .item.0
    )]
    Answer {
        /// The user.
        user: UserIdx,
        /// The item.
        item: ItemIdx,
        /// The reward, which must be finite.
        reward: f32,
        /// The probability, which must be in `[0, 1]`.
        leaving: f64,
    },
    /// Two evaluations are of different users.
    #[error("{left} and {right} were judged on different users: judge both on the same cases")]
    OtherUsers {
        /// The one.
        left: String,
        /// The other.
        right: String,
    },
    /// Nothing to look ahead with.
    #[error(
        "cannot look ahead with {n_rules} rules and {n_candidates} items of each: give at least 1 of both"
    )]
    NoRollouts {
        /// The number of rules.
        n_rules: usize,
        /// The items that each rule proposes.
        n_candidates: usize,
    },
}
