//! The dueling network: `Q(s, a) = V(s) + A(s, a)` (Zheng et al. 2018).

use crate::RivalError;
use crate::situation::View;
use candle_core::{Device, Tensor};
use drr_core::{EmbeddingTable, ItemIdx, Seeds};
use drr_nn::{Dense, Parameters};

/// What the network reads of users and contexts.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    /// The user's vector, the means of liked and of disliked items, and how full both windows are, `[B, 3D + 2]`.
    states: Tensor,
    /// The users' vectors alone, `[B, D]`.
    users: Tensor,
}

/// The features of users and contexts.
pub(super) fn inputs(
    views: &[View],
    items: &EmbeddingTable,
    history_length: usize,
) -> Result<Inputs, RivalError> {
    let dim = items.dim();
    let mut states = Vec::with_capacity(views.len() * (3 * dim + 2));
    let mut users = Vec::with_capacity(views.len() * dim);
    for view in views {
        users.extend_from_slice(&view.vector);
        states.extend_from_slice(&view.vector);
        push_mean(&view.liked, items, &mut states);
        push_mean(&view.disliked, items, &mut states);
        for window in [&view.liked, &view.disliked] {
            states.push(window.len() as f32 / history_length.max(1) as f32);
        }
    }
    Ok(Inputs {
        states: Tensor::from_vec(states, (views.len(), 3 * dim + 2), &Device::Cpu)?,
        users: Tensor::from_vec(users, (views.len(), dim), &Device::Cpu)?,
    })
}

/// Appends the mean vector of some items, zeros if there are none.
fn push_mean(window: &[ItemIdx], items: &EmbeddingTable, into: &mut Vec<f32>) {
    let at = into.len();
    into.resize(at + items.dim(), 0.0);
    let share = 1.0 / window.len().max(1) as f32;
    for item in window {
        for (sum, value) in into[at..].iter_mut().zip(items.row(item.index())) {
            *sum += share * value;
        }
    }
}

/// All item vectors as a tensor, `[I, D]`.
pub(super) fn item_tensor(items: &EmbeddingTable) -> Result<Tensor, RivalError> {
    Ok(Tensor::from_slice(items.values(), (items.n_rows(), items.dim()), &Device::Cpu)?)
}

/// The vectors of some items, `[C, D]`.
pub(super) fn rows_of(chosen: &[ItemIdx], items: &EmbeddingTable) -> Result<Tensor, RivalError> {
    let values: Vec<f32> = chosen.iter().flat_map(|item| items.row(item.index())).copied().collect();
    Ok(Tensor::from_vec(values, (chosen.len(), items.dim()), &Device::Cpu)?)
}

/// `V(s) = v relu(W_v s)` and `A(s, a) = w relu(W_s s + W_a a + W_x (u * a))`, each with biases.
#[derive(Debug, Clone)]
pub(super) struct Network {
    value_hidden: Dense,
    value: Dense,
    state_hidden: Dense,
    /// `W_a`, `[D, H]`.
    item_hidden: Tensor,
    /// `W_x`, of the product of user and item, `[D, H]`.
    cross_hidden: Tensor,
    /// `w`, `[H, 1]`; the bias is `V`'s.
    advantage: Tensor,
}

impl Network {
    /// A network of hidden width `hidden` over vectors of width `dim`.
    pub(super) fn new(
        parameters: &mut Parameters,
        dim: usize,
        hidden: usize,
        seeds: Seeds,
    ) -> Result<Self, RivalError> {
        let n_state = 3 * dim + 2;
        let bound = 1.0 / ((n_state + 2 * dim) as f32).sqrt();
        let last = 1.0 / (hidden as f32).sqrt();
        Ok(Self {
            value_hidden: Dense::new(parameters, "value_hidden", n_state, hidden, seeds)?,
            value: Dense::new(parameters, "value", hidden, 1, seeds)?,
            state_hidden: Dense::with_bound(parameters, "state_hidden", n_state, hidden, bound, seeds)?,
            item_hidden: parameters.uniform("item_hidden.weight", (dim, hidden), bound, seeds)?,
            cross_hidden: parameters.uniform("cross_hidden.weight", (dim, hidden), bound, seeds)?,
            advantage: parameters.uniform("advantage.weight", (hidden, 1), last, seeds)?,
        })
    }

