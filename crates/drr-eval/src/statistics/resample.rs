//! Resampled sums of many columns at once, quick enough for hundreds of comparisons.
//!
//! A resample needs as many draws as there are users, so 2,000 resamples of a few thousand users are ten million draws,
//! and drawing costs more than adding. Only a key comes from the caller's stream; `SplitMix64` (Steele, Lea and Flood
//! 2014, "Fast splittable pseudorandom number generators") turns it into indices. Every resample has a sequence of its
//! own that depends on the key and its number alone, so the threads may take them in any order.

use rayon::prelude::*;

/// The odd constant that `SplitMix64` counts in, `2^64` divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Resamples that one task takes.
const CHUNK: usize = 64;

/// Sums of the rows drawn for each resample, `[n_resamples, width]`.
///
/// `rows` is `[n_rows, width]`; each resample draws `n_rows` rows with replacement, the same ones for all columns. A
/// column's sums do not depend on the other columns. The chance of a row is even to within `n_rows / 2^32`.
pub(super) fn resampled_sums(rows: &[f64], width: usize, n_resamples: usize, key: u64) -> Vec<f64> {
    let mut sums = vec![0.0; n_resamples * width];
    let n_rows = rows.len() / width;
    sums.par_chunks_mut(CHUNK * width).enumerate().for_each(|(chunk, sums)| {
        let mut odd = vec![0.0; width];
        for (at, even) in sums.chunks_mut(width).enumerate() {
            let start = mixed(key ^ mixed((chunk * CHUNK + at) as u64));
            if let ([only], 1) = (&mut *even, width) {
                *only = sum_of_one_column(rows, start);
            } else {
                odd.fill(0.0);
                for_each_pair(n_rows, start, |left, right| {
                    add(even, &rows[left * width..][..width]);
                    if let Some(right) = right {
                        add(&mut odd, &rows[right * width..][..width]);
                    }
                });
                add(even, &odd);
            }
        }
    });
    sums
}

/// The same sum as of a column among others, without slices of one.
fn sum_of_one_column(rows: &[f64], start: u64) -> f64 {
    let (mut even, mut odd) = (0.0, 0.0);
    for_each_pair(rows.len(), start, |left, right| {
        even += rows[left];
        if let Some(right) = right {
            odd += rows[right];
        }
    });
    even + odd
}

/// Draws `n_rows` indices below `n_rows`, two out of each 64 bits; the last one may be alone.
#[inline]
fn for_each_pair(n_rows: usize, start: u64, mut take: impl FnMut(usize, Option<usize>)) {
    let mut state = start;
    let mut draw = || {
        state = state.wrapping_add(STEP);
        mixed(state)
    };
    for _ in 0..n_rows / 2 {
        let bits = draw();
        take(below(n_rows, bits & 0xFFFF_FFFF), Some(below(n_rows, bits >> 32)));
    }
    if n_rows % 2 == 1 {
        take(below(n_rows, draw() >> 32), None);
    }
}

/// 32 random bits as an index below `n`, by a product instead of a division.
#[inline]
const fn below(n: usize, bits: u64) -> usize {
    ((bits * n as u64) >> 32) as usize
}

/// The output function of `SplitMix64`.
#[inline]
const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[inline]
fn add(sums: &mut [f64], values: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of SplitMix64 from the state 0, as in java.util.SplittableRandom.
        assert_eq!(mixed(STEP), 0xE220_A839_7B1D_CDAF);
        assert_eq!(mixed(STEP.wrapping_mul(2)), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn every_row_is_drawn_about_equally_often() {
        let n_rows = 7;
        let mut counts = vec![0_u32; n_rows];
        for resample in 0..10_000_u64 {
            for_each_pair(n_rows, mixed(resample), |left, right| {
                counts[left] += 1;
                if let Some(right) = right {
                    counts[right] += 1;
                }
            });
        }
        // 70,000 draws: each row 10,000 times with a standard deviation of 93.
        assert_eq!(counts.iter().sum::<u32>(), 70_000);
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 400), "{counts:?}");
    }

    #[test]
    fn a_column_sums_alone_as_it_does_among_others() {
        let column: Vec<f64> = (0..31).map(|row| 0.1 * f64::from(row)).collect();
        let both: Vec<f64> = column.iter().flat_map(|value| [*value, -value]).collect();
        let alone = resampled_sums(&column, 1, 100, 5);
        let among = resampled_sums(&both, 2, 100, 5);
        assert!(alone.iter().zip(among.chunks(2)).all(|(sum, pair)| *sum == pair[0] && *sum == -pair[1]));
    }
}
