//! How small a difference some users can show, and how many users a difference needs.
//!
//! Both are of the normal approximation of a paired test at the two-sided level .05 with power .8 (Cohen 1988, ch. 2):
//! the true difference must be `z_.975 + z_.8` standard errors from 0. With hundreds of users a mean is close to normal.

/// `z_.975 + z_.8`, quantiles of the standard normal distribution: 1.959964 + 0.841621.
const Z_LEVEL_AND_POWER: f64 = 1.959_963_984_540_054 + 0.841_621_233_572_914_3;

/// The least true difference that `n` users show with power .8 at the two-sided level .05, where their differences have
/// the standard deviation `sd`: `(z_.975 + z_.8) sd / sqrt(n)`. Infinite without users.
#[must_use]
pub fn minimum_detectable_difference(sd: f64, n: usize) -> f64 {
    if n == 0 {
        return f64::INFINITY;
    }
    Z_LEVEL_AND_POWER * sd / (n as f64).sqrt()
}

/// The users needed to show a true `difference` with power .8 at the two-sided level .05, where the users' differences
/// have the standard deviation `sd`: `((z_.975 + z_.8) sd / difference)^2`, rounded up, at least 1.
///
/// `u64::MAX` for a difference of 0, which no number of users can show, and where an argument is not finite.
#[must_use]
pub fn required_users(sd: f64, difference: f64) -> u64 {
    users_for(Z_LEVEL_AND_POWER * sd, difference)
}

/// The users for whom `spread / sqrt(n)` is at most `width`.
pub(crate) fn users_for(spread: f64, width: f64) -> u64 {
    let n = (spread / width).powi(2);
    if width == 0.0 || !n.is_finite() {
        return u64::MAX;
    }
    // A float above the range becomes the greatest integer.
    (n.ceil() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_differences_are_each_other_s_inverse() {
        // (2.801585 * 0.2 / 0.01)^2 = 3139.55.
        assert_eq!(required_users(0.2, 0.01), 3140);
        assert_eq!(required_users(0.2, -0.01), 3140);
        let least = minimum_detectable_difference(0.2, 3140);
        assert!(least <= 0.01 && least > 0.009_99, "{least}");
    }

    #[test]
    fn a_difference_of_none_needs_more_users_than_there_are() {
        assert_eq!(required_users(0.2, 0.0), u64::MAX);
        assert_eq!(required_users(0.0, 0.1), 1);
        assert_eq!(minimum_detectable_difference(0.2, 0), f64::INFINITY);
    }
}
