//! The names of the evaluation protocols: who cuts a log and who judges by the cut must mean the same.

use serde::{Deserialize, Serialize};

/// A way to cut a log into parts and to judge by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Hold out users: all rows of a user are in one part.
    Seed,
    /// Cut the log at a moment.
    Temporal,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 2] = [Self::Seed, Self::Temporal];

    /// The name in files and reports: `seed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Temporal => "temporal",
        }
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
