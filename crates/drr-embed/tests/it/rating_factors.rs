//! The factors of the ratings as a space to rank in.

use crate::{seen, two_tastes};
use drr_core::{EmbeddingSpace, ItemIdx, Seeds};
use drr_embed::{EmbedError, Pmf, PmfConfig, RatingFactors};

fn pmf(log: &drr_core::InteractionLog) -> Pmf {
    let config = PmfConfig { dim: 3, biases: true, epochs: 4, ..PmfConfig::default() };
    Pmf::fit(log, None, &config, Seeds(1)).unwrap().pmf
}

#[test]
fn without_damping_scores_differ_as_predicted_ratings_do() {
    let log = two_tastes(60, 20, 0.6);
    let pmf = pmf(&log);
    let space = RatingFactors::new(pmf.clone(), &log, 0.0).unwrap();
    let history = [seen(0, 5.0), seen(1, 2.0), seen(4, 4.0)];
    let user = space.fold_in(&history);
    let folded = pmf.fold_in_user(&history);
    let score = |item: usize| space.items().row(item).iter().zip(&user).map(|(i, u)| i * u).sum::<f32>();
    let rating = |item: usize| {
        let dot: f32 = pmf.items().row(item).iter().zip(&folded.vector).map(|(i, u)| i * u).sum();
        dot + pmf.item_biases()[ItemIdx::from(item).index()]
    };
    for item in 0..20 {
        assert!((score(item) - rating(item)).abs() < 1e-5, "{item}");
    }
}

#[test]
fn damping_draws_items_with_few_ratings_toward_the_mean_and_a_bad_one_is_refused() {
    let log = two_tastes(60, 20, 0.6);
    let n_ratings = log.iter().filter(|row| row.item == ItemIdx(0)).count() as f32;
    let plain = RatingFactors::new(pmf(&log), &log, 0.0).unwrap();
    let damped = RatingFactors::new(pmf(&log), &log, 10.0).unwrap();
    let share = n_ratings / (n_ratings + 10.0);
    for (damped, plain) in damped.items().row(0).iter().zip(plain.items().row(0)) {
        assert!((damped - share * plain).abs() < 1e-6);
    }
    let refused = RatingFactors::new(pmf(&log), &log, f64::NAN);
    assert!(matches!(refused, Err(EmbedError::Config { field: "damping", .. })));
    assert_eq!(damped.fold_in(&[]), [0.0, 0.0, 0.0, 1.0], "who is unknown gets the best items");
}
