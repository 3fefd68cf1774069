//! The interquartile mean over tasks and training seeds.
//!
//! With three to ten seeds a task, a mean follows outliers and a median wastes half of what there is; the mean of the
//! middle half does neither (Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical
//! precipice", sec. 4.3). Seeds are resampled within each task, since the tasks are not a sample but the benchmark.

use super::{Interval, percentile_interval};
use crate::EvalError;
use drr_core::RandomStream;
use rand::Rng as _;

/// The mean of the middle half: of `n` finite scores, the `floor(n / 4)` least and greatest are left out. NaN without a
/// finite score.
#[must_use]
pub fn interquartile_mean(scores: &[f64]) -> f64 {
    let mut finite: Vec<f64> = scores.iter().copied().filter(|score| score.is_finite()).collect();
    middle_mean(&mut finite)
}

fn middle_mean(scores: &mut [f64]) -> f64 {
    scores.sort_unstable_by(f64::total_cmp);
    let cut = scores.len() / 4;
    let middle = &scores[cut..scores.len() - cut];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// The interquartile mean of all scores with a stratified bootstrap interval, as in Agarwal et al. (2021, sec. 4.1).
///
/// `scores` has one row per task (here: a protocol or a data set) with one score per training seed, on a scale that the
/// tasks share. The mean is that of all tasks' scores together; each resample draws, for each task by itself, as many
/// seeds as it has. Scores that are not finite are left out. With one seed per task the interval has no width, and says
/// nothing.
///
/// # Errors
///
/// Fails without a finite score and without resamples.
pub fn stratified_bootstrap_iqm(
    scores: &[Vec<f64>],
    n_resamples: usize,
    random: &mut RandomStream,
) -> Result<Interval, EvalError> {
    let tasks: Vec<Vec<f64>> =
        scores.iter().map(|task| task.iter().copied().filter(|score| score.is_finite()).collect()).collect();
    let mut all = tasks.concat();
    if all.is_empty() {
        return Err(EvalError::NoValues);
    }
    if n_resamples == 0 {
        return Err(EvalError::NoResamples);
    }
    let mean = middle_mean(&mut all);
    let mut resampled = Vec::with_capacity(n_resamples);
    for _ in 0..n_resamples {
        let draws = tasks.iter().flat_map(|task| task.iter().map(move |_| task));
        for (slot, task) in all.iter_mut().zip(draws) {
            *slot = task[random.random_range(0..task.len())];
        }
        resampled.push(middle_mean(&mut all));
    }
    Ok(percentile_interval(mean, &mut resampled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn the_mean_of_the_middle_half_is_that_of_scipy() {
        // scipy.stats.trim_mean(scores, 0.25).
        let cases: [(&[f64], f64); 4] = [
            (&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], 3.5),
            (&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0], 3.0),
            (&[1.0, 2.0, 3.0, 4.0, 5.0], 3.0),
            (&[0.1, 0.2, 0.35, 0.8, 1.5, -3.0], 0.3625),
        ];
        for (scores, expected) in cases {
            assert!((interquartile_mean(scores) - expected).abs() < 1e-12);
        }
        assert_eq!(interquartile_mean(&[f64::NAN, 2.0]), 2.0);
        assert!(interquartile_mean(&[]).is_nan());
    }

    #[test]
    fn seeds_are_resampled_within_their_task() {
        // Tasks far apart and without spread within: a resample that mixed tasks would move the mean.
        let scores = [vec![0.0; 4], vec![10.0; 4], vec![5.0; 4]];
        let mut random = Seeds(1).stream("iqm");
        let interval = stratified_bootstrap_iqm(&scores, 200, &mut random).unwrap();
        assert_eq!(interval, Interval { mean: 5.0, low: 5.0, high: 5.0 });
        let spread = [vec![0.0, 1.0, 2.0, 3.0, 4.0]];
        let interval = stratified_bootstrap_iqm(&spread, 500, &mut random).unwrap();
        assert!(interval.low < 2.0 && interval.mean == 2.0 && interval.high > 2.0);
    }

    #[test]
    fn nothing_to_average_is_an_error() {
        let mut random = Seeds(1).stream("iqm");
        let none = stratified_bootstrap_iqm(&[vec![f64::NAN], vec![]], 10, &mut random);
        assert!(matches!(none, Err(EvalError::NoValues)));
        assert!(matches!(
            stratified_bootstrap_iqm(&[vec![1.0]], 0, &mut random),
            Err(EvalError::NoResamples)
        ));
    }
}
