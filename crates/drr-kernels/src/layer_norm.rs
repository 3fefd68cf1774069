//! Layer normalization with its true gradient, on panels: the sums over features need no horizontal addition.

use crate::panels::{LANES, total};
use pulp::Arch;

/// Added to the variance (Ba et al. 2016, with the constant that PyTorch uses).
pub const EPSILON: f32 = 1e-5;

/// Normalizes each example of a panel `[F][16]` over its features: `y = gain * (z - mean) / sqrt(var + eps) + shift` (Ba
/// et al. 2016). Keeps the normalized values for the gradient, and returns each example's `1 / sqrt(var + eps)`.
pub fn forward(
    values: &mut [[f32; LANES]],
    gain: &[f32],
    shift: &[f32],
    normalized: &mut [[f32; LANES]],
) -> [f32; LANES] {
    let n_features = values.len();
    Arch::new().dispatch(|| {
        let share = 1.0 / n_features as f32;
        let mean = scaled(sum(values.iter().copied()), share);
        let squares = values.iter().map(|row| std::array::from_fn(|at| (row[at] - mean[at]).powi(2)));
        let inverse = scaled(sum(squares), share).map(|variance| 1.0 / (variance + EPSILON).sqrt());
        for (((row, kept), gain), shift) in values.iter_mut().zip(normalized).zip(gain).zip(shift) {
            for at in 0..LANES {
                kept[at] = (row[at] - mean[at]) * inverse[at];
                row[at] = gain * kept[at] + shift;
            }
        }
        inverse
    })
}

/// Turns the gradients of a panel's outputs into those of its inputs, in place, and adds those of `gain` and `shift`
/// where they are wanted.
pub fn backward(
    gradients: &mut [[f32; LANES]],
    normalized: &[[f32; LANES]],
    inverse: &[f32; LANES],
    gain: &[f32],
    parameters: Option<(&mut [f32], &mut [f32])>,
) {
    let n_features = gradients.len();
    if let Some((of_gain, of_shift)) = parameters {
        let rows = gradients.iter().zip(normalized);
        for (((gradient, kept), of_gain), of_shift) in rows.zip(of_gain).zip(of_shift) {
            *of_gain += total(&std::array::from_fn(|at| gradient[at] * kept[at]));
            *of_shift += total(gradient);
        }
    }
    Arch::new().dispatch(|| {
        let share = 1.0 / n_features as f32;
        for (gradient, gain) in gradients.iter_mut().zip(gain) {
            *gradient = gradient.map(|value| value * gain);
        }
        let mean = scaled(sum(gradients.iter().copied()), share);
        let products =
            gradients.iter().zip(normalized).map(|(row, kept)| std::array::from_fn(|at| row[at] * kept[at]));
        let along = scaled(sum(products), share);
        for (gradient, kept) in gradients.iter_mut().zip(normalized) {
            for at in 0..LANES {
                gradient[at] = inverse[at] * (gradient[at] - mean[at] - kept[at] * along[at]);
            }
        }
    });
}

#[inline(always)]
fn sum(rows: impl Iterator<Item = [f32; LANES]>) -> [f32; LANES] {
    rows.fold([0.0; LANES], |sums, row| std::array::from_fn(|at| sums[at] + row[at]))
}

#[inline(always)]
fn scaled(row: [f32; LANES], factor: f32) -> [f32; LANES] {
    row.map(|value| value * factor)
}
