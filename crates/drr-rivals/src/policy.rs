//! What remains after training: a frozen policy that recommends, to users old and new.

use crate::situation::view_of;
use crate::system::Ranker;
use crate::systems::{self, Parts};
use crate::train::RivalTrainee;
use crate::{RivalConfig, RivalError};
use drr_core::{EmbeddingSpace, EmbeddingTable, Query, RecommendError, Recommender, RowOrigin, ScoredItem};
use drr_learn::{PolicyHeader, Wiring};
use drr_store::{NamedArray, Written};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Queries answered in one pass of the networks.
const CHUNK: usize = 64;

type Header = PolicyHeader<RivalConfig>;

/// A trained system with the embedding space that it reads. A query's history is all it needs of a user.
pub struct RivalPolicy {
    header: Header,
    /// Every parameter, as in the file.
    arrays: Vec<NamedArray>,
    ranker: Box<dyn Ranker>,
    space: Arc<dyn EmbeddingSpace>,
}

impl RivalPolicy {
    /// Freezes the networks in `arrays`.
    pub(crate) fn freeze(
        wiring: &Wiring<RivalTrainee>,
        arrays: Vec<NamedArray>,
        n_updates: u64,
    ) -> Result<Self, RivalError> {
        let Wiring { name, config, history_length, space, positive_rating, .. } = wiring;
        let header = Header {
            name: name.clone(),
            config: config.clone(),
            history_length: *history_length,
            positive_rating: *positive_rating,
            origin: space.origin().clone(),
            n_updates,
        };
        Self::new(header, arrays, Arc::clone(space))
    }

    fn new(
        header: Header,
        arrays: Vec<NamedArray>,
        space: Arc<dyn EmbeddingSpace>,
    ) -> Result<Self, RivalError> {
        let items: EmbeddingTable = drr_learn::scaled_items(space.items())?;
        let parts = Parts { config: &header.config, items: &items, history_length: header.history_length };
        let ranker = systems::ranker(parts, &arrays)?;
        Ok(Self { header, arrays, ranker, space })
    }

    /// The updates that made the policy; 0 is the untrained one.
    #[must_use]
    pub const fn n_updates(&self) -> u64 {
        self.header.n_updates
    }

    /// The arrays of the policy, to compare two of them.
    #[must_use]
    pub fn to_arrays(&self) -> &[NamedArray] {
        &self.arrays
    }

    /// Writes the policy, without its space, to a safetensors file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Written, RivalError> {
        Ok(self.header.write("rival", &self.arrays, path)?)
    }

    /// Reads a policy and joins it to the space it was trained in.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged, or if `space` was fitted on other rows than the policy.
    pub fn load(path: &Path, space: Arc<dyn EmbeddingSpace>) -> Result<Self, RivalError> {
        let (header, arrays) = Header::read("rival", path, &*space)?;
        Self::new(header, arrays, space)
    }

    fn answer(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let Header { positive_rating, history_length, name, .. } = &self.header;
        let view = |query| view_of(query, &*self.space, *positive_rating, *history_length);
        let views: Vec<_> = queries.iter().map(view).collect();
        let asked: Vec<_> = queries.iter().map(|query| (query.user, &query.allowed)).collect();
        self.ranker.rank(name, &views, &asked, k)
    }
}

impl Recommender for RivalPolicy {
    fn name(&self) -> &str {
        &self.header.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.header.origin)
    }

    fn n_parameters(&self) -> u64 {
        let trained = self.arrays.iter().map(|array| array.shape.iter().product::<usize>() as u64);
        trained.sum::<u64>() + self.space.items().values().len() as u64
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let chunks: Result<Vec<_>, _> =
            queries.par_chunks(CHUNK).map(|chunk| self.answer(chunk, k)).collect();
        Ok(chunks?.into_iter().flatten().collect())
    }
}
