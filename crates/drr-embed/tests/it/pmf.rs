//! The factorization of ratings.

use crate::{row, seen, two_tastes};
use drr_core::{EmbeddingSpace, InteractionLog, ItemIdx, Seeds, UserIdx};
use drr_embed::{EmbedError, Pmf, PmfConfig, five_fold_rmse};

fn config() -> PmfConfig {
    PmfConfig { dim: 4, epochs: 8, ..PmfConfig::default() }
}

fn fitted(log: &InteractionLog, config: &PmfConfig) -> Pmf {
    Pmf::fit(log, None, config, Seeds(1)).unwrap().pmf
}

#[test]
fn one_rating_has_the_ridge_solution_computed_by_hand() {
    // Ratings 5 and 3: the mean is 4, and nothing but biases can explain the rest when vectors cost too much.
    let log = InteractionLog::new(2, 1, &[row(0, 0, 5.0, 0), row(1, 0, 3.0, 0)]).unwrap();
    let config = PmfConfig { dim: 1, l2: 1e6, bias_l2: 0.25, ..config() };
    let pmf = fitted(&log, &config);
    // b_u = (r - mean - b_i) / (1 + 0.25), and b_i = 0 by symmetry.
    assert!((pmf.user_biases()[0] - 0.8).abs() < 1e-5 && (pmf.user_biases()[1] + 0.8).abs() < 1e-5);
    assert!(pmf.item_biases()[0].abs() < 1e-5);
    assert!((pmf.predict_user(UserIdx(0), ItemIdx(0)) - 4.8).abs() < 1e-4);
}

#[test]
fn a_fixed_weight_is_not_multiplied_by_the_number_of_ratings() {
    // Two users of two ratings each, one above and one below the mean of 4: item biases are 0 by symmetry.
    let rows = [row(0, 0, 5.0, 0), row(0, 1, 5.0, 1), row(1, 0, 3.0, 0), row(1, 1, 3.0, 1)];
    let log = InteractionLog::new(2, 2, &rows).unwrap();
    let bias = |fixed_l2| {
        let config = PmfConfig { dim: 1, l2: 1e6, bias_l2: 0.25, fixed_l2, ..config() };
        fitted(&log, &config).user_biases()[0]
    };
    // 2 (1 - b) = 0.25 b, and 2 (1 - b) = 2 x 0.25 b.
    assert!((bias(true) - 2.0 / 2.25).abs() < 1e-5 && (bias(false) - 0.8).abs() < 1e-5);
}

#[test]
fn two_tastes_are_learned_and_a_new_user_is_folded_in() {
    let log = two_tastes(60, 20, 0.5);
    let pmf = fitted(&log, &config());
    // The mean alone leaves 1.58, the noise 0.5; a fit has eight ratings of a user.
    let error = five_fold_rmse(&log, &config(), Seeds(1)).unwrap().mean();
    assert!(error < 0.9, "{error}");
    let folded = pmf.fold_in_user(&[seen(0, 5.0), seen(1, 1.0), seen(4, 5.0)]);
    assert!(pmf.predict(&folded.vector, folded.bias, ItemIdx(6)) > 3.6);
    assert!(pmf.predict(&folded.vector, folded.bias, ItemIdx(7)) < 2.4);
    assert!(pmf.additions().is_none());
    assert_eq!(pmf.origin(), log.origin());
    assert_eq!(pmf.fold_in(&[seen(0, 5.0)]).len(), 4);
}

#[test]
fn a_history_that_says_nothing_gives_zeros_and_the_mean() {
    let log = two_tastes(30, 10, 0.6);
    let pmf = fitted(&log, &PmfConfig { biases: false, ..config() });
    // Item 9 has no rating in the log, item 77 is in no catalogue.
    for history in [&[][..], &[seen(9, 5.0), seen(77, 1.0), seen(ItemIdx::PADDING.0, 1.0)][..]] {
        let folded = pmf.fold_in_user(history);
        assert_eq!((folded.vector.as_slice(), folded.bias), (&[0.0; 4][..], 0.0));
        let rating = pmf.predict(&folded.vector, folded.bias, ItemIdx(3));
        assert!((f64::from(rating) - pmf.mean()).abs() < 1e-6);
    }
}

