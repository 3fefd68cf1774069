//! Metrics of one session: what a user did with one recommendation after the other.

/// The number of positives of a session, `[T]` whether each step was one.
#[must_use]
pub fn cumulative_hits(positive: &[bool]) -> f64 {
    positive.iter().filter(|positive| **positive).count() as f64
}

/// The discounted return of a session, `sum_t discount^t r_t` over its rewards `[T]` with `t` from 0 (Sutton and Barto
/// 2018, eq. 3.8); 0 without a step.
#[must_use]
pub fn discounted_return(rewards: &[f32], discount: f64) -> f64 {
    rewards.iter().rev().fold(0.0, |later, reward| f64::from(*reward) + discount * later)
}

/// The sum of a session's rewards `[T]`; 0 without a step.
#[must_use]
pub fn total_reward(rewards: &[f32]) -> f64 {
    rewards.iter().map(|reward| f64::from(*reward)).sum()
}

/// The mean of a session's rewards `[T]`; NaN, which is "undefined", without a step.
#[must_use]
pub fn mean_reward(rewards: &[f32]) -> f64 {
    if rewards.is_empty() { f64::NAN } else { total_reward(rewards) / rewards.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_those_computed_by_hand() {
        let rewards = [1.0, -0.5, 0.25];
        assert_eq!(discounted_return(&rewards, 0.5), 1.0 - 0.25 + 0.0625);
        assert_eq!(discounted_return(&rewards, 0.0), 1.0);
        assert_eq!((total_reward(&rewards), mean_reward(&rewards)), (0.75, 0.25));
        assert_eq!(cumulative_hits(&[true, false, true]), 2.0);
    }

    #[test]
    fn a_session_without_steps_has_no_mean() {
        assert_eq!((discounted_return(&[], 0.9), total_reward(&[]), cumulative_hits(&[])), (0.0, 0.0, 0.0));
        assert!(mean_reward(&[]).is_nan());
    }
}
