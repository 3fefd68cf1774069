//! A distribution over items for each of the sixteen examples of a panel, as a policy gradient needs it: draws, logarithms
//! of probabilities, entropies, and the gradient of the scores.
//!
//! The examples lie side by side, so the sums over items need no horizontal addition, and one pass has the entropy beside
//! the normalization. An excluded item has the probability 0 exactly, and no gradient.

use crate::panels::LANES;
use crate::softmax::{LEAST, exp};
use pulp::{Arch, Simd, WithSimd};

/// The score of an item that may not be drawn.
pub const EXCLUDED: f32 = f32::NEG_INFINITY;

/// Sums in single precision are no longer than this.
const BLOCK: usize = 64;

/// Sixteen distributions `softmax(scores / temperature)`, without their items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Categorical {
    /// The sums of the weights.
    sums: [f64; LANES],
    /// Their logarithms.
    log_sums: [f64; LANES],
    /// The entropies, in nats.
    entropies: [f64; LANES],
}

impl Categorical {
    /// The distributions of the scores `[I][16]`, at least one of which is not [`EXCLUDED`] in each example. The scores become
    /// logits, `(score - greatest) / temperature`, and `weights` `[I][16]` their exponentials.
    ///
    /// An item whose logit is below -87 has the weight 0. A score that is not finite makes the example's figures NaN. Panics
    /// if the sizes disagree, which is a bug.
    pub fn new(scores: &mut [[f32; LANES]], weights: &mut [[f32; LANES]], temperature: f32) -> Self {
        assert_eq!(scores.len(), weights.len());
        Arch::new().dispatch(Normalize { scores, weights, inverse: 1.0 / temperature })
    }

    /// The entropies, in nats.
    #[must_use]
    pub const fn entropies(&self) -> &[f64; LANES] {
        &self.entropies
    }

    /// The logarithm of the probability of an item with the given logit in example `lane`.
    #[must_use]
    pub fn log_probability(&self, logit: f32, lane: usize) -> f64 {
        f64::from(logit) - self.log_sums[lane]
    }

    /// Turns the weights into the gradient of the logits, from that of the logarithm of the chosen item's probability and
    /// that of the entropy.
    ///
    /// With `g` and `h` for these two, `c` for the chosen item and `H` for the entropy, the gradient of logit `i` is
    /// `g (1[i = c] - p_i) - h p_i (log p_i + H)`. Panics on an item beyond the panel, which is a bug.
    pub fn gradient(
        &self,
        logits: &[[f32; LANES]],
        weights: &mut [[f32; LANES]],
        chosen: &[u32; LANES],
        of_log_probability: &[f32; LANES],
        of_entropy: &[f32; LANES],
    ) {
        let constant: [f32; LANES] = std::array::from_fn(|at| {
            let offset = f64::from(of_entropy[at]) * (self.entropies[at] - self.log_sums[at]);
            (-(f64::from(of_log_probability[at]) + offset) / self.sums[at]) as f32
        });
        let slope: [f32; LANES] =
            std::array::from_fn(|at| (-f64::from(of_entropy[at]) / self.sums[at]) as f32);
        Arch::new().dispatch(Slopes { weights, logits, constant: &constant, slope: &slope });
        for at in 0..LANES {
            weights[chosen[at] as usize][at] += of_log_probability[at];
        }
    }
}

/// Draws an item for each example with the probability of its share of the weights `[I][16]`, from numbers that are uniform
/// in `[0, 1)`: the first item at which the running sum exceeds that share of the whole sum. An item of weight 0 is never
/// drawn, unless all are 0.
#[must_use]
pub fn draw(weights: &[[f32; LANES]], uniforms: &[f32; LANES]) -> [u32; LANES] {
    let mut chosen = Arch::new().dispatch(Draw { weights, uniforms });
    for at in 0..LANES {
        // Rounding can carry the target to the whole sum.
        if chosen[at] as usize == weights.len() {
            chosen[at] = weights.iter().rposition(|row| row[at] > 0.0).unwrap_or(0) as u32;
        }
    }
    chosen
}

// Closures of this size are not compiled into the function that has the wide registers; these are.

