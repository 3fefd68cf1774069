//! The declared space of settings that a sweep searches, kind by kind, and the settings that hold without a search.

use super::BaselineConfig;
use crate::{BprConfig, DampedItemMeanConfig, EaseConfig, IalsConfig, MarkovConfig, SvdPlusPlusConfig};
use drr_core::RandomStream;
use rand::Rng;

impl BaselineConfig {
    /// The names of all kinds.
    pub const KINDS: &'static [&'static str] = &[
        "random",
        "popularity",
        "popularity_ratings",
        "recent_popularity",
        "damped_item_mean",
        "item_knn",
        "ease",
        "ials",
        "bpr",
        "markov",
        "biased_mf",
        "svd_plus_plus",
        "lin_ucb",
        "hlin_ucb",
    ];

    /// The settings of a kind that hold without a search; `None` for a name that is no kind.
    #[must_use]
    pub fn default_of(kind: &str) -> Option<Self> {
        Some(match kind {
            "random" => Self::Random {},
            "popularity" => Self::Popularity {},
            "popularity_ratings" => Self::PopularityRatings {},
            "recent_popularity" => Self::RecentPopularity { half_life_days: 90.0 },
            "damped_item_mean" => Self::DampedItemMean(DampedItemMeanConfig::default()),
            "item_knn" => Self::ItemKnn { n_neighbours: None, shrink: 20.0 },
            "ease" => Self::Ease(EaseConfig::default()),
            "ials" => Self::Ials(IalsConfig::default()),
            "bpr" => Self::Bpr(BprConfig::default()),
            "markov" => Self::Markov(MarkovConfig::default()),
            "biased_mf" => Self::BiasedMf { dim: 20, l2: 0.08, epochs: 15 },
            "svd_plus_plus" => Self::SvdPlusPlus(SvdPlusPlusConfig::default()),
            "lin_ucb" => Self::LinUcb { alpha: 0.1, l2: 1.0, prior_ratings: 10.0 },
            "hlin_ucb" => Self::HlinUcb { alpha: 0.1, hidden_alpha: 0.1, prior_ratings: 10.0, n_hidden: 5 },
            _ => return None,
        })
    }

    /// Settings drawn from the space of a kind; `None` for a name that is no kind, or has nothing to choose.
    ///
    /// | kind | drawn |
    /// |---|---|
    /// | `recent_popularity` | half-life 7 to 730 days, logarithmically |
    /// | `damped_item_mean` | damping .5 to 100, logarithmically |
    /// | `item_knn` | all neighbours or 20 to 500, shrink 1 to 300, both logarithmically |
    /// | `ease` | lambda 100 to 30,000, logarithmically |
    /// | `ials` | 16 to 128 dimensions, alpha .3 to 30, l2 1 to 300, logarithmically |
    /// | `bpr` | 16 to 128 dimensions, rate .01 to .1, l2 .001 to .1, logarithmically, 10 to 80 epochs |
    /// | `markov` | window 1 to 30, shrink 1 to 300, the latest 1 to 100 items, decay .5 to 1, logarithmically |
    /// | `biased_mf` | 8 to 100 dimensions, l2 .02 to .3, both logarithmically, 5 to 20 epochs |
    /// | `svd_plus_plus` | 8 to 50 dimensions, l2 .005 to .08, rate .003 to .015, logarithmically, 10 to 30 epochs |
    /// | `lin_ucb` | alpha .01 to 2, l2 .1 to 30, prior 1 to 100 ratings, logarithmically |
    /// | `hlin_ucb` | both alphas .01 to 2, prior 1 to 100 ratings, 2 to 20 hidden features, logarithmically |
    #[must_use]
    pub fn sample(kind: &str, random: &mut RandomStream) -> Option<Self> {
        Some(match kind {
            "recent_popularity" => Self::RecentPopularity { half_life_days: log_uniform(7.0, 730.0, random) },
            "damped_item_mean" => {
                Self::DampedItemMean(DampedItemMeanConfig { damping: log_uniform(0.5, 100.0, random) })
            }
            "item_knn" => Self::ItemKnn {
                n_neighbours: random.random_bool(0.5).then(|| whole(20.0, 500.0, random)),
                shrink: log_uniform(1.0, 300.0, random),
            },
            "ease" => Self::Ease(EaseConfig { lambda: log_uniform(100.0, 30_000.0, random) }),
            "ials" => Self::Ials(IalsConfig {
                dim: whole(16.0, 128.0, random),
                alpha: log_uniform(0.3, 30.0, random),
                l2: log_uniform(1.0, 300.0, random),
                ..IalsConfig::default()
            }),
            "bpr" => Self::Bpr(BprConfig {
                dim: whole(16.0, 128.0, random),
                epochs: random.random_range(10..=80),
                learning_rate: log_uniform(0.01, 0.1, random),
                l2: log_uniform(0.001, 0.1, random),
            }),
            "markov" => Self::Markov(MarkovConfig {
                window: whole(1.0, 30.0, random),
                shrink: log_uniform(1.0, 300.0, random),
                n_latest: whole(1.0, 100.0, random),
                decay: log_uniform(0.5, 1.0, random),
            }),
            "biased_mf" => Self::BiasedMf {
                dim: whole(8.0, 100.0, random),
                l2: log_uniform(0.02, 0.3, random),
                epochs: random.random_range(5..=20),
            },
            "svd_plus_plus" => Self::SvdPlusPlus(SvdPlusPlusConfig {
                dim: whole(8.0, 50.0, random),
                l2: log_uniform(0.005, 0.08, random),
                learning_rate: log_uniform(0.003, 0.015, random),
                epochs: random.random_range(10..=30),
                ..SvdPlusPlusConfig::default()
            }),
            "lin_ucb" => Self::LinUcb {
                alpha: log_uniform(0.01, 2.0, random),
                l2: log_uniform(0.1, 30.0, random),
                prior_ratings: log_uniform(1.0, 100.0, random),
            },
            "hlin_ucb" => Self::HlinUcb {
                alpha: log_uniform(0.01, 2.0, random),
                hidden_alpha: log_uniform(0.01, 2.0, random),
                prior_ratings: log_uniform(1.0, 100.0, random),
                n_hidden: whole(2.0, 20.0, random),
            },
            _ => return None,
        })
    }
}

