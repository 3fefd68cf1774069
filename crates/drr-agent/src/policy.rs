//! What remains after training: a frozen policy that recommends, to users old and new.

use crate::flat::{Acting, FlatNetworks, Shapes, ranked};
use crate::networks::Networks;
use crate::refinement::refined;
use crate::train::DrrTrainee;
use crate::{AgentConfig, AgentError, RefinementConfig};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingSpace, ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds};
use drr_learn::{
    LearnError, ListRequest, PolicyHeader, Rows, StateFeatures, Wiring, normalize, scale_factor, scaled,
};
use drr_store::{NamedArray, Written};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Queries answered in one pass of the networks.
const CHUNK: usize = 128;

type Header = PolicyHeader<AgentConfig>;

/// A trained actor and state module with the embedding space they act in.
///
/// A query's history is all it needs of a user: the user vector is folded in, the latest positive items are the state's
/// window.
pub struct DrrPolicy {
    header: Header,
    /// Every parameter, as in the file.
    arrays: Vec<NamedArray>,
    networks: PolicyNetworks,
    /// The item vectors, scaled as in training, `[I, D]`.
    items: Vec<f32>,
    /// The features at the end of the states, if the agent has them.
    features: Option<StateFeatures>,
    space: Arc<dyn EmbeddingSpace>,
}

/// The networks, on flat arrays where these can hold them.
enum PolicyNetworks {
    Flat(Box<(Shapes, FlatNetworks)>),
    Composed(Box<Networks>),
}

impl DrrPolicy {
    /// Freezes the networks in `arrays`.
    pub(crate) fn freeze(
        wiring: &Wiring<DrrTrainee>,
        arrays: Vec<NamedArray>,
        n_updates: u64,
    ) -> Result<Self, AgentError> {
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
    ) -> Result<Self, AgentError> {
        let table = scaled(space.items(), scale_factor(space.items())?)?;
        let items = if header.config.fine_tune_items {
            NamedArray::f32(&arrays, "items", table.values().len())?.to_vec()
        } else {
            table.values().to_vec()
        };
        let features = header.config.features.then(|| StateFeatures::from_arrays(&arrays)).transpose()?;
        let n_features = features.as_ref().map_or(0, StateFeatures::n_features);
        let networks = PolicyNetworks::new(&header, &arrays, &items, table.dim(), n_features)?;
        Ok(Self { header, arrays, networks, items, features, space })
    }

    /// The number of trained values.
    pub(crate) fn n_trained(&self) -> u64 {
        let trained = self.arrays.iter().filter(|array| !StateFeatures::is_table(array));
        trained.map(|array| array.shape.iter().product::<usize>() as u64).sum()
    }

    /// The updates that made the policy; 0 is the untrained one.
    #[must_use]
    pub const fn n_updates(&self) -> u64 {
        self.header.n_updates
    }

