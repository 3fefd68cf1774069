use super::*;
use candle_core::{Device, Var};

const USERS: [[f32; 2]; 2] = [[2.0, 3.0], [1.0, -1.0]];
const MASKS: [[f32; 3]; 2] = [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]];

/// The first user has two items at the end of a window of three, the second none; padding holds what must not be read.
fn inputs() -> (Tensor, Tensor, Tensor) {
    let histories = [[[9.0_f32, 9.0], [1.0, 0.5], [3.0, 4.0]], [[9.0, 9.0], [9.0, 9.0], [9.0, 9.0]]];
    let device = &Device::Cpu;
    (
        Tensor::new(&USERS, device).unwrap(),
        Tensor::new(&histories, device).unwrap(),
        Tensor::new(&MASKS, device).unwrap(),
    )
}

fn module(kind: StateKind) -> (StateModule, Parameters) {
    let mut parameters = Parameters::new();
    let module = StateModule::new(kind, &mut parameters, 2, 3, Seeds(5)).unwrap();
    (module, parameters)
}

fn states(module: &StateModule) -> Vec<Vec<f32>> {
    let (users, histories, masks) = inputs();
    module.forward(&users, &histories, &masks).unwrap().to_vec2().unwrap()
}

#[test]
fn the_states_of_items_and_pairs_are_those_computed_by_hand() {
    let of = |kind| states(&module(kind).0);
    assert_eq!(of(StateKind::DrrN), [vec![0.0, 0.0, 1.0, 0.5, 3.0, 4.0], vec![0.0; 6]]);
    // Pairs (1, 2), (1, 3), (2, 3): only the last has two items.
    let pairs = [0.0, 0.0, 0.0, 0.0, 3.0, 2.0];
    let first = [vec![0.0, 0.0, 1.0, 0.5, 3.0, 4.0], pairs.to_vec()].concat();
    assert_eq!(of(StateKind::DrrP), [first, vec![0.0; 12]]);
    let first = [vec![0.0, 0.0, 2.0, 1.5, 6.0, 12.0], pairs.to_vec()].concat();
    assert_eq!(of(StateKind::DrrU), [first, vec![0.0; 12]]);
}

#[test]
fn every_state_has_the_dimension_that_its_kind_says_and_none_reads_the_padding() {
    for kind in StateKind::ALL {
        let (module, _) = module(kind);
        let found = states(&module);
        assert_eq!(found[0].len(), kind.state_dim(2, 3), "{kind:?}");
        let (users, histories, masks) = inputs();
        let zeroed = histories.broadcast_mul(&masks.unsqueeze(2).unwrap()).unwrap();
        let again: Vec<Vec<f32>> = module.forward(&users, &zeroed, &masks).unwrap().to_vec2().unwrap();
        assert_eq!(found, again, "{kind:?}");
    }
}

#[test]
fn attention_pools_within_the_items_and_an_empty_history_leaves_the_user_alone() {
    let found = states(&module(StateKind::DrrAtt).0);
    assert_eq!(found[1], [1.0, -1.0, 0.0, 0.0, 0.0, 0.0]);
    let (x, y) = (found[0][4], found[0][5]);
    // On the line between (1, .5) and (3, 4).
    let share = (x - 1.0) / 2.0;
    assert!((0.0..=1.0).contains(&share) && (y - (0.5 + 3.5 * share)).abs() < 1e-5, "{x} {y}");
    assert!((found[0][2] - 2.0 * x).abs() < 1e-5 && (found[0][3] - 3.0 * y).abs() < 1e-5);
}

#[test]
fn all_parameters_of_all_modules_receive_the_gradient_of_finite_differences() {
    let (users, histories, masks) = inputs();
    for kind in StateKind::ALL {
        let (module, parameters) = module(kind);
        let loss = || module.forward(&users, &histories, &masks).unwrap().sqr().unwrap().sum_all().unwrap();
        let value = || loss().to_scalar::<f32>().unwrap();
        let gradients = loss().backward().unwrap();
        for (name, variable) in parameters.iter() {
            let gradient = gradients.get(variable.as_tensor()).unwrap().flatten_all().unwrap();
            let gradient = gradient.to_vec1::<f32>().unwrap();
            check(&format!("{kind:?} {name}"), variable, &gradient, &value);
        }
    }
}

/// Moves each value of `variable` by itself.
fn check(name: &str, variable: &Var, gradient: &[f32], value: &dyn Fn() -> f32) {
    let before = variable.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let at = |place: usize, shift: f32| {
        let mut moved = before.clone();
        moved[place] += shift;
        variable.set(&Tensor::from_vec(moved, variable.shape(), &Device::Cpu).unwrap()).unwrap();
        value()
    };
    for (place, gradient) in gradient.iter().enumerate() {
        let difference = (at(place, 1e-2) - at(place, -1e-2)) / 2e-2;
        at(place, 0.0);
        let error = (gradient - difference).abs();
        assert!(error < 0.02 * difference.abs().max(5.0), "{name} {place}: {gradient} {difference}");
    }
}
