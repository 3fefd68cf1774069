//! The evaluation protocols, and one table of what each of them is.
//!
//! Who cuts a log, who trains on a cut, and who judges by it ask the same table, so that they mean the same.

mod facts;

pub use facts::{Candidates, ComparedBy, Cut, Known, Positives, ProtocolFacts, SessionKind, Starts};

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A way to cut a log into parts and to judge by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Hold out the last users in id order, who are unknown but for their first ratings: all rows of a user are in one
    /// part. It was called "seed".
    #[serde(alias = "seed")]
    FirstRatings,
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
        Self::FirstRatings,
        Self::Temporal,
        Self::Holdout,
        Self::LeaveOneOut,
        Self::Rerank,
        Self::Episodes,
        Self::Online,
    ];

    /// What the protocol is.
    #[must_use]
    pub const fn facts(self) -> &'static ProtocolFacts {
        match self {
            Self::FirstRatings => &facts::FIRST_RATINGS,
            Self::Temporal => &facts::TEMPORAL,
            Self::Holdout => &facts::HOLDOUT,
            Self::LeaveOneOut => &facts::LEAVE_ONE_OUT,
            Self::Rerank => &facts::RERANK,
            Self::Episodes => &facts::EPISODES,
            Self::Online => &facts::ONLINE,
        }
    }

    /// The name in files and reports: `first_ratings`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The protocol whose cut this one judges by: see [`ProtocolFacts::split`].
    #[must_use]
    pub const fn split(self) -> Self {
        self.facts().split
    }

    /// Whether the cut depends on the times of the ratings.
    #[must_use]
    pub const fn needs_time(self) -> bool {
        self.facts().needs_time
    }

    /// The version of the definition: a change of what a figure means raises it.
    #[must_use]
    pub const fn version(self) -> u32 {
        self.facts().version
    }

    /// The protocol of that name, the one that it has now or the one that it had first.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.facts().name == name || it.facts().key == name)
    }

    /// The name of a table as it is now: `seed` is `first_ratings`, every other is as it was.
    ///
    /// A table is named by its protocol and, behind a space, by what tells it from the protocol's others:
    /// `online factors_a`.
    #[must_use]
    pub fn table_name(table: &str) -> Cow<'_, str> {
        renamed(table, |facts| facts.name)
    }

    /// What a table's random streams are named by: the protocol's key in the place of its name.
    #[must_use]
    pub fn table_key(table: &str) -> Cow<'_, str> {
        renamed(table, |facts| facts.key)
    }
}

/// The table with another first word, if that is a protocol's name.
fn renamed(table: &str, word: impl Fn(&ProtocolFacts) -> &'static str) -> Cow<'_, str> {
    let (first, rest) = table.split_at(table.find(' ').unwrap_or(table.len()));
    match Protocol::of_name(first).map(|protocol| word(protocol.facts())) {
        Some(other) if other != first => Cow::Owned(format!("{other}{rest}")),
        _ => Cow::Borrowed(table),
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
    use std::collections::BTreeSet;

    #[test]
    fn every_protocol_has_one_entry_and_a_name_and_a_key_of_its_own() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.facts().protocol, protocol);
        }
        let distinct = |word: fn(&ProtocolFacts) -> &'static str| {
            Protocol::ALL.iter().map(|it| word(it.facts())).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(Protocol::ALL.into_iter().collect::<BTreeSet<_>>().len(), 7);
        assert_eq!((distinct(|it| it.name), distinct(|it| it.key)), (7, 7));
        // No protocol goes by the name that another had.
        for [one, other] in Protocol::ALL.iter().flat_map(|one| Protocol::ALL.map(|other| [*one, other])) {
            assert!(one == other || one.facts().name != other.facts().key, "{one} {other}");
        }
    }

    #[test]
    fn a_protocol_has_one_name_everywhere() {
        for protocol in Protocol::ALL {
            assert_eq!(serde_json::to_string(&protocol).unwrap(), format!("\"{protocol}\""));
            assert_eq!(Protocol::of_name(protocol.name()), Some(protocol));
            let key = format!("\"{}\"", protocol.facts().key);
            assert_eq!(serde_json::from_str::<Protocol>(&key).unwrap(), protocol, "the first name is taken");
        }
    }

    #[test]
    fn first_ratings_is_taken_by_its_old_name_and_keeps_its_random_streams() {
        assert_eq!(Protocol::of_name("seed"), Some(Protocol::FirstRatings));
        assert_eq!(serde_json::from_str::<Protocol>("\"seed\"").unwrap(), Protocol::FirstRatings);
        let map: std::collections::BTreeMap<Protocol, u8> = serde_json::from_str(r#"{"seed": 1}"#).unwrap();
        assert_eq!(map[&Protocol::FirstRatings], 1);
        assert_eq!(Protocol::FirstRatings.name(), "first_ratings");
        assert_eq!(Protocol::FirstRatings.facts().key, "seed");
        assert_eq!(Protocol::of_name("first"), None);
    }

    #[test]
    fn only_the_first_word_of_a_table_is_a_protocol() {
        assert_eq!(Protocol::table_key("first_ratings"), "seed");
        assert_eq!(Protocol::table_key("online factors_a"), "online factors_a");
        assert_eq!(Protocol::table_name("seed"), "first_ratings");
        assert_eq!(Protocol::table_name("seed b"), "first_ratings b");
        assert_eq!(Protocol::table_name("temporal seed"), "temporal seed");
        assert_eq!(Protocol::table_name("seeds"), "seeds");
        assert_eq!(Protocol::table_name(""), "");
    }

    #[test]
    fn the_facts_of_a_protocol_do_not_contradict_each_other() {
        for protocol in Protocol::ALL {
            let facts = protocol.facts();
            let split = facts.split.facts();
            assert_eq!(split.split, split.protocol, "{protocol} judges by a cut that is its own");
            assert_eq!((split.cut, split.needs_time), (facts.cut, facts.needs_time), "{protocol}");
            assert_eq!(facts.needs_time, matches!(facts.cut, Cut::Moment | Cut::LastRating), "{protocol}");
            let unknown = facts.known == Known::FirstRatings;
            assert_eq!(unknown, facts.starts == Starts::FirstRatings, "{protocol} trains as it judges");
            let of_session = facts.candidates == Candidates::CatalogueWithoutSession;
            assert_eq!(of_session, facts.sessions != SessionKind::None, "{protocol}");
            let simulated = facts.sessions == SessionKind::Simulated;
            assert_eq!(simulated, facts.cut == Cut::DrawnUsersAndSimulators, "{protocol}");
            let lists = facts.sessions == SessionKind::None && facts.candidates != Candidates::OwnTestItems;
            assert_eq!((facts.ranks_catalogue, facts.judges_lists), (lists, lists), "{protocol}");
        }
    }
}
