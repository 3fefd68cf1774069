//! What a recommender was told, so that a report sets apart the lines that nobody could serve.

use serde::{Deserialize, Serialize};

/// What a recommender of sessions was told of the users whom it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knowledge {
    /// The rows that it was fitted on, what the query says, and the answers in the session: what anybody could know.
    #[default]
    Log,
    /// Beside that, how users change: that exposure makes a taste grow, and how fast.
    Dynamics,
    /// The judge's own utilities or hidden states, which nobody could know.
    Judge,
}
