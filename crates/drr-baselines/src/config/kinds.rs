//! The table of recommenders: everything that is known of a kind stands in its entry, and nowhere else.

use super::space::{biased_mf, log_uniform, plain_mf, whole};
use super::table::recommenders;
use super::{Character, FitInputs, boxed};
use crate::{
    BaselineError, BiasedMf, BiasedMfConfig, Bpr, BprConfig, DampedItemMean, DampedItemMeanConfig, Ease,
    EaseConfig, HLinUcb, HLinUcbConfig, Ials, IalsConfig, ItemKnn, ItemKnnConfig, LinUcb, LinUcbConfig,
    MarkovChain, MarkovConfig, PlainMf, PlainMfConfig, Popularity, PopularityMeasure, Random,
    RecentPopularity, RecentPopularityConfig, SvdPlusPlus, SvdPlusPlusConfig,
};
use drr_core::{RandomStream, Recommender, Seeds};
use rand::Rng;
use serde::{Deserialize, Serialize};

recommenders! {
    /// See [`Random`].
    "random" => Random {} {
        default: {},
        character: {
            meaning: "a random order",
            needs: "nothing",
            new_users: "as everyone",
            new_items: "as any item",
        },
        needs_item_vectors: false,
        fit: {} => |inputs, seeds| Ok(Random::new(inputs.log.n_items(), seeds)),
    }

    /// See [`Popularity`]: the number of positive ratings.
    "popularity" => Popularity {} {
        default: {},
        character: {
            meaning: "the number of positive ratings",
            needs: "ratings",
            new_users: Character::SAME_LIST,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: {} => |inputs, _| Ok(Popularity::fit(inputs.log, inputs.positive)),
    }

    /// See [`Popularity`]: the number of ratings.
    "popularity_ratings" => PopularityRatings {} {
        default: {},
        character: {
            meaning: "the number of ratings",
            needs: "clicks are enough",
            new_users: Character::SAME_LIST,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: {} => |inputs, _| {
            Ok(Popularity::fit_by(inputs.log, PopularityMeasure::Ratings, inputs.positive))
        },
    }

    /// See [`RecentPopularity`]. A sweep draws a half-life of 7 to 730 days, logarithmically.
    "recent_popularity" => RecentPopularity {
        /// The age at which a rating counts half, in days.
        half_life_days: f64,
    } {
        default: { half_life_days: 90.0 },
        sweep: |random| { half_life_days: log_uniform(7.0, 730.0, random) },
        character: {
            meaning: "positive ratings, old ones count less",
            needs: "ratings, times",
            new_users: Character::SAME_LIST,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: { half_life_days } => |inputs, _| {
            let config = RecentPopularityConfig { half_life_days, positive: inputs.positive };
            RecentPopularity::fit(inputs.log, &config)
        },
    }

    /// See [`DampedItemMean`]. A sweep draws a damping of .5 to 100, logarithmically.
    "damped_item_mean" => DampedItemMean(DampedItemMeanConfig) {
        default: (DampedItemMeanConfig::default()),
        sweep: |random| (DampedItemMeanConfig { damping: log_uniform(0.5, 100.0, random) }),
        character: {
            meaning: "the mean rating, shrunk",
            needs: "ratings",
            new_users: Character::SAME_LIST,
            new_items: Character::MEAN_OF_ALL,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, _| DampedItemMean::fit(inputs.log, &config),
    }

    /// See [`ItemKnn`]. A sweep draws all neighbours or 20 to 500, and a shrink of 1 to 3,000, both logarithmically.
    "item_knn" => ItemKnn {
        /// How many neighbours of each item are kept; all if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n_neighbours: Option<usize>,
        /// What is added to the cosine's divisor.
        shrink: f64,
    } {
        default: { n_neighbours: None, shrink: 20.0 },
        sweep: |random| {
            n_neighbours: random.random_bool(0.5).then(|| whole(20.0, 500.0, random)),
            shrink: log_uniform(1.0, 3000.0, random),
        },
        character: {
            meaning: "cosine of items, shrunk",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: { n_neighbours, shrink } => |inputs, _| {
            ItemKnn::fit(inputs.log, &ItemKnnConfig { n_neighbours, shrink, positive: inputs.positive })
        },
    }

    /// See [`Ease`]. A sweep draws a lambda of 100 to 300,000, logarithmically.
    "ease" => Ease(EaseConfig) {
        default: (EaseConfig::default()),
        sweep: |random| (EaseConfig { lambda: log_uniform(100.0, 300_000.0, random) }),
        character: {
            meaning: "a linear model of items in closed form",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, _| Ease::fit(inputs.log, config, inputs.positive),
    }

    /// See [`Ials`]. A sweep draws 16 to 128 dimensions, alpha .3 to 30 and l2 1 to 300, logarithmically.
    "ials" => Ials(IalsConfig) {
        default: (IalsConfig::default()),
        sweep: |random| (IalsConfig {
            dim: whole(16.0, 128.0, random),
            alpha: log_uniform(0.3, 30.0, random),
            l2: log_uniform(1.0, 300.0, random),
            ..IalsConfig::default()
        }),
        character: {
            meaning: "implicit factors by least squares",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, seeds| Ials::fit(inputs.log, config, inputs.positive, seeds),
    }

    /// See [`Bpr`]. A sweep draws 16 to 128 dimensions, a rate of .01 to .1 and l2 .001 to .1, logarithmically, and 10 to 80
    /// epochs.
    "bpr" => Bpr(BprConfig) {
        default: (BprConfig::default()),
        sweep: |random| (BprConfig {
            dim: whole(16.0, 128.0, random),
            epochs: random.random_range(10..=80),
            learning_rate: log_uniform(0.01, 0.1, random),
            l2: log_uniform(0.001, 0.1, random),
        }),
        character: {
            meaning: "factors trained on pairs of items",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, seeds| Bpr::fit(inputs.log, config, inputs.positive, seeds),
    }

    /// See [`MarkovChain`]. A sweep draws a window of 1 to 30, a shrink of 1 to 300, the latest 1 to 100 items and a decay of
    /// .5 to 1, logarithmically.
    "markov" => Markov(MarkovConfig) {
        default: (MarkovConfig::default()),
        sweep: |random| (MarkovConfig {
            window: whole(1.0, 30.0, random),
            shrink: log_uniform(1.0, 300.0, random),
            n_latest: whole(1.0, 100.0, random),
            decay: log_uniform(0.5, 1.0, random),
        }),
        character: {
            meaning: "which item follows which",
            needs: "ratings, times",
            new_users: Character::FOLDED_IN,
            new_items: Character::NEVER,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, _| MarkovChain::fit(inputs.log, config, inputs.positive),
    }

    /// See [`BiasedMf`]. A sweep draws 4 to 100 dimensions, 5 to 20 epochs, and for three in four trials penalties that are
    /// fixed: l2 1 to 100 and of biases .5 to 50; else l2 .02 to .3 and of biases .003 to .3, times the ratings. All but the
    /// epochs are logarithmic.
    "biased_mf" => BiasedMf(BiasedMfConfig) {
        default: (BiasedMfConfig::default()),
        sweep: |random| (biased_mf(random)),
        character: {
            meaning: "predicted ratings by factors and biases",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::MEAN_OF_ALL,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, seeds| Ok(BiasedMf::fit(inputs.log, &config.factorization(), seeds)?),
    }

    /// See [`PlainMf`]. A sweep draws as for "biased_mf", without a penalty of biases.
    "pmf" => Pmf(PlainMfConfig) {
        default: (PlainMfConfig::default()),
        sweep: |random| (plain_mf(random)),
        character: {
            meaning: "predicted ratings by factors, without biases",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::MEAN_OF_ALL,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, seeds| Ok(PlainMf::fit(inputs.log, config, seeds)?),
    }

    /// See [`SvdPlusPlus`]. A sweep draws 8 to 50 dimensions, l2 .005 to .08, a rate of .002 to .015 and a prior of folded-in
    /// users of 1 to 100, logarithmically, and 10 to 30 epochs.
    "svd_plus_plus" => SvdPlusPlus(SvdPlusPlusConfig) {
        default: (SvdPlusPlusConfig::default()),
        sweep: |random| (SvdPlusPlusConfig {
            dim: whole(8.0, 50.0, random),
            l2: log_uniform(0.005, 0.08, random),
            learning_rate: log_uniform(0.002, 0.015, random),
            fold_in_prior: log_uniform(1.0, 100.0, random),
            epochs: random.random_range(10..=30),
            ..SvdPlusPlusConfig::default()
        }),
        character: {
            meaning: "the same, with what was rated at all",
            needs: "ratings",
            new_users: Character::FOLDED_IN,
            new_items: Character::MEAN_OF_ALL,
        },
        needs_item_vectors: false,
        fit: (config) => |inputs, seeds| SvdPlusPlus::fit(inputs.log, &config, seeds),
    }

    /// See [`LinUcb`]; its features are the item vectors of the run's space. A sweep draws alpha .01 to 2, l2 .1 to 30 and a
    /// prior of 1 to 100 ratings, logarithmically.
    "lin_ucb" => LinUcb {
        /// How many standard deviations are added to the mean.
        alpha: f64,
        /// The precision of each dimension before any data.
        l2: f64,
        /// How many ratings of its own an unknown user's model is worth.
        prior_ratings: f64,
    } {
        default: { alpha: 0.1, l2: 1.0, prior_ratings: 10.0 },
        sweep: |random| {
            alpha: log_uniform(0.01, 2.0, random),
            l2: log_uniform(0.1, 30.0, random),
            prior_ratings: log_uniform(1.0, 100.0, random),
        },
        character: {
            meaning: "a linear bandit",
            needs: "ratings, feedback",
            new_users: Character::SHARED_PRIOR,
            new_items: Character::NEVER,
        },
        needs_item_vectors: true,
        fit: { alpha, l2, prior_ratings } => |inputs, _| {
            let (lowest, highest) = inputs.rating_scale;
            let config = LinUcbConfig { alpha, l2, prior_ratings, intercept: true, lowest, highest };
            LinUcb::fit(inputs.log, inputs.vectors()?, &config)
        },
    }

    /// See [`HLinUcb`]; its known features are the item vectors of the run's space. A sweep draws both alphas .01 to 2, a
    /// prior of 1 to 100 ratings and 2 to 20 hidden features, logarithmically.
    "hlin_ucb" => HlinUcb {
        /// How many standard deviations of the known part are added to the mean.
        alpha: f64,
        /// How many standard deviations of the hidden part are added to the mean.
        hidden_alpha: f64,
        /// How many ratings of its own an unknown user's model is worth.
        prior_ratings: f64,
        /// The number of hidden features.
        n_hidden: usize,
    } {
        default: { alpha: 0.1, hidden_alpha: 0.1, prior_ratings: 10.0, n_hidden: 5 },
        sweep: |random| {
            alpha: log_uniform(0.01, 2.0, random),
            hidden_alpha: log_uniform(0.01, 2.0, random),
            prior_ratings: log_uniform(1.0, 100.0, random),
            n_hidden: whole(2.0, 20.0, random),
        },
        character: {
            meaning: "a bandit with hidden features",
            needs: "ratings, feedback",
            new_users: Character::SHARED_PRIOR,
            new_items: Character::NEVER,
        },
        needs_item_vectors: true,
        fit: { alpha, hidden_alpha, prior_ratings, n_hidden } => |inputs, seeds| {
            let (lowest, highest) = inputs.rating_scale;
            let linear = LinUcbConfig { alpha, prior_ratings, lowest, highest, ..LinUcbConfig::default() };
            let config = HLinUcbConfig { linear, n_hidden, hidden_alpha, ..HLinUcbConfig::default() };
            HLinUcb::fit(inputs.log, inputs.vectors()?, &config, seeds)
        },
    }
}
