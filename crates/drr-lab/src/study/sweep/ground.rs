//! By what settings are chosen: the validation rows of a protocol, or validation users in long sessions.

use crate::judge::comparisons::primary;
use drr_core::Protocol;
use drr_eval::{LONG_SESSION, Metric};

/// By what settings are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The validation rows of a protocol.
    Rows(Protocol),
    /// The sessions of validation users in the simulator that agents are trained in.
    LongSessions,
}

impl Ground {
    /// The one of that name; `None` for a name that is no protocol.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        if name == LONG_SESSION { Some(Self::LongSessions) } else { Protocol::of_name(name).map(Self::Rows) }
    }

    /// The protocol's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows(protocol) => protocol.name(),
            Self::LongSessions => LONG_SESSION,
        }
    }

    /// What trials are compared by.
    pub(super) const fn metric(self) -> Metric {
        match self {
            Self::Rows(protocol) => primary(protocol),
            Self::LongSessions => Metric::TotalReward,
        }
    }

    /// On what is chosen, and on what the choice is judged once.
    pub(super) const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Rows(_) => ["on validation rows", "fitted anew and judged on test rows"],
            Self::LongSessions => ["of validation users in A", "judged by test users in B"],
        }
    }

    /// Where a configuration keeps what was chosen: the list's keys, one inside the other.
    pub(super) fn place(self) -> Vec<&'static str> {
        match self {
            Self::Rows(protocol) => vec!["lab", "tuned", protocol.split().name()],
            Self::LongSessions => vec!["sessions", "rules"],
        }
    }
}

impl std::fmt::Display for Ground {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_and_long_sessions_are_found_by_name() {
        for protocol in Protocol::ALL {
            assert_eq!(Ground::of_name(protocol.name()), Some(Ground::Rows(protocol)));
        }
        let long = Ground::of_name("long_session").unwrap();
        assert_eq!((long, long.name()), (Ground::LongSessions, "long_session"));
        assert_eq!(Ground::of_name("long"), None);
    }
}
