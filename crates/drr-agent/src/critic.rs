//! The critic: state and action to value.

use candle_core::{D, Tensor};
use drr_core::Seeds;
use drr_nn::{Dense, NnError, Parameters};

/// A ReLU layer on the state, the action joined to it, a ReLU layer on both, a value (Liu et al. 2018, fig. 3).
#[derive(Debug, Clone)]
pub(crate) struct Critic {
    state: Dense,
    joint: Dense,
    last: Dense,
    norms: Option<[LayerNorm; 2]>,
}

impl Critic {
    /// A critic of states of `state_dim` and actions of `dim`; `normalized` puts a layer normalization before each ReLU.
    pub(crate) fn new(
        parameters: &mut Parameters,
        name: &str,
        state_dim: usize,
        dim: usize,
        hidden: [usize; 2],
        normalized: bool,
        seeds: Seeds,
    ) -> Result<Self, NnError> {
        let [first, second] = hidden;
        let state = Dense::new(parameters, &format!("{name}.state"), state_dim, first, seeds)?;
        let joint = Dense::new(parameters, &format!("{name}.joint"), first + dim, second, seeds)?;
        let last = Dense::with_bound(parameters, &format!("{name}.last"), second, 1, 3e-3, seeds)?;
        let mut norm = |layer, width| LayerNorm::new(parameters, &format!("{name}.{layer}"), width);
        let norms =
            if normalized { Some([norm("state_norm", first)?, norm("joint_norm", second)?]) } else { None };
        Ok(Self { state, joint, last, norms })
    }

    /// The values `[B]` of actions `[B, D]` in states `[B, S]`.
    pub(crate) fn forward(&self, states: &Tensor, actions: &Tensor) -> Result<Tensor, NnError> {
        self.join(&self.hidden(states)?, actions)
    }

    /// What the critic makes of states `[B, S]` before it hears of an action, `[B, H]`.
    pub(crate) fn hidden(&self, states: &Tensor) -> Result<Tensor, NnError> {
        Ok(self.normalized(0, self.state.forward(states)?)?.relu()?)
    }

    /// The values `[B]` of actions `[B, D]` for what [`Critic::hidden`] gave, `[B, H]`.
    pub(crate) fn join(&self, hidden: &Tensor, actions: &Tensor) -> Result<Tensor, NnError> {
        let joint = Tensor::cat(&[hidden, actions], D::Minus1)?;
        let hidden = self.normalized(1, self.joint.forward(&joint)?)?.relu()?;
        Ok(self.last.forward(&hidden)?.squeeze(1)?)
    }

    fn normalized(&self, layer: usize, inputs: Tensor) -> Result<Tensor, NnError> {
        match &self.norms {
            Some(norms) => norms[layer].forward(&inputs),
            None => Ok(inputs),
        }
    }

    /// The same critic without gradients for its own parameters: for the actor's loss.
    pub(crate) fn detached(&self) -> Self {
        Self {
            state: self.state.detached(),
            joint: self.joint.detached(),
            last: self.last.detached(),
            norms: self.norms.as_ref().map(|norms| [norms[0].detached(), norms[1].detached()]),
        }
    }
}

/// Each row to mean 0 and variance 1, then a learned gain and bias (Ba et al. 2016). Only basic operations, which
/// all have gradients.
#[derive(Debug, Clone)]
struct LayerNorm {
    gain: Tensor,
    bias: Tensor,
}

/// Added to the variance.
const EPSILON: f64 = 1e-5;

impl LayerNorm {
    /// A normalization of rows of `width`. Neither gain nor bias decays.
    fn new(parameters: &mut Parameters, name: &str, width: usize) -> Result<Self, NnError> {
        Ok(Self {
            gain: parameters.filled(&format!("{name}.gain"), width, 1.0)?,
            bias: parameters.filled(&format!("{name}.bias"), width, 0.0)?,
        })
    }

    /// Maps `[B, H]` to `[B, H]`.
    fn forward(&self, inputs: &Tensor) -> Result<Tensor, NnError> {
        let centred = inputs.broadcast_sub(&inputs.mean_keepdim(D::Minus1)?)?;
        let variances = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let scaled = centred.broadcast_div(&(variances + EPSILON)?.sqrt()?)?;
        Ok(scaled.broadcast_mul(&self.gain)?.broadcast_add(&self.bias)?)
    }

    fn detached(&self) -> Self {
        Self { gain: self.gain.detach(), bias: self.bias.detach() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn a_row_is_brought_to_mean_zero_and_variance_one() {
        let norm = LayerNorm::new(&mut Parameters::new(), "norm", 2).unwrap();
        let inputs = Tensor::new(&[[1.0_f32, 3.0], [-5.0, 5.0]], &Device::Cpu).unwrap();
        let rows = norm.forward(&inputs).unwrap().to_vec2::<f32>().unwrap();
        for row in rows {
            assert!((row[0] + 1.0).abs() < 1e-4 && (row[1] - 1.0).abs() < 1e-4, "{row:?}");
        }
    }

    #[test]
    fn inputs_gain_and_bias_have_the_gradients_of_finite_differences() {
        let mut parameters = Parameters::new();
        let norm = LayerNorm::new(&mut parameters, "norm", 3).unwrap();
        let inputs = Var::new(&[[0.5_f32, -1.0, 2.0], [1.5, 0.1, -0.3]], &Device::Cpu).unwrap();
        let weights = Tensor::new(&[[1.0_f32, -2.0, 0.5], [0.3, 0.7, 1.1]], &Device::Cpu).unwrap();
        let loss = || (norm.forward(&inputs).unwrap() * &weights).unwrap().sum_all().unwrap();
        let gradients = loss().backward().unwrap();
        let all = parameters.iter().map(|it| it.1.clone()).chain([inputs.clone()]);
        for variable in all {
            let gradient: Vec<f32> =
                gradients.get(variable.as_tensor()).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let start: Vec<f32> = variable.flatten_all().unwrap().to_vec1().unwrap();
            for at in 0..start.len() {
                let moved = |shift: f32| {
                    let mut values = start.clone();
                    values[at] += shift;
                    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
                    loss().to_scalar::<f32>().unwrap()
                };
                let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                moved(0.0);
                assert!((gradient[at] - difference).abs() < 1e-2, "{} {difference}", gradient[at]);
            }
        }
    }
}
