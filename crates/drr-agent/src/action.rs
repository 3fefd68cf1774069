//! From the actor's output to an action vector, and from that to an item.

use crate::{ActionBase, ActionConfig};
use candle_core::Tensor;
use drr_core::{ItemSet, RecommendError, ScoredItem, UserIdx, rank};
use drr_learn::LearnError;

/// The action vectors `[B, D]` of users `[B, D]` and actor outputs `[B, D]`: `base + scale * output`.
pub(crate) fn compose(config: &ActionConfig, users: &Tensor, outputs: &Tensor) -> Result<Tensor, LearnError> {
    let correction = (outputs * f64::from(config.scale))?;
    Ok(match config.base {
        ActionBase::None => correction,
        ActionBase::User => (users + correction)?,
    })
}

/// The same on slices.
pub(crate) fn compose_rows(config: &ActionConfig, users: &[f32], outputs: &[f32]) -> Vec<f32> {
    let base = |user: &f32| match config.base {
        ActionBase::None => 0.0,
        ActionBase::User => *user,
    };
    users.iter().zip(outputs).map(|(user, output)| base(user) + config.scale * output).collect()
}

/// The best `k` allowed items of one row of scores.
pub(crate) fn best(
    name: &str,
    user: UserIdx,
    scores: &[f32],
    allowed: &ItemSet,
    k: usize,
) -> Result<Vec<ScoredItem>, RecommendError> {
    rank(scores, allowed, k).map_err(|bad| not_finite(name, user, bad))
}

/// The refusal of a score.
pub(crate) fn not_finite(name: &str, user: UserIdx, bad: ScoredItem) -> RecommendError {
    RecommendError::NotFinite { recommender: name.to_owned(), user, item: bad.item, score: bad.score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_action_is_the_base_plus_the_scaled_output() -> Result<(), LearnError> {
        let users = Tensor::new(&[[1.0_f32, 2.0]], &Device::Cpu)?;
        let outputs = Tensor::new(&[[0.5_f32, -1.0]], &Device::Cpu)?;
        let config = |base| ActionConfig { base, scale: 2.0, first_bound: 0.0 };
        assert_eq!(compose(&config(ActionBase::User), &users, &outputs)?.to_vec2::<f32>()?, [[2.0, 0.0]]);
        assert_eq!(compose(&config(ActionBase::None), &users, &outputs)?.to_vec2::<f32>()?, [[1.0, -2.0]]);
        Ok(())
    }
}
