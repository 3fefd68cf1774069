//! The greedy one-step reward model: DRR's state module and critic, fitted by supervision instead of by acting.
//!
//! It predicts the immediate reward of an item in a state and recommends the items of the greatest one. A model like it
//! often stands above agents that look ahead on rating data (Lee et al., SIGIR 2022), so it belongs beside them.

use crate::action::best;
use crate::critic::Critic;
use crate::{AgentError, DrrAve};
use candle_core::{Device, Tensor};
use drr_core::{
    EmbeddingSpace, ItemIdx, Observed, Query, RandomStream, RecommendError, Recommender, RowOrigin,
    ScoredItem, Seeds,
};
use drr_learn::{Inputs, LearnError, Rows, normalize, scale_factor, scaled};
use drr_nn::{Adam, AdamConfig, Parameters};
use drr_store::NamedArray;
use rand::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The settings of a [`RewardModel`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RewardModelConfig {
    /// N, the latest positive items in the state.
    pub history_length: usize,
    /// The widths of the layers before and after the item joins.
    pub hidden: [usize; 2],
    /// The optimizer.
    pub optimizer: AdamConfig,
    /// Pairs of state and item in one update.
    pub batch_size: usize,
    /// Updates in all.
    pub n_updates: u64,
    /// The share of pairs whose item is drawn from the whole catalogue instead of the user's later ratings.
    pub unrated_share: f64,
    /// The reward of an item that the user never rated.
    pub unrated_reward: f32,
}

impl Default for RewardModelConfig {
    /// The networks of the shipped agent, trained for a few minutes.
    fn default() -> Self {
        Self {
            history_length: 10,
            hidden: [128, 128],
            optimizer: AdamConfig { learning_rate: 1e-3, l2: 1e-4, max_gradient_norm: 1.0 },
            batch_size: 128,
            n_updates: 1500,
            unrated_share: 0.5,
            unrated_reward: -0.5,
        }
    }
}

/// What is known of a user, and the rewards of what was rated later.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledContext {
    /// The ratings before the cut, oldest first.
    pub observed: Vec<Observed>,
    /// Items rated after it, with their rewards.
    pub rewards: Vec<(ItemIdx, f32)>,
}

/// A fitted model.
pub struct RewardModel {
    config: RewardModelConfig,
    positive_rating: f32,
    space: Arc<dyn EmbeddingSpace>,
    /// The scaled item vectors, `[I, D]`.
    items: Tensor,
    encoder: DrrAve,
    head: Head,
    n_parameters: u64,
}

/// The critic's layers, cut so that the items' part is computed once for all queries.
struct Head {
    /// `[S, H1]` and `[1, H1]`.
    state: (Tensor, Tensor),
    /// The state's part of the joint layer, `[H1, H2]`.
    joint_state: Tensor,
    /// The items' part with the bias, `[I][H2]`.
    joint_items: Vec<f32>,
    /// `[H2]`.
    last: Vec<f32>,
    last_bias: f32,
}

impl RewardModel {
    /// Fits on contexts cut from the rows of `space`'s origin.
    ///
    /// # Errors
    ///
    /// Fails if no context has a later rating, and on a loss that is not finite.
    pub fn fit(
        contexts: &[LabelledContext],
        space: Arc<dyn EmbeddingSpace>,
        config: &RewardModelConfig,
        positive_rating: f32,
        seeds: Seeds,
    ) -> Result<Self, AgentError> {
        let contexts: Vec<&LabelledContext> = contexts.iter().filter(|it| !it.rewards.is_empty()).collect();
        if contexts.is_empty() {
            let message = "no user has a rating after the cut to learn from";
            return Err(LearnError::Tables(message.to_owned()).into());
        }
        let table = scaled(space.items(), scale_factor(space.items())?)?;
        let (n_items, dim) = (table.n_rows(), table.dim());
        let items = Tensor::from_slice(table.values(), (n_items, dim), &Device::Cpu)?;
        let mut parameters = Parameters::new();
        let encoder = DrrAve::new(&mut parameters, config.history_length)?;
        let critic =
            Critic::new(&mut parameters, "critic", DrrAve::state_dim(dim), dim, config.hidden, false, seeds)?;
        let users: Vec<Vec<f32>> = contexts.par_iter().map(|it| user_vector(&*space, &it.observed)).collect();
        let mut optimizer = Adam::new("reward_model", parameters.clone(), config.optimizer.clone());
        let mut random = seeds.stream("reward_model.batches");
        for update in 0..config.n_updates {
            let batch = Sampled::draw(&contexts, n_items, config, &mut random);
            let mut rows = Rows::new(config.history_length);
            for at in &batch.contexts {
                let window = latest(&contexts[*at].observed, positive_rating, config.history_length);
                rows.push(window.into_iter(), |into| into.extend_from_slice(&users[*at]));
            }
            let states = states(&encoder, &items, &rows.inputs()?, config.history_length)?;
            let n_rows = batch.items.len();
            let chosen = items.index_select(&Tensor::from_vec(batch.items, n_rows, &Device::Cpu)?, 0)?;
            let rewards = Tensor::from_vec(batch.rewards, n_rows, &Device::Cpu)?;
            let loss = (critic.forward(&states, &chosen)? - rewards)?.sqr()?.mean_all()?;
            let value = f64::from(loss.to_scalar::<f32>()?);
            if !value.is_finite() {
                let what = "the reward model's loss";
                return Err(LearnError::NotFinite { what, value, update, step: 0 }.into());
            }
            optimizer.step(&loss.backward()?)?;
        }
        let head = Head::new(&parameters, &items, config.hidden)?;
        let n_parameters = (parameters.n_values() + n_items * dim) as u64;
        let encoder = encoder.detached();
        Ok(Self { config: config.clone(), positive_rating, space, items, encoder, head, n_parameters })
    }

