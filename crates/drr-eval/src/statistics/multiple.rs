//! Many comparisons at once: of twenty tests of nothing, one passes the level .05 by luck.

/// The p-values adjusted by Benjamini and Hochberg (1995, "Controlling the false discovery rate", procedure (1)), in the
/// order given.
///
/// With the p-values in ascending order `p_(1) .. p_(m)`, the adjusted ones are `min_{j >= i} m p_(j) / j`, at most 1.
/// Calling those at most `q` discoveries keeps the expected share of false ones at `q` or below, for independent tests
/// and for positively dependent ones (Benjamini and Yekutieli 2001). A p-value of NaN stays NaN and counts for nothing.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).filter(|at| !p_values[*at].is_nan()).collect();
    order.sort_by(|left, right| p_values[*left].total_cmp(&p_values[*right]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        // The factor first: it is at least 1, so rounding never puts a value below its own.
        least = least.min(p_values[*at] * (order.len() as f64 / (rank + 1) as f64));
        adjusted[*at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_adjusted_values_are_those_of_statsmodels() {
        // statsmodels.stats.multitest.multipletests(p, method="fdr_bh").
        let adjusted = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.2, 0.04]);
        let expected = [0.03, 0.048, 0.048, 0.03, 0.2, 0.048];
        assert_eq!(adjusted.len(), expected.len());
        for (adjusted, expected) in adjusted.iter().zip(expected) {
            assert!((adjusted - expected).abs() < 1e-12, "{adjusted} instead of {expected}");
        }
    }

    #[test]
    fn a_missing_value_does_not_count() {
        let adjusted = benjamini_hochberg(&[0.01, f64::NAN, 0.04]);
        assert!((adjusted[0] - 0.02).abs() < 1e-15 && adjusted[1].is_nan() && adjusted[2] == 0.04);
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn adjusting_never_lowers_a_value_and_keeps_the_order(p in prop::collection::vec(0.0_f64..=1.0, 1..40)) {
            let adjusted = benjamini_hochberg(&p);
            for left in 0..p.len() {
                prop_assert!(adjusted[left] >= p[left] && adjusted[left] <= 1.0);
                for right in 0..p.len() {
                    prop_assert!(p[left] > p[right] || adjusted[left] <= adjusted[right]);
                }
            }
        }
    }
}
