//! Attention weights that see no later position.

use super::{dot, exponentials, numbers, slice, tensor};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// Softmax of `scale * scores` (`[.., T, T]`) over the columns up to the row's own (Vaswani et al. 2017, sec. 3.2.1 and 3.2.3).
#[derive(Debug, Clone, Copy)]
pub struct CausalSoftmax {
    /// One over the root of a head's width.
    pub scale: f32,
}

impl CustomOp1 for CausalSoftmax {
    fn name(&self) -> &'static str {
        "causal-softmax"
    }

    fn cpu_fwd(&self, scores: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let scores = slice(scores, layout)?;
        let n_columns = layout.dims().last().copied().unwrap_or(1);
        let mut weights = vec![0.0; scores.len()];
        let rows = scores.chunks_exact(n_columns).zip(weights.chunks_exact_mut(n_columns));
        for (at, (scores, weights)) in rows.enumerate() {
            let seen = at % n_columns + 1;
            let weights = &mut weights[..seen];
            weights.iter_mut().zip(scores).for_each(|(weight, score)| *weight = score * self.scale);
            let (_, total) = exponentials(weights);
            let inverse = 1.0 / total;
            weights.iter_mut().for_each(|weight| *weight *= inverse);
        }
        Ok((CpuStorage::F32(weights), layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, weights: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let n_columns = weights.dim(candle_core::D::Minus1)?;
        let (weights, mut gradients) = (numbers(weights)?, numbers(gradient)?);
        let rows = weights.chunks_exact(n_columns).zip(gradients.chunks_exact_mut(n_columns));
        for (at, (weights, gradients)) in rows.enumerate() {
            let (seen, unseen) = gradients.split_at_mut(at % n_columns + 1);
            unseen.fill(0.0);
            let mean = dot(seen, &weights[..seen.len()]);
            for (gradient, weight) in seen.iter_mut().zip(weights) {
                *gradient = self.scale * weight * (*gradient - mean);
            }
        }
        Ok(Some(tensor(gradients, gradient.shape())?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradients, some};
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn its_gradient_is_that_of_finite_differences() -> Result<()> {
        let scores = Var::from_vec(some(18, 0), (2, 3, 3), &Device::Cpu)?;
        check_gradients(std::slice::from_ref(&scores), || scores.apply_op1(CausalSoftmax { scale: 0.7 }))
    }

    #[test]
    fn a_row_sees_itself_and_what_came_before() -> Result<()> {
        let scores = tensor(vec![5.0, 9.0, 1.0, 1.0], (1, 2, 2))?;
        let weights = numbers(&scores.apply_op1_no_bwd(&CausalSoftmax { scale: 1.0 })?)?;
        assert_eq!(weights, [1.0, 0.0, 0.5, 0.5]);
        Ok(())
    }
}
