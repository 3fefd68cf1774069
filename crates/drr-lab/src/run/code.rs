//! Which code each stage is made by.
//!
//! A stage that other code has done is done anew. So each stage has a digest of the crates that its result depends on, and of
//! the modules of this crate that do the work; what only calls, shows or keeps is left out. The crates beneath those named
//! here count too ([`Kind::units`]).

use anyhow::Result;
use std::collections::BTreeSet;

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Raw files become tables.
    Ingest,
    /// Spaces are fitted.
    Spaces,
    /// Simulated users are fitted.
    Simulators,
    /// An agent of the DRR family is trained.
    Agent,
    /// Another system is trained.
    Rival,
    /// An agent for sessions is trained in a simulator.
    SessionLearner,
    /// A network that reads sequences is fitted.
    Sequential,
    /// Everybody is judged.
    Evaluate,
    /// The study of models that grow stale.
    Staleness,
    /// The study of later rewards.
    LongTerm,
    /// The models of long sessions are fitted.
    SessionModels,
    /// An agent for long sessions is trained.
    SessionAgent,
    /// Everybody is judged in long sessions.
    Sessions,
    /// Nothing is computed: other stages' results are put together.
    Collect,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Ingest,
        Self::Spaces,
        Self::Simulators,
        Self::Agent,
        Self::Rival,
        Self::SessionLearner,
        Self::Sequential,
        Self::Evaluate,
        Self::Staleness,
        Self::LongTerm,
        Self::SessionModels,
        Self::SessionAgent,
        Self::Sessions,
        Self::Collect,
    ];

    /// The crates that do the work; those that they use come on top.
    const fn crates(self) -> &'static [&'static str] {
        match self {
            Self::Ingest => &["drr-data"],
            Self::Spaces | Self::Simulators => &["drr-embed", "drr-data"],
            Self::Agent => &["drr-agent", "drr-env", "drr-eval", "drr-embed", "drr-data"],
            Self::Rival => &["drr-rivals", "drr-env", "drr-eval", "drr-embed", "drr-data"],
            Self::SessionLearner | Self::SessionAgent => {
                &["drr-session", "drr-env", "drr-eval", "drr-embed", "drr-data"]
            }
            Self::Sequential => &["drr-sequential", "drr-data"],
            Self::Evaluate => &[
                "drr-agent",
                "drr-rivals",
                "drr-session",
                "drr-sequential",
                "drr-baselines",
                "drr-env",
                "drr-eval",
                "drr-embed",
                "drr-data",
            ],
            Self::Staleness => &["drr-baselines", "drr-eval", "drr-data"],
            Self::LongTerm => &["drr-agent", "drr-rivals", "drr-env"],
            Self::SessionModels => &["drr-embed", "drr-data"],
            Self::Sessions => {
                &["drr-session", "drr-baselines", "drr-env", "drr-eval", "drr-embed", "drr-data"]
            }
            Self::Collect => &[],
        }
    }

    /// The modules of this crate that do the work.
    const fn modules(self) -> &'static [&'static str] {
        match self {
            Self::Ingest | Self::Collect => &[],
            Self::Spaces => &["drr-lab::fit::spaces", "drr-lab::run::cut"],
            Self::Simulators => &["drr-lab::fit::simulator", "drr-lab::run::cut"],
            Self::Agent | Self::Rival | Self::SessionLearner => &[
                "drr-lab::fit::train",
                "drr-lab::fit::spaces",
                "drr-lab::fit::learner",
                "drr-lab::fit::features",
                "drr-lab::fit::simulator",
                "drr-lab::run::cut",
            ],
            Self::Sequential => &["drr-lab::fit::sequential", "drr-lab::run::cut"],
            Self::Evaluate => &[
                "drr-lab::judge",
                "drr-lab::fit::train",
                "drr-lab::fit::sequential",
                "drr-lab::fit::spaces",
                "drr-lab::fit::learner",
                "drr-lab::fit::features",
                "drr-lab::fit::simulator",
                "drr-lab::run::cut",
            ],
            Self::Staleness => &["drr-lab::study::staleness", "drr-lab::run::cut"],
            Self::LongTerm => &["drr-lab::study::long_term", "drr-lab::fit::train", "drr-lab::fit::learner"],
            Self::SessionModels => &["drr-lab::fit::sessions::cut", "drr-lab::fit::sessions::models"],
            Self::SessionAgent => {
                &["drr-lab::fit::sessions", "drr-lab::fit::sessions::cut", "drr-lab::fit::sessions::models"]
            }
            Self::Sessions => &[
                "drr-lab::judge::sessions",
                "drr-lab::fit::sessions",
                "drr-lab::fit::sessions::cut",
                "drr-lab::fit::sessions::models",
            ],
        }
    }

    /// All code that decides about the stage's result: units of `drr-code`, in order.
    #[must_use]
    pub fn units(self) -> Vec<&'static str> {
        let mut units: BTreeSet<&'static str> = BTreeSet::new();
        let mut open: Vec<&'static str> = self.crates().to_vec();
        while let Some(name) = open.pop() {
            if units.insert(name) {
                open.extend(drr_code::unit(name).into_iter().flat_map(|unit| unit.dependencies));
            }
        }
        units.extend(self.modules());
        units.into_iter().collect()
    }

    /// The digest of that code.
    ///
    /// # Errors
    ///
    /// Fails if the table names a unit that does not exist, which a test refuses.
    pub fn code(self) -> Result<String> {
        Ok(drr_code::digest(&self.units())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kinds whose code a change of `unit` changes.
    fn made_anew(unit: &str) -> Vec<Kind> {
        assert!(drr_code::unit(unit).is_some(), "{unit}");
        Kind::ALL.into_iter().filter(|kind| kind.units().contains(&unit)).collect()
    }

    #[test]
    fn every_unit_of_the_table_exists_and_every_stage_has_a_digest_of_its_own() {
        let mut digests = BTreeSet::new();
        for kind in Kind::ALL {
            for unit in kind.units() {
                assert!(drr_code::unit(unit).is_some(), "{unit}");
            }
            let code = kind.code().unwrap();
            assert_eq!(code.len(), 64);
            digests.insert(code);
        }
        assert_eq!(digests.len(), Kind::ALL.len());
    }

    #[test]
    fn a_change_makes_the_stages_anew_that_depend_on_it_and_no_others() {
        use Kind::{
            Agent, Evaluate, Ingest, LongTerm, Rival, Sequential, SessionAgent, SessionLearner,
            SessionModels, Sessions, Simulators, Spaces, Staleness,
        };
        // An update rule.
        assert_eq!(made_anew("drr-agent"), [Agent, Evaluate, LongTerm]);
        assert_eq!(made_anew("drr-rivals"), [Rival, Evaluate, LongTerm]);
        assert_eq!(made_anew("drr-sequential"), [Sequential, Evaluate]);
        assert_eq!(made_anew("drr-session"), [SessionLearner, Evaluate, SessionAgent, Sessions]);
        // A metric: the number of rounds is chosen by one.
        assert_eq!(
            made_anew("drr-eval"),
            [Agent, Rival, SessionLearner, Evaluate, Staleness, SessionAgent, Sessions]
        );
        assert_eq!(
            made_anew("drr-embed"),
            [
                Spaces,
                Simulators,
                Agent,
                Rival,
                SessionLearner,
                Evaluate,
                Staleness,
                SessionModels,
                SessionAgent,
                Sessions
            ],
            "recommenders without RL use it"
        );
        assert_eq!(made_anew("drr-baselines"), [Evaluate, Staleness, Sessions]);
        assert!(made_anew("drr-data").contains(&Ingest));
        // What only shows.
        assert_eq!(made_anew("drr-eval::report"), []);
        assert_eq!(made_anew("drr-lab::report"), []);
        assert_eq!(made_anew("drr-lab::judge"), [Evaluate]);
        assert_eq!(made_anew("drr-lab::judge::sessions"), [Sessions]);
        assert_eq!(
            made_anew("drr-lab::fit::spaces"),
            [Spaces, Agent, Rival, SessionLearner, Evaluate],
            "some spaces are made of others when they are read"
        );
        assert!(drr_code::unit("drr").is_none() && drr_code::unit("drr-bench").is_none());
    }

    #[test]
    fn the_modules_that_a_stage_uses_and_does_not_count_are_those_that_compute_nothing_for_it() {
        // They watch, stop, and say where files lie; settings are inputs by their values.
        let always = ["drr-lab", "drr-lab::config", "drr-lab::run"];
        for kind in Kind::ALL {
            let also: &[&str] = match kind {
                // It trains in a world of its own, with the steps of a training alone.
                Kind::LongTerm => {
                    &["drr-lab::fit::features", "drr-lab::fit::simulator", "drr-lab::fit::spaces"]
                }
                // What may be shown decides about users, not about the fits.
                Kind::SessionModels => &["drr-lab::fit::sessions"],
                // The form of its curves alone.
                Kind::SessionAgent | Kind::Sessions => &["drr-lab::fit::train"],
                _ => &[],
            };
            let missing = drr_code::missing(&kind.units()).unwrap();
            for unit in missing.iter().map(String::as_str).filter(|unit| unit.starts_with("drr-lab")) {
                assert!(always.contains(&unit) || also.contains(&unit), "{kind:?} uses {unit}");
            }
        }
    }

    /// What Cargo says of the crates' edges, without tests and build scripts.
    fn edges() -> Vec<(String, Vec<String>)> {
        let output = std::process::Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        let edges = packages.iter().map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter();
            let used = used.filter(|it| it["kind"].is_null() && it["path"].is_string());
            let used = used.map(|it| it["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), used.collect())
        });
        edges.collect()
    }

    #[test]
    fn the_table_is_closed_under_the_edges_that_cargo_knows() {
        let edges = edges();
        for kind in Kind::ALL {
            let units = kind.units();
            for (name, used) in edges.iter().filter(|(name, _)| units.contains(&name.as_str())) {
                for dependency in used {
                    assert!(units.contains(&dependency.as_str()), "{kind:?}: {name} uses {dependency}");
                }
            }
        }
    }
}
