//! How the settings of a sweep are drawn.

use crate::{BiasedMfConfig, PlainMfConfig};
use drr_core::RandomStream;
use rand::Rng;

/// A number whose logarithm is uniform, with three digits: nobody needs more in a configuration.
pub fn log_uniform(low: f64, high: f64, random: &mut RandomStream) -> f64 {
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
pub fn whole(low: f64, high: f64, random: &mut RandomStream) -> usize {
    log_uniform(low, high, random).round() as usize
}

/// Whether a penalty is fixed, with its weight.
fn penalty(random: &mut RandomStream) -> (bool, f64) {
    let is_fixed = random.random_bool(0.75);
    let l2 = if is_fixed { log_uniform(1.0, 100.0, random) } else { log_uniform(0.02, 0.3, random) };
    (is_fixed, l2)
}

/// Settings of a factorization with biases.
pub fn biased_mf(random: &mut RandomStream) -> BiasedMfConfig {
    let (fixed_l2, l2) = penalty(random);
    let bias_l2 = if fixed_l2 { log_uniform(0.5, 50.0, random) } else { log_uniform(0.003, 0.3, random) };
    let (dim, epochs) = (whole(4.0, 100.0, random), random.random_range(5..=20));
    BiasedMfConfig { dim, l2, bias_l2, fixed_l2, epochs }
}

/// Settings of a factorization without biases.
pub fn plain_mf(random: &mut RandomStream) -> PlainMfConfig {
    let (fixed_l2, l2) = penalty(random);
    let (dim, epochs) = (whole(4.0, 100.0, random), random.random_range(5..=20));
    PlainMfConfig { dim, l2, fixed_l2, epochs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn most_penalties_are_fixed_and_those_are_large() {
        let mut random = Seeds(3).stream("space");
        let drawn: Vec<BiasedMfConfig> = (0..400).map(|_| biased_mf(&mut random)).collect();
        let n_fixed = drawn.iter().filter(|it| it.fixed_l2).count();
        assert!((260..340).contains(&n_fixed), "{n_fixed} of 400");
        for it in drawn {
            it.factorization().check().unwrap();
            assert_eq!(it.fixed_l2, it.l2 > 0.9 && it.bias_l2 > 0.4, "{it:?}");
        }
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
}