#[test]
fn folding_in_the_rows_of_a_fitted_user_gives_nearly_the_fitted_vector() {
    let log = two_tastes(60, 20, 0.5);
    let pmf = fitted(&log, &PmfConfig { epochs: 60, ..config() });
    let ratings = log.of_user(UserIdx(0));
    let history: Vec<_> =
        (0..ratings.len()).map(|at| seen(ratings.items[at].0, ratings.ratings[at])).collect();
    let folded = pmf.fold_in_user(&history);
    for (item, _) in ratings.items.iter().zip(ratings.ratings) {
        let by_fold_in = pmf.predict(&folded.vector, folded.bias, *item);
        assert!((by_fold_in - pmf.predict_user(UserIdx(0), *item)).abs() < 0.02);
    }
}

#[test]
fn predictions_stay_within_the_fitted_range() {
    let pmf = fitted(&two_tastes(30, 10, 0.6), &config());
    assert_eq!(pmf.predict(&[0.0; 4], 99.0, ItemIdx(0)), 5.0);
    assert_eq!(pmf.predict(&[0.0; 4], -99.0, ItemIdx(0)), 1.0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits_and_another_seed_others() {
    let log = two_tastes(80, 30, 0.4);
    let with = |n_threads, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| Pmf::fit(&log, None, &config(), Seeds(seed)).unwrap())
    };
    assert_eq!(with(1, 1), with(3, 1));
    assert_ne!(with(1, 1).pmf.items(), with(1, 2).pmf.items());
}

#[test]
fn validation_keeps_the_best_epoch_and_a_refit_repeats_it() {
    let all = two_tastes(60, 20, 0.7);
    let (train, validation): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.timestamp % 4 != 0);
    let train = InteractionLog::new(60, 20, &train).unwrap();
    let validation = InteractionLog::new(60, 20, &validation).unwrap();
    // Too little regularization for few ratings: it overfits after some epochs.
    let config = PmfConfig { dim: 6, l2: 0.001, epochs: 40, patience: 2, ..config() };
    let fit = Pmf::fit(&train, Some(&validation), &config, Seeds(1)).unwrap();
    let best = fit.validation.iter().min_by(|a, b| a.rmse.total_cmp(&b.rmse)).unwrap();
    assert_eq!(best.epoch, fit.epochs);
    assert!(fit.validation.len() == fit.epochs + 2 || fit.validation.len() == 40);
    assert_eq!(fit.pmf.rmse_against(&train, &validation), best.rmse);
    let again = Pmf::fit(&train, None, &PmfConfig { epochs: fit.epochs, ..config }, Seeds(1)).unwrap();
    assert_eq!(again.pmf.items(), fit.pmf.items());
}

#[test]
fn held_out_users_are_judged_on_the_later_half_of_their_rows() {
    let log = two_tastes(40, 12, 0.8);
    let pmf = fitted(&log, &config());
    // User 40 is new and rates by the first taste, but for the last row.
    let rows = [row(40, 0, 5.0, 1), row(40, 1, 1.0, 2), row(40, 2, 5.0, 3), row(40, 3, 5.0, 4)];
    let held_out = InteractionLog::new(41, 12, &rows).unwrap();
    let folded = pmf.fold_in_user(&[seen(0, 5.0), seen(1, 1.0)]);
    let error =
        |item, rating: f32| f64::from(pmf.predict(&folded.vector, folded.bias, ItemIdx(item)) - rating);
    let expected = ((error(2, 5.0).powi(2) + error(3, 5.0).powi(2)) / 2.0).sqrt();
    assert!((pmf.rmse_against(&log, &held_out) - expected).abs() < 1e-12);
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let log = two_tastes(10, 6, 0.9);
    let empty = InteractionLog::new(3, 3, &[]).unwrap();
    let fit = |log, validation, config: &PmfConfig| Pmf::fit(log, validation, config, Seeds(1)).unwrap_err();
    assert!(matches!(fit(&empty, None, &config()), EmbedError::NoRatings));
    let other = two_tastes(10, 7, 0.9);
    assert!(matches!(
        fit(&log, Some(&other), &config()),
        EmbedError::CatalogueMismatch { train: 6, validation: 7 }
    ));
    for (bad, named) in [
        (PmfConfig { dim: 0, ..config() }, "dim"),
        (PmfConfig { patience: 0, ..config() }, "patience"),
        (PmfConfig { l2: 0.0, ..config() }, "l2"),
        (PmfConfig { bias_l2: f64::NAN, ..config() }, "bias_l2"),
    ] {
        assert!(matches!(fit(&log, None, &bad), EmbedError::Config { field, .. } if field == named));
    }
}
