//! How the settings of a sweep are drawn.

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

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

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
