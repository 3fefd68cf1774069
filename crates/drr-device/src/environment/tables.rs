//! The table of sessions as the device reads it: for each user, the log in its order and in the order of the items.

use crate::launch::arguments;
use crate::{Argument, Buffer, DeviceError, Memory, Values};
use drr_core::{ContextIdx, InteractionLog, ItemIdx, ItemSet};
use drr_env::{RatingScale, RewardConfig, RewardScale, Sessions, Unrated};

/// Sizes and reward of the environments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvironmentConfig {
    /// The steps of a session, `T`.
    pub horizon: usize,
    /// The length of the history window, `N`.
    pub history_length: usize,
    /// The reward function.
    pub reward: RewardConfig,
    /// The data set's range of ratings, lowest and highest.
    pub ratings: [f32; 2],
}

/// A rating model that is a product of factors: biases are factors whose counterpart is 1.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    /// Factors of each context, `[C, F]`.
    pub contexts: Vec<f32>,
    /// Factors of each item, `[I, F]`.
    pub items: Vec<f32>,
    /// Added to each product.
    pub offset: f32,
}

/// The answer to what was never rated, on the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelTables {
    unrated: f32,
    n_factors: usize,
    contexts: Buffer,
    items: Buffer,
    offset: f32,
    ratings: [f32; 2],
    middle: f32,
    divisor: f32,
}

impl ModelTables {
    pub(super) fn arguments(&self) -> Vec<Argument> {
        let Self { unrated, n_factors, contexts, items, offset, ratings, middle, divisor } = *self;
        arguments![unrated, n_factors, contexts, items, offset, ratings[0], ratings[1], middle, divisor]
    }
}

/// What sessions are simulated from.
#[derive(Debug, Clone, Copy)]
pub struct SessionSource<'a> {
    /// The log that the sessions were cut from.
    pub log: &'a InteractionLog,
    /// The sessions.
    pub sessions: &'a Sessions,
    /// The least positive rating.
    pub positive: f32,
    /// The items that may be recommended.
    pub catalogue: &'a ItemSet,
    /// Predicts ratings where the reward wants them.
    pub model: Option<&'a FactorModel>,
}

/// The tables of sessions on the device.
#[derive(Debug, Clone)]
pub struct EnvironmentTables {
    /// Sizes and reward.
    pub config: EnvironmentConfig,
    /// The size of the catalogue, `I`.
    pub n_items: usize,
    /// The number of contexts, `C`.
    pub n_contexts: usize,
    /// Begin and end of the user's ratings, the cut, and the candidates at first, `[C, 4]`.
    pub(super) contexts: Buffer,
    /// `[C, N]`.
    pub(super) first_histories: Buffer,
    /// Each user's items in the log's order.
    pub(super) logged_items: Buffer,
    /// Each user's items in ascending order, with position and reward.
    pub(super) rated_items: Buffer,
    pub(super) rated_positions: Buffer,
    pub(super) rated_rewards: Buffer,
    /// The items that nobody may be recommended, one bit each.
    pub(super) beyond_catalogue: Buffer,
    pub(super) model: ModelTables,
}

impl EnvironmentTables {
    /// Writes the sessions down for the device.
    ///
    /// # Errors
    ///
    /// Refuses a session without candidates, sizes of zero, a model of other sizes, and predicted ratings without one.
    pub fn new(
        config: EnvironmentConfig,
        source: SessionSource<'_>,
        memory: &mut Memory,
    ) -> Result<Self, DeviceError> {
        let (n_items, n_contexts) = (source.catalogue.n_items(), source.sessions.n_contexts());
        let size = |what, value, remedy| DeviceError::Size { what, value, remedy };
        if config.horizon == 0 || config.history_length == 0 {
            return Err(size("horizon or history", 0, "a session needs at least one step and one place"));
        }
        let model = model_tables(config, source, memory)?;
        let by_user = ByUser::new(config, source.log)?;
        let mut contexts = Vec::with_capacity(4 * n_contexts);
        let mut histories = vec![ItemIdx::PADDING.0; n_contexts * config.history_length];
        for nth in 0..n_contexts {
            let context = ContextIdx::from(nth);
            let user = source.sessions.user(context);
            let cut = source.sessions.cut(context);
            let before = source.log.of_user(user).split_at(cut).0;
            let mut candidates = source.catalogue.clone();
            before.items.iter().for_each(|item| candidates.remove(*item));
            let n_candidates = candidates.len();
            if n_candidates == 0 {
                return Err(size("candidates of a context", 0, "leave out sessions without candidates"));
            }
            let bounds = &by_user.offsets[user.index()..];
            contexts.extend([bounds[0], bounds[1], cut as u32, n_candidates as u32]);
            let mut latest: Vec<u32> = before.positives(source.positive).map(|item| item.0).collect();
            latest.drain(..latest.len().saturating_sub(config.history_length));
            histories[nth * config.history_length..][..latest.len()].copy_from_slice(&latest);
        }
        Ok(Self {
            config,
            n_items,
            n_contexts,
            contexts: memory.add(Values::U32(contexts)),
            first_histories: memory.add(Values::U32(histories)),
            logged_items: memory.add(Values::U32(by_user.logged_items)),
            rated_items: memory.add(Values::U32(by_user.rated_items)),
            rated_positions: memory.add(Values::U32(by_user.rated_positions)),
            rated_rewards: memory.add(Values::F32(by_user.rated_rewards)),
            beyond_catalogue: memory.add(Values::U32(beyond(source.catalogue))),
            model,
        })
    }
}

