//! DRR-ave: the state is the user, the pooled recent items, and their element-wise product.

use candle_core::{D, Tensor};
use drr_nn::{NnError, Parameters};

/// The DRR-ave state representation module (Liu et al. 2018, eq. 8-9): `g = mean_a(w_a i_a)`, state `[u, u * g, g]`.
#[derive(Debug, Clone)]
pub struct DrrAve {
    /// One learned weight per position, the latest item last, `[N]`.
    position_weights: Tensor,
}

impl DrrAve {
    /// A module for histories of `history_length` items, all weights 1: it begins as the plain mean.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make the tensor.
    pub fn new(parameters: &mut Parameters, history_length: usize) -> Result<Self, NnError> {
        Ok(Self { position_weights: parameters.filled("state.position_weights", history_length, 1.0)? })
    }

    /// The same module without gradients for its weights.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { position_weights: self.position_weights.detach() }
    }

    /// The state's dimension for vectors of dimension `dim`.
    #[must_use]
    pub const fn state_dim(dim: usize) -> usize {
        3 * dim
    }

    /// Encodes users `[B, D]`, histories `[B, N, D]`, the latest item last, and their masks `[B, N]` (1 = item,
    /// 0 = padding) into states `[B, 3D]`. The mean is over the items, not over the window.
    ///
    /// # Errors
    ///
    /// Fails if the shapes disagree on `B` or `D`, or if `N` is not the module's.
    pub fn forward(&self, users: &Tensor, histories: &Tensor, masks: &Tensor) -> Result<Tensor, NnError> {
        let weights = masks.broadcast_mul(&self.position_weights)?; // [B, N]
        let n_items = masks.sum_keepdim(1)?.maximum(1.0)?; // [B, 1]
        let weights = weights.broadcast_div(&n_items)?.unsqueeze(1)?; // [B, 1, N]
        let pooled = weights.matmul(histories)?.squeeze(1)?; // [B, D]
        let crossed = (users * &pooled)?; // [B, D]
        Ok(Tensor::cat(&[users, &crossed, &pooled], D::Minus1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn inputs() -> Result<(Tensor, Tensor, Tensor), NnError> {
        let users = Tensor::new(&[[2.0_f32, 3.0], [1.0, 1.0]], &Device::Cpu)?;
        let histories = Tensor::new(&[[[1.0_f32, 0.0], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0]]], &Device::Cpu)?;
        let masks = Tensor::new(&[[1.0_f32, 1.0], [0.0, 0.0]], &Device::Cpu)?;
        Ok((users, histories, masks))
    }

    #[test]
    fn the_state_is_user_product_and_pool_and_an_empty_history_leaves_the_user_alone() -> Result<(), NnError>
    {
        let module = DrrAve::new(&mut Parameters::new(), 2)?;
        let (users, histories, masks) = inputs()?;
        let states = module.forward(&users, &histories, &masks)?.to_vec2::<f32>()?;
        assert_eq!(states[0], [2.0, 3.0, 4.0, 6.0, 2.0, 2.0]);
        assert_eq!(states[1], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn padding_does_not_thin_the_mean() -> Result<(), NnError> {
        let module = DrrAve::new(&mut Parameters::new(), 2)?;
        let users = Tensor::new(&[[1.0_f32]], &Device::Cpu)?;
        let histories = Tensor::new(&[[[5.0_f32], [4.0]]], &Device::Cpu)?;
        let masks = Tensor::new(&[[0.0_f32, 1.0]], &Device::Cpu)?;
        assert_eq!(module.forward(&users, &histories, &masks)?.to_vec2::<f32>()?, [[1.0, 4.0, 4.0]]);
        Ok(())
    }

    #[test]
    fn the_position_weights_receive_the_gradient_of_finite_differences() -> Result<(), NnError> {
        let mut parameters = Parameters::new();
        let module = DrrAve::new(&mut parameters, 2)?;
        let (users, histories, masks) = inputs()?;
        let loss = |module: &DrrAve| -> Result<Tensor, NnError> {
            Ok(module.forward(&users, &histories, &masks)?.sqr()?.sum_all()?)
        };
        let gradients = loss(&module)?.backward()?;
        let gradient = gradients.get(&module.position_weights).unwrap().to_vec1::<f32>()?;
        for position in 0..2 {
            let at = |shift: f32| -> Result<f32, NnError> {
                let mut weights = vec![1.0_f32; 2];
                weights[position] += shift;
                let moved = DrrAve { position_weights: Tensor::new(weights, &Device::Cpu)? };
                Ok(loss(&moved)?.to_scalar()?)
            };
            let difference = (at(1e-2)? - at(-1e-2)?) / 2e-2;
            assert!((gradient[position] - difference).abs() < 0.05, "{gradient:?} {difference}");
        }
        Ok(())
    }
}
