//! The shapes of DRR's networks on flat parameters, and the name of each parameter: what every path of an update agrees on.

use crate::Activation;
use crate::mlp::{LayerShape, Mlp};
use std::ops::Range;

/// One parameter: its name in files, its shape, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRange {
    /// The name in files.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// Where it lies among the values of its optimizer.
    pub range: Range<usize>,
}

/// The shapes of actor, critic and state module (Liu et al. 2018, fig. 3), with the state of DRR-ave.
#[derive(Debug, Clone)]
pub struct DrrShapes {
    /// The dimension of a vector, `D`.
    pub dim: usize,
    /// State to proto-action.
    pub actor: Mlp,
    /// State and action to value.
    pub critic: Mlp,
    /// The state module's weights `[N]`, behind the critic's parameters.
    pub position_weights: Range<usize>,
}

impl DrrShapes {
    /// The shapes for hidden layers of `actor_hidden` and, before and after the action joins, `critic_hidden`; for vectors of
    /// dimension `dim` and histories of `history_length`.
    #[must_use]
    pub fn new(
        actor_hidden: [usize; 2],
        critic_hidden: [usize; 2],
        dim: usize,
        history_length: usize,
    ) -> Self {
        let layer =
            |n_joined, n_out, activation| LayerShape { n_joined, n_out, normalized: false, activation };
        let ([first, second], [state, joint]) = (actor_hidden, critic_hidden);
        let relu = Activation::Relu;
        let actor = [layer(0, first, relu), layer(0, second, relu), layer(0, dim, Activation::Tanh)];
        let critic = [layer(0, state, relu), layer(dim, joint, relu), layer(0, 1, Activation::Identity)];
        let (actor, critic) = (Mlp::new(3 * dim, &actor, 0), Mlp::new(3 * dim, &critic, 0));
        let position_weights = critic.end()..critic.end() + history_length;
        Self { dim, actor, critic, position_weights }
    }

    /// The parameters that the actor's optimizer moves.
    #[must_use]
    pub fn actor_parameters(&self) -> Vec<NamedRange> {
        named(&self.actor, ["actor.first", "actor.second", "actor.last"])
    }

    /// The parameters that the critic's optimizer moves: the critic's, then the state module's.
    #[must_use]
    pub fn critic_parameters(&self) -> Vec<NamedRange> {
        let mut all = named(&self.critic, ["critic.state", "critic.joint", "critic.last"]);
        let range = self.position_weights.clone();
        all.push(NamedRange { name: "state.position_weights".to_owned(), shape: vec![range.len()], range });
        all
    }

    /// The weights of a network, which the L2 term applies to; biases do not decay.
    #[must_use]
    pub fn weights(network: &Mlp) -> Vec<Range<usize>> {
        network.layers().iter().map(|layer| layer.weight.clone()).collect()
    }
}

fn named(network: &Mlp, names: [&str; 3]) -> Vec<NamedRange> {
    let both = network.layers().iter().zip(names).map(|(layer, name)| {
        let weight = NamedRange {
            name: format!("{name}.weight"),
            shape: vec![layer.n_in, layer.n_out],
            range: layer.weight.clone(),
        };
        let bias =
            NamedRange { name: format!("{name}.bias"), shape: vec![layer.n_out], range: layer.bias.clone() };
        [weight, bias]
    });
    both.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_a_network_lie_one_behind_the_other_without_a_gap() {
        let shapes = DrrShapes::new([4, 3], [5, 2], 2, 7);
        // 6 -> 4 -> 3 -> 2, and 6 -> 5, 5 + 2 -> 2, 2 -> 1, then 7 position weights.
        let n_actor = 6 * 4 + 4 + 4 * 3 + 3 + 3 * 2 + 2;
        let n_critic = 6 * 5 + 5 + 7 * 2 + 2 + 2 + 1;
        for (all, end) in [(shapes.actor_parameters(), n_actor), (shapes.critic_parameters(), n_critic + 7)] {
            let mut taken = vec![false; end];
            for parameter in all {
                assert_eq!(parameter.shape.iter().product::<usize>(), parameter.range.len(), "{parameter:?}");
                for at in parameter.range {
                    assert!(!std::mem::replace(&mut taken[at], true), "{at} belongs to two");
                }
            }
            assert!(taken.into_iter().all(|it| it));
        }
        assert_eq!(shapes.position_weights, n_critic..n_critic + 7);
    }
}
