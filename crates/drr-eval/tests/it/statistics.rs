//! Comparisons of recommenders on the same users.

use drr_core::{RandomStream, Seeds};
use drr_eval::EvalError;
use drr_eval::statistics::{N_RESAMPLES, paired_comparison, paired_comparisons, required_users};
use proptest::prelude::*;

fn random() -> RandomStream {
    Seeds(1).stream("comparison")
}

#[test]
fn a_comparison_has_the_effect_the_interval_and_the_power_of_its_differences() {
    // Differences 0 and .2 in turn, 200 of each: mean .1, deviation .1 sqrt(400 / 399).
    let left: Vec<f64> = (0..400).map(|user| f64::from(user % 7) + 0.2 * f64::from(user % 2)).collect();
    let right: Vec<f64> = (0..400).map(|user| f64::from(user % 7)).collect();
    let compared = paired_comparison(&left, &right, &mut random()).unwrap();
    let deviation = 0.1 * (400.0_f64 / 399.0).sqrt();
    assert!((compared.difference.mean - 0.1).abs() < 1e-12);
    assert!((compared.deviation - deviation).abs() < 1e-12);
    assert!((compared.effect_size - 0.1 / deviation).abs() < 1e-9);
    assert!((compared.minimum_detectable - 2.801_585_2 * deviation / 20.0).abs() < 1e-6);
    // The standard error is .1 / 20: the interval is .1 -+ 1.96 * .005.
    assert!((compared.difference.low - 0.0902).abs() < 0.001);
    assert!((compared.difference.high - 0.1098).abs() < 0.001);
    assert_eq!(compared.p_value, 2.0 / 2001.0);
    assert_eq!(compared.n, 400);
    assert_eq!(required_users(compared.deviation, compared.minimum_detectable), 400);
}

#[test]
fn no_difference_has_a_p_value_of_one_and_no_effect() {
    let values = [0.1, 0.5, 0.3];
    let compared = paired_comparison(&values, &values, &mut random()).unwrap();
    assert_eq!((compared.p_value, compared.effect_size, compared.minimum_detectable), (1.0, 0.0, 0.0));
    let shifted = paired_comparison(&[1.5, 2.5], &[1.0, 2.0], &mut random()).unwrap();
    assert_eq!((shifted.effect_size, shifted.difference.mean), (0.0, 0.5));
}

#[test]
fn users_without_a_value_are_left_out() {
    let left = [0.5, f64::NAN, 0.2, 0.9];
    let right = [0.25, 0.4, f64::NAN, 0.4];
    let compared = paired_comparison(&left, &right, &mut random()).unwrap();
    assert_eq!(compared.n, 2);
    assert!((compared.difference.mean - 0.375).abs() < 1e-15);
    assert_eq!(compared, paired_comparison(&[0.5, 0.9], &[0.25, 0.4], &mut random()).unwrap());
}

#[test]
fn the_p_value_of_a_coin_is_near_that_of_the_normal_distribution() {
    // 210 wins and 190 losses: mean .05, standard error near .05, z = 1, p = .317.
    let left: Vec<f64> = (0..400).map(|user| if user < 210 { 1.0 } else { -1.0 }).collect();
    let compared = paired_comparison(&left, &vec![0.0; 400], &mut random()).unwrap();
    assert!((compared.p_value - 0.317).abs() < 0.06, "{}", compared.p_value);
}

#[test]
fn under_no_difference_one_test_in_twenty_passes_the_level() {
    let mut passed = 0;
    for seed in 0..400_u64 {
        let mut noise = Seeds(seed).stream("noise");
        let left: Vec<f64> = (0..60).map(|_| uniform(&mut noise)).collect();
        let right: Vec<f64> = (0..60).map(|_| uniform(&mut noise)).collect();
        let compared = paired_comparisons(&left, &[&right], 400, &mut noise).unwrap();
        passed += usize::from(compared[0].p_value <= 0.05);
    }
    // 20 of 400 are expected, with a deviation of 4.4; small samples make the bootstrap pass a little more.
    assert!((8..=40).contains(&passed), "{passed} of 400");
}

fn uniform(random: &mut RandomStream) -> f64 {
    use rand::Rng as _;
    random.random_range(0.0..1.0)
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    assert!(matches!(
        paired_comparison(&[1.0], &[], &mut random()),
        Err(EvalError::Unpaired { left: 1, right: 0 })
    ));
    assert!(matches!(paired_comparison(&[f64::NAN], &[1.0], &mut random()), Err(EvalError::NoValues)));
    assert!(matches!(paired_comparisons(&[1.0], &[&[1.0]], 0, &mut random()), Err(EvalError::NoResamples)));
}

proptest! {
    #[test]
    fn a_comparison_among_others_is_the_one_that_it_would_be_alone(
        reference in prop::collection::vec(0.0_f64..1.0, 5..40),
        gap in 0_usize..5,
    ) {
        let halved: Vec<f64> = reference.iter().map(|value| value / 2.0).collect();
        let mut gapped: Vec<f64> = reference.iter().map(|value| value.powi(2)).collect();
        gapped[gap] = f64::NAN;
        let squared: Vec<f64> = reference.iter().map(|value| value.powi(2)).collect();
        let others: [&[f64]; 3] = [&halved, &gapped, &squared];
        let together = paired_comparisons(&reference, &others, N_RESAMPLES, &mut random()).unwrap();
        for (other, compared) in others.iter().zip(together) {
            prop_assert_eq!(compared, paired_comparison(&reference, other, &mut random()).unwrap());
        }
    }
}
