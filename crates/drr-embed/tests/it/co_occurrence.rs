//! The factors of co-occurrence.

use crate::{row, seen, two_tastes};
use drr_core::{EmbeddingSpace, InteractionLog, POSITIVE_RATING, Seeds};
use drr_embed::{CoOccurrence, CoOccurrenceConfig, EmbedError};

fn config(dim: usize) -> CoOccurrenceConfig {
    CoOccurrenceConfig { dim, ..CoOccurrenceConfig::default() }
}

#[test]
fn two_items_liked_by_the_same_users_have_the_factor_computed_by_hand() {
    // Both items have the same two users, so C = [[0, c], [c, 0]] with c = 2 / 22: the eigenvalue c has the vector
    // (1, 1) / sqrt(2), which is scaled by sqrt(c).
    let rows =
        [row(0, 0, 5.0, 0), row(0, 1, 4.0, 1), row(1, 0, 4.0, 2), row(1, 1, 4.0, 3), row(1, 2, 1.0, 4)];
    let log = InteractionLog::new(2, 3, &rows).unwrap();
    let space = CoOccurrence::fit(&log, &config(1), POSITIVE_RATING, Seeds(1)).unwrap();
    let expected = (1.0_f32 / 22.0).sqrt();
    assert!((space.items().row(0)[0] - expected).abs() < 1e-6);
    assert!((space.items().row(1)[0] - expected).abs() < 1e-6);
    assert_eq!(space.items().row(2), [0.0]);
    assert!((space.eigenvalues()[0] - 1.0 / 11.0).abs() < 1e-6);
    assert!(matches!(
        CoOccurrence::fit(&log, &config(2), POSITIVE_RATING, Seeds(1)),
        Err(EmbedError::TooFewFactors { dim: 2, n_positive: 1 })
    ));
}

#[test]
fn the_fold_in_is_the_sum_of_the_positive_items_each_once() {
    let log = two_tastes(60, 20, 0.6);
    let space = CoOccurrence::fit(&log, &config(2), POSITIVE_RATING, Seeds(1)).unwrap();
    assert!(space.additions().is_some());
    assert_eq!(space.origin(), log.origin());
    let history = [seen(4, 5.0), seen(1, 2.0), seen(0, 4.0), seen(4, 4.0), seen(99, 5.0)];
    let sum: Vec<f32> =
        space.items().row(0).iter().zip(space.items().row(4)).map(|(left, right)| left + right).collect();
    assert_eq!(space.fold_in(&history), sum);
    assert_eq!(space.fold_in(&[seen(0, 3.0)]), [0.0; 2]);
}

#[test]
fn items_of_the_users_taste_rank_above_the_others() {
    let space = CoOccurrence::fit(&two_tastes(60, 20, 0.6), &config(2), POSITIVE_RATING, Seeds(1)).unwrap();
    let user = space.fold_in(&[seen(0, 5.0), seen(2, 5.0)]);
    let score = |item: usize| space.items().row(item).iter().zip(&user).map(|(i, u)| i * u).sum::<f32>();
    let worst_of_the_own = (4..19).step_by(2).map(score).fold(f32::INFINITY, f32::min);
    let best_of_the_others = (1..19).step_by(2).map(score).fold(f32::NEG_INFINITY, f32::max);
    assert!(worst_of_the_own > best_of_the_others);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let log = two_tastes(100, 300, 0.3);
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| CoOccurrence::fit(&log, &config(20), POSITIVE_RATING, Seeds(1)).unwrap())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn each_column_has_its_greatest_coordinate_positive_whatever_the_seed() {
    let log = two_tastes(100, 60, 0.3);
    let fitted = |seed| CoOccurrence::fit(&log, &config(5), POSITIVE_RATING, Seeds(seed)).unwrap();
    let (one, two) = (fitted(1), fitted(2));
    for column in 0..5 {
        let values = |space: &CoOccurrence| -> Vec<f32> {
            (0..60).map(|item| space.items().row(item)[column]).collect()
        };
        let greatest = values(&one).into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
        assert!(greatest > 0.0);
        assert!(values(&one).iter().zip(values(&two)).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}

#[test]
fn as_many_factors_as_there_are_if_fewer_will_do() {
    let log = two_tastes(40, 12, 0.9);
    let all = CoOccurrenceConfig { or_fewer: true, ..config(11) };
    let space = CoOccurrence::fit(&log, &all, POSITIVE_RATING, Seeds(1)).unwrap();
    let dim = space.items().dim();
    assert!((1..11).contains(&dim) && space.eigenvalues().len() == dim && space.eigenvalues()[dim - 1] > 0.0);
    assert_eq!(space.config().dim, dim);
    let strict = CoOccurrence::fit(&log, &config(11), POSITIVE_RATING, Seeds(1)).unwrap_err();
    assert!(matches!(strict, EmbedError::TooFewFactors { n_positive, .. } if n_positive == dim));
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let log = two_tastes(10, 6, 0.9);
    let fit_on = |config: CoOccurrenceConfig, positive| {
        CoOccurrence::fit(&log, &config, positive, Seeds(1)).unwrap_err()
    };
    let fit = |config| fit_on(config, POSITIVE_RATING);
    let too_large = fit(config(6));
    assert!(matches!(too_large, EmbedError::DimTooLarge { dim: 6, n_items: 6 }));
    assert!(too_large.to_string().contains("set dim below 6"));
    assert!(matches!(fit_on(config(2), 9.0), EmbedError::NoPositives { .. }));
    assert!(matches!(fit(config(0)), EmbedError::Config { field: "dim", .. }));
    assert!(matches!(
        fit(CoOccurrenceConfig { shrink: f64::NAN, ..config(2) }),
        EmbedError::Config { field: "shrink", .. }
    ));
}
