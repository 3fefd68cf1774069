//! Adam with coupled L2 and a global norm clip, in one pass over each parameter, with moments that can be saved.

use crate::{NnError, Parameters};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, Layout, Storage, Tensor};
use drr_kernels::adam::{AdamStep, Moving};
use drr_store::{NamedArray, Values};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// The settings of an [`Adam`] optimizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    /// The step size.
    pub learning_rate: f64,
    /// Added to the gradient of every weight, times the weight; biases do not decay.
    pub l2: f64,
    /// The largest norm of all gradients together; longer ones are scaled down to it. 0 turns the clip off.
    pub max_gradient_norm: f64,
}

impl Default for AdamConfig {
    /// The paper's step size (Kingma and Ba 2015, algorithm 1), no L2, and gradients no longer than 1.
    fn default() -> Self {
        Self { learning_rate: 1e-3, l2: 0.0, max_gradient_norm: 1.0 }
    }
}

#[derive(Debug, Clone)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// Adam (Kingma and Ba 2015, algorithm 1), the L2 term added to the gradient before the moments, as the paper on DRR has it.
#[derive(Debug)]
pub struct Adam {
    name: &'static str,
    parameters: Parameters,
    moments: Vec<Moments>,
    config: AdamConfig,
    rate_factor: f64,
    n_updates: u64,
}

impl Adam {
    /// An optimizer of `parameters`; `name` stands in errors and in saved arrays.
    #[must_use]
    pub fn new(name: &'static str, parameters: Parameters, config: AdamConfig) -> Self {
        let moments = parameters
            .iter()
            .map(|(_, variable)| {
                let zeros = vec![0.0; variable.elem_count()];
                Moments { first: zeros.clone(), second: zeros }
            })
            .collect();
        Self { name, parameters, moments, config, rate_factor: 1.0, n_updates: 0 }
    }

    /// Multiplies the learning rate of the steps to come by `factor`: for schedules. It is no part of the saved state.
    pub const fn set_rate_factor(&mut self, factor: f64) {
        self.rate_factor = factor;
    }

    /// Moves every parameter that has a gradient, and returns the gradients' global norm before the clip.
    ///
    /// # Errors
    ///
    /// Fails, with all parameters as they were, if the norm is not finite.
    pub fn step(&mut self, gradients: &GradStore) -> Result<f64, NnError> {
        let mut found = Vec::new();
        for (_, variable) in self.parameters.iter() {
            found.push(gradients.get(variable.as_tensor()).map(Tensor::contiguous).transpose()?);
        }
        let mut squares = 0.0;
        for gradient in found.iter().flatten() {
            squares += sum_of_squares(gradient)?;
        }
        let norm = squares.sqrt();
        if !norm.is_finite() {
            return Err(NnError::NotFinite { optimizer: self.name.to_owned(), norm, update: self.n_updates });
        }
        self.n_updates += 1;
        let AdamConfig { learning_rate, l2, max_gradient_norm } = self.config;
        let step = AdamStep::new(learning_rate * self.rate_factor, norm, max_gradient_norm, self.n_updates);
        for (((name, variable), moments), gradient) in
            self.parameters.iter().zip(&mut self.moments).zip(&found)
        {
            let Some(gradient) = gradient else { continue };
            #[expect(clippy::cast_possible_truncation, reason = "parameters are single precision")]
            let l2 = if name.ends_with(".weight") { l2 as f32 } else { 0.0 };
            variable.as_tensor().inplace_op2(gradient, &Move { step, l2, moments: Mutex::new(moments) })?;
        }
        Ok(norm)
    }

    /// The moments and the count of updates, their names behind the optimizer's.
    #[must_use]
    pub fn to_arrays(&self) -> Vec<NamedArray> {
        let mut arrays = Vec::new();
        for ((name, variable), moments) in self.parameters.iter().zip(&self.moments) {
            let shape = variable.dims().to_vec();
            let first = Values::F32(moments.first.clone());
            let second = Values::F32(moments.second.clone());
            arrays.push(NamedArray::new(format!("{}.m.{name}", self.name), shape.clone(), first));
            arrays.push(NamedArray::new(format!("{}.v.{name}", self.name), shape, second));
        }
        arrays.push(NamedArray::new(
            format!("{}.updates", self.name),
            vec![1],
            Values::U64(vec![self.n_updates]),
        ));
        arrays
    }

    /// Sets the moments and the count from saved arrays.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another size.
    pub fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), NnError> {
        let names: Vec<String> = self.parameters.iter().map(|(name, _)| name.to_owned()).collect();
        for (name, moments) in names.iter().zip(&mut self.moments) {
            let n_values = moments.first.len();
            moments.first = NamedArray::f32(arrays, &format!("{}.m.{name}", self.name), n_values)?.to_vec();
            moments.second = NamedArray::f32(arrays, &format!("{}.v.{name}", self.name), n_values)?.to_vec();
        }
        self.n_updates = NamedArray::u64(arrays, &format!("{}.updates", self.name), 1)?[0];
        Ok(())
    }
}

