//! The continuation factors.

use crate::{row, seen, two_tastes};
use drr_core::{EmbeddingSpace, InteractionLog, Seeds};
use drr_embed::{ContinuationFactors, ContinuationFactorsConfig, EmbedError};
use std::fs;

fn config(dim: usize) -> ContinuationFactorsConfig {
    ContinuationFactorsConfig { dim, n_first: 0, ..ContinuationFactorsConfig::default() }
}

fn fitted(log: &InteractionLog, config: &ContinuationFactorsConfig) -> ContinuationFactors {
    ContinuationFactors::fit(log, config, 4.0, Seeds(1)).unwrap()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[test]
fn with_all_factors_a_score_is_the_prediction_computed_by_hand() {
    // Two users begin with item 0 and go on with 2, two begin with 1 and go on with 3. Centred, x is +-1/2 in the
    // coordinates 0 and 1, and so is y in 2 and 3: X'X = [1 -1; -1 1], and with lambda 2, B_02 = 1/4, B_12 = -1/4.
    let rows: Vec<_> =
        (0..4).flat_map(|user| [row(user, user % 2, 5.0, 0), row(user, 2 + user % 2, 5.0, 1)]).collect();
    let log = InteractionLog::new(4, 4, &rows).unwrap();
    let all = ContinuationFactorsConfig { dim: 2, lambda: 2.0, n_first: 1, ordered_share: 1.0, ..config(2) };
    let space = fitted(&log, &all);
    let score = |history: &[u32], item: usize| {
        let history: Vec<_> = history.iter().map(|item| seen(*item, 5.0)).collect();
        dot(&space.fold_in(&history), space.items().row(item))
    };
    for (history, item, wanted) in [(0, 2, 0.75), (0, 3, 0.25), (1, 2, 0.25), (1, 3, 0.75)] {
        let found = score(&[history], item);
        assert!((found - wanted).abs() < 1e-5, "{history} {item}: {found}");
    }
    // Nobody is known yet: the share of all users who like the item later.
    assert!((score(&[], 2) - 0.5).abs() < 1e-5 && score(&[], 0).abs() < 1e-5);
    // The regression has the norm 1/2, the cosines C_02 = C_13 = 1 and their mirrors the norm 2: half of each makes
    // B_02 = 1/4 + 1/4 and leaves B_12 as it is.
    let space = fitted(&log, &ContinuationFactorsConfig { cosine_share: 0.5, ..all });
    for (history, item, wanted) in [(0, 2, 1.0), (0, 3, 0.25), (1, 2, 0.25), (1, 3, 1.0)] {
        let found = dot(&space.fold_in(&[seen(history, 5.0)]), space.items().row(item));
        assert!((found - wanted).abs() < 1e-5, "mixed, {history} {item}: {found}");
    }
}

#[test]
fn a_user_starts_at_the_intercept_and_each_item_counts_once_by_its_latest_rating() {
    let space = fitted(&two_tastes(60, 20, 0.6), &config(3));
    let additions = space.additions().unwrap();
    let mut sum = space.fold_in(&[]);
    for (item, weight) in [(0, 1.0), (1, 0.3_f32), (4, 0.3)] {
        sum.iter_mut().zip(additions.row(item)).for_each(|(sum, value)| *sum += weight * value);
    }
    let history = [seen(4, 5.0), seen(1, 2.0), seen(0, 4.0), seen(4, 3.0), seen(99, 5.0)];
    assert_eq!(space.fold_in(&history), sum);
    // Of three items, each twice as heavy as the one before: 3/7, 6/7 and 12/7, the mean is 1.
    let recent = fitted(&two_tastes(60, 20, 0.6), &ContinuationFactorsConfig { recency: 2.0, ..config(3) });
    let mut sum = recent.fold_in(&[]);
    for (item, weight) in [(0, 6.0 / 7.0), (1, 0.3_f32 * (3.0 / 7.0)), (4, 0.3 * (12.0 / 7.0))] {
        sum.iter_mut().zip(additions.row(item)).for_each(|(sum, value)| *sum += weight * value);
    }
    assert_eq!(recent.fold_in(&history), sum);
    // Far below 1 the earliest item has all the weight, and nothing overflows, however long the history is.
    let early = fitted(&two_tastes(60, 20, 0.6), &ContinuationFactorsConfig { recency: 1e-9, ..config(3) });
    let long: Vec<_> = (0..20).map(|item| seen(item, 5.0)).collect();
    assert!(early.fold_in(&long).iter().all(|value| value.is_finite()));
}

#[test]
fn the_items_of_a_users_taste_come_first() {
    // The logs are in the order of the items: of the true order, items of the rest are all that is ever to come.
    let any_order = ContinuationFactorsConfig { ordered_share: 0.0, ..config(4) };
    let space = fitted(&two_tastes(200, 20, 0.6), &any_order);
    for taste in 0..2 {
        let user = space.fold_in(&[seen(taste, 5.0), seen(taste + 2, 4.0)]);
        let scores: Vec<f32> = (0..19).map(|item| dot(&user, space.items().row(item))).collect();
        // What is known is not to come: the two items of the history are no continuation.
        let least = (4..19).filter(|item| item % 2 == taste as usize).map(|item| scores[item]);
        let greatest = (0..19).filter(|item| item % 2 != taste as usize).map(|item| scores[item]);
        assert!(least.fold(f32::MAX, f32::min) > greatest.fold(f32::MIN, f32::max), "{scores:?}");
    }
    assert!(space.items().row(19).iter().all(|value| *value == 0.0), "nobody rated item 19");
}

#[test]
fn every_switch_moves_the_vectors() {
    let log = two_tastes(60, 20, 0.6);
    let plain = config(3);
    let base = fitted(&log, &plain);
    let changed = [
        ContinuationFactorsConfig { lambda: 20.0, ..plain },
        ContinuationFactorsConfig { n_first: 2, ..plain },
        ContinuationFactorsConfig { first_share: 0.7, ..plain },
        ContinuationFactorsConfig { ordered_share: 0.9, ..plain },
        ContinuationFactorsConfig { other_weight: 0.0, ..plain },
        ContinuationFactorsConfig { length_exponent: 1.0, ..plain },
        ContinuationFactorsConfig { popularity_exponent: 0.5, ..plain },
        ContinuationFactorsConfig { cosine_share: 0.5, ..plain },
    ];
    for config in changed {
        assert_ne!(fitted(&log, &config).items(), base.items(), "{config:?}");
    }
    let mixed = ContinuationFactorsConfig { cosine_share: 0.5, ..plain };
    for config in [
        ContinuationFactorsConfig { shrink: 9.0, ..mixed },
        ContinuationFactorsConfig { cosine_exponent: 0.9, ..mixed },
    ] {
        assert_ne!(fitted(&log, &config).items(), fitted(&log, &mixed).items(), "{config:?}");
    }
}

#[test]
fn values_out_of_range_are_named() {
    let log = two_tastes(60, 20, 0.6);
    let plain = config(3);
    let bad = [
        ("dim", ContinuationFactorsConfig { dim: 0, ..plain }),
        ("lambda", ContinuationFactorsConfig { lambda: 0.0, ..plain }),
        ("first_share", ContinuationFactorsConfig { first_share: 1.0, ..plain }),
        ("ordered_share", ContinuationFactorsConfig { ordered_share: 1.5, ..plain }),
        ("other_weight", ContinuationFactorsConfig { other_weight: f32::NAN, ..plain }),
        ("length_exponent", ContinuationFactorsConfig { length_exponent: -1.0, ..plain }),
        ("popularity_exponent", ContinuationFactorsConfig { popularity_exponent: f64::NAN, ..plain }),
        ("cosine_share", ContinuationFactorsConfig { cosine_share: 1.0, ..plain }),
        ("shrink", ContinuationFactorsConfig { shrink: -1.0, ..plain }),
        ("recency", ContinuationFactorsConfig { recency: 0.0, ..plain }),
        ("cosine_exponent", ContinuationFactorsConfig { cosine_exponent: 1.1, ..plain }),
    ];
    for (name, config) in bad {
        let refused = ContinuationFactors::fit(&log, &config, 4.0, Seeds(1));
        assert!(matches!(refused, Err(EmbedError::Config { field, .. }) if field == name), "{name}");
    }
    let large = ContinuationFactors::fit(&log, &config(20), 4.0, Seeds(1));
    assert!(matches!(large, Err(EmbedError::DimTooLarge { .. })));
    let nothing = ContinuationFactors::fit(&log, &plain, 6.0, Seeds(1));
    assert!(matches!(nothing, Err(EmbedError::NoContinuations { .. })));
    let long = ContinuationFactorsConfig { n_first: 5_000, ..plain };
    let nothing = ContinuationFactors::fit(&log, &long, 4.0, Seeds(1));
    assert!(matches!(nothing, Err(EmbedError::NoContinuations { .. })));
}

#[test]
fn any_number_of_threads_gives_the_same_bits_and_so_does_the_file() {
    let log = two_tastes(100, 300, 0.3);
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| fitted(&log, &config(20)))
    };
    let space = with(1);
    assert_eq!(space, with(3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("continuation.safetensors");
    space.save(&path).unwrap();
    assert_eq!(ContinuationFactors::load(&path).unwrap(), space);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    assert!(matches!(
        ContinuationFactors::load(&path),
        Err(EmbedError::Store(drr_store::StoreError::Damaged { .. }))
    ));
}