    /// The same network without gradients.
    fn detached(&self) -> Self {
        Self {
            value_hidden: self.value_hidden.detached(),
            value: self.value.detached(),
            state_hidden: self.state_hidden.detached(),
            item_hidden: self.item_hidden.detach(),
            cross_hidden: self.cross_hidden.detach(),
            advantage: self.advantage.detach(),
        }
    }

    /// `V(s)`, `[B, 1]`.
    fn state_values(&self, states: &Tensor) -> Result<Tensor, RivalError> {
        Ok(self.value.forward(&self.value_hidden.forward(states)?.relu()?)?)
    }

    /// `Q` of one item, `[B, D]`, for each state, `[B]`; with gradients.
    pub(super) fn values(&self, inputs: &Inputs, items: &Tensor) -> Result<Tensor, RivalError> {
        let of_item = items.matmul(&self.item_hidden)?;
        let of_cross = (&inputs.users * items)?.matmul(&self.cross_hidden)?;
        let hidden = ((self.state_hidden.forward(&inputs.states)? + of_item)? + of_cross)?.relu()?;
        let advantages = hidden.matmul(&self.advantage)?;
        Ok((self.state_values(&inputs.states)? + advantages)?.squeeze(1)?)
    }

    /// `Q` of each of the items `[C, D]` for each state, `[B][C]`; without gradients.
    ///
    /// `W_a a + W_x (u * a) = (W_a + diag(u) W_x) a`, so one product serves all items and users.
    pub(super) fn all_values(&self, inputs: &Inputs, items: &Tensor) -> Result<Vec<Vec<f32>>, RivalError> {
        let net = self.detached();
        let (dim, hidden) = net.item_hidden.dims2()?;
        let n_states = inputs.users.dim(0)?;
        let users = inputs.users.t()?.contiguous()?.unsqueeze(2)?; // [D, B, 1]
        let weights = users
            .broadcast_mul(&net.cross_hidden.unsqueeze(1)?)?
            .broadcast_add(&net.item_hidden.unsqueeze(1)?)?
            .reshape((dim, n_states * hidden))?;
        let of_items = items.matmul(&weights)?.flatten_all()?.to_vec1::<f32>()?; // [C, B, H]
        let of_states = net.state_hidden.forward(&inputs.states)?.flatten_all()?.to_vec1::<f32>()?;
        let values = net.state_values(&inputs.states)?.flatten_all()?.to_vec1::<f32>()?;
        let out = net.advantage.flatten_all()?.to_vec1::<f32>()?;
        let mut all = vec![Vec::with_capacity(items.dim(0)?); n_states];
        for of_item in of_items.chunks_exact(n_states * hidden) {
            for (state, before) in of_item.chunks_exact(hidden).enumerate() {
                let of_state = &of_states[state * hidden..][..hidden];
                all[state].push(values[state] + weighted_relu(before, of_state, &out));
            }
        }
        Ok(all)
    }
}

