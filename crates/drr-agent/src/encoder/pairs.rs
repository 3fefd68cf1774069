//! DRR-n, DRR-p and DRR-u: the items themselves, and the products of pairs (Liu et al. 2018, eq. 5-7).

use candle_core::{Device, Tensor};
use drr_nn::{NnError, Parameters};

/// DRR-n: `[i_1 .. i_N]`.
#[derive(Debug, Clone)]
pub(crate) struct DrrN;

impl DrrN {
    /// The state `[B, N D]`, the latest item last.
    pub(crate) fn forward(&self, histories: &Tensor, masks: &Tensor) -> Result<Tensor, NnError> {
        Ok(masked(histories, masks)?.flatten_from(1)?)
    }
}

/// DRR-p: `[i_1 .. i_N, {w_a i_a * w_b i_b, a < b}]`.
#[derive(Debug, Clone)]
pub(crate) struct DrrP(Pairs);

impl DrrP {
    pub(crate) fn new(parameters: &mut Parameters, history_length: usize) -> Result<Self, NnError> {
        Ok(Self(Pairs::new(parameters, history_length)?))
    }

    /// The state `[B, (N + N (N - 1) / 2) D]`.
    pub(crate) fn forward(&self, histories: &Tensor, masks: &Tensor) -> Result<Tensor, NnError> {
        let items = masked(histories, masks)?;
        let products = self.0.products(&self.0.weighted(&items)?)?;
        Ok(Tensor::cat(&[items.flatten_from(1)?, products], 1)?)
    }
}

/// DRR-u: `[{u * w_a i_a}, {w_a i_a * w_b i_b, a < b}]`.
#[derive(Debug, Clone)]
pub(crate) struct DrrU(Pairs);

impl DrrU {
    pub(crate) fn new(parameters: &mut Parameters, history_length: usize) -> Result<Self, NnError> {
        Ok(Self(Pairs::new(parameters, history_length)?))
    }

    /// The state `[B, (N + N (N - 1) / 2) D]`.
    pub(crate) fn forward(
        &self,
        users: &Tensor,
        histories: &Tensor,
        masks: &Tensor,
    ) -> Result<Tensor, NnError> {
        let weighted = self.0.weighted(&masked(histories, masks)?)?;
        let with_user = weighted.broadcast_mul(&users.unsqueeze(1)?)?.flatten_from(1)?;
        Ok(Tensor::cat(&[with_user, self.0.products(&weighted)?], 1)?)
    }
}

/// The weights of the places, and which pairs of places there are.
#[derive(Debug, Clone)]
struct Pairs {
    /// One learned weight per place, the latest item last, `[1, N, 1]`; all 1 at first.
    position_weights: Tensor,
    /// The earlier and the later place of each pair, `[N (N - 1) / 2]`.
    earlier: Tensor,
    later: Tensor,
}

impl Pairs {
    fn new(parameters: &mut Parameters, history_length: usize) -> Result<Self, NnError> {
        let position_weights = parameters.filled("state.position_weights", history_length, 1.0)?;
        #[expect(clippy::cast_possible_truncation, reason = "a window has few places")]
        let pairs: Vec<(u32, u32)> = (0..history_length as u32)
            .flat_map(|left| (left + 1..history_length as u32).map(move |right| (left, right)))
            .collect();
        let (earlier, later): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let n_pairs = earlier.len();
        Ok(Self {
            position_weights: position_weights.reshape((1, history_length, 1))?,
            earlier: Tensor::from_vec(earlier, n_pairs, &Device::Cpu)?,
            later: Tensor::from_vec(later, n_pairs, &Device::Cpu)?,
        })
    }

    /// `w_a i_a`, `[B, N, D]`.
    fn weighted(&self, items: &Tensor) -> Result<Tensor, NnError> {
        Ok(items.broadcast_mul(&self.position_weights)?)
    }

    /// The element-wise products of all pairs of the rows of `weighted`, `[B, N (N - 1) / 2 D]`.
    fn products(&self, weighted: &Tensor) -> Result<Tensor, NnError> {
        let (n_rows, _, dim) = weighted.dims3()?;
        if self.earlier.dim(0)? == 0 {
            return Ok(Tensor::zeros((n_rows, 0), weighted.dtype(), weighted.device())?);
        }
        let products = (weighted.index_select(&self.earlier, 1)? * weighted.index_select(&self.later, 1)?)?;
        Ok(products.reshape((n_rows, self.earlier.dim(0)? * dim))?)
    }
}

/// Histories with zeros where there is no item.
fn masked(histories: &Tensor, masks: &Tensor) -> Result<Tensor, NnError> {
    Ok(histories.broadcast_mul(&masks.unsqueeze(2)?)?)
}