/// Turns scores into logits and weights.
struct Normalize<'a> {
    scores: &'a mut [[f32; LANES]],
    weights: &'a mut [[f32; LANES]],
    /// One over the temperature.
    inverse: f32,
}

impl WithSimd for Normalize<'_> {
    type Output = Categorical;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Categorical {
        let Self { scores, weights, inverse } = self;
        let mut greatest = [f32::NEG_INFINITY; LANES];
        for row in scores.iter() {
            for at in 0..LANES {
                greatest[at] = if row[at] > greatest[at] { row[at] } else { greatest[at] };
            }
        }
        let (mut sums, mut products) = ([0.0_f64; LANES], [0.0_f64; LANES]);
        for (scores, weights) in scores.chunks_mut(BLOCK).zip(weights.chunks_mut(BLOCK)) {
            let (mut partial, mut product) = ([0.0_f32; LANES], [0.0_f32; LANES]);
            for (row, weights) in scores.iter_mut().zip(weights) {
                for at in 0..LANES {
                    let logit = (row[at] - greatest[at]) * inverse;
                    let logit = if logit < LEAST { LEAST } else { logit };
                    let weight = exp(logit);
                    let weight = if logit <= LEAST { 0.0 } else { weight };
                    row[at] = logit;
                    weights[at] = weight;
                    partial[at] += weight;
                    product[at] += weight * logit;
                }
            }
            for at in 0..LANES {
                sums[at] += f64::from(partial[at]);
                products[at] += f64::from(product[at]);
            }
        }
        let log_sums = sums.map(f64::ln);
        let entropies = std::array::from_fn(|at| log_sums[at] - products[at] / sums[at]);
        Categorical { sums, log_sums, entropies }
    }
}

/// Multiplies each weight by `constant + slope logit`.
struct Slopes<'a> {
    weights: &'a mut [[f32; LANES]],
    logits: &'a [[f32; LANES]],
    constant: &'a [f32; LANES],
    slope: &'a [f32; LANES],
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (constant, slope) = (*self.constant, *self.slope);
        for (weights, logits) in self.weights.iter_mut().zip(self.logits) {
            for at in 0..LANES {
                weights[at] *= constant[at] + slope[at] * logits[at];
            }
        }
    }
}

/// The first item at which the running sum exceeds its target; the number of items if rounding leaves none.
struct Draw<'a> {
    weights: &'a [[f32; LANES]],
    uniforms: &'a [f32; LANES],
}

