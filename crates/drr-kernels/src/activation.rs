//! Activations and their derivatives, in place.

use pulp::Arch;

/// What follows a layer's product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `max(z, 0)`.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Replaces each `z` by `f(z)`.
    pub fn apply(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => Arch::new().dispatch(|| values.iter_mut().for_each(|value| *value = relu(*value))),
            Self::Tanh => Arch::new().dispatch(|| values.iter_mut().for_each(|value| *value = tanh(*value))),
        }
    }

    /// Multiplies each gradient of `f(z)` by `f'(z)`, which follows from `outputs`, the values `f(z)`.
    pub fn multiply_derivative(self, outputs: &[f32], gradients: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => Arch::new().dispatch(|| {
                for (gradient, output) in gradients.iter_mut().zip(outputs) {
                    *gradient = if *output > 0.0 { *gradient } else { 0.0 };
                }
            }),
            Self::Tanh => Arch::new().dispatch(|| {
                for (gradient, output) in gradients.iter_mut().zip(outputs) {
                    *gradient *= 1.0 - output * output;
                }
            }),
        }
    }
}

/// NaN stays NaN, so that a broken network is seen.
#[inline(always)]
fn relu(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
}

/// Beyond this the quotient below is 1 in single precision.
const SATURATED: f32 = 7.905_311;
/// The odd coefficients of the numerator, the highest first.
const NUMERATOR: [f32; 7] = [
    -2.760_768_5e-16,
    2.000_188e-13,
    -8.604_672e-11,
    5.122_297e-8,
    1.485_722_4e-5,
    6.372_619e-4,
    4.893_524_6e-3,
];
/// The even coefficients of the denominator, the highest first.
const DENOMINATOR: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];

/// The hyperbolic tangent as a quotient of two polynomials, the minimax approximation that Eigen and XLA use for single
/// precision: off by a few units in the last place, and without a branch, so that it takes whole registers.
#[inline(always)]
fn tanh(value: f32) -> f32 {
    let x = value.clamp(-SATURATED, SATURATED);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| coefficients.iter().fold(0.0, |sum, next| sum * square + next);
    x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tangent_is_exact_to_single_precision_everywhere() {
        for step in -20_000..=20_000 {
            let x = step as f32 / 2000.0;
            let mut values = [x];
            Activation::Tanh.apply(&mut values);
            let exact = f64::from(x).tanh();
            let error = (f64::from(values[0]) - exact).abs();
            assert!(error < 5e-7 * exact.abs().max(1e-3), "{x}: {} {exact}", values[0]);
        }
        let mut values = [f32::NAN, f32::INFINITY, -1e30];
        Activation::Tanh.apply(&mut values);
        assert!(values[0].is_nan() && values[1] <= 1.0 && values[2] >= -1.0, "{values:?}");
    }

    #[test]
    fn derivatives_equal_finite_differences() {
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            for x in [-1.5_f32, -0.3, 0.2, 2.0] {
                let at = |x: f32| {
                    let mut values = [x];
                    activation.apply(&mut values);
                    values[0]
                };
                let mut gradient = [2.0];
                activation.multiply_derivative(&[at(x)], &mut gradient);
                let difference = (at(x + 1e-2) - at(x - 1e-2)) / 1e-2;
                assert!(
                    (gradient[0] - difference).abs() < 1e-3,
                    "{activation:?} {x}: {gradient:?} {difference}"
                );
            }
        }
    }
}
