//! Every gradient of a network against central finite differences.

use super::*;

/// Numbers without a pattern in `[-1, 1]`.
fn numbers(n: usize, salt: usize) -> Vec<f32> {
    (0..n).map(|at| ((at * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
}

const N_ROWS: usize = 19;
const N_IN: usize = 7;
const N_JOINED: usize = 3;

fn network(normalized: bool, activation: Activation) -> Mlp {
    let layer =
        |n_joined, n_out, normalized, activation| LayerShape { n_joined, n_out, normalized, activation };
    let shapes = [
        layer(0, 6, normalized, activation),
        layer(N_JOINED, 5, normalized, activation),
        layer(0, 2, false, Activation::Identity),
    ];
    Mlp::new(N_IN, &shapes, 4)
}

struct Point {
    parameters: Vec<f32>,
    inputs: Vec<f32>,
    joined: Vec<f32>,
}

/// The sum of squares of the outputs, and the workspace after the pass.
fn loss(network: &Mlp, point: &Point) -> (f64, Workspace) {
    let mut workspace = network.workspace();
    workspace.resize(N_ROWS);
    for row in 0..N_ROWS {
        workspace.inputs_mut(0).write_row(row, 0, &point.inputs[row * N_IN..][..N_IN]);
        let first = network.layers()[0].n_out;
        workspace.inputs_mut(1).write_row(row, first, &point.joined[row * N_JOINED..][..N_JOINED]);
    }
    network.forward(&point.parameters, &mut workspace);
    let outputs = network.outputs(&workspace).to_rows();
    (outputs.iter().map(|value| f64::from(*value).powi(2)).sum(), workspace)
}

#[expect(clippy::needless_range_loop, reason = "the coordinate is moved while the loop runs")]
fn check(network: &Mlp, point: &mut Point, part: fn(&mut Point) -> &mut Vec<f32>, gradient: &[f32]) {
    for at in 0..part(point).len() {
        let before = part(point)[at];
        let mut moved = |shift: f32| {
            part(point)[at] = before + shift;
            loss(network, point).0
        };
        let difference = (moved(4e-3) - moved(-4e-3)) / 8e-3;
        part(point)[at] = before;
        let error = (f64::from(gradient[at]) - difference).abs();
        assert!(error < 2e-2 * difference.abs().max(1.0), "{at}: {} {difference}", gradient[at]);
    }
}

#[test]
fn every_gradient_equals_finite_differences_with_and_without_normalization() {
    for (normalized, activation) in [
        (false, Activation::Tanh),
        (true, Activation::Tanh),
        (false, Activation::Identity),
        (true, Activation::Identity),
    ] {
        let network = network(normalized, activation);
        let mut point = Point {
            parameters: numbers(network.end(), 1),
            inputs: numbers(N_ROWS * N_IN, 2),
            joined: numbers(N_ROWS * N_JOINED, 3),
        };
        let (_, mut workspace) = loss(&network, &point);
        let outputs = network.outputs(&workspace).to_rows();
        for (row, outputs) in outputs.chunks_exact(2).enumerate() {
            let gradient = [2.0 * outputs[0], 2.0 * outputs[1]];
            workspace.output_gradient_mut().write_row(row, 0, &gradient);
        }
        let mut gradients = vec![0.0; network.end()];
        let wanted = Wanted { joined: Some(1), inputs: Some(0..N_IN) };
        let mut passage = workspace.clone();
        network.backward(&point.parameters, &mut workspace, Some(&mut gradients), &wanted);
        check(&network, &mut point, |point| &mut point.parameters, &gradients);
        check(&network, &mut point, |point| &mut point.inputs, &workspace.input_gradient().to_rows());
        check(&network, &mut point, |point| &mut point.joined, &workspace.joined_gradient().to_rows());
        network.backward(&point.parameters, &mut passage, None, &Wanted { joined: Some(1), inputs: None });
        assert_eq!(passage.joined_gradient(), workspace.joined_gradient());
    }
}

#[test]
fn a_batch_of_another_size_gives_what_a_fresh_workspace_gives() {
    let network = network(true, Activation::Identity);
    let parameters = numbers(network.end(), 1);
    let outputs = |workspace: &mut Workspace, n_rows: usize| {
        workspace.resize(n_rows);
        for row in 0..n_rows {
            workspace.inputs_mut(0).write_row(row, 0, &numbers(N_IN, row));
        }
        network.forward(&parameters, workspace);
        network.outputs(workspace).to_rows()
    };
    let mut used = network.workspace();
    for n_rows in [40, 3, 17] {
        assert_eq!(outputs(&mut used, n_rows), outputs(&mut network.workspace(), n_rows));
    }
}
