//! The rankers by ratings and by simple counts.

use crate::{items, log, query, small};
use drr_baselines::{
    BaselineError, BiasedMf, BiasedMfConfig, DampedItemMean, DampedItemMeanConfig, PlainMf, PlainMfConfig,
    Popularity, PopularityMeasure, RecentPopularity, RecentPopularityConfig, SvdPlusPlus, SvdPlusPlusConfig,
};
use drr_core::{Interaction, InteractionLog, ItemIdx, Observed, Recommender, Seeds, UserIdx};
use drr_embed::PmfConfig;

/// Users of two kinds rate the even or the odd items 5 and the others 1; item 9 is unrated.
pub fn two_tastes() -> InteractionLog {
    let rows: Vec<(u32, u32, f32)> = (0..40)
        .flat_map(|user| {
            let liked = move |item| if user % 2 == item % 2 { 5.0 } else { 1.0 };
            (0..9).filter(move |item| (user / 2 + item) % 3 != 0).map(move |item| (user, item, liked(item)))
        })
        .collect();
    log(40, 10, &rows)
}

fn svd() -> SvdPlusPlusConfig {
    SvdPlusPlusConfig { dim: 4, epochs: 80, learning_rate: 0.02, fold_in_prior: 0.5, ..Default::default() }
}

fn seen(item: u32, rating: f32) -> Observed {
    Observed { item: ItemIdx(item), rating, timestamp: 0 }
}

#[test]
fn popularity_by_ratings_counts_bad_ones_too() {
    let by_ratings = Popularity::fit_by(&small(), PopularityMeasure::Ratings, 4.0);
    assert_eq!(by_ratings.counts(), [2.0, 2.0, 2.0, 3.0, 0.0]);
    assert_eq!((by_ratings.name(), by_ratings.n_parameters()), ("popularity_ratings", 5));
    assert_eq!(items(&by_ratings, &query(0, &[], 5), 2), [3, 0]);
    let by_positives = Popularity::fit_by(&small(), PopularityMeasure::Positives, 4.0);
    assert_eq!(by_positives, Popularity::fit(&small(), 4.0));
}

#[test]
fn recent_popularity_halves_a_rating_with_each_half_life() {
    let row = |item, rating, days: i64| Interaction {
        user: UserIdx(0),
        item: ItemIdx(item),
        rating,
        timestamp: 86_400 * days,
    };
    let rows = [row(0, 5.0, 0), row(0, 4.0, 10), row(1, 4.0, 20), row(2, 1.0, 30)];
    let log = InteractionLog::new(1, 3, &rows).unwrap();
    let config = RecentPopularityConfig { half_life_days: 10.0, positive: 4.0 };
    let recent = RecentPopularity::fit(&log, &config).unwrap();
    // Ages 30, 20 and 10 days, measured from the latest row, which is not positive itself.
    assert_eq!(recent.scores(), [0.375, 0.5, 0.0]);
    assert_eq!(items(&recent, &query(0, &[], 3), 3), [1, 0, 2]);
    let refused = RecentPopularity::fit(&log, &RecentPopularityConfig { half_life_days: 0.0, positive: 4.0 });
    assert!(matches!(refused, Err(BaselineError::Config { field: "half_life_days", .. })));
}

#[test]
fn a_damped_mean_is_held_back_where_few_have_rated() {
    let log = log(3, 3, &[(0, 0, 5.0), (0, 1, 4.0), (1, 1, 5.0), (2, 1, 2.0)]);
    let mean = DampedItemMean::fit(&log, &DampedItemMeanConfig { damping: 1.0 }).unwrap();
    // The mean is 4: (5 + 4) / 2, (11 + 4) / 4, and 4 without ratings.
    assert_eq!(mean.scores(), [4.5, 3.75, 4.0]);
    assert_eq!(items(&mean, &query(0, &[], 3), 3), [0, 2, 1]);
    let plain = DampedItemMean::fit(&log, &DampedItemMeanConfig { damping: 0.0 }).unwrap();
    assert_eq!(plain.scores()[0], 5.0);
    let refused = DampedItemMean::fit(&log, &DampedItemMeanConfig { damping: -1.0 });
    assert!(matches!(refused, Err(BaselineError::Config { field: "damping", .. })));
}

/// Item 0 has the ratings 5, 5 and 4 of many, item 1 a single 5, and everyone rates the others 2 and 3.
fn one_lucky_item() -> InteractionLog {
    let rows: Vec<(u32, u32, f32)> = (0..49)
        .flat_map(|user| {
            let best = if user == 48 { (1, 5.0) } else { (0, if user % 3 == 2 { 4.0 } else { 5.0 }) };
            let rest = (2..8).map(move |item| (user, item, if (user + item) % 2 == 0 { 2.0 } else { 3.0 }));
            std::iter::once((user, best.0, best.1)).chain(rest)
        })
        .collect();
    log(49, 8, &rows)
}

