//! The interval of a mean of few values, such as one per training seed.
//!
//! Resampling five values says too little of their spread: the percentile interval of a mean of five is about a third too
//! narrow. Student's interval is exact for normal values, whatever their number.

use super::{Interval, sample_deviation};

/// The .975 quantiles of Student's t distribution with 1 to 10 degrees of freedom.
const QUANTILES: [f64; 10] = [
    12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004, 2.262_157,
    2.228_139,
];

/// The .975 quantile of the standard normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The mean of `values` with its 95 % interval `mean -+ t_.975(n - 1) sd / sqrt(n)` (Student 1908); `None` for fewer than two.
#[must_use]
pub fn student_t_interval(values: &[f64]) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let half = quantile(values.len() - 1) * sample_deviation(values) / n.sqrt();
    Some(Interval { mean, low: mean - half, high: mean + half })
}

/// The .975 quantile for `freedom` degrees, at least 1; beyond the table the expansion of Fisher and Cornish (1960) in
/// `1 / freedom` to the third order.
fn quantile(freedom: usize) -> f64 {
    QUANTILES.get(freedom - 1).copied().unwrap_or_else(|| {
        let (z, nu) = (NORMAL, freedom as f64);
        let first = (z.powi(3) + z) / (4.0 * nu);
        let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * nu * nu);
        let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * nu.powi(3));
        z + first + second + third
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_five_values_is_the_one_computed_by_hand() {
        // The values 1 to 5 have the mean 3 and the variance 2.5: 2.776445 sqrt(2.5 / 5) = 1.963243.
        let interval = student_t_interval(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(interval.mean, 3.0);
        assert!((interval.high - 4.963_243).abs() < 1e-6 && (interval.low - 1.036_757).abs() < 1e-6);
        assert_eq!(student_t_interval(&[1.0]), None);
    }

    #[test]
    fn the_quantiles_beyond_the_table_are_those_of_scipy() {
        // scipy.stats.t.ppf(0.975, freedom).
        for (freedom, expected) in [(11, 2.200_985), (20, 2.085_963), (60, 2.000_298)] {
            assert!((quantile(freedom) - expected).abs() < 2e-4, "{freedom}");
        }
        assert!(quantile(10) > quantile(11));
    }
}