/// `sum_h w_h max(0, x_h + y_h)`, in eight sums of a fixed order.
fn weighted_relu(left: &[f32], right: &[f32], weights: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    for ((left, right), weights) in left.chunks(8).zip(right.chunks(8)).zip(weights.chunks(8)) {
        for (((lane, left), right), weight) in lanes.iter_mut().zip(left).zip(right).zip(weights) {
            *lane += weight * (left + right).max(0.0);
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_store::{NamedArray, Values};

    fn views() -> Vec<View> {
        let liked = vec![ItemIdx(0), ItemIdx(1)];
        vec![
            View { vector: vec![1.0, -2.0], liked, disliked: vec![ItemIdx(2)] },
            View { vector: vec![0.5, 0.25], liked: vec![], disliked: vec![] },
        ]
    }

    fn table() -> EmbeddingTable {
        EmbeddingTable::new(3, 2, vec![1.0, 0.0, 3.0, 4.0, -1.0, 2.0]).unwrap()
    }

    #[test]
    fn the_state_is_the_user_both_means_and_how_full_the_windows_are() {
        let inputs = inputs(&views(), &table(), 4).unwrap();
        let rows = inputs.states.to_vec2::<f32>().unwrap();
        assert_eq!(rows[0], [1.0, -2.0, 2.0, 2.0, -1.0, 2.0, 0.5, 0.25]);
        assert_eq!(rows[1], [0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_value_has_its_hand_computed_sum_and_v_sees_no_item() {
        let mut parameters = Parameters::new();
        let network = Network::new(&mut parameters, 1, 1, Seeds(1)).unwrap();
        let array = |name: &str, shape: Vec<usize>, values: &[f32]| {
            NamedArray::new(name, shape, Values::F32(values.to_vec()))
        };
        let arrays = [
            array("value_hidden.weight", vec![5, 1], &[1.0, 0.0, 0.0, 0.0, 0.0]),
            array("value_hidden.bias", vec![1], &[0.0]),
            array("value.weight", vec![1, 1], &[10.0]),
            array("value.bias", vec![1], &[1.0]),
            array("state_hidden.weight", vec![5, 1], &[1.0, 1.0, 0.0, 0.0, 0.0]),
            array("state_hidden.bias", vec![1], &[0.5]),
            array("item_hidden.weight", vec![1, 1], &[2.0]),
            array("cross_hidden.weight", vec![1, 1], &[3.0]),
            array("advantage.weight", vec![1, 1], &[0.1]),
        ];
        parameters.load_arrays("", &arrays).unwrap();
        let items = EmbeddingTable::new(2, 1, vec![4.0, -9.0]).unwrap();
        let view = View { vector: vec![2.0], liked: vec![ItemIdx(0)], disliked: vec![] };
        let inputs = inputs(&[view], &items, 2).unwrap();
        // V = 10 * 2 + 1 = 21. A(0) = .1 (2 + 4 + .5 + 2 * 4 + 3 * 2 * 4) = 3.85. A(1) = 0: its hidden unit is off.
        let all = network.all_values(&inputs, &item_tensor(&items).unwrap()).unwrap();
        assert!((all[0][0] - 24.85).abs() < 1e-4 && (all[0][1] - 21.0).abs() < 1e-4, "{all:?}");
    }

    #[test]
    fn one_by_one_and_all_at_once_agree_and_every_parameter_has_a_gradient() {
        let mut parameters = Parameters::new();
        let network = Network::new(&mut parameters, 2, 11, Seeds(3)).unwrap();
        let inputs = inputs(&views(), &table(), 4).unwrap();
        let all = network.all_values(&inputs, &item_tensor(&table()).unwrap()).unwrap();
        let one = network.values(&inputs, &rows_of(&[ItemIdx(2), ItemIdx(1)], &table()).unwrap()).unwrap();
        let values = one.to_vec1::<f32>().unwrap();
        assert!((values[0] - all[0][2]).abs() < 1e-5 && (values[1] - all[1][1]).abs() < 1e-5);
        let gradients = one.sum_all().unwrap().backward().unwrap();
        assert!(parameters.iter().all(|(_, variable)| gradients.get(variable.as_tensor()).is_some()));
    }

    /// The mean squared error of two targets, as an update takes it.
    fn loss(network: &Network) -> Tensor {
        let inputs = inputs(&views(), &table(), 4).unwrap();
        let items = rows_of(&[ItemIdx(2), ItemIdx(1)], &table()).unwrap();
        let targets = Tensor::new(&[1.0_f32, -0.5], &Device::Cpu).unwrap();
        (targets - network.values(&inputs, &items).unwrap()).unwrap().sqr().unwrap().mean_all().unwrap()
    }

    #[test]
    fn the_gradients_of_its_loss_are_those_of_finite_differences() {
        let mut parameters = Parameters::new();
        let network = Network::new(&mut parameters, 2, 3, Seeds(3)).unwrap();
        let gradients = loss(&network).backward().unwrap();
        for (name, variable) in parameters.iter() {
            let exact = gradients.get(variable.as_tensor()).unwrap().flatten_all().unwrap();
            let values = variable.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            for (at, exact) in exact.to_vec1::<f32>().unwrap().into_iter().enumerate() {
                let moved = |by: f32| {
                    let mut values = values.clone();
                    values[at] += by;
                    variable.set(&Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
                    loss(&network).to_scalar::<f32>().unwrap()
                };
                let difference = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                variable.set(&Tensor::from_slice(&values, variable.shape(), &Device::Cpu).unwrap()).unwrap();
                let allowed = 5e-3 * exact.abs().max(1.0);
                assert!((difference - exact).abs() < allowed, "{name} {at}: {difference} {exact}");
            }
        }
    }
}
