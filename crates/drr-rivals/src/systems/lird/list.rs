//! From weights to a list, and what a list earns.

use crate::RivalError;
use candle_core::Tensor;
use drr_core::{ItemIdx, ItemSet, ScoredItem};

/// `score_i = w_k e_i` for each position of each row (Zhao et al. 2018), `[B][K][I]`: `weights` are `[B, K, D]`,
/// `columns` the item vectors, `[D, I]`.
pub(super) fn scores(weights: &Tensor, columns: &Tensor) -> Result<Vec<Vec<Vec<f32>>>, RivalError> {
    let (n_rows, slate, dim) = weights.dims3()?;
    let scores = weights.reshape((n_rows * slate, dim))?.matmul(columns)?;
    Ok(scores.reshape((n_rows, slate, columns.dim(1)?))?.to_vec3()?)
}

/// The first `k` items: at each position in turn the best allowed item by the position's scores that is not yet taken
/// (Zhao et al. 2018), the smaller of equals. Beyond the last position the first one's scores follow.
///
/// # Errors
///
/// Returns the first allowed item whose score is not finite.
pub(super) fn choose(scores: &[Vec<f32>], allowed: &ItemSet, k: usize) -> Result<Vec<ItemIdx>, ScoredItem> {
    let mut open = allowed.clone();
    let mut chosen = Vec::with_capacity(k);
    for position in scores.iter().cycle().take(k) {
        let Some(best) = drr_core::rank(position, &open, 1)?.first().copied() else { break };
        open.remove(best.item);
        chosen.push(best.item);
    }
    Ok(chosen)
}

/// `r = sum_k Gamma^(k-1) r_k` (Zhao et al. 2018); a list that was cut short earns what was shown of it.
pub(super) fn reward(rewards: &[f32], position_discount: f32) -> f32 {
    rewards.iter().rev().fold(0.0, |later, reward| reward + position_discount * later)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn ids(items: &[ItemIdx]) -> Vec<u32> {
        items.iter().map(|item| item.0).collect()
    }

    #[test]
    fn each_position_takes_its_best_item_that_is_left_and_positions_repeat() {
        let scores = [vec![1.0, 3.0, 2.0, 0.0], vec![0.0, 9.0, 5.0, 5.0]];
        let all = ItemSet::full(4);
        assert_eq!(ids(&choose(&scores, &all, 2).unwrap()), [1, 2], "1 is taken, 2 is before 3");
        assert_eq!(ids(&choose(&scores, &all, 9).unwrap()), [1, 2, 0, 3]);
        let few = ItemSet::from_items(4, [ItemIdx(0), ItemIdx(3)]);
        assert_eq!(ids(&choose(&scores, &few, 2).unwrap()), [0, 3]);
        assert_eq!(choose(&[vec![f32::NAN; 4]], &few, 1).unwrap_err().item, ItemIdx(0));
    }

    #[test]
    fn scores_are_the_inner_products_of_each_position() {
        let weights = Tensor::new(&[[[1.0_f32, 2.0], [0.0, -1.0]]], &Device::Cpu).unwrap();
        let columns = Tensor::new(&[[1.0_f32, 0.0, 3.0], [0.0, 1.0, 4.0]], &Device::Cpu).unwrap();
        assert_eq!(scores(&weights, &columns).unwrap(), [[[1.0, 2.0, 11.0], [0.0, -1.0, -4.0]]]);
    }

    #[test]
    fn a_later_position_earns_less() {
        assert_eq!(reward(&[1.0, 2.0, 4.0], 0.5), 3.0);
        assert_eq!(reward(&[1.0], 0.5), 1.0);
        assert_eq!(reward(&[1.0, 2.0], 0.0), 1.0);
    }
}
