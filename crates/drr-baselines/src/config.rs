//! Every recommender of this crate by name and settings: what a configuration lists, a sweep draws, and a report prints.

mod space;

use crate::{
    BaselineError, BiasedMf, Bpr, BprConfig, DampedItemMean, DampedItemMeanConfig, Ease, EaseConfig, HLinUcb,
    HLinUcbConfig, Ials, IalsConfig, ItemKnn, ItemKnnConfig, LinUcb, LinUcbConfig, MarkovChain, MarkovConfig,
    Popularity, PopularityMeasure, Random, RecentPopularity, RecentPopularityConfig, SvdPlusPlus,
    SvdPlusPlusConfig,
};
use drr_core::{EmbeddingTable, InteractionLog, Recommender, Seeds};
use drr_embed::PmfConfig;
use serde::{Deserialize, Serialize};

/// A recommender and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BaselineConfig {
    /// See [`Random`].
    Random {},
    /// See [`Popularity`]: the number of positive ratings.
    Popularity {},
    /// See [`Popularity`]: the number of ratings.
    PopularityRatings {},
    /// See [`RecentPopularity`].
    RecentPopularity {
        /// The age at which a rating counts half, in days.
        half_life_days: f64,
    },
    /// See [`DampedItemMean`].
    DampedItemMean(DampedItemMeanConfig),
    /// See [`ItemKnn`].
    ItemKnn {
        /// How many neighbours of each item are kept; all if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n_neighbours: Option<usize>,
        /// What is added to the cosine's divisor.
        shrink: f64,
    },
    /// See [`Ease`].
    Ease(EaseConfig),
    /// See [`Ials`].
    Ials(IalsConfig),
    /// See [`Bpr`].
    Bpr(BprConfig),
    /// See [`MarkovChain`].
    Markov(MarkovConfig),
    /// See [`BiasedMf`].
    BiasedMf {
        /// The dimension of the vectors.
        dim: usize,
        /// The weight of a vector's squared length.
        l2: f64,
        /// Passes over the ratings.
        epochs: usize,
    },
    /// See [`SvdPlusPlus`].
    SvdPlusPlus(SvdPlusPlusConfig),
    /// See [`LinUcb`]; its features are the item vectors of the run's space.
    LinUcb {
        /// How many standard deviations are added to the mean.
        alpha: f64,
        /// The precision of each dimension before any data.
        l2: f64,
        /// How many ratings of its own an unknown user's model is worth.
        prior_ratings: f64,
    },
    /// See [`HLinUcb`]; its known features are the item vectors of the run's space.
    HlinUcb {
        /// How many standard deviations of the known part are added to the mean.
        alpha: f64,
        /// How many standard deviations of the hidden part are added to the mean.
        hidden_alpha: f64,
        /// How many ratings of its own an unknown user's model is worth.
        prior_ratings: f64,
        /// The number of hidden features.
        n_hidden: usize,
    },
}

/// What a recommender is fitted on.
#[derive(Debug, Clone, Copy)]
pub struct FitInputs<'a> {
    /// The ratings.
    pub log: &'a InteractionLog,
    /// The least rating that counts as positive.
    pub positive: f32,
    /// The least and the greatest rating of the data set.
    pub rating_scale: (f32, f32),
    /// The item vectors of a space fitted on the same rows, for those that need features.
    pub item_vectors: Option<&'a EmbeddingTable>,
}

impl BaselineConfig {
    /// The name of the kind, which is the recommender's own: `ease`.
    #[must_use]
    pub const fn kind_name(&self) -> &'static str {
        match self {
            Self::Random {} => "random",
            Self::Popularity {} => "popularity",
            Self::PopularityRatings {} => "popularity_ratings",
            Self::RecentPopularity { .. } => "recent_popularity",
            Self::DampedItemMean(_) => "damped_item_mean",
            Self::ItemKnn { .. } => "item_knn",
            Self::Ease(_) => "ease",
            Self::Ials(_) => "ials",
            Self::Bpr(_) => "bpr",
            Self::Markov(_) => "markov",
            Self::BiasedMf { .. } => "biased_mf",
            Self::SvdPlusPlus(_) => "svd_plus_plus",
            Self::LinUcb { .. } => "lin_ucb",
            Self::HlinUcb { .. } => "hlin_ucb",
        }
    }

    /// Whether it needs item vectors.
    #[must_use]
    pub const fn needs_item_vectors(&self) -> bool {
        matches!(self, Self::LinUcb { .. } | Self::HlinUcb { .. })
    }

    /// Fits the recommender.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range, and missing item vectors.
    pub fn fit(&self, inputs: &FitInputs<'_>, seeds: Seeds) -> Result<Box<dyn Recommender>, BaselineError> {
        let FitInputs { log, positive, rating_scale, item_vectors } = *inputs;
        Ok(match *self {
            Self::Random {} => Box::new(Random::new(log.n_items(), seeds)),
            Self::Popularity {} => Box::new(Popularity::fit(log, positive)),
            Self::PopularityRatings {} => {
                Box::new(Popularity::fit_by(log, PopularityMeasure::Ratings, positive))
            }
            Self::RecentPopularity { half_life_days } => {
                Box::new(RecentPopularity::fit(log, &RecentPopularityConfig { half_life_days, positive })?)
            }
            Self::DampedItemMean(config) => Box::new(DampedItemMean::fit(log, &config)?),
            Self::ItemKnn { n_neighbours, shrink } => {
                Box::new(ItemKnn::fit(log, &ItemKnnConfig { n_neighbours, shrink, positive })?)
            }
            Self::Ease(config) => Box::new(Ease::fit(log, config, positive)?),
            Self::Ials(config) => Box::new(Ials::fit(log, config, positive, seeds)?),
            Self::Bpr(config) => Box::new(Bpr::fit(log, config, positive, seeds)?),
            Self::Markov(config) => Box::new(MarkovChain::fit(log, config, positive)?),
            Self::BiasedMf { dim, l2, epochs } => {
                let config = PmfConfig { dim, l2, epochs, ..BiasedMf::default_config() };
                Box::new(BiasedMf::fit(log, &config, seeds)?)
            }
            Self::SvdPlusPlus(config) => Box::new(SvdPlusPlus::fit(log, &config, seeds)?),
            Self::LinUcb { alpha, l2, prior_ratings } => {
                let items = item_vectors.ok_or(BaselineError::NoItemVectors)?;
                let (lowest, highest) = rating_scale;
                let config = LinUcbConfig { alpha, l2, prior_ratings, intercept: true, lowest, highest };
                Box::new(LinUcb::fit(log, items, &config)?)
            }
            Self::HlinUcb { alpha, hidden_alpha, prior_ratings, n_hidden } => {
                let items = item_vectors.ok_or(BaselineError::NoItemVectors)?;
                let (lowest, highest) = rating_scale;
                let linear =
                    LinUcbConfig { alpha, prior_ratings, lowest, highest, ..LinUcbConfig::default() };
                let config = HLinUcbConfig { linear, n_hidden, hidden_alpha, ..HLinUcbConfig::default() };
                Box::new(HLinUcb::fit(log, items, &config, seeds)?)
            }
        })
    }
}