/// The sum of squares in double precision, in a fixed order. The kernel's sum is in single precision within a thousand values:
/// with it the clip would round in another way, and every training on tensors would move.
fn sum_of_squares(gradient: &Tensor) -> Result<f64, NnError> {
    let (storage, layout) = gradient.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Ok(f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?));
    };
    let values = &storage.as_slice::<f32>()?[layout.start_offset()..][..layout.shape().elem_count()];
    // Eight running sums let the compiler use vector registers; their order is fixed.
    let mut lanes = [0.0_f64; 8];
    for chunk in values.chunks(8) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*value) * f64::from(*value);
        }
    }
    Ok(lanes.iter().sum())
}

/// One update of one parameter, in place, by the kernel that moves flat parameters too.
struct Move<'a> {
    step: AdamStep,
    l2: f32,
    moments: Mutex<&'a mut Moments>,
}

impl InplaceOp2 for Move<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        parameter: &mut CpuStorage,
        parameter_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> candle_core::Result<()> {
        let n_values = parameter_layout.shape().elem_count();
        let CpuStorage::F32(values) = parameter else {
            candle_core::bail!("adam moves single precision parameters")
        };
        let parameters = &mut values[parameter_layout.start_offset()..][..n_values];
        let gradients = &gradient.as_slice::<f32>()?[gradient_layout.start_offset()..][..n_values];
        let mut guard = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let Moments { first, second } = &mut **guard;
        self.step.apply(self.l2, Moving { parameters, gradients, first, second });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn optimizer(l2: f64, max_gradient_norm: f64) -> Result<(Adam, Tensor), NnError> {
        let mut parameters = Parameters::new();
        let weight = parameters.given("a.weight", 2, vec![1.0, -2.0])?;
        Ok((Adam::new("test", parameters, AdamConfig { learning_rate: 0.1, l2, max_gradient_norm }), weight))
    }

    #[test]
    fn the_first_step_has_the_size_of_the_learning_rate_against_the_gradient() -> Result<(), NnError> {
        let (mut adam, weight) = optimizer(0.0, 0.0)?;
        let factors = Tensor::new(&[3.0_f32, -4.0], &Device::Cpu)?;
        let norm = adam.step(&(&weight * factors)?.sum_all()?.backward()?)?;
        assert!((norm - 5.0).abs() < 1e-6);
        let moved = weight.to_vec1::<f32>()?;
        assert!((moved[0] - 0.9).abs() < 1e-6 && (moved[1] + 1.9).abs() < 1e-6, "{moved:?}");
        Ok(())
    }

    #[test]
    fn two_steps_equal_the_textbook_formula() -> Result<(), NnError> {
        let (mut adam, weight) = optimizer(0.01, 1.0)?;
        let (mut w, mut m, mut v) = ([1.0_f64, -2.0], [0.0; 2], [0.0; 2]);
        for t in 1..=2 {
            adam.step(&weight.sqr()?.sum_all()?.backward()?)?;
            let raw = w.map(|w| 2.0 * w);
            let norm = f64::hypot(raw[0], raw[1]);
            for at in 0..2 {
                let g = raw[at] / norm + 0.01 * w[at];
                m[at] = 0.9 * m[at] + 0.1 * g;
                v[at] = 0.999 * v[at] + 0.001 * g * g;
                let (m_hat, v_hat) = (m[at] / (1.0 - 0.9_f64.powi(t)), v[at] / (1.0 - 0.999_f64.powi(t)));
                w[at] -= 0.1 * m_hat / (v_hat.sqrt() + 1e-8);
            }
        }
        for (ours, theirs) in weight.to_vec1::<f32>()?.iter().zip(w) {
            assert!((f64::from(*ours) - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
        Ok(())
    }

    #[test]
    fn the_rate_factor_scales_the_step() -> Result<(), NnError> {
        let (mut adam, weight) = optimizer(0.0, 0.0)?;
        adam.set_rate_factor(0.5);
        adam.step(&weight.sum_all()?.backward()?)?;
        let moved = weight.to_vec1::<f32>()?;
        assert!((moved[0] - 0.95).abs() < 1e-6 && (moved[1] + 2.05).abs() < 1e-6, "{moved:?}");
        Ok(())
    }

    #[test]
    fn a_nan_gradient_stops_and_moves_nothing() -> Result<(), NnError> {
        let (mut adam, weight) = optimizer(0.0, 1.0)?;
        let gradients = (&weight * f64::NAN)?.sum_all()?.backward()?;
        assert!(matches!(adam.step(&gradients), Err(NnError::NotFinite { update: 0, .. })));
        assert_eq!(weight.to_vec1::<f32>()?, [1.0, -2.0]);
        Ok(())
    }

    #[test]
    fn a_restored_optimizer_makes_the_same_next_step() -> Result<(), NnError> {
        let (mut one, weight) = optimizer(0.01, 1.0)?;
        one.step(&weight.sqr()?.sum_all()?.backward()?)?;
        let (mut two, other) = optimizer(0.01, 1.0)?;
        two.parameters.load_arrays("", &one.parameters.to_arrays("")?)?;
        two.load_arrays(&one.to_arrays())?;
        one.step(&weight.sqr()?.sum_all()?.backward()?)?;
        two.step(&other.sqr()?.sum_all()?.backward()?)?;
        assert_eq!(weight.to_vec1::<f32>()?, other.to_vec1::<f32>()?);
        Ok(())
    }
}
