//! The conservative term of the critic's loss (CQL: Kumar et al. 2020): what the log does not hold is not worth more
//! than what it does.

use super::ComposedLearner;
use crate::ConservativeConfig;
use crate::critic::Critic;
use candle_core::{D, Device, Tensor};
use drr_learn::{Inputs, LearnError};

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
    ) -> Result<Tensor, LearnError> {
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
        sum.ok_or(LearnError::Settings("there is no critic"))
    }
}

/// `mean_b (log sum_{a in items, proposed_b} exp Q(s_b, a) - Q(s_b, actions_b))` for one critic.
pub(super) fn term(
    critic: &Critic,
    states: &Tensor,
    actions: &Tensor,
    proposed: &Tensor,
    items: &Tensor,
) -> Result<Tensor, LearnError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;
    use drr_nn::Parameters;

    fn tensor<const N: usize>(rows: &[[f32; 2]; N]) -> Tensor {
        Tensor::new(rows, &Device::Cpu).unwrap()
    }

    #[test]
    fn the_term_is_the_soft_maximum_less_the_logged_value_and_has_its_gradient() {
        let mut parameters = Parameters::new();
        let critic = Critic::new(&mut parameters, "critic", 2, 2, [5, 6], true, Seeds(2)).unwrap();
        let (_, last) = parameters.iter().find(|it| it.0 == "critic.last.weight").unwrap();
        let large: Vec<f32> = (0..6_u8).map(|at| f32::from(at) - 2.5).collect();
        last.set(&Tensor::from_vec(large, (6, 1), &Device::Cpu).unwrap()).unwrap();
        let states = tensor(&[[0.3, -0.2], [1.0, 0.4]]);
        let (actions, proposed) = (tensor(&[[0.1, 0.9], [-0.5, 0.2]]), tensor(&[[0.7, 0.7], [0.0, -1.0]]));
        let items = tensor(&[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
        let value = |row: usize, action: &Tensor| -> f64 {
            let states = states.narrow(0, row, 1).unwrap();
            f64::from(critic.forward(&states, action).unwrap().to_vec1::<f32>().unwrap()[0])
        };
        let expected: f64 = (0..2)
            .map(|row| {
                let of_items = (0..3).map(|item| value(row, &items.narrow(0, item, 1).unwrap()).exp());
                let own = value(row, &proposed.narrow(0, row, 1).unwrap()).exp();
                (of_items.sum::<f64>() + own).ln() - value(row, &actions.narrow(0, row, 1).unwrap())
            })
            .sum::<f64>()
            / 2.0;
        let ours = || term(&critic, &states, &actions, &proposed, &items).unwrap();
        let found = f64::from(ours().to_scalar::<f32>().unwrap());
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        let gradients = ours().backward().unwrap();
        let (_, bias) = parameters.iter().find(|it| it.0 == "critic.joint.bias").unwrap();
        let gradient: Vec<f32> = gradients.get(bias.as_tensor()).unwrap().to_vec1().unwrap();
        let start: Vec<f32> = bias.to_vec1().unwrap();
        for at in 0..start.len() {
            let moved = |shift: f32| {
                let mut values = start.clone();
                values[at] += shift;
                bias.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
                f64::from(ours().to_scalar::<f32>().unwrap())
            };
            let difference = (moved(2e-3) - moved(-2e-3)) / 4e-3;
            moved(0.0);
            assert!((f64::from(gradient[at]) - difference).abs() < 1e-2, "{} {difference}", gradient[at]);
        }
    }
}
