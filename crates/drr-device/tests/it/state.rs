//! The state module against that of `drr-kernels`.

use crate::executors::{assert_close, floats, numbers, on_each};
use drr_device::{Kind, Memory, StateModule, Values};
use drr_kernels::{Panels, state};

const DIM: usize = 37;
const WINDOW: usize = 6;
const N_ITEMS: usize = 20;
const NONE: u32 = u32::MAX;

/// Histories of every length, with some of their items accepted in the session.
fn observations() -> [Vec<u32>; 3] {
    let (mut histories, mut n_accepted) = (Vec::new(), Vec::new());
    for length in 0..=WINDOW as u32 {
        histories.extend((0..length).map(|at| (7 * at + 3 * length) % N_ITEMS as u32));
        histories.extend((length..WINDOW as u32).map(|_| NONE));
        n_accepted.push(length / 2);
    }
    let contexts = (0..=WINDOW as u32).map(|row| row % 4).collect();
    [contexts, histories, n_accepted]
}

/// The user of a row: the context plus the accepted items, with a mean square of 1.
pub fn user(additive: bool, context: &[f32], accepted: &[u32], items: &[f32]) -> Vec<f32> {
    let mut user = context.to_vec();
    let dim = user.len();
    for item in accepted.iter().filter(|_| additive) {
        let vector = &items[*item as usize * dim..][..dim];
        user.iter_mut().zip(vector).for_each(|(value, add)| *value += add);
    }
    let squares: f64 = user.iter().map(|value| f64::from(*value).powi(2)).sum();
    let factor = if squares > 0.0 { (dim as f64 / squares).sqrt() as f32 } else { 1.0 };
    user.iter().map(|value| value * factor).collect()
}

#[test]
fn states_and_the_gradient_of_the_position_weights_equal_those_of_the_cpu() {
    let [contexts, histories, n_accepted] = observations();
    let n_rows = contexts.len();
    let (items, weights) = (numbers(N_ITEMS * DIM, 1), numbers(WINDOW, 2));
    let mut vectors = numbers(4 * DIM, 3);
    vectors[3 * DIM..].fill(0.0);
    let of_states = numbers(n_rows * 2 * DIM, 4);
    for additive in [false, true] {
        let mut twin = state::DrrAve::new(DIM);
        let mut expected = Panels::zeros(n_rows, 3 * DIM);
        let mut expected_gradient = vec![0.0; WINDOW];
        let gradients = Panels::from_rows(&of_states, 2 * DIM);
        for row in 0..n_rows {
            let history = &histories[row * WINDOW..][..row];
            let accepted = &history[history.len() - n_accepted[row] as usize..];
            let context = &vectors[contexts[row] as usize * DIM..][..DIM];
            let user = user(additive, context, accepted, &items);
            twin.forward(&items, &weights, &user, history, row, &mut expected);
            twin.backward(&items, &expected, history, row, &gradients, &mut expected_gradient);
        }
        let mut memory = Memory::default();
        let module = StateModule {
            dim: DIM,
            history_length: WINDOW,
            additive,
            contexts: memory.add(Values::F32(vectors.clone())),
            items: memory.add(Values::F32(items.clone())),
        };
        let rows = [&contexts, &histories, &n_accepted].map(|ids| memory.add(Values::U32(ids.clone())));
        let position_weights = memory.add(Values::F32(weights.clone()));
        let states = memory.zeros(Kind::F32, n_rows * 3 * DIM);
        let of_states = memory.add(Values::F32(of_states.clone()));
        let gradient = memory.zeros(Kind::F32, WINDOW + 2);
        let mut launches = vec![module.forward(rows, position_weights.into(), states)];
        launches.extend(module.backward(rows[1], states, of_states, gradient.at(2), &mut memory));
        on_each("state", &memory, |executor| {
            executor.run(&launches, 1).expect("the device does as the CPU");
            assert_close("states", &floats(executor, states), &expected.to_rows(), 1e-5);
            assert_close("gradient", &floats(executor, gradient)[2..], &expected_gradient, 1e-5);
        });
    }
}
