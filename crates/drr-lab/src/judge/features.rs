//! What judges and one-step models are told of users and items beside the cases.

use crate::config::EnvironmentConfig;
use crate::run::{Cut, Phase};
use anyhow::Result;
use drr_agent::LabelledContext;
use drr_core::{ContextIdx, EmbeddingSpace, InteractionLog};
use drr_data::Dataset;
use drr_env::Sessions;
use drr_eval::ItemFeatures;
use std::collections::BTreeMap;

/// What a recommender can be told of the users whom it is fitted on: their ratings before a cut, and the rewards after it.
pub fn labelled_contexts(
    cut: &Cut<'_>,
    config: &EnvironmentConfig,
    phase: Phase,
) -> Result<Vec<LabelledContext>> {
    let log = cut.log(phase)?;
    let mut random = cut.seeds().stream("labelled contexts");
    let sessions = Sessions::new(&log, &config.start(cut.protocol), cut.positive(), &mut random)?;
    let scale = cut.scale()?;
    let contexts = (0..sessions.n_contexts()).map(ContextIdx::from);
    let labelled = contexts.map(|context| {
        let (_, later) = log.of_user(sessions.user(context)).split_at(sessions.cut(context));
        let rewards = later.items.iter().zip(later.ratings);
        LabelledContext {
            observed: sessions.observed(context),
            rewards: rewards.map(|(item, rating)| (*item, config.reward.of_rating(*rating, scale))).collect(),
        }
    });
    Ok(labelled.collect())
}

/// What the measures beyond accuracy need to know of the items.
pub fn item_features(cut: &Cut<'_>, space: &dyn EmbeddingSpace) -> Result<ItemFeatures> {
    let log = cut.log(Phase::Final)?;
    let (n_genres, genres) = categories(cut.dataset);
    Ok(ItemFeatures {
        popularity_share: popularity_share(&log),
        genres,
        n_genres,
        vectors: Some(space.items().clone()),
    })
}

/// The share of the users of `log` who rated each item, `[I]`.
fn popularity_share(log: &InteractionLog) -> Vec<f64> {
    let mut counts = vec![0_u32; log.n_items()];
    let mut last_user = vec![u32::MAX; log.n_items()];
    for row in log.iter() {
        if last_user[row.item.index()] != row.user.0 {
            last_user[row.item.index()] = row.user.0;
            counts[row.item.index()] += 1;
        }
    }
    let n_users = log.active_users().count().max(1) as f64;
    counts.into_iter().map(|count| f64::from(count) / n_users).collect()
}

/// The number of categories, and those of each item, `[I]`.
fn categories(dataset: &Dataset) -> (usize, Vec<Vec<u16>>) {
    let n_items = dataset.items().len();
    let Some(attribute) = dataset.categories() else { return (0, vec![Vec::new(); n_items]) };
    let numbers: BTreeMap<&str, u16> = attribute.vocabulary().into_iter().zip(0..).collect();
    let of_item = |item: usize| attribute.words(item).map(|word| numbers[word]).collect();
    (numbers.len(), (0..n_items).map(of_item).collect())
}
