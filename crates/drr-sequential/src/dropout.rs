//! Dropout whose masks are drawn on the host, since Candle's generator cannot be seeded.

use candle_core::{Device, Result, Tensor};
use drr_core::RandomStream;
use rand::RngCore;

/// Sets numbers to zero in training, and nothing when recommending (Srivastava et al. 2014, sec. 4).
pub(crate) struct Dropout(Option<(RandomStream, u8)>);

impl Dropout {
    /// Leaves everything as it is.
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    /// Drops a share of `rate`, in steps of 1/256.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate below 0.9 gives at most 230"
    )]
    pub(crate) fn new(rate: f64, stream: RandomStream) -> Self {
        let threshold = (rate * 256.0).round() as u8;
        Self((threshold > 0).then_some((stream, threshold)))
    }

    /// Drops numbers of `values` and scales the others up, so that the expected value stays.
    pub(crate) fn apply(&mut self, values: &Tensor) -> Result<Tensor> {
        let Some((stream, threshold)) = &mut self.0 else { return Ok(values.clone()) };
        let mut bytes = vec![0_u8; values.elem_count()];
        stream.fill_bytes(&mut bytes);
        let kept = 256.0 / (256.0 - f32::from(*threshold));
        let mask: Vec<f32> = bytes.iter().map(|byte| if byte < threshold { 0.0 } else { kept }).collect();
        values * Tensor::from_vec(mask, values.shape(), &Device::Cpu)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn a_quarter_is_dropped_and_the_mean_stays() -> Result<()> {
        let ones = Tensor::ones(40_000, candle_core::DType::F32, &Device::Cpu)?;
        let dropped = Dropout::new(0.25, Seeds(1).stream("a")).apply(&ones)?.to_vec1::<f32>()?;
        let zeros = dropped.iter().filter(|value| **value == 0.0).count();
        assert!((9_600..10_400).contains(&zeros), "{zeros}");
        assert!(dropped.iter().all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
        assert_eq!(Dropout::off().apply(&ones)?.to_vec1::<f32>()?, vec![1.0; 40_000]);
        Ok(())
    }
}
