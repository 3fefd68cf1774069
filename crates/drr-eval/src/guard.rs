//! The leakage guard: who was fitted on rows that an evaluation judges on gets no figure.
//!
//! Leakage makes the order of methods unpredictable (Ji et al. 2020, arXiv 2010.11060), so it is an error and not a
//! footnote. The guard compares the digest of the rows themselves, since a claim about them can be wrong.

use crate::{EvalError, EvaluationSet};
use drr_core::{Part, Recommender, RowOrigin};
use serde::{Deserialize, Serialize};

/// What is known about the rows that a recommender was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Provenance {
    /// The rows are permitted ones.
    Verified {
        /// Which they are.
        origin: RowOrigin,
    },
    /// It was fitted on nothing, or it comes from elsewhere and nobody knows.
    NotVerified {},
}

/// Checks that `recommender` was fitted on one of the permitted origins, and that the judged part is not in it.
///
/// A recommender without an origin passes and is marked "not verified".
///
/// # Errors
///
/// Fails with [`EvalError::Leakage`], which names what it was fitted on and what is permitted.
pub fn check_origin(recommender: &dyn Recommender, set: &EvaluationSet) -> Result<Provenance, EvalError> {
    let judged = Judged { protocol: set.protocol.name(), part: set.part, permitted: &set.permitted };
    judged.check(recommender.name(), recommender.origin())
}

/// What is judged, and who may be judged on it.
pub(crate) struct Judged<'set> {
    /// The protocol's name.
    pub protocol: &'static str,
    /// The part of the split that is judged on.
    pub part: Part,
    /// The rows that a recommender may be fitted on.
    pub permitted: &'set [RowOrigin],
}

impl Judged<'_> {
    /// Checks what `recommender` was fitted on; see [`check_origin`].
    pub fn check(&self, recommender: &str, origin: Option<&RowOrigin>) -> Result<Provenance, EvalError> {
        let Some(origin) = origin else {
            return Ok(Provenance::NotVerified {});
        };
        if self.permitted.contains(origin) && !origin.parts.contains(self.part) {
            return Ok(Provenance::Verified { origin: origin.clone() });
        }
        let permitted: Vec<String> = self.permitted.iter().map(in_words).collect();
        Err(EvalError::Leakage {
            recommender: recommender.to_owned(),
            fitted: in_words(origin),
            protocol: self.protocol,
            part: self.part,
            permitted: if permitted.is_empty() { "nothing".to_owned() } else { permitted.join(" or ") },
        })
    }
}

/// An origin for a message: parts, split, number of rows and their digest.
fn in_words(origin: &RowOrigin) -> String {
    let names = [
        (Part::Train, "train"),
        (Part::Validation, "validation"),
        (Part::Test, "test"),
        (Part::SimulatorA, "simulator A's"),
        (Part::SimulatorB, "simulator B's"),
    ];
    let parts: Vec<&str> =
        names.into_iter().filter(|(part, _)| origin.parts.contains(*part)).map(|(_, name)| name).collect();
    let parts = if parts.is_empty() { "unnamed".to_owned() } else { parts.join(" and ") };
    let split = if origin.split.is_empty() { "no split" } else { &origin.split };
    format!("{} {parts} rows of {split} (digest {:016x})", origin.digest.n_rows, origin.digest.sum)
}
