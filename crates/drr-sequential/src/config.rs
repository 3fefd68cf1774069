//! The settings of a sequential recommender.

use crate::SequentialError;
use serde::{Deserialize, Serialize};

/// What encodes a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Causal self-attention (Kang and `McAuley` 2018).
    SasRec,
    /// A gated recurrent unit (Hidasi et al. 2016).
    #[serde(rename = "gru4rec")]
    Gru4Rec,
}

impl Architecture {
    /// The name in files and reports: `sas_rec`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SasRec => "sas_rec",
            Self::Gru4Rec => "gru4rec",
        }
    }
}

/// The settings of a [`crate::SequentialRecommender`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SequentialConfig {
    /// What encodes a history.
    pub architecture: Architecture,
    /// The width of item vectors and hidden states, `D`.
    pub dim: usize,
    /// Attention blocks or recurrent layers.
    pub n_blocks: usize,
    /// Attention heads, which must divide `dim`; GRU4Rec has none and ignores it.
    pub n_heads: usize,
    /// The latest items of a history that are looked at, `L`. Training has a window of `L + 1` items of each user and
    /// epoch: the last one, or with equal chance one drawn anywhere, where the history is longer.
    pub max_length: usize,
    /// The share of numbers set to zero in training, in steps of 1/256, below 0.9.
    pub dropout: f64,
    /// Adam's step size of the first epoch; it falls along half a cosine to a tenth in the last one.
    pub learning_rate: f64,
    /// Users per update.
    pub batch_size: usize,
    /// Passes over the users.
    pub n_epochs: usize,
    /// Negatives of the sampled softmax, drawn anew for each shard of a batch and shared by its positions; 0 is the full
    /// softmax over the catalogue.
    pub n_negatives: usize,
    /// Adam's coupled L2 on weights.
    pub l2: f64,
}

impl Default for SequentialConfig {
    /// SASRec as in [`SequentialConfig::new`]. A table of a configuration that leaves something out has it from here, whatever
    /// its architecture is.
    fn default() -> Self {
        Self::new(Architecture::SasRec)
    }
}

impl SequentialConfig {
    /// Settings for MovieLens 1M that fit a few minutes of two cores. Small batches matter most: they halve the time
    /// to the same hit rate.
    #[must_use]
    pub const fn new(architecture: Architecture) -> Self {
        let (n_blocks, max_length, learning_rate, n_epochs) = match architecture {
            Architecture::SasRec => (2, 100, 2e-3, 40),
            Architecture::Gru4Rec => (1, 50, 3e-3, 16),
        };
        Self {
            architecture,
            dim: 64,
            n_blocks,
            n_heads: 1,
            max_length,
            dropout: 0.2,
            learning_rate,
            batch_size: 32,
            n_epochs,
            n_negatives: 512,
            l2: 0.0,
        }
    }

    /// Fewer epochs, for a first look.
    #[must_use]
    pub const fn quick(architecture: Architecture) -> Self {
        let n_epochs = match architecture {
            Architecture::SasRec => 14,
            Architecture::Gru4Rec => 10,
        };
        Self { n_epochs, ..Self::new(architecture) }
    }

    /// Checks every range.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range.
    pub fn check(&self) -> Result<(), SequentialError> {
        #[expect(clippy::cast_precision_loss, reason = "for a message alone")]
        let count = |count: usize| count as f64;
        let positive = "at least 1";
        let heads = "at least 1 and a divisor of dim";
        let divides = self.n_heads > 0 && self.dim.is_multiple_of(self.n_heads);
        let checks = [
            ("dim", count(self.dim), self.dim > 0, positive),
            ("n_blocks", count(self.n_blocks), self.n_blocks > 0, positive),
            ("n_heads", count(self.n_heads), divides, heads),
            ("max_length", count(self.max_length), self.max_length > 0, positive),
            ("dropout", self.dropout, (0.0..0.9).contains(&self.dropout), "at least 0 and below 0.9"),
            ("learning_rate", self.learning_rate, self.learning_rate > 0.0, "above 0"),
            ("batch_size", count(self.batch_size), self.batch_size > 0, positive),
            ("n_epochs", count(self.n_epochs), self.n_epochs > 0, positive),
            ("l2", self.l2, self.l2 >= 0.0, "at least 0"),
        ];
        match checks.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((field, value, _, wanted)) => Err(SequentialError::Config { field, value, wanted }),
            None => Ok(()),
        }
    }
}
