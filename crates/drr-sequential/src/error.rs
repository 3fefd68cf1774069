//! Why a sequential recommender cannot be fitted, saved, loaded or asked.

use drr_nn::NnError;
use drr_store::StoreError;

/// A reason why a sequential recommender cannot be fitted, saved, loaded or asked.
#[derive(Debug, thiserror::Error)]
pub enum SequentialError {
    /// A value of the configuration is out of its range.
    #[error("{field} = {value} is out of range: it must be {wanted}")]
    Config {
        /// The field's name.
        field: &'static str,
        /// The value given.
        value: f64,
        /// The range, in words.
        wanted: &'static str,
    },
    /// No user has two positive ratings, so there is no next item to learn from.
    #[error("no user has two positive ratings: fit on more rows or lower the positive threshold")]
    NoSequences,
    /// The loss is infinite or NaN.
    #[error("the loss is {loss} in epoch {epoch}: lower the learning rate")]
    NotFinite {
        /// The loss.
        loss: f64,
        /// The epoch, from 0.
        epoch: usize,
    },
    /// A query is about another catalogue.
    #[error(
        "the query allows items of a catalogue of {query}, but {fitted} items were fitted: use one data set"
    )]
    CatalogueMismatch {
        /// The catalogue of the query.
        query: usize,
        /// The catalogue of the recommender.
        fitted: usize,
    },
    /// A file is no sequential recommender.
    #[error("{0}: fit it again")]
    NoRecommender(String),
    /// A network's failure.
    #[error(transparent)]
    Network(#[from] NnError),
    /// A file failed, or lacks an array.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<candle_core::Error> for SequentialError {
    fn from(error: candle_core::Error) -> Self {
        Self::Network(NnError::from(error))
    }
}
