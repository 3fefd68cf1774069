//! A softmax over the rows of a panel: the examples lie side by side, so its sums need no horizontal addition.

use crate::panels::LANES;
use pulp::Arch;

/// Sums in single precision are no longer than this.
const BLOCK: usize = 64;

/// Replaces the scores `[I][16]` of sixteen examples by `factors * softmax(scores / temperature)`, and returns each
/// example's `log sum exp(scores / temperature)`.
pub fn softmax(scores: &mut [[f32; LANES]], temperature: f32, factors: &[f32; LANES]) -> [f64; LANES] {
    Arch::new().dispatch(|| {
        let mut greatest = [f32::NEG_INFINITY; LANES];
        for row in scores.iter() {
            for at in 0..LANES {
                greatest[at] = if row[at] > greatest[at] { row[at] } else { greatest[at] };
            }
        }
        let inverse = 1.0 / temperature;
        let mut sums = [0.0_f64; LANES];
        for block in scores.chunks_mut(BLOCK) {
            let mut partial = [0.0_f32; LANES];
            for row in block {
                for at in 0..LANES {
                    row[at] = exp((row[at] - greatest[at]) * inverse);
                    partial[at] += row[at];
                }
            }
            for at in 0..LANES {
                sums[at] += f64::from(partial[at]);
            }
        }
        let scales: [f32; LANES] = std::array::from_fn(|at| (f64::from(factors[at]) / sums[at]) as f32);
        for row in scores.iter_mut() {
            for at in 0..LANES {
                row[at] *= scales[at];
            }
        }
        std::array::from_fn(|at| sums[at].ln() + f64::from(greatest[at]) * f64::from(inverse))
    })
}

/// Below this the exponential is nearly the smallest normal number.
pub(crate) const LEAST: f32 = -87.0;
/// Added and taken away again, it rounds to a whole number.
const ROUND: f32 = 12_582_912.0;
/// The logarithm of 2, as the sum of a number of few digits and a small one.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// The exponential of a number that is not positive, to about one unit in the last place; the polynomial of Cephes
/// (`expf`). NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(value: f32) -> f32 {
    let value = if value < LEAST { LEAST } else { value };
    let shifted = value * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    let rest = (value - power * LN_2[0]) - power * LN_2[1];
    let mut series = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        series = series * rest + coefficient;
    }
    let fraction = series * rest * rest + rest + 1.0;
    // The whole number stands in the last bits of `shifted`; it belongs among those of the exponent.
    let scale = f32::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23);
    fraction * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for at in 0..8600_u16 {
            let value = -f32::from(at) / 100.0;
            let (found, expected) = (exp(value), f64::from(value).exp());
            assert!((f64::from(found) - expected).abs() < 3e-7 * expected, "{value}: {found} {expected}");
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 1e-37);
        assert!((exp(0.0) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn each_example_has_its_softmax_times_its_factor_and_its_logarithm_of_the_sum() {
        let score = |item: usize, lane: usize| ((item * 7 + lane * 3) % 11) as f32 - 4.0;
        let mut panel: Vec<[f32; LANES]> =
            (0..150).map(|item| std::array::from_fn(|lane| score(item, lane))).collect();
        let factors: [f32; LANES] = std::array::from_fn(|lane| lane as f32);
        let logarithms = softmax(&mut panel, 2.0, &factors);
        for (lane, logarithm) in logarithms.iter().enumerate() {
            let sum: f64 = (0..150).map(|item| f64::from(score(item, lane) / 2.0).exp()).sum();
            assert!((sum.ln() - logarithm).abs() < 1e-6);
            for (item, row) in panel.iter().enumerate() {
                let expected = lane as f64 * f64::from(score(item, lane) / 2.0).exp() / sum;
                assert!((f64::from(row[lane]) - expected).abs() < 1e-6, "{item} {lane}");
            }
        }
    }
}