    /// The predicted rewards of all items for each query, `[B][I]`.
    fn rewards(&self, queries: &[Query]) -> Result<Vec<Vec<f32>>, AgentError> {
        let window = self.config.history_length;
        let mut rows = Rows::new(window);
        for query in queries {
            let latest = latest(&query.history, self.positive_rating, window);
            rows.push(latest.into_iter(), |into| into.extend(user_vector(&*self.space, &query.history)));
        }
        let states = states(&self.encoder, &self.items, &rows.inputs()?, window)?;
        self.head.forward(&states)
    }
}

/// The pairs of one update.
struct Sampled {
    contexts: Vec<usize>,
    items: Vec<u32>,
    rewards: Vec<f32>,
}

impl Sampled {
    fn draw(
        contexts: &[&LabelledContext],
        n_items: usize,
        config: &RewardModelConfig,
        random: &mut RandomStream,
    ) -> Self {
        let n = config.batch_size;
        let mut batch = Self {
            contexts: Vec::with_capacity(n),
            items: Vec::with_capacity(n),
            rewards: Vec::with_capacity(n),
        };
        for _ in 0..n {
            let at = random.random_range(0..contexts.len());
            let later = &contexts[at].rewards;
            let (item, reward) = if random.random_bool(config.unrated_share) {
                let item = ItemIdx::from(random.random_range(0..n_items));
                let rated = later.iter().find(|(rated, _)| *rated == item);
                (item, rated.map_or(config.unrated_reward, |(_, reward)| *reward))
            } else {
                later[random.random_range(0..later.len())]
            };
            batch.contexts.push(at);
            batch.items.push(item.0);
            batch.rewards.push(reward);
        }
        batch
    }
}

impl Head {
    fn new(parameters: &Parameters, items: &Tensor, hidden: [usize; 2]) -> Result<Self, AgentError> {
        let arrays = parameters.to_arrays("")?;
        let dim = items.dim(1)?;
        let tensor = |name: &str, rows: usize, columns: usize| -> Result<Tensor, AgentError> {
            let values = NamedArray::f32(&arrays, name, rows * columns)?;
            Ok(Tensor::from_slice(values, (rows, columns), &Device::Cpu)?)
        };
        let joint = tensor("critic.joint.weight", hidden[0] + dim, hidden[1])?;
        let of_items = items.matmul(&joint.narrow(0, hidden[0], dim)?.contiguous()?)?;
        let of_items = of_items.broadcast_add(&tensor("critic.joint.bias", 1, hidden[1])?)?;
        Ok(Self {
            state: (
                tensor("critic.state.weight", DrrAve::state_dim(dim), hidden[0])?,
                tensor("critic.state.bias", 1, hidden[0])?,
            ),
            joint_state: joint.narrow(0, 0, hidden[0])?.contiguous()?,
            joint_items: of_items.flatten_all()?.to_vec1()?,
            last: NamedArray::f32(&arrays, "critic.last.weight", hidden[1])?.to_vec(),
            last_bias: NamedArray::f32(&arrays, "critic.last.bias", 1)?[0],
        })
    }

    /// The values of all items in states `[B, S]`, `[B][I]`: the critic's own, computed in another order.
    fn forward(&self, states: &Tensor) -> Result<Vec<Vec<f32>>, AgentError> {
        let hidden = states.matmul(&self.state.0)?.broadcast_add(&self.state.1)?.relu()?;
        let joint: Vec<Vec<f32>> = hidden.matmul(&self.joint_state)?.to_vec2()?;
        let width = self.last.len();
        let value = |state: &[f32], item: &[f32]| {
            let terms = state.iter().zip(item).zip(&self.last);
            terms.map(|((state, item), weight)| (state + item).max(0.0) * weight).sum::<f32>()
                + self.last_bias
        };
        let rows = joint.par_iter();
        Ok(rows
            .map(|state| self.joint_items.chunks_exact(width).map(|item| value(state, item)).collect())
            .collect())
    }
}

fn user_vector(space: &dyn EmbeddingSpace, observed: &[Observed]) -> Vec<f32> {
    let mut user = space.fold_in(observed);
    normalize(&mut user);
    user
}

/// The latest positive items, oldest first, at most `window`.
fn latest(observed: &[Observed], positive_rating: f32, window: usize) -> Vec<ItemIdx> {
    let positive: Vec<ItemIdx> =
        observed.iter().filter(|it| it.rating >= positive_rating).map(|it| it.item).collect();
    positive[positive.len().saturating_sub(window)..].to_vec()
}

fn states(encoder: &DrrAve, items: &Tensor, inputs: &Inputs, window: usize) -> Result<Tensor, AgentError> {
    let histories = items.index_select(&inputs.history_items, 0)?;
    let histories = histories.reshape((inputs.users.dim(0)?, window, items.dim(1)?))?;
    Ok(encoder.forward(&inputs.users, &histories, &inputs.masks)?)
}

impl Recommender for RewardModel {
    fn name(&self) -> &'static str {
        "reward_model"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(self.space.origin())
    }

    fn n_parameters(&self) -> u64 {
        self.n_parameters
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let rewards = self.rewards(queries).map_err(|source| RecommendError::Failed {
            recommender: self.name().to_owned(),
            source: Box::new(source),
        })?;
        let rows = queries.iter().zip(&rewards);
        rows.map(|(query, scores)| best(self.name(), query.user, scores, &query.allowed, k)).collect()
    }
}
