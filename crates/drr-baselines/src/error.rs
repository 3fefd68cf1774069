//! Why a baseline cannot be built or asked.

/// A reason why a baseline cannot be fitted, or cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
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
    /// Two parts of one recommender were fitted on different rows.
    #[error("the embedding and its fallback were fitted on different rows: fit both on the same log")]
    OriginMismatch,
    /// A recommender needs features and got none.
    #[error("it needs item vectors: fit an embedding space first")]
    NoItemVectors,
    /// The factorization failed.
    #[error(transparent)]
    Embedding(#[from] drr_embed::EmbedError),
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
    /// Two scores that are to be summed come from rows of different splits.
    #[error("the two scores were fitted on rows of different splits: fit both on one cut")]
    SplitMismatch,
    /// A known taste has not one value per category.
    #[error("the taste given has {given} values, but there are {wanted} categories: give one of each")]
    TasteSize {
        /// The number of values.
        given: usize,
        /// The number of categories.
        wanted: usize,
    },
    /// A session asks for an item where there is none.
    #[error("there is no candidate left to recommend: end the session before")]
    NoCandidates,
}
