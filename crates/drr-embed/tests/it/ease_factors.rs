//! The factors of EASE.

use crate::{row, seen, two_tastes};
use drr_core::{EmbeddingSpace, InteractionLog, Seeds};
use drr_embed::{EaseFactors, EaseFactorsConfig, EmbedError};

fn config(dim: usize) -> EaseFactorsConfig {
    EaseFactorsConfig { dim, lambda: 1.0, ..EaseFactorsConfig::default() }
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

#[test]
fn with_all_factors_a_score_is_the_weight_computed_by_hand() {
    // Users {0, 1}, {0} and one who likes item 2 alone: B_01 = 1/3, B_10 = 1/2 (as for two items), the rest 0.
    let rows = [row(0, 0, 5.0, 0), row(0, 1, 4.0, 1), row(1, 0, 4.0, 2), row(2, 2, 5.0, 3)];
    let log = InteractionLog::new(3, 3, &rows).unwrap();
    let space = EaseFactors::fit(&log, &config(2), 4.0, Seeds(1)).unwrap();
    let score =
        |history: u32, item: usize| dot(&space.fold_in(&[seen(history, 5.0)]), space.items().row(item));
    assert!((score(0, 1) - 1.0 / 3.0).abs() < 1e-5, "{}", score(0, 1));
    assert!((score(1, 0) - 0.5).abs() < 1e-5, "{}", score(1, 0));
    assert!(score(0, 0).abs() < 1e-5 && score(2, 0).abs() < 1e-5 && score(0, 2).abs() < 1e-5);
}

#[test]
fn a_user_is_the_sum_of_what_the_positive_items_add_each_once() {
    let space = EaseFactors::fit(&two_tastes(60, 20, 0.6), &config(3), 4.0, Seeds(1)).unwrap();
    let additions = space.additions().unwrap();
    let sum: Vec<f32> =
        additions.row(0).iter().zip(additions.row(4)).map(|(left, right)| left + right).collect();
    assert_eq!(space.fold_in(&[seen(4, 5.0), seen(1, 2.0), seen(0, 4.0), seen(4, 4.0), seen(99, 5.0)]), sum);
}

#[test]
fn a_share_of_cosines_moves_the_scores_and_a_bad_one_is_refused() {
    let log = two_tastes(60, 20, 0.6);
    let fit = |cosine_share: f64| {
        EaseFactors::fit(&log, &EaseFactorsConfig { cosine_share, ..config(3) }, 4.0, Seeds(1))
    };
    assert_ne!(fit(0.0).unwrap().items(), fit(0.5).unwrap().items());
    assert!(matches!(fit(1.0), Err(EmbedError::Config { field: "cosine_share", .. })));
    let free = EaseFactorsConfig { lambda: 0.0, ..config(3) };
    let refused = EaseFactors::fit(&log, &free, 4.0, Seeds(1));
    assert!(matches!(refused, Err(EmbedError::Config { field: "lambda", .. })));
}

#[test]
fn any_number_of_threads_gives_the_same_bits_and_so_does_the_file() {
    let log = two_tastes(100, 300, 0.3);
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| EaseFactors::fit(&log, &config(20), 4.0, Seeds(1)).unwrap())
    };
    let space = with(1);
    assert_eq!(space, with(3));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ease.safetensors");
    space.save(&path).unwrap();
    assert_eq!(EaseFactors::load(&path).unwrap(), space);
}
