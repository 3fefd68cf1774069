//! What remains after training: a frozen policy that recommends, to users old and new.

use crate::action::{best, compose, scores};
use crate::batch::InputsBuilder;
use crate::networks::Networks;
use crate::tables::{normalize, scale_factor, scaled};
use crate::{AgentConfig, AgentError};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingSpace, ItemIdx, Query, RecommendError, Recommender, RowOrigin, ScoredItem, Seeds};
use drr_nn::{NamedArray, read_arrays, write_arrays};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Queries answered in one pass of the networks.
const CHUNK: usize = 128;

/// The part of a policy's file that is no array.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Header {
    name: String,
    config: AgentConfig,
    history_length: usize,
    positive_rating: f32,
    origin: RowOrigin,
    n_updates: u64,
}

/// A trained actor and state module with the embedding space they act in.
///
/// A query's history is all it needs of a user: the user vector is folded in, the latest positive items are the state's
/// window.
pub struct DrrPolicy {
    header: Header,
    networks: Networks,
    space: Arc<dyn EmbeddingSpace>,
}

impl DrrPolicy {
    /// Freezes a copy of `networks`.
    pub(crate) fn freeze(
        name: &str,
        config: &AgentConfig,
        networks: &Networks,
        space: Arc<dyn EmbeddingSpace>,
        positive_rating: f32,
        n_updates: u64,
    ) -> Result<Self, AgentError> {
        let header = Header {
            name: name.to_owned(),
            config: config.clone(),
            history_length: networks.history_length(),
            positive_rating,
            origin: space.origin().clone(),
            n_updates,
        };
        Ok(Self { header, networks: networks.copy(config, Seeds(0))?, space })
    }

    /// The number of trained values.
    pub(crate) fn n_trained(&self) -> u64 {
        let networks = &self.networks;
        (networks.actor_parameters.n_values() + networks.critic_parameters.n_values()) as u64
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
    pub fn save(&self, path: &Path) -> Result<(), AgentError> {
        let text =
            serde_json::to_string(&self.header).map_err(|error| AgentError::OtherRun(error.to_string()))?;
        Ok(write_arrays(path, &self.networks.to_arrays("")?, &[("policy", text)])?)
    }

    /// Reads a policy and joins it to the space it was trained in.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged, or if `space` was fitted on other rows than the policy.
    pub fn load(path: &Path, space: Arc<dyn EmbeddingSpace>) -> Result<Self, AgentError> {
        let (arrays, texts) = read_arrays(path)?;
        let text = texts.get("policy").map_or("", String::as_str);
        let header: Header = serde_json::from_str(text)
            .map_err(|error| AgentError::OtherRun(format!("{} is no policy: {error}", path.display())))?;
        if &header.origin != space.origin() {
            let message = "the policy and the embedding were fitted on different rows";
            return Err(AgentError::OtherRun(message.to_owned()));
        }
        let networks =
            Networks::new(&header.config, &scaled_items(&*space)?, header.history_length, Seeds(0))?;
        networks.load_arrays("", &arrays)?;
        Ok(Self { header, networks, space })
    }

    /// The action vectors `[B, D]` for queries.
    fn actions(&self, queries: &[Query]) -> Result<Tensor, AgentError> {
        let window = self.networks.history_length();
        let mut builder = InputsBuilder::new(window);
        for query in queries {
            let positive = query.history.iter().filter(|it| it.rating >= self.header.positive_rating);
            let positive: Vec<ItemIdx> = positive.map(|it| it.item).collect();
            let latest = &positive[positive.len().saturating_sub(window)..];
            builder.push(latest.iter().copied(), |users| {
                let mut user = self.space.fold_in(&query.history);
                normalize(&mut user);
                users.append(&mut user);
            });
        }
        let inputs = builder.build()?;
        let outputs = self.networks.actor.forward(&self.networks.states(&inputs)?)?;
        compose(&self.header.config.action, &inputs.users, &outputs)
    }

    fn answer(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let failed = |source: AgentError| RecommendError::Failed {
            recommender: self.header.name.clone(),
            source: Box::new(source),
        };
        let actions = self.actions(queries).map_err(failed)?;
        let scores = scores(&actions, &self.networks.items).map_err(failed)?;
        let n_items = self.space.items().n_rows();
        let rows = queries.iter().zip(scores.chunks_exact(n_items));
        rows.map(|(query, scores)| best(&self.header.name, query.user, scores, &query.allowed, k)).collect()
    }
}

/// A space's item vectors, scaled as in training, `[I, D]`.
fn scaled_items(space: &dyn EmbeddingSpace) -> Result<Tensor, AgentError> {
    let items = scaled(space.items(), scale_factor(space.items())?)?;
    Ok(Tensor::from_slice(items.values(), (items.n_rows(), items.dim()), &Device::Cpu)?)
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
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot read a tensor.
    pub fn to_arrays(&self) -> Result<Vec<NamedArray>, AgentError> {
        self.networks.to_arrays("")
    }
}