/// A number whose logarithm is uniform, with three digits: nobody needs more in a configuration.
fn log_uniform(low: f64, high: f64, random: &mut RandomStream) -> f64 {
    let drawn = low * (high / low).powf(random.random::<f64>());
    let unit = 10_f64.powf(drawn.log10().floor() - 2.0);
    let rounded = (drawn / unit).round() * unit;
    // The product of two powers of ten misses the short decimal number by a rounding error.
    format!("{rounded:.9}").parse().unwrap_or(rounded)
}

/// A whole number whose logarithm is uniform.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "drawn between small positive bounds"
)]
fn whole(low: f64, high: f64, random: &mut RandomStream) -> usize {
    log_uniform(low, high, random).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn every_kind_has_settings_of_its_own_name() {
        let mut random = Seeds(1).stream("space");
        for kind in BaselineConfig::KINDS {
            assert_eq!(BaselineConfig::default_of(kind).unwrap().kind_name(), *kind);
            for _ in 0..50 {
                if let Some(drawn) = BaselineConfig::sample(kind, &mut random) {
                    assert_eq!(drawn.kind_name(), *kind);
                    let text = serde_json::to_string(&drawn).unwrap();
                    assert_eq!(serde_json::from_str::<BaselineConfig>(&text).unwrap(), drawn);
                }
            }
        }
        assert!(BaselineConfig::default_of("nope").is_none());
    }

    #[test]
    fn drawn_numbers_stay_between_their_bounds_with_three_digits() {
        let mut random = Seeds(2).stream("space");
        for _ in 0..500 {
            let drawn = log_uniform(7.0, 730.0, &mut random);
            assert!((6.99..=731.0).contains(&drawn), "{drawn}");
            assert!(format!("{drawn}").len() <= 4, "{drawn}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let text = r#"{"kind":"ease","lambada":3.0}"#;
        assert!(serde_json::from_str::<BaselineConfig>(text).is_err());
    }
}
