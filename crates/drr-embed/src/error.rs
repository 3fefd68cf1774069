//! Why something could not be fitted, stored or read back.

use std::path::PathBuf;

/// A reason why an embedding cannot be fitted, stored or read.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
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
    /// There is nothing to fit on.
    #[error("there are no ratings to fit an embedding on: check the split")]
    NoRatings,
    /// No rating is positive.
    #[error("no rating reaches {positive}, so no item is positive: lower `positive` to the data set's scale")]
    NoPositives {
        /// The least positive rating.
        positive: f32,
    },
    /// No log goes on after its beginning, or only with items that are not positive.
    #[error(
        "nothing rated at least {positive} follows the beginning of any log: lower n_first or first_share, or `positive` to the \
         data set's scale"
    )]
    NoContinuations {
        /// The least positive rating.
        positive: f32,
    },
    /// More dimensions are wanted than a catalogue of this size has.
    #[error(
        "dim = {dim} needs more than {dim} items, but the catalogue has {n_items}: set dim below {n_items}"
    )]
    DimTooLarge {
        /// The dimension wanted.
        dim: usize,
        /// The size of the catalogue.
        n_items: usize,
    },
    /// The co-occurrence matrix has fewer positive eigenvalues than dimensions are wanted.
    #[error(
        "dim = {dim} is too large: only {n_positive} eigenvalues are positive, so set dim to at most that"
    )]
    TooFewFactors {
        /// The dimension wanted.
        dim: usize,
        /// The number of positive eigenvalues among the leading `dim`.
        n_positive: usize,
    },
    /// Two logs count different items.
    #[error(
        "the train rows have {train} items and the validation rows {validation}: both must be of one catalogue"
    )]
    CatalogueMismatch {
        /// The catalogue of the train rows.
        train: usize,
        /// The catalogue of the validation rows.
        validation: usize,
    },
    /// A system of normal equations has no solution.
    #[error("the normal equations of {side} {row} cannot be solved: raise l2")]
    Singular {
        /// `user` or `item`.
        side: &'static str,
        /// Which one.
        row: usize,
    },
    /// The eigenvalue solver gave up.
    #[error(
        "the eigenvalues of the matrix that the vectors are made of cannot be computed: its values must be finite, so lower exponents that are far above 1"
    )]
    Eigen,
    /// The fitted numbers are no table.
    #[error("the embedding is unusable: {0}")]
    Table(#[from] drr_core::EmbeddingError),
    /// Rows are no log.
    #[error("the rows cannot be fitted on: {0}")]
    Log(#[from] drr_core::LogError),
    /// Named arrays and their header do not describe the embedding that was asked for.
    #[error("these arrays are no {kind} embedding: {reason}")]
    Arrays {
        /// What was asked for.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A file is whole, but of something else.
    #[error(
        "{} is not the embedding that was asked for ({reason}): delete it and run the pipeline again, which makes it anew",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or written, or is damaged.
    #[error(transparent)]
    Store(#[from] drr_store::StoreError),
}
