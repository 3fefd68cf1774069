//! Slates in the replay: which items they held, and what the critic is told of them.

use crate::update::means;
use candle_core::{Device, Tensor};
use drr_core::ItemIdx;
use drr_learn::LearnError;

/// The items of the last slate of a session, given all its recommendations and the size of a slate.
///
/// Only a session's last slate can be shorter than the others, where the session ended within it.
pub(super) fn last_slate(recommended: &[ItemIdx], slate: usize) -> &[ItemIdx] {
    let before = recommended.len().saturating_sub(1) / slate * slate;
    &recommended[before..]
}

/// The means `[B, D]` of the vectors of each row's items, out of `items` `[I, D]`.
pub(super) fn mean_vectors(items: &Tensor, slates: &[Vec<ItemIdx>]) -> Result<Tensor, LearnError> {
    let (n_rows, dim) = (slates.len(), items.dim(1)?);
    if slates.iter().all(|slate| slate.len() == 1) {
        let ids: Vec<u32> = slates.iter().flatten().map(|item| item.0).collect();
        return Ok(items.index_select(&Tensor::from_vec(ids, n_rows, &Device::Cpu)?, 0)?);
    }
    let vectors = items.flatten_all()?.to_vec1::<f32>()?;
    Ok(Tensor::from_vec(means(&vectors, dim, slates), (n_rows, dim), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slate_is_whole_unless_the_session_ended_within_it() {
        let items: Vec<ItemIdx> = (0..7).map(ItemIdx).collect();
        assert_eq!(last_slate(&items[..3], 3), &items[..3]);
        assert_eq!(last_slate(&items[..6], 3), &items[3..6]);
        assert_eq!(last_slate(&items[..7], 3), &items[6..7]);
        assert_eq!(last_slate(&items[..4], 1), &items[3..4]);
    }

    fn slates(ids: &[&[u32]]) -> Vec<Vec<ItemIdx>> {
        ids.iter().map(|ids| ids.iter().copied().map(ItemIdx).collect()).collect()
    }

    #[test]
    fn a_slate_is_the_mean_of_its_vectors() -> Result<(), LearnError> {
        let items = Tensor::new(&[[1.0_f32, 0.0], [0.0, 2.0], [4.0, 4.0]], &Device::Cpu)?;
        let means = mean_vectors(&items, &slates(&[&[0, 1], &[2], &[1, 2]]))?;
        assert_eq!(means.to_vec2::<f32>()?, [[0.5, 1.0], [4.0, 4.0], [2.0, 3.0]]);
        let single = mean_vectors(&items, &slates(&[&[2], &[0]]))?;
        assert_eq!(single.to_vec2::<f32>()?, [[4.0, 4.0], [1.0, 0.0]]);
        Ok(())
    }
}
