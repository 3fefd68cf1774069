//! Long curves become short ones: the means of equal runs of points.
//!
//! A training run records more points than a page has pixels. Means, unlike every n-th point, lose no spike's weight.

/// The number of points that a drawn curve has at most.
pub const MAX_POINTS: usize = 300;

/// At most `max_points` points: unchanged if they are few, else the means of consecutive points, in runs whose lengths
/// differ by one at most. Points that are not finite are left out first.
#[must_use]
pub fn thin(points: &[(f64, f64)], max_points: usize) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> =
        points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    if finite.len() <= max_points {
        return finite;
    }
    let edge = |bucket: usize| bucket * finite.len() / max_points;
    (0..max_points).map(|bucket| mean(&finite[edge(bucket)..edge(bucket + 1)])).collect()
}

fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (x / n, y / n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_curve_stays_but_for_points_that_are_not_finite() {
        assert_eq!(thin(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)], 5), [(0.0, 1.0), (2.0, 3.0)]);
    }

    #[test]
    fn a_long_curve_becomes_means_of_runs() {
        let points: Vec<(f64, f64)> = (0..6).map(|x| (f64::from(x), f64::from(10 * x))).collect();
        assert_eq!(thin(&points, 3), [(0.5, 5.0), (2.5, 25.0), (4.5, 45.0)]);
    }

    proptest! {
        #[test]
        fn the_thinned_curve_stays_within_the_extremes(
            values in prop::collection::vec(-10.0_f64..10.0, 1..2000),
            max_points in 1_usize..400,
        ) {
            let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let thinned = thin(&points, max_points);
            prop_assert_eq!(thinned.len(), points.len().min(max_points));
            prop_assert!(thinned.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(thinned.iter().all(|(_, y)| y.abs() <= 10.0));
        }
    }
}
