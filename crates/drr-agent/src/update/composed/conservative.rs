//! The conservative term of the critic's loss (CQL: Kumar et al. 2020, eq. 4): what the log does not hold is not worth more
//! than what it does.

use super::ComposedLearner;
use crate::batch::Inputs;
use crate::critic::Critic;
use crate::{AgentError, ConservativeConfig};
use candle_core::{D, Device, Tensor};

impl ComposedLearner {
    /// The term for states `[B, S]` and the actions `[B, D]` that were executed in them, summed over the critics.
    ///
    /// The sum over all actions is one over items drawn for this update, and the policy's own action.
    pub(super) fn conservative_term(
        &mut self,
        config: &ConservativeConfig,
        now: &Inputs,
        states: &Tensor,
        actions: &Tensor,
    ) -> Result<Tensor, AgentError> {
        let items = self.online.items.detach();
        let drawn = self.draws.items(config.n_items, items.dim(0)?);
        let n_drawn = drawn.len();
        let items = items.index_select(&Tensor::from_vec(drawn, n_drawn, &Device::Cpu)?, 0)?;
        let outputs = self.online.actor.forward(&states.detach())?.detach();
        let proposed = self.critic_action(now, &outputs)?;
        let mut sum: Option<Tensor> = None;
        for critic in self.online.critics() {
            let term = term(critic, states, actions, &proposed, &items)?;
            sum = Some(match sum {
                Some(sum) => (sum + term)?,
                None => term,
            });
        }
        sum.ok_or(AgentError::Settings("there is no critic"))
    }
}

/// `mean_b (log sum_{a in items, proposed_b} exp Q(s_b, a) - Q(s_b, actions_b))` for one critic.
pub(super) fn term(
    critic: &Critic,
    states: &Tensor,
    actions: &Tensor,
    proposed: &Tensor,
    items: &Tensor,
) -> Result<Tensor, AgentError> {
    let hidden = critic.hidden(states)?;
    let (n_rows, width) = hidden.dims2()?;
    let (n_items, dim) = items.dims2()?;
    let each = hidden.unsqueeze(1)?.broadcast_as((n_rows, n_items, width))?.contiguous()?;
    let others = items.unsqueeze(0)?.broadcast_as((n_rows, n_items, dim))?.contiguous()?;
    let n_pairs = n_rows * n_items;
    let others = critic.join(&each.reshape((n_pairs, width))?, &others.reshape((n_pairs, dim))?)?;
    let proposed = critic.join(&hidden, proposed)?.unsqueeze(1)?;
    let all = Tensor::cat(&[&others.reshape((n_rows, n_items))?, &proposed], D::Minus1)?; // [B, n + 1]
    // Less the greatest, so that no exponential overflows.
    let greatest = all.max_keepdim(D::Minus1)?.detach();
    let sums = all.broadcast_sub(&greatest)?.exp()?.sum(D::Minus1)?;
    let soft_greatest = (sums.log()? + greatest.squeeze(1)?)?;
    Ok((soft_greatest - critic.join(&hidden, actions)?)?.mean_all()?)
}