/// The log user by user.
#[derive(Debug, Default)]
struct ByUser {
    offsets: Vec<u32>,
    logged_items: Vec<u32>,
    rated_items: Vec<u32>,
    rated_positions: Vec<u32>,
    rated_rewards: Vec<f32>,
}

impl ByUser {
    fn new(config: EnvironmentConfig, log: &InteractionLog) -> Result<Self, DeviceError> {
        let scale = scale(config)?;
        let mut by_user = Self { offsets: vec![0], ..Self::default() };
        for user in log.users() {
            let ratings = log.of_user(user);
            let mut sorted: Vec<(ItemIdx, u32)> = ratings.items.iter().copied().zip(0_u32..).collect();
            sorted.sort_unstable();
            by_user.logged_items.extend(ratings.items.iter().map(|item| item.0));
            for (item, position) in sorted {
                by_user.rated_items.push(item.0);
                by_user.rated_positions.push(position);
                let rating = ratings.ratings[position as usize];
                by_user.rated_rewards.push(config.reward.of_rating(rating, scale));
            }
            let end = by_user.rated_items.len();
            let Ok(end) = u32::try_from(end) else {
                let remedy = "a log of less than 2^32 ratings";
                return Err(DeviceError::Size { what: "log", value: end, remedy });
            };
            by_user.offsets.push(end);
        }
        Ok(by_user)
    }
}

fn scale(config: EnvironmentConfig) -> Result<RatingScale, DeviceError> {
    let refuse = |_| DeviceError::Size {
        what: "rating scale",
        value: 0,
        remedy: "give a finite lowest rating below the highest",
    };
    RatingScale::new(config.ratings[0], config.ratings[1]).map_err(refuse)
}

/// One bit for each item that is not in the catalogue, and for those behind the last.
fn beyond(catalogue: &ItemSet) -> Vec<u32> {
    let n_words = catalogue.n_items().div_ceil(32);
    let mut words = vec![u32::MAX; n_words];
    for item in catalogue.iter() {
        words[item.index() / 32] &= !(1 << (item.index() % 32));
    }
    words
}

fn model_tables(
    config: EnvironmentConfig,
    source: SessionSource<'_>,
    memory: &mut Memory,
) -> Result<ModelTables, DeviceError> {
    let scale = scale(config)?;
    let divisor = match config.reward.scale {
        RewardScale::Centred => scale.half_range(),
        RewardScale::Raw => 1.0,
    };
    let tables = |unrated, n_factors, contexts, items, offset| {
        let (ratings, middle) = (config.ratings, scale.middle());
        ModelTables { unrated, n_factors, contexts, items, offset, ratings, middle, divisor }
    };
    let refuse = |value| DeviceError::Size {
        what: "rating model",
        value,
        remedy: "predicted ratings need a model with one row per context and per item",
    };
    match (config.reward.unrated, source.model) {
        (Unrated::Constant { reward }, _) => {
            // No device has an empty buffer.
            let nothing = memory.add(Values::F32(vec![0.0]));
            Ok(tables(reward, 0, nothing, nothing, 0.0))
        }
        (Unrated::Predicted {}, Some(model)) => {
            let n_items = source.catalogue.n_items();
            let n_factors = model.items.len() / n_items.max(1);
            let fits = n_factors > 0
                && model.items.len() == n_factors * n_items
                && model.contexts.len() == n_factors * source.sessions.n_contexts();
            if !fits {
                return Err(refuse(n_factors));
            }
            let contexts = memory.add(Values::F32(model.contexts.clone()));
            let items = memory.add(Values::F32(model.items.clone()));
            Ok(tables(0.0, n_factors, contexts, items, model.offset))
        }
        (Unrated::Predicted {}, None) => Err(refuse(0)),
    }
}
