//! Draws by counter: what the kernels draw, said again for the CPU.
//!
//! Thousands of threads cannot share a stream. A draw follows from a seed, which comes from one of the project's named
//! streams, and from where it is made: the step, the row, the column.

/// Four words.
pub type Draw = [u32; 4];

/// Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
#[must_use]
pub fn philox(seed: u64, counter: u64, row: u32, column: u32) -> Draw {
    let mut key = [seed as u32, (seed >> 32) as u32];
    let mut words = [counter as u32, (counter >> 32) as u32, row, column];
    for _ in 0..10 {
        let left = u64::from(words[0]) * 0xD251_1F53;
        let right = u64::from(words[2]) * 0xCD9E_8D57;
        words = [
            (right >> 32) as u32 ^ words[1] ^ key[0],
            right as u32,
            (left >> 32) as u32 ^ words[3] ^ key[1],
            left as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    words
}

/// A number in `[0, 1)` of 53 bits.
#[must_use]
pub fn uniform(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

/// A normal number of two words (Box and Muller 1958).
#[must_use]
pub fn normal(first: u32, second: u32) -> f32 {
    let share = 2.328_306_4e-10;
    let radius = (-2.0 * ((first as f32 + 0.5) * share).ln()).sqrt();
    radius * (second as f32 * share * std::f32::consts::TAU).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_published_values() {
        assert_eq!(philox(0, 0, 0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = u32::MAX;
        let expected = [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd];
        assert_eq!(philox(u64::MAX, u64::MAX, ones, ones), expected);
        let digits_of_pi = philox(0x299f_31d0_a409_3822, 0x85a3_08d3_243f_6a88, 0x1319_8a2e, 0x0370_7344);
        assert_eq!(digits_of_pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let n = 20_000;
        let draws: Vec<Draw> = (0..n).map(|row| philox(7, 3, row, 0)).collect();
        let mean = draws.iter().map(|it| uniform(it[0], it[1])).sum::<f64>() / f64::from(n);
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let normals: Vec<f64> = draws.iter().map(|it| f64::from(normal(it[2], it[3]))).collect();
        let mean = normals.iter().sum::<f64>() / f64::from(n);
        let variance = normals.iter().map(|value| value * value).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        assert!(normal(u32::MAX, 0).is_finite() && normal(0, u32::MAX).is_finite());
    }
}
