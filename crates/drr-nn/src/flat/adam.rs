//! Adam on flat parameters.

use super::FlatLayout;
use crate::{AdamConfig, NnError};
use drr_kernels::adam::{AdamStep, Moving, soft_update, sum_of_squares};
use drr_store::{NamedArray, Values};
use std::ops::Range;

/// The values that are moved before their targets follow: few enough to stay in the nearest cache.
const CHUNK: usize = 1024;

/// The flat twin of [`crate::Adam`]: the same formula, the same clip, L2 on weights alone, the same names in files.
#[derive(Debug, Clone)]
pub struct FlatAdam {
    name: &'static str,
    layout: FlatLayout,
    config: AdamConfig,
    gradients: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    rate_factor: f64,
    n_updates: u64,
}

impl FlatAdam {
    /// An optimizer of the parameters of `layout`; `name` stands in errors and in saved arrays.
    #[must_use]
    pub fn new(name: &'static str, layout: FlatLayout, config: AdamConfig) -> Self {
        let zeros = vec![0.0; layout.n_values()];
        let (gradients, first) = (zeros.clone(), zeros.clone());
        Self { name, layout, config, gradients, first, second: zeros, rate_factor: 1.0, n_updates: 0 }
    }

    /// Multiplies the learning rate of the steps to come by `factor`: for schedules. It is no part of the saved state.
    pub const fn set_rate_factor(&mut self, factor: f64) {
        self.rate_factor = factor;
    }

    /// The gradients that the next step follows, to be written.
    pub fn gradients_mut(&mut self) -> &mut [f32] {
        &mut self.gradients
    }

    /// Moves the parameters within `moved` against their gradients, and returns the gradients' norm before the clip.
    /// Where targets are given, they follow the moved parameters by the share `tau` in the same pass.
    ///
    /// # Errors
    ///
    /// Fails, with all parameters as they were, if the norm is not finite.
    pub fn step(
        &mut self,
        parameters: &mut [f32],
        moved: Range<usize>,
        mut follow: Option<(&mut [f32], f32)>,
    ) -> Result<f64, NnError> {
        let norm = sum_of_squares(&self.gradients[moved.clone()]).sqrt();
        if !norm.is_finite() {
            return Err(NnError::NotFinite { optimizer: self.name.to_owned(), norm, update: self.n_updates });
        }
        self.n_updates += 1;
        let AdamConfig { learning_rate, max_gradient_norm, l2 } = self.config;
        let step = AdamStep::new(learning_rate * self.rate_factor, norm, max_gradient_norm, self.n_updates);
        for entry in &self.layout.entries {
            if entry.range.start < moved.start || entry.range.end > moved.end {
                continue;
            }
            #[expect(clippy::cast_possible_truncation, reason = "parameters are single precision")]
            let l2 = if entry.name.ends_with(".weight") { l2 as f32 } else { 0.0 };
            for start in entry.range.clone().step_by(CHUNK) {
                let chunk = start..(start + CHUNK).min(entry.range.end);
                let moving = Moving {
                    parameters: &mut parameters[chunk.clone()],
                    gradients: &self.gradients[chunk.clone()],
                    first: &mut self.first[chunk.clone()],
                    second: &mut self.second[chunk.clone()],
                };
                step.apply(l2, moving);
                if let Some((targets, tau)) = &mut follow {
                    soft_update(&mut targets[chunk.clone()], &parameters[chunk], *tau);
                }
            }
        }
        Ok(norm)
    }

    /// The moments and the count of updates, their names behind the optimizer's.
    #[must_use]
    pub fn to_arrays(&self) -> Vec<NamedArray> {
        let first = self.layout.to_arrays(&format!("{}.m.", self.name), &self.first);
        let second = self.layout.to_arrays(&format!("{}.v.", self.name), &self.second);
        let mut arrays: Vec<NamedArray> =
            first.into_iter().zip(second).flat_map(|(first, second)| [first, second]).collect();
        let updates = Values::U64(vec![self.n_updates]);
        arrays.push(NamedArray::new(format!("{}.updates", self.name), vec![1], updates));
        arrays
    }

    /// Sets the moments and the count from saved arrays.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another size.
    pub fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), NnError> {
        self.layout.load_arrays(&format!("{}.m.", self.name), arrays, &mut self.first)?;
        self.layout.load_arrays(&format!("{}.v.", self.name), arrays, &mut self.second)?;
        self.n_updates = NamedArray::u64(arrays, &format!("{}.updates", self.name), 1)?[0];
        Ok(())
    }
}
