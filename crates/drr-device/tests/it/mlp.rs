//! Passes of networks against those of `drr-kernels`.

use crate::executors::{assert_close, floats, numbers, on_each};
use drr_device::{Kind, Memory, Network, Values};
use drr_kernels::mlp::{LayerShape, Mlp, Wanted};
use drr_kernels::{Activation, Panels};

const N_IN: usize = 41;
const N_JOINED: usize = 7;

/// A layer wider than a group of threads, a normalized one that an action joins, and a last one.
fn network(first: usize, n_out: usize) -> Mlp {
    let layer =
        |n_joined, n_out, normalized, activation| LayerShape { n_joined, n_out, normalized, activation };
    let shapes = [
        layer(0, 150, true, Activation::Relu),
        layer(N_JOINED, 33, true, Activation::Tanh),
        layer(0, n_out, false, Activation::Identity),
    ];
    Mlp::new(N_IN, &shapes, first)
}

struct Expected {
    outputs: Vec<f32>,
    gradients: Vec<f32>,
    of_joined: Vec<f32>,
    of_inputs: Vec<f32>,
}

fn expected(mlp: &Mlp, parameters: &[f32], [inputs, joined, of_outputs]: [&[f32]; 3]) -> Expected {
    let n_rows = inputs.len() / N_IN;
    let mut workspace = mlp.workspace();
    workspace.resize(n_rows);
    for row in 0..n_rows {
        workspace.inputs_mut(0).write_row(row, 0, &inputs[row * N_IN..][..N_IN]);
        workspace.inputs_mut(1).write_row(row, 150, &joined[row * N_JOINED..][..N_JOINED]);
    }
    mlp.forward(parameters, &mut workspace);
    let outputs = mlp.outputs(&workspace).to_rows();
    let of_outputs = Panels::from_rows(of_outputs, outputs.len() / n_rows);
    workspace.output_gradient_mut().values_mut().copy_from_slice(of_outputs.values());
    let mut gradients = vec![0.0; mlp.end()];
    let wanted = Wanted { joined: Some(1), inputs: Some(5..38) };
    mlp.backward(parameters, &mut workspace, Some(&mut gradients), &wanted);
    let (of_joined, of_inputs) =
        (workspace.joined_gradient().to_rows(), workspace.input_gradient().to_rows());
    Expected { outputs, gradients, of_joined, of_inputs }
}

#[test]
fn two_networks_side_by_side_equal_those_of_the_cpu() {
    for (n_rows, n_out) in [(13, 3), (1, 1), (70, 40)] {
        let mlp = network(0, n_out);
        let end = mlp.end();
        let parameters: Vec<f32> = numbers(2 * end, 1).iter().map(|value| 0.3 * value).collect();
        let (inputs, joined) = (numbers(n_rows * N_IN, 2), numbers(n_rows * N_JOINED, 3));
        let of_outputs = numbers(n_rows * n_out, 4);
        let mut memory = Memory::default();
        let device = Network::new(&mlp, n_rows, 2, &mut memory).expect("the network fits");
        let held = memory.add(Values::F32(parameters.clone()));
        let (inputs_held, joined_held) =
            (memory.add(Values::F32(inputs.clone())), memory.add(Values::F32(joined.clone())));
        let gradients = memory.zeros(Kind::F32, 2 * end);
        let of_joined = memory.zeros(Kind::F32, 2 * n_rows * N_JOINED);
        let of_inputs = memory.zeros(Kind::F32, 2 * n_rows * 33);
        on_each("mlp", &memory, |executor| {
            let forward = device.forward(inputs_held.into(), joined_held.into(), held);
            executor.run(&[forward], 1).expect("the network fits");
            let places: Vec<_> =
                (0..2).map(|nth| (device.outputs(nth), device.output_gradient(nth))).collect();
            let mut workspace = floats(executor, places[0].0.buffer);
            let outputs: Vec<Vec<f32>> =
                places.iter().map(|(place, _)| workspace[place.first..][..n_rows * n_out].to_vec()).collect();
            for (_, place) in &places {
                workspace[place.first..][..of_outputs.len()].copy_from_slice(&of_outputs);
            }
            executor.write(places[0].0.buffer, &Values::F32(workspace)).expect("the network fits");
            let mut launches = vec![device.backward(held, Some(of_joined), Some((5..38, of_inputs)), true)];
            launches.extend(device.gradients(inputs_held.into(), joined_held.into(), gradients));
            executor.run(&launches, 1).expect("the network fits");
            let gradients = floats(executor, gradients);
            let (of_joined, of_inputs) = (floats(executor, of_joined), floats(executor, of_inputs));
            for nth in 0..2 {
                let twin = expected(&mlp, &parameters[nth * end..][..end], [&inputs, &joined, &of_outputs]);
                assert_close("outputs", &outputs[nth], &twin.outputs, 1e-4);
                assert_close("gradients", &gradients[nth * end..][..end], &twin.gradients, 1e-4);
                let part = &of_joined[nth * n_rows * N_JOINED..][..n_rows * N_JOINED];
                assert_close("what joins", part, &twin.of_joined, 1e-4);
                let part = &of_inputs[nth * n_rows * 33..][..n_rows * 33];
                assert_close("inputs", part, &twin.of_inputs, 1e-4);
            }
        });
    }
}

#[test]
fn a_pass_for_the_action_alone_stops_where_it_joins() {
    let (n_rows, mlp) = (6, network(0, 1));
    let parameters: Vec<f32> = numbers(mlp.end(), 1).iter().map(|value| 0.3 * value).collect();
    let (inputs, joined) = (numbers(n_rows * N_IN, 2), numbers(n_rows * N_JOINED, 3));
    let twin = expected(&mlp, &parameters, [&inputs, &joined, &vec![0.0; n_rows]]);
    assert!(twin.of_joined.iter().all(|value| *value == 0.0));
    let ones = vec![1.0; n_rows];
    let twin = expected(&mlp, &parameters, [&inputs, &joined, &ones]);
    let mut memory = Memory::default();
    let device = Network::new(&mlp, n_rows, 1, &mut memory).expect("the network fits");
    let held = memory.add(Values::F32(parameters));
    let inputs = memory.add(Values::F32(inputs));
    let joined = memory.add(Values::F32(joined));
    let of_joined = memory.zeros(Kind::F32, n_rows * N_JOINED);
    on_each("mlp, action alone", &memory, |executor| {
        executor.run(&[device.forward(inputs.into(), joined.into(), held)], 1).expect("the network fits");
        let place = device.output_gradient(0);
        let mut workspace = floats(executor, place.buffer);
        workspace[place.first..][..n_rows].copy_from_slice(&ones);
        executor.write(place.buffer, &Values::F32(workspace)).expect("the network fits");
        executor.run(&[device.backward(held, Some(of_joined), None, false)], 1).expect("the network fits");
        assert_close("what joins", &floats(executor, of_joined), &twin.of_joined, 1e-4);
    });
}

#[test]
fn layers_beyond_the_kernels_are_refused() {
    let shape = LayerShape { n_joined: 0, n_out: 1025, normalized: false, activation: Activation::Relu };
    let refused = Network::new(&Mlp::new(4, &[shape], 0), 1, 1, &mut Memory::default());
    let error = refused.expect_err("the layer is too wide").to_string();
    assert!(error.contains("layer of 1025") && error.contains("none wider than 1024"), "{error}");
}