#[test]
fn one_good_rating_puts_an_item_first_unless_the_penalty_is_fixed() {
    let log = one_lucky_item();
    let growing = BiasedMfConfig { dim: 2, ..BiasedMfConfig::default() };
    let fixed = BiasedMfConfig { l2: 8.0, bias_l2: 3.0, fixed_l2: true, ..growing };
    let first = |config: &BiasedMfConfig| {
        let mf = BiasedMf::fit(&log, &config.factorization(), Seeds(1)).unwrap();
        items(&mf, &query(99, &[], 8), 1)[0]
    };
    assert_eq!((first(&growing), first(&fixed)), (1, 0));
}

#[test]
fn without_biases_an_unknown_user_gets_the_best_rated_items() {
    let config = PlainMfConfig { dim: 2, l2: 1.0, fixed_l2: true, epochs: 20 };
    let mf = PlainMf::fit(&one_lucky_item(), config, Seeds(1)).unwrap();
    assert_eq!(items(&mf, &query(99, &[], 8), 1), [0]);
    assert_eq!((mf.name(), mf.n_parameters()), ("pmf", 17));
    // Whoever dislikes what all others like is told apart by the history.
    let log = two_tastes();
    let config = PlainMfConfig { dim: 3, l2: 0.01, fixed_l2: false, epochs: 60 };
    let mf = PlainMf::fit(&log, config, Seeds(1)).unwrap();
    for kind in [0, 1] {
        let history = [0, 1, 2].map(|item| (item, if item % 2 == kind { 5.0 } else { 1.0 }));
        let list = items(&mf, &query(99, &history, 10), 2);
        assert!(list.iter().all(|item| item % 2 == kind), "{list:?}");
    }
    assert_eq!(mf.origin(), Some(log.origin()));
}

#[test]
fn both_factorizations_rank_by_the_taste_of_the_history() {
    let log = two_tastes();
    let mf_config = PmfConfig { dim: 3, l2: 0.01, epochs: 60, ..BiasedMf::default_config() };
    let mf = BiasedMf::fit(&log, &mf_config, Seeds(1)).unwrap();
    let svd = SvdPlusPlus::fit(&log, &svd(), Seeds(1)).unwrap();
    for recommender in [&mf as &dyn Recommender, &svd] {
        for kind in [0, 1] {
            let history = [0, 1, 2].map(|item| (item, if item % 2 == kind { 5.0 } else { 1.0 }));
            let list = items(recommender, &query(99, &history, 10), 2);
            assert!(list.iter().all(|item| item % 2 == kind), "{} {list:?}", recommender.name());
        }
        assert_eq!(recommender.origin(), Some(log.origin()));
    }
    assert_eq!((mf.n_parameters(), svd.n_parameters()), (41, 91));
}

#[test]
fn svd_plus_plus_predicts_within_the_range_and_all_at_once() {
    let model = SvdPlusPlus::fit(&two_tastes(), &svd(), Seeds(1)).unwrap();
    let history = [seen(0, 5.0), seen(1, 1.0), seen(4, 5.0), seen(77, 1.0)];
    assert!(model.predict(&history, ItemIdx(2)) > 4.0 && model.predict(&history, ItemIdx(3)) < 2.0);
    let all = model.predict_all(&history);
    assert!((0..10).all(|item| all[item as usize] == model.predict(&history, ItemIdx(item))));
    assert!(all.iter().all(|rating| (1.0..=5.0).contains(rating)));
}

#[test]
fn svd_plus_plus_without_vectors_is_the_ridge_solution_computed_by_hand() {
    // No epoch and vectors of zeros: only the folded-in bias remains, (2 * 1) / (2 + 1 + 2 * 0.5) of the mean 3.
    let log = log(2, 3, &[(0, 0, 4.0), (1, 1, 2.0)]);
    let config =
        SvdPlusPlusConfig { epochs: 0, initial_scale: 0.0, fold_in_l2: 0.5, fold_in_prior: 1.0, ..svd() };
    let model = SvdPlusPlus::fit(&log, &config, Seeds(1)).unwrap();
    assert!((model.predict(&[seen(0, 4.0), seen(1, 4.0)], ItemIdx(2)) - 3.5).abs() < 1e-6);
    assert_eq!(model.predict(&[], ItemIdx(2)), 3.0);
}

#[test]
fn svd_plus_plus_depends_on_the_seed_and_refuses_what_diverges() {
    let fit = |config: &SvdPlusPlusConfig, seed| SvdPlusPlus::fit(&two_tastes(), config, Seeds(seed));
    assert_eq!(fit(&svd(), 1).unwrap(), fit(&svd(), 1).unwrap());
    assert_ne!(fit(&svd(), 1).unwrap(), fit(&svd(), 2).unwrap());
    for (bad, named) in [
        (SvdPlusPlusConfig { dim: 0, ..svd() }, "dim"),
        (SvdPlusPlusConfig { learning_rate: 0.0, ..svd() }, "learning_rate"),
        (SvdPlusPlusConfig { learning_rate: 1e4, ..svd() }, "learning_rate"),
        (SvdPlusPlusConfig { l2: -1.0, ..svd() }, "l2"),
        (SvdPlusPlusConfig { fold_in_prior: 0.0, ..svd() }, "fold_in_prior"),
    ] {
        assert!(matches!(fit(&bad, 1), Err(BaselineError::Config { field, .. }) if field == named));
    }
}
