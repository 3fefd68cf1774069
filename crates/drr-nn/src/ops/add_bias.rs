//! One bias for every row.

use super::{numbers, slice, tensor};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// `x + b` with `x` of shape `[.., D]` and `b` of shape `[D]`.
#[derive(Debug, Clone, Copy)]
pub struct AddBias;

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add-bias"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, bias) = (slice(rows, rows_layout)?, slice(bias, bias_layout)?);
        let mut outputs = rows.to_vec();
        for row in outputs.chunks_exact_mut(bias.len()) {
            row.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
        Ok((CpuStorage::F32(outputs), rows_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut sums = vec![0.0_f32; bias.elem_count()];
        for row in numbers(gradient)?.chunks_exact(sums.len()) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        Ok((Some(gradient.clone()), Some(tensor(sums, bias.shape())?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_gradients, some};
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn its_gradients_are_those_of_finite_differences() -> Result<()> {
        let rows = Var::from_vec(some(6, 0), (3, 2), &Device::Cpu)?;
        let bias = Var::from_vec(some(2, 1), 2, &Device::Cpu)?;
        check_gradients(&[rows.clone(), bias.clone()], || rows.apply_op2(&bias, AddBias))
    }
}
