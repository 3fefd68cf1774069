//! The softmax cross-entropy, over the catalogue or over sampled negatives.

use super::{exponentials, numbers, slice, tensor};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
use std::sync::{Mutex, PoisonError};

/// The sum over rows of `log sum_j e^(s_j) - s_target`, times `scale`.
///
/// The gradient `softmax - one_hot` is formed on the way forward, while the exponentials are at hand.
#[derive(Debug)]
pub struct SoftmaxLoss {
    /// Each row's target: a column of the full softmax, an item of the sampled one.
    pub targets: Vec<u32>,
    /// The sampled softmax's items, one per column; empty for the full softmax.
    pub negatives: Vec<u32>,
    /// Added to the scores of negatives: `-log(n q)`, the correction for how likely each was drawn (Jean et al. 2015).
    pub correction: f32,
    /// Multiplies the loss: one over the batch's number of positions.
    pub scale: f32,
    /// The gradients of negatives (or of all scores), and of the targets' scores.
    gradients: Mutex<(Vec<f32>, Vec<f32>)>,
}

impl SoftmaxLoss {
    /// The loss over the whole catalogue, of scores `[P, I]`.
    #[must_use]
    pub fn full(targets: Vec<u32>, scale: f32) -> Self {
        Self::sampled(targets, Vec::new(), 0.0, scale)
    }

    /// The loss over each row's target and the shared negatives, of scores `[P]` and `[P, n]`. A negative that is a row's
    /// target does not count in that row.
    #[must_use]
    pub fn sampled(targets: Vec<u32>, negatives: Vec<u32>, correction: f32, scale: f32) -> Self {
        Self { targets, negatives, correction, scale, gradients: Mutex::default() }
    }

    fn keep(&self, loss: f64, rows: Vec<f32>, targets: Vec<f32>) -> (CpuStorage, Shape) {
        *self.gradients.lock().unwrap_or_else(PoisonError::into_inner) = (rows, targets);
        #[expect(clippy::cast_possible_truncation, reason = "losses are single precision")]
        let loss = (loss * f64::from(self.scale)) as f32;
        (CpuStorage::F32(vec![loss]), Shape::from(()))
    }

    /// The gradients kept by the way forward, times the loss's own, which leaves nothing behind.
    fn take(&self, gradient: &Tensor) -> Result<(Vec<f32>, Vec<f32>)> {
        let upstream = numbers(gradient)?[0];
        let kept = std::mem::take(&mut *self.gradients.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut rows, mut targets) = kept;
        if upstream.to_bits() != 1.0_f32.to_bits() {
            rows.iter_mut().chain(&mut targets).for_each(|value| *value *= upstream);
        }
        Ok((rows, targets))
    }
}

impl CustomOp1 for SoftmaxLoss {
    fn name(&self) -> &'static str {
        "softmax-loss"
    }

    fn cpu_fwd(&self, scores: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut rows = slice(scores, layout)?.to_vec();
        let n_columns = layout.dims().last().copied().unwrap_or(1);
        let mut loss = 0.0;
        for (row, target) in rows.chunks_exact_mut(n_columns).zip(&self.targets) {
            let target = *target as usize;
            let wanted = row[target];
            let (largest, total) = exponentials(row);
            loss += f64::from(largest + total.ln() - wanted);
            let factor = self.scale / total;
            row.iter_mut().for_each(|value| *value *= factor);
            row[target] -= self.scale;
        }
        Ok(self.keep(loss, rows, Vec::new()))
    }

    fn bwd(&self, scores: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(tensor(self.take(gradient)?.0, scores.shape())?))
    }
}

impl CustomOp2 for SoftmaxLoss {
    fn name(&self) -> &'static str {
        "sampled-softmax-loss"
    }

    fn cpu_fwd(
        &self,
        wanted: &CpuStorage,
        wanted_layout: &Layout,
        scores: &CpuStorage,
        scores_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let wanted = slice(wanted, wanted_layout)?;
        let mut rows = slice(scores, scores_layout)?.to_vec();
        let mut to_wanted = Vec::with_capacity(wanted.len());
        let mut loss = 0.0;
        let triples = rows.chunks_exact_mut(self.negatives.len()).zip(wanted).zip(&self.targets);
        for ((row, wanted), target) in triples {
            for (value, negative) in row.iter_mut().zip(&self.negatives) {
                *value = if negative == target { f32::MIN } else { *value + self.correction };
            }
            // The target's own score bounds the largest from below, so that its exponential cannot overflow.
            let (largest, others) = exponentials(row);
            let shift = largest.max(*wanted);
            let others = others * (largest - shift).exp();
            let own = (wanted - shift).exp();
            let total = others + own;
            loss += f64::from(shift + total.ln() - wanted);
            let factor = self.scale * (largest - shift).exp() / total;
            row.iter_mut().for_each(|value| *value *= factor);
            to_wanted.push(-self.scale * others / total);
        }
        Ok(self.keep(loss, rows, to_wanted))
    }

    fn bwd(
        &self,
        wanted: &Tensor,
        scores: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (rows, to_wanted) = self.take(gradient)?;
        Ok((Some(tensor(to_wanted, wanted.shape())?), Some(tensor(rows, scores.shape())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradients, some};
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let scores = Var::from_vec(some(12, 0), (3, 4), &Device::Cpu)?;
        let wanted = Var::from_vec(some(3, 1), 3, &Device::Cpu)?;
        check_gradients(std::slice::from_ref(&scores), || {
            scores.apply_op1(SoftmaxLoss::full(vec![3, 0, 1], 0.5))
        })?;
        check_gradients(&[wanted.clone(), scores.clone()], || {
            wanted.apply_op2(&scores, SoftmaxLoss::sampled(vec![7, 8, 9], vec![1, 8, 3, 4], 0.4, 0.5))
        })
    }

    #[test]
    fn equal_scores_give_the_logarithm_of_their_number() -> Result<()> {
        let loss = tensor(vec![1.0; 8], (2, 4))?.apply_op1(SoftmaxLoss::full(vec![0, 3], 0.5))?;
        assert!((loss.to_scalar::<f32>()? - 4.0_f32.ln()).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn the_correction_makes_a_sample_of_all_negatives_the_full_softmax() -> Result<()> {
        let full = tensor(vec![0.3, -0.2, 0.9], (1, 3))?.apply_op1(SoftmaxLoss::full(vec![0], 1.0))?;
        // One of the two negatives drawn twice of four draws each: log(n_others / n_drawn) = log(2 / 4).
        let loss = SoftmaxLoss::sampled(vec![0], vec![1, 2, 1, 2], (2.0_f32 / 4.0).ln(), 1.0);
        let sampled = tensor(vec![0.3], 1)?.apply_op2(&tensor(vec![-0.2, 0.9, -0.2, 0.9], (1, 4))?, loss)?;
        assert!((full.to_scalar::<f32>()? - sampled.to_scalar::<f32>()?).abs() < 1e-6);
        Ok(())
    }
}
