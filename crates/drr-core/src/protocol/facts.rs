//! The table of what each protocol is.

use super::Protocol;

/// What a protocol is: whoever behaves differently by protocol asks here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolFacts {
    /// Whose facts these are.
    pub protocol: Protocol,
    /// The name in configurations, files and reports.
    pub name: &'static str,
    /// What random streams and hashes are named by. It never changes, so that no figure moves when a protocol gets
    /// another name; it is the name that the protocol had first, which is still taken wherever a name is read.
    pub key: &'static str,
    /// The version of the definition: a change of what a figure means raises it.
    pub version: u32,
    /// The protocol whose cut this one judges by, itself in most cases: the spaces and agents fitted on a cut serve every
    /// protocol that judges by it.
    pub split: Protocol,
    /// How rows are held out.
    pub cut: Cut,
    /// Whether the cut depends on the times of the ratings.
    pub needs_time: bool,
    /// What is known of a user who is judged on.
    pub known: Known,
    /// What may be recommended.
    pub candidates: Candidates,
    /// Where sessions of training start.
    pub starts: Starts,
    /// Whether users are judged on in sessions, and who answers in them.
    pub sessions: SessionKind,
    /// Which ratings are positive.
    pub positives: Positives,
    /// What the protocol's recommenders are compared by.
    pub compared_by: ComparedBy,
    /// Whether one list out of many unrated items is judged: histories can then be shuffled, and canaries planted.
    pub ranks_catalogue: bool,
    /// Whether lists that were made elsewhere can be judged.
    pub judges_lists: bool,
}

/// How rows are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All rows of the last users in the order of ids.
    LastUsers,
    /// The rows after a moment.
    Moment,
    /// All rows of users drawn at random.
    DrawnUsers,
    /// The last row of each user.
    LastRating,
    /// Rows drawn at random.
    DrawnRatings,
    /// All rows of users drawn at random; the users of two simulators are set aside too.
    DrawnUsersAndSimulators,
}

/// What is known of a user who is judged on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The user is held out and known by the first ratings, as many as the configuration says.
    FirstRatings,
    /// All ratings before the cut.
    BeforeTheCut,
    /// All rows of train, which lie anywhere in the user's log.
    TrainRows,
}

/// What may be recommended; never what a user was seen to rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Candidates {
    /// The whole catalogue.
    Catalogue,
    /// The items that were rated before the cut by anybody.
    RatedBeforeTheCut,
    /// The user's own held-out items.
    OwnTestItems,
    /// The whole catalogue without what was recommended earlier in the session.
    CatalogueWithoutSession,
}

/// Where sessions of training start; the configuration has a setting for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// After a user's first ratings, as unknown users are judged.
    FirstRatings,
    /// Anywhere in a user's log, as users are judged by all that lies before a cut.
    BeforeTheCut,
}

/// Whether users are judged on in sessions, and who answers in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// There are no sessions: each user gets one list.
    None,
    /// The user's log answers.
    Logged,
    /// Simulated users answer, in two worlds, A and B.
    Simulated,
}

/// Which ratings are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positives {
    /// Those from the configuration's threshold on.
    FromThreshold,
    /// Every rating, as in the literature on sequences.
    EveryRating,
}

/// The metric that a protocol's recommenders are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparedBy {
    /// The share of a list that is relevant.
    Precision,
    /// The share of the relevant items that are in a list.
    Recall,
    /// The relevant items of a session.
    Hits,
    /// The sum of a session's rewards.
    TotalReward,
}

pub(super) static FIRST_RATINGS: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::FirstRatings,
    name: "first_ratings",
    // The protocol was called by the word for random numbers.
    key: "seed",
    version: 1,
    split: Protocol::FirstRatings,
    cut: Cut::LastUsers,
    needs_time: false,
    known: Known::FirstRatings,
    candidates: Candidates::Catalogue,
    starts: Starts::FirstRatings,
    sessions: SessionKind::None,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::Precision,
    ranks_catalogue: true,
    judges_lists: true,
};

pub(super) static TEMPORAL: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::Temporal,
    name: "temporal",
    key: "temporal",
    version: 1,
    split: Protocol::Temporal,
    cut: Cut::Moment,
    needs_time: true,
    known: Known::BeforeTheCut,
    candidates: Candidates::RatedBeforeTheCut,
    starts: Starts::BeforeTheCut,
    sessions: SessionKind::None,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::Precision,
    ranks_catalogue: true,
    judges_lists: true,
};

pub(super) static HOLDOUT: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::Holdout,
    name: "holdout",
    key: "holdout",
    version: 1,
    split: Protocol::Holdout,
    cut: Cut::DrawnUsers,
    needs_time: false,
    known: Known::FirstRatings,
    candidates: Candidates::Catalogue,
    starts: Starts::FirstRatings,
    sessions: SessionKind::None,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::Precision,
    ranks_catalogue: true,
    judges_lists: true,
};

pub(super) static LEAVE_ONE_OUT: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::LeaveOneOut,
    name: "leave_one_out",
    key: "leave_one_out",
    version: 1,
    split: Protocol::LeaveOneOut,
    cut: Cut::LastRating,
    needs_time: true,
    known: Known::BeforeTheCut,
    candidates: Candidates::Catalogue,
    starts: Starts::BeforeTheCut,
    sessions: SessionKind::None,
    positives: Positives::EveryRating,
    compared_by: ComparedBy::Recall,
    ranks_catalogue: true,
    judges_lists: true,
};

pub(super) static RERANK: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::Rerank,
    name: "rerank",
    key: "rerank",
    version: 1,
    split: Protocol::Rerank,
    cut: Cut::DrawnRatings,
    needs_time: false,
    known: Known::TrainRows,
    candidates: Candidates::OwnTestItems,
    starts: Starts::BeforeTheCut,
    sessions: SessionKind::None,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::Precision,
    ranks_catalogue: false,
    judges_lists: false,
};

pub(super) static EPISODES: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::Episodes,
    name: "episodes",
    key: "episodes",
    version: 1,
    split: Protocol::Holdout,
    cut: Cut::DrawnUsers,
    needs_time: false,
    known: Known::FirstRatings,
    candidates: Candidates::CatalogueWithoutSession,
    starts: Starts::FirstRatings,
    sessions: SessionKind::Logged,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::Hits,
    ranks_catalogue: false,
    judges_lists: false,
};

pub(super) static ONLINE: ProtocolFacts = ProtocolFacts {
    protocol: Protocol::Online,
    name: "online",
    key: "online",
    version: 1,
    split: Protocol::Online,
    cut: Cut::DrawnUsersAndSimulators,
    needs_time: false,
    known: Known::FirstRatings,
    candidates: Candidates::CatalogueWithoutSession,
    starts: Starts::FirstRatings,
    sessions: SessionKind::Simulated,
    positives: Positives::FromThreshold,
    compared_by: ComparedBy::TotalReward,
    ranks_catalogue: false,
    judges_lists: false,
};