    /// Writes the policy, without its space, to a safetensors file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<Written, AgentError> {
        Ok(self.header.write("policy", &self.arrays, path)?)
    }

    /// Reads a policy and joins it to the space it was trained in.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged, or if `space` was fitted on other rows than the policy.
    pub fn load(path: &Path, space: Arc<dyn EmbeddingSpace>) -> Result<Self, AgentError> {
        let (header, arrays) = Header::read("policy", path, &*space)?;
        Self::new(header, arrays, space)
    }

    /// What the networks read of queries.
    fn rows(&self, queries: &[Query]) -> Rows {
        let window = self.header.history_length;
        let mut rows = Rows::new(window);
        for query in queries {
            let positive = query.history.iter().filter(|it| it.rating >= self.header.positive_rating);
            let positive: Vec<ItemIdx> = positive.map(|it| it.item).collect();
            let latest = &positive[positive.len().saturating_sub(window)..];
            if let Some(features) = &self.features {
                features.push(query.user, latest.iter().copied(), &mut rows.features);
            }
            rows.push(latest.iter().copied(), |users| {
                let mut user = self.space.fold_in(&query.history);
                normalize(&mut user);
                users.append(&mut user);
            });
        }
        rows
    }

    fn answer(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let rows = self.rows(queries);
        let asked: Vec<_> = queries.iter().map(|query| (query.user, &query.allowed)).collect();
        let request = ListRequest { name: &self.header.name, rows: &asked, k };
        let config = &self.header.config;
        if let (PolicyNetworks::Composed(networks), Some(refinement)) = (&self.networks, &config.refinement)
            && refinement.serve
            && !rows.is_empty()
        {
            return self.refined(refinement, networks, &rows, request).map_err(|error| self.failed(error));
        }
        let outputs = self.networks.outputs(&self.items, &rows).map_err(|error| self.failed(error))?;
        ranked(&config.action, &self.items, &rows, &outputs, request)
    }

    /// Lists in which the critic orders the items nearest to the action.
    fn refined(
        &self,
        config: &RefinementConfig,
        networks: &Networks,
        rows: &Rows,
        request: ListRequest<'_>,
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        let inputs = rows.inputs()?;
        let states = networks.states(&inputs)?.detach();
        let outputs = networks.actor.forward(&states)?.detach();
        let outputs: Vec<f32> = outputs.flatten_all()?.to_vec1()?;
        let lists = refined(config, networks, &states, request, |request| {
            Ok(ranked(&self.header.config.action, &self.items, rows, &outputs, request)?)
        });
        Ok(lists?)
    }

    fn failed(&self, source: AgentError) -> RecommendError {
        match source {
            AgentError::Learn(LearnError::Ranking(source)) => source,
            source => {
                RecommendError::Failed { recommender: self.header.name.clone(), source: Box::new(source) }
            }
        }
    }
}

impl PolicyNetworks {
    fn new(
        header: &Header,
        arrays: &[NamedArray],
        items: &[f32],
        dim: usize,
        n_features: usize,
    ) -> Result<Self, AgentError> {
        let Header { config, history_length, .. } = header;
        if config.is_flat() {
            let shapes = Shapes::new(config, dim, *history_length);
            let networks = FlatNetworks::from_arrays(&shapes, "", arrays)?;
            return Ok(Self::Flat(Box::new((shapes, networks))));
        }
        let items = Tensor::from_slice(items, (items.len() / dim, dim), &Device::Cpu)?;
        // The first values are of no account: all are replaced.
        let networks = Networks::with_features(config, &items, *history_length, n_features, Seeds(0))?;
        networks.load_arrays("", arrays)?;
        Ok(Self::Composed(Box::new(networks)))
    }

    /// The actor's outputs `[B, D]` for `rows`, with item vectors `items` `[I, D]`.
    fn outputs(&self, items: &[f32], rows: &Rows) -> Result<Vec<f32>, AgentError> {
        match self {
            Self::Flat(flat) => {
                let (shapes, networks) = &**flat;
                Ok(Acting::new(shapes).outputs(shapes, networks, items, rows))
            }
            Self::Composed(networks) if !rows.is_empty() => {
                let outputs = networks.actor.forward(&networks.states(&rows.inputs()?)?)?;
                Ok(outputs.flatten_all()?.to_vec1()?)
            }
            Self::Composed(_) => Ok(Vec::new()),
        }
    }
}

impl Recommender for DrrPolicy {
    fn name(&self) -> &str {
        &self.header.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.header.origin)
    }

    fn n_parameters(&self) -> u64 {
        self.n_trained() + self.space.items().values().len() as u64
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let chunks: Result<Vec<_>, _> =
            queries.par_chunks(CHUNK).map(|chunk| self.answer(chunk, k)).collect();
        Ok(chunks?.into_iter().flatten().collect())
    }
}

impl DrrPolicy {
    /// The arrays of the policy, to compare two of them.
    #[must_use]
    pub fn to_arrays(&self) -> &[NamedArray] {
        &self.arrays
    }
}
