//! One cut of a run's data: the rows of each part, the random streams of its protocol, and what counts as positive there.

use anyhow::Result;
use drr_core::{
    Candidates, InteractionLog, ItemSet, Known, Part, PartSet, Positives, Protocol, RowOrigin, Seeds,
};
use drr_data::Dataset;
use drr_env::RatingScale;
use drr_eval::{EvaluationSet, SimulatedConfig};
use serde::{Deserialize, Serialize};

/// Before or after the choice on validation rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Fitted on train rows, judged on validation rows: for choosing.
    Choose,
    /// Fitted on train and validation rows with what was chosen: for the test.
    Final,
}

impl Phase {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Final => "final",
        }
    }

    /// The rows that may be fitted on.
    pub fn parts(self) -> PartSet {
        match self {
            Self::Choose => PartSet::train(),
            Self::Final => PartSet::train_and_validation(),
        }
    }
}

/// The data of a run as one protocol sees them.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    /// The data set.
    pub dataset: &'a Dataset,
    /// The protocol.
    pub protocol: Protocol,
    /// The root of all randomness.
    pub seed: u64,
    /// The least rating that counts as positive where the protocol has no rule of its own.
    pub positive_rating: f32,
}

impl Cut<'_> {
    /// The same data as another protocol sees them.
    #[must_use]
    pub const fn under(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The same data with another root of randomness.
    #[must_use]
    pub const fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The root seed of the protocol.
    #[must_use]
    pub fn seeds(&self) -> Seeds {
        Seeds(self.seed).child(self.protocol.facts().key)
    }

    /// The rows of a phase.
    ///
    /// # Errors
    ///
    /// Fails if the data set does not allow the protocol.
    pub fn log(&self, phase: Phase) -> Result<InteractionLog> {
        Ok(self.dataset.log(self.protocol, &phase.parts())?)
    }

    /// The rows of one part alone.
    ///
    /// # Errors
    ///
    /// Fails if the data set does not allow the protocol.
    pub fn part(&self, part: Part) -> Result<InteractionLog> {
        Ok(self.dataset.log(self.protocol, &[part].into_iter().collect::<PartSet>())?)
    }

    /// The cut's hash.
    ///
    /// # Errors
    ///
    /// Fails if the data set does not allow the protocol.
    pub fn hash(&self) -> Result<&str> {
        Ok(self.dataset.split_hash(self.protocol)?)
    }

    /// The least rating that counts as positive: under "leave-one-out" every rating does, as in the literature on
    /// sequences.
    #[must_use]
    pub fn positive(&self) -> f32 {
        match self.protocol.facts().positives {
            Positives::EveryRating => self.dataset.manifest().rating_scale.0,
            Positives::FromThreshold => self.positive_rating,
        }
    }

    /// The data set's scale of ratings.
    ///
    /// # Errors
    ///
    /// Fails if the data set's manifest names a scale that does not rise.
    pub fn scale(&self) -> Result<RatingScale> {
        let (lowest, highest) = self.dataset.manifest().rating_scale;
        Ok(RatingScale::new(lowest, highest)?)
    }

    /// The sessions of protocol "online", of `n_steps` steps.
    ///
    /// # Errors
    ///
    /// Fails if the data set's manifest names a scale that does not rise.
    pub fn simulated(&self, n_steps: usize) -> Result<SimulatedConfig> {
        let scale = self.scale()?;
        Ok(SimulatedConfig { n_steps, middle: scale.middle(), half_range: scale.half_range() })
    }

    /// The held-out cases of one part; of a held-out user the first `n_observed` ratings are known where the protocol says
    /// so.
    ///
    /// # Errors
    ///
    /// Fails if the data set does not allow the protocol, and if there is no case.
    pub fn cases(&self, part: Part, n_observed: usize) -> Result<EvaluationSet> {
        let (protocol, positive) = (self.protocol, self.positive());
        let past = self.log(if part == Part::Validation { Phase::Choose } else { Phase::Final })?;
        let permitted: Vec<RowOrigin> = vec![past.origin().clone()];
        let held_out = self.part(part)?;
        let catalogue = ItemSet::full(held_out.n_items());
        let facts = protocol.facts();
        Ok(match (facts.known, facts.candidates) {
            (Known::FirstRatings, _) => EvaluationSet::held_out(
                protocol, &held_out, catalogue, positive, n_observed, part, permitted,
            )?,
            (_, Candidates::RatedBeforeTheCut) => {
                EvaluationSet::temporal(&past, &held_out, positive, part, permitted)?
            }
            (_, Candidates::OwnTestItems) => {
                EvaluationSet::rerank(&past, &held_out, positive, part, permitted)?
            }
            (_, Candidates::Catalogue | Candidates::CatalogueWithoutSession) => {
                EvaluationSet::leave_one_out(&past, &held_out, catalogue, part, permitted)?
            }
        })
    }
}
