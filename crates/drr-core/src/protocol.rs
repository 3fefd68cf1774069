//! The names of the evaluation protocols: who cuts a log and who judges by the cut must mean the same.

use serde::{Deserialize, Serialize};

/// A way to cut a log into parts and to judge by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Hold out the last users in id order: all rows of a user are in one part.
    Seed,
    /// Cut the log at a moment.
    Temporal,
    /// Hold out users drawn at random.
    Holdout,
    /// Hold out every user's last rating.
    LeaveOneOut,
    /// Hold out ratings drawn at random, and order those of each user (Liu et al. 2018, Algorithm 2).
    Rerank,
    /// Sessions of held-out users with feedback from their log only.
    Episodes,
    /// Sessions of held-out users who are simulated, so that every item gets a rating (Liu et al. 2018, Algorithm 1).
    Online,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 7] = [
        Self::Seed,
        Self::Temporal,
        Self::Holdout,
        Self::LeaveOneOut,
        Self::Rerank,
        Self::Episodes,
        Self::Online,
    ];

    /// The name in files and reports: `seed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Temporal => "temporal",
            Self::Holdout => "holdout",
            Self::LeaveOneOut => "leave_one_out",
            Self::Rerank => "rerank",
            Self::Episodes => "episodes",
            Self::Online => "online",
        }
    }

    /// The protocol whose cut this one judges by: "episodes" uses the users that "holdout" holds out, all others have a
    /// cut of their own.
    #[must_use]
    pub const fn split(self) -> Self {
        match self {
            Self::Episodes => Self::Holdout,
            other => other,
        }
    }

    /// Whether the cut depends on the times of the ratings.
    #[must_use]
    pub const fn needs_time(self) -> bool {
        matches!(self, Self::Temporal | Self::LeaveOneOut)
    }

    /// The version of the definition: a change of what a figure means raises it.
    #[must_use]
    pub const fn version(self) -> u32 {
        1
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_has_one_name_everywhere() {
        for protocol in Protocol::ALL {
            assert_eq!(serde_json::to_string(&protocol).unwrap(), format!("\"{protocol}\""));
        }
    }
}
