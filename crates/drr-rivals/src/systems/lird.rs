//! LIRD (Zhao et al. 2018, list-wise): a list is one action, and a weight vector chooses the item of each position.

mod learner;
mod list;
mod networks;

use super::Parts;
use crate::RivalError;
use crate::config::Within;
use crate::situation::{RivalWorld, View};
use crate::system::{Ranker, System};
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemSet, RecommendError, ScoredItem, Seeds, UserIdx};
use drr_learn::Schedule;
use drr_nn::Parameters;
use drr_store::NamedArray;
use learner::Learner;
use networks::{Actor, Sizes, states};
use serde::{Deserialize, Serialize};

/// The settings of the simulator by similarity (Zhao et al. 2018).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatorConfig {
    /// alpha, the share of the states in the similarity of two pairs, in `[0, 1]`.
    pub alpha: f64,
    /// Whether a pair gets the expected reward instead of one that is drawn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
}

impl Default for SimulatorConfig {
    /// States and actions count alike, and rewards are drawn.
    fn default() -> Self {
        Self { alpha: 0.5, expected: false }
    }
}

/// The settings of LIRD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LirdConfig {
    /// K, the items of a list, in `[1, 100]`.
    pub slate: usize,
    /// Gamma, by which the reward of each position counts less than that of the one before, in `[0, 1]`.
    pub position_discount: f64,
    /// H, the width of the two hidden layers of actor and critic; at least 1.
    pub hidden: usize,
    /// The learning rate of the actor; the critic has the optimizer's; in `[0, 1]`.
    pub actor_learning_rate: f64,
    /// Items drawn to choose the lists of the targets from, all if there are no more; at least 1.
    pub n_candidates: usize,
    /// tau, the step of the target networks towards the online ones, in `[0, 1]`.
    pub tau: f64,
    /// The standard deviation of the noise on each weight, whose mean square is 1; in `[0, 100]`.
    pub noise: f64,
    /// The probability of noise, in `[0, 1]`, by environment steps.
    pub epsilon: Schedule,
    /// Train in the simulator by similarity instead of the configured environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulator: Option<SimulatorConfig>,
}

impl Default for LirdConfig {
    /// As chosen on validation rows of MovieLens 1M.
    fn default() -> Self {
        Self {
            slate: 5,
            position_discount: 0.9,
            hidden: 128,
            actor_learning_rate: 3e-4,
            n_candidates: 500,
            tau: 0.01,
            noise: 0.5,
            epsilon: Schedule::Linear { start: 1.0, end: 0.2, steps: 150_000 },
            simulator: None,
        }
    }
}

impl LirdConfig {
    /// Checks what serde cannot.
    pub(crate) fn check(&self, within: Within) -> Result<(), RivalError> {
        #[expect(clippy::cast_precision_loss, reason = "compared with small bounds only")]
        within.check("system.slate", self.slate as f64, 1.0, 100.0)?;
        within.check("system.position_discount", self.position_discount, 0.0, 1.0)?;
        within.at_least_one("system.hidden", self.hidden as u64)?;
        within.check("system.actor_learning_rate", self.actor_learning_rate, 0.0, 1.0)?;
        within.at_least_one("system.n_candidates", self.n_candidates as u64)?;
        within.check("system.tau", self.tau, 0.0, 1.0)?;
        within.check("system.noise", self.noise, 0.0, 100.0)?;
        self.epsilon.check("system.epsilon", 0.0, 1.0)?;
        let alpha = self.simulator.map_or(0.0, |simulator| simulator.alpha);
        within.check("system.simulator.alpha", alpha, 0.0, 1.0)
    }
}

/// The sizes of the networks.
fn sizes(config: &LirdConfig, parts: Parts<'_>) -> Sizes {
    Sizes {
        history_length: parts.history_length,
        dim: parts.items.dim(),
        slate: config.slate,
        hidden: config.hidden,
    }
}

/// All item vectors, transposed, `[D, I]`.
fn columns(items: &EmbeddingTable) -> Result<Tensor, RivalError> {
    let table = Tensor::from_slice(items.values(), (items.n_rows(), items.dim()), &Device::Cpu)?;
    Ok(table.t()?.contiguous()?)
}

/// The learning side.
pub(super) fn learner(
    config: &LirdConfig,
    parts: Parts<'_>,
    _world: &RivalWorld,
    seeds: Seeds,
) -> Result<Box<dyn System>, RivalError> {
    Ok(Box::new(Learner::new(config, parts, seeds)?))
}

/// The serving side.
pub(super) fn ranker(
    config: &LirdConfig,
    parts: Parts<'_>,
    arrays: &[NamedArray],
) -> Result<Box<dyn Ranker>, RivalError> {
    let mut parameters = Parameters::new();
    let sizes = sizes(config, parts);
    let actor = Actor::new(&mut parameters, sizes, Seeds(0))?;
    parameters.load_arrays("", arrays)?;
    let columns = columns(parts.items)?;
    Ok(Box::new(Served { actor, sizes, columns, items: parts.items.clone() }))
}

/// The frozen actor.
struct Served {
    actor: Actor,
    sizes: Sizes,
    columns: Tensor,
    items: EmbeddingTable,
}

impl Served {
    /// The scores of all items for each position of each view, `[B][K][I]`.
    fn all_scores(&self, views: &[View]) -> Result<Vec<Vec<Vec<f32>>>, RivalError> {
        let states = states(views.iter().map(|view| view.liked.as_slice()), &self.items, self.sizes)?;
        list::scores(&self.actor.forward(&states)?, &self.columns)
    }
}

impl Ranker for Served {
    fn scores(&self, views: &[View]) -> Result<Vec<Vec<f32>>, RivalError> {
        let mut all = self.all_scores(views)?;
        Ok(all.iter_mut().map(|positions| std::mem::take(&mut positions[0])).collect())
    }

    /// The best item for each position's weights, down the list; a list longer than K begins again with the weights of the first position.
    ///
    /// The inner products of different positions do not compare: a list's scores are its length minus the position.
    fn rank(
        &self,
        name: &str,
        views: &[View],
        asked: &[(UserIdx, &ItemSet)],
        k: usize,
    ) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let all = self.all_scores(views).map_err(|source| RecommendError::Failed {
            recommender: name.to_owned(),
            source: Box::new(source),
        })?;
        let rows = all.iter().zip(asked);
        rows.map(|(positions, (user, allowed))| {
            let chosen = list::choose(positions, allowed, k).map_err(|bad| RecommendError::NotFinite {
                recommender: name.to_owned(),
                user: *user,
                item: bad.item,
                score: bad.score,
            })?;
            #[expect(clippy::cast_precision_loss, reason = "lists are far shorter than 2^24")]
            let scored = |(at, item)| ScoredItem { item, score: (k - at) as f32 };
            Ok(chosen.into_iter().enumerate().map(scored).collect())
        })
        .collect()
    }
}
