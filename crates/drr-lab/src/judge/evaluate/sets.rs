//! The cases of each protocol, out of the run's cuts.

use crate::run::experiment::Phase;
use crate::run::experiment::Run;
use anyhow::Result;
use drr_agent::LabelledContext;
use drr_core::{Candidates, ContextIdx, InteractionLog, ItemIdx, ItemSet, Known, Part, PartSet, RowOrigin};
use drr_data::Protocol;
use drr_env::{RatingScale, Sessions};
use drr_eval::{EpisodeConfig, EvaluationSet, ItemFeatures, SimulatedConfig};

/// The held-out cases of one part under a protocol.
pub fn evaluation_set(experiment: &Run<'_>, protocol: Protocol, part: Part) -> Result<EvaluationSet> {
    let config = &experiment.config;
    let positive = experiment.positive(protocol);
    let phase = if part == Part::Validation { Phase::Choose } else { Phase::Final };
    let past = experiment.log(protocol, phase)?;
    let permitted: Vec<RowOrigin> = vec![past.origin().clone()];
    let held_out = experiment.dataset.log(protocol, &[part].into_iter().collect::<PartSet>())?;
    let catalogue = ItemSet::full(held_out.n_items());
    let facts = protocol.facts();
    Ok(match (facts.known, facts.candidates) {
        (Known::FirstRatings, _) => {
            let n_observed = config.evaluation.n_observed;
            EvaluationSet::held_out(protocol, &held_out, catalogue, positive, n_observed, part, permitted)?
        }
        (_, Candidates::RatedBeforeTheCut) => {
            EvaluationSet::temporal(&past, &held_out, positive, part, permitted)?
        }
        (_, Candidates::OwnTestItems) => EvaluationSet::rerank(&past, &held_out, positive, part, permitted)?,
        (_, Candidates::Catalogue | Candidates::CatalogueWithoutSession) => {
            EvaluationSet::leave_one_out(&past, &held_out, catalogue, part, permitted)?
        }
    })
}

/// The sessions of "episodes".
pub const fn episodes(experiment: &Run<'_>) -> EpisodeConfig {
    let crate::config::EpisodesConfig { n_steps, slate, discount } = experiment.config.lab.episodes;
    EpisodeConfig { n_steps, slate, discount }
}

/// The sessions of "online".
pub fn simulated(experiment: &Run<'_>) -> Result<SimulatedConfig> {
    let (lowest, highest) = experiment.dataset.manifest().rating_scale;
    let scale = RatingScale::new(lowest, highest)?;
    let n_steps = experiment.config.lab.online.n_steps;
    Ok(SimulatedConfig { n_steps, middle: scale.middle(), half_range: scale.half_range() })
}

/// What a recommender can be told of the users whom it is fitted on: their ratings before a cut, and the rewards after it.
pub fn labelled_contexts(
    experiment: &Run<'_>,
    protocol: Protocol,
    phase: Phase,
) -> Result<Vec<LabelledContext>> {
    let log = experiment.log(protocol, phase)?;
    let config = &experiment.config.environment;
    let mut random = experiment.seeds(protocol).stream("labelled contexts");
    let sessions = Sessions::new(&log, &config.start(protocol), experiment.positive(protocol), &mut random)?;
    let (lowest, highest) = experiment.dataset.manifest().rating_scale;
    let scale = RatingScale::new(lowest, highest)?;
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
pub fn item_features(experiment: &Run<'_>, protocol: Protocol) -> Result<ItemFeatures> {
    let log = experiment.log(protocol, Phase::Final)?;
    let space = crate::fit::pretrain::own_space(experiment, protocol, Phase::Final)?;
    let (names, genres) = genres(experiment);
    Ok(ItemFeatures {
        popularity_share: popularity_share(&log),
        genres,
        n_genres: names.len(),
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

/// The genres' names, sorted, and the genres of each item.
fn genres(experiment: &Run<'_>) -> (Vec<String>, Vec<Vec<u16>>) {
    let items = experiment.dataset.items();
    let mut names: Vec<String> = items.iter().flat_map(|item| item.genres.iter().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    let of_item = |item: ItemIdx| {
        let genres = experiment.dataset.item_record(item).genres.iter();
        let index = |name: &String| names.binary_search(name).ok().and_then(|at| u16::try_from(at).ok());
        genres.filter_map(index).collect()
    };
    let genres = (0..items.len()).map(ItemIdx::from).map(of_item).collect();
    (names, genres)
}
