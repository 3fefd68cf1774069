//! A fitted sequential recommender.

use crate::network::Network;
use crate::sequences::Sequences;
use crate::train::{SequentialHooks, Trainer};
use crate::{SequentialConfig, SequentialError};
use drr_core::{
    InteractionLog, ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds, rank,
};
use drr_store::{NamedArray, Values, Written, read_arrays, write_arrays};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The part of a file that is no array.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    config: SequentialConfig,
    positive_rating: f32,
    n_items: usize,
    origin: RowOrigin,
}

/// The name of the popularity counts in a file; parameters have a dot in their names.
const POPULARITY: &str = "popularity";

/// Ranks items by how likely they come next after a query's history.
///
/// It looks at the latest positively rated items of the history alone; without any, it ranks by popularity.
#[derive(Debug, Clone)]
pub struct SequentialRecommender {
    header: Header,
    network: Network,
    popularity: Vec<f32>,
}

impl SequentialRecommender {
    /// Learns to predict each next item of each user of `log` among those rated at least `positive`.
    ///
    /// # Errors
    ///
    /// Refuses a configuration out of range and a log without two positive ratings of one user; fails on a loss that is
    /// not finite.
    pub fn fit(
        log: &InteractionLog,
        positive: f32,
        config: &SequentialConfig,
        seeds: Seeds,
        hooks: &mut dyn SequentialHooks,
    ) -> Result<Self, SequentialError> {
        config.check()?;
        let sequences = Sequences::new(log, positive);
        if sequences.is_empty() {
            return Err(SequentialError::NoSequences);
        }
        let mut popularity = vec![0.0; log.n_items()];
        for user in log.users() {
            for item in log.of_user(user).positives(positive) {
                popularity[item.index()] += 1.0;
            }
        }
        let header = Header {
            config: config.clone(),
            positive_rating: positive,
            n_items: log.n_items(),
            origin: log.origin().clone(),
        };
        let network = Network::new(config, log.n_items(), seeds.child("parameters"))?;
        let recommender = Self { header, network, popularity };
        Trainer { sequences: &sequences, config, seeds }.run(&recommender, hooks)?;
        Ok(recommender)
    }

    /// The settings it was fitted with.
    #[must_use]
    pub const fn config(&self) -> &SequentialConfig {
        &self.header.config
    }

    pub(crate) const fn network(&self) -> &Network {
        &self.network
    }

    /// The parameters and the popularity counts.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot read a tensor.
    pub fn to_arrays(&self) -> Result<Vec<NamedArray>, SequentialError> {
        let mut arrays = self.network.parameters.to_arrays("")?;
        let counts = Values::F32(self.popularity.clone());
        arrays.push(NamedArray::new(POPULARITY, vec![self.popularity.len()], counts));
        Ok(arrays)
    }

    /// Writes the recommender to a safetensors file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Written, SequentialError> {
        let text = serde_json::to_string(&self.header)
            .map_err(|error| SequentialError::NoRecommender(error.to_string()))?;
        Ok(write_arrays(path, &self.to_arrays()?, &[("sequential", text)])?)
    }

    /// Reads a recommender.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged or holds something else.
    pub fn load(path: &Path) -> Result<Self, SequentialError> {
        let (arrays, texts) = read_arrays(path)?;
        let text = texts.get("sequential").map_or("", String::as_str);
        let header: Header = serde_json::from_str(text).map_err(|error| {
            let message = format!("{} is no sequential recommender: {error}", path.display());
            SequentialError::NoRecommender(message)
        })?;
        header.config.check()?;
        let network = Network::new(&header.config, header.n_items, Seeds(0))?;
        network.parameters.load_arrays("", &arrays)?;
        let popularity = NamedArray::f32(&arrays, POPULARITY, header.n_items)?.to_vec();
        Ok(Self { header, network, popularity })
    }

    /// The scores of all items for a query, `[I]`.
    fn scores(&self, query: &Query) -> Result<Vec<f32>, SequentialError> {
        let n_items = self.header.n_items;
        if query.allowed.n_items() != n_items {
            return Err(SequentialError::CatalogueMismatch {
                query: query.allowed.n_items(),
                fitted: n_items,
            });
        }
        let known = |item: ItemIdx| item.index() < n_items;
        let positive = query.history.iter().filter(|it| it.rating >= self.header.positive_rating);
        let history: Vec<ItemIdx> = positive.map(|it| it.item).filter(|item| known(*item)).collect();
        if history.is_empty() { Ok(self.popularity.clone()) } else { self.network.scores(&history) }
    }
}

impl Recommender for SequentialRecommender {
    fn name(&self) -> &'static str {
        self.header.config.architecture.name()
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.header.origin)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        // Each query by itself: neither the batch nor the number of threads changes a list.
        let answer = |query: &Query| {
            let recommender = || self.name().to_owned();
            let scores = self.scores(query).map_err(|source| RecommendError::Failed {
                recommender: recommender(),
                source: Box::new(source),
            })?;
            rank(&scores, &query.allowed, k).map_err(|bad| RecommendError::NotFinite {
                recommender: recommender(),
                user: query.user,
                item: bad.item,
                score: bad.score,
            })
        };
        let answers: Vec<Result<Vec<ScoredItem>, RecommendError>> = queries.par_iter().map(answer).collect();
        answers.into_iter().collect()
    }

    fn n_parameters(&self) -> u64 {
        self.network.parameters.n_values() as u64
    }
}