impl WithSimd for Draw<'_> {
    type Output = [u32; LANES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> [u32; LANES] {
        let Self { weights, uniforms } = self;
        let mut sums = [0.0_f32; LANES];
        for row in weights {
            for at in 0..LANES {
                sums[at] += row[at];
            }
        }
        let targets: [f32; LANES] = std::array::from_fn(|at| sums[at] * uniforms[at]);
        // The same sums in the same order.
        let (mut sums, mut chosen) = ([0.0_f32; LANES], [0_u32; LANES]);
        for row in weights {
            for at in 0..LANES {
                sums[at] += row[at];
                chosen[at] += u32::from(sums[at] <= targets[at]);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N_ITEMS: usize = 150;

    fn score(item: usize, lane: usize) -> f32 {
        ((item * 7 + lane * 3) % 11) as f32 / 4.0 - 1.0
    }

    fn is_excluded(item: usize, lane: usize) -> bool {
        item % 5 == lane % 5
    }

    fn panel() -> Vec<[f32; LANES]> {
        let value = |item, lane| if is_excluded(item, lane) { EXCLUDED } else { score(item, lane) };
        (0..N_ITEMS).map(|item| std::array::from_fn(|lane| value(item, lane))).collect()
    }

    /// The probabilities of one example in double precision, from its scores.
    fn probabilities(scores: &[f64], lane: usize, temperature: f64) -> Vec<f64> {
        let exponential = |(item, score): (usize, &f64)| {
            if is_excluded(item, lane) { 0.0 } else { (score / temperature).exp() }
        };
        let weights: Vec<f64> = scores.iter().enumerate().map(exponential).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }

    fn entropy(probabilities: &[f64]) -> f64 {
        -probabilities.iter().filter(|it| **it > 0.0).map(|it| it * it.ln()).sum::<f64>()
    }

    #[test]
    fn probabilities_and_entropies_are_those_of_the_items_that_are_not_excluded() {
        let (mut scores, mut weights) = (panel(), vec![[0.0; LANES]; N_ITEMS]);
        let found = Categorical::new(&mut scores, &mut weights, 0.5);
        for lane in 0..LANES {
            let exact: Vec<f64> = (0..N_ITEMS).map(|item| f64::from(score(item, lane))).collect();
            let expected = probabilities(&exact, lane, 0.5);
            assert!((found.entropies()[lane] - entropy(&expected)).abs() < 1e-5);
            for item in 0..N_ITEMS {
                if is_excluded(item, lane) {
                    assert_eq!(weights[item][lane], 0.0);
                    continue;
                }
                let logarithm = found.log_probability(scores[item][lane], lane);
                assert!((logarithm - expected[item].ln()).abs() < 1e-5, "{item} {lane}");
            }
        }
    }

    #[test]
    fn the_gradient_of_the_logits_equals_finite_differences() {
        let (g, h): (f64, f64) = (0.7, -0.3);
        let (mut scores, mut weights) = (panel(), vec![[0.0; LANES]; N_ITEMS]);
        let found = Categorical::new(&mut scores, &mut weights, 0.5);
        let chosen: [u32; LANES] = std::array::from_fn(|lane| (lane % 5 + 1) as u32);
        found.gradient(&scores, &mut weights, &chosen, &[g as f32; LANES], &[h as f32; LANES]);
        for lane in [0, 7, 15] {
            let exact: Vec<f64> = (0..N_ITEMS).map(|item| f64::from(score(item, lane))).collect();
            let objective = |scores: &[f64]| {
                let probabilities = probabilities(scores, lane, 0.5);
                g * probabilities[chosen[lane] as usize].ln() + h * entropy(&probabilities)
            };
            for item in 0..N_ITEMS {
                let moved = |by: f64| {
                    let mut scores = exact.clone();
                    scores[item] += by;
                    objective(&scores)
                };
                // A step of the score is two of the logit at this temperature.
                let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5 * 0.5;
                let gradient = f64::from(weights[item][lane]);
                assert!((gradient - difference).abs() < 1e-5, "{item} {lane}: {gradient} {difference}");
            }
        }
    }

    #[test]
    fn draws_follow_the_weights_and_never_hit_an_excluded_item() {
        let weights: Vec<[f32; LANES]> = [0.0, 1.0, 0.0, 3.0, 0.0].map(|weight| [weight; LANES]).to_vec();
        let mut uniforms = [0.0; LANES];
        uniforms[..6].copy_from_slice(&[0.0, 0.2, 0.249, 0.25, 0.9, 1.0 - f32::EPSILON / 2.0]);
        assert_eq!(draw(&weights, &uniforms)[..6], [1, 1, 1, 3, 3, 3]);
        let tiny: Vec<[f32; LANES]> =
            (0..1000).map(|item| [0.1 * f32::from(item < 997_u16); LANES]).collect();
        assert!(draw(&tiny, &[1.0 - f32::EPSILON / 2.0; LANES]).iter().all(|item| *item < 997));
    }

    #[test]
    fn logits_far_below_the_greatest_weigh_nothing_and_make_no_nan() {
        let mut scores = vec![[EXCLUDED; LANES], [1e6; LANES], [-1e6; LANES]];
        let mut weights = vec![[1.0; LANES]; 3];
        let found = Categorical::new(&mut scores, &mut weights, 0.1);
        assert_eq!(weights, [[0.0; LANES], [1.0; LANES], [0.0; LANES]]);
        assert_eq!(found.entropies(), &[0.0; LANES]);
        found.gradient(&scores, &mut weights, &[1; LANES], &[2.0; LANES], &[1.0; LANES]);
        assert_eq!(weights, [[0.0; LANES]; 3]);
        let mut broken = vec![[f32::NAN; LANES], [0.0; LANES]];
        assert!(Categorical::new(&mut broken, &mut weights[..2], 0.1).entropies()[0].is_nan());
    }
}
