//! The flat optimizer against its twin on tensors, and the flat network against one of tensor operations.

use super::*;
use crate::{Adam, AdamConfig, Dense, Parameters, soft_update};
use candle_core::{D, Device, Tensor};
use drr_core::Seeds;
use drr_kernels::mlp::{LayerShape, Mlp, Wanted};
use drr_kernels::{Activation, Panels};

const N_IN: usize = 21;
const N_JOINED: usize = 10;
const WIDTHS: [usize; 3] = [19, 17, 3];
const N_ROWS: usize = 37;

/// A network with an input that joins halfway, twice: of tensors, and flat.
struct Twins {
    parameters: Parameters,
    layers: Vec<Dense>,
    flat: Mlp,
    layout: FlatLayout,
    values: Vec<f32>,
}

fn twins() -> Result<Twins, NnError> {
    let mut parameters = Parameters::new();
    let shape = |n_joined, n_out, activation| LayerShape { n_joined, n_out, normalized: false, activation };
    let shapes = [
        shape(0, WIDTHS[0], Activation::Relu),
        shape(N_JOINED, WIDTHS[1], Activation::Relu),
        shape(0, WIDTHS[2], Activation::Tanh),
    ];
    let flat = Mlp::new(N_IN, &shapes, 0);
    let (mut layers, mut layout) = (Vec::new(), FlatLayout::new());
    for (nth, layer) in flat.layers().iter().enumerate() {
        let name = format!("layer{nth}");
        layers.push(Dense::new(&mut parameters, &name, layer.n_in, layer.n_out, Seeds(5))?);
        layout.add(format!("{name}.weight"), &[layer.n_in, layer.n_out], layer.weight.clone());
        layout.add(format!("{name}.bias"), &[layer.n_out], layer.bias.clone());
    }
    let mut values = vec![0.0; layout.n_values()];
    layout.load_arrays("", &parameters.to_arrays("")?, &mut values)?;
    Ok(Twins { parameters, layers, flat, layout, values })
}

fn near(ours: &[f32], theirs: &[f32], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len());
    let greatest = theirs.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= tolerance * greatest, "{ours} {theirs} of {greatest}");
    }
}

fn values_of(arrays: &[NamedArray]) -> Vec<Vec<f32>> {
    let values = |array: &NamedArray| match &array.values {
        Values::F32(values) => values.clone(),
        other => panic!("{other:?}"),
    };
    arrays.iter().filter(|array| !array.name.ends_with("updates")).map(values).collect()
}

/// The composed network's loss (the mean of the outputs' squares), and the flat one's outputs and gradients.
#[test]
fn a_flat_network_and_its_optimizer_do_what_tensors_do() -> Result<(), NnError> {
    let Twins { parameters, layers, flat, layout, mut values } = twins()?;
    let (mut targets, target_parameters) = (values.clone(), twins()?.parameters);
    let config = AdamConfig { learning_rate: 1e-2, l2: 1e-3, max_gradient_norm: 0.05 };
    let mut theirs = Adam::new("o", parameters.clone(), config.clone());
    let mut ours = FlatAdam::new("o", layout.clone(), config);
    let mut workspace = flat.workspace();
    workspace.resize(N_ROWS);
    for round in 0..5_u64 {
        let mut given = Parameters::new();
        let inputs = given.uniform("x", (N_ROWS, N_IN), 1.0, Seeds(round))?;
        let joined = given.uniform("a", (N_ROWS, N_JOINED), 1.0, Seeds(round))?;
        let hidden = layers[0].forward(&inputs)?.relu()?;
        let hidden = layers[1].forward(&Tensor::cat(&[&hidden, &joined], D::Minus1)?)?.relu()?;
        let outputs = layers[2].forward(&hidden)?.tanh()?;
        let gradients = outputs.sqr()?.mean_all()?.backward()?;

        let flattened =
            |tensor: &Tensor| -> Result<Vec<f32>, NnError> { Ok(tensor.flatten_all()?.to_vec1()?) };
        for (row, x) in flattened(&inputs)?.chunks_exact(N_IN).enumerate() {
            workspace.inputs_mut(0).write_row(row, 0, x);
        }
        for (row, a) in flattened(&joined)?.chunks_exact(N_JOINED).enumerate() {
            workspace.inputs_mut(1).write_row(row, WIDTHS[0], a);
        }
        flat.forward(&values, &mut workspace);
        let found = flat.outputs(&workspace).to_rows();
        near(&found, &flattened(&outputs)?, 1e-5);
        let scale = 2.0 / found.len() as f32;
        let deltas = Panels::from_rows(&found.iter().map(|it| it * scale).collect::<Vec<_>>(), WIDTHS[2]);
        workspace.output_gradient_mut().values_mut().copy_from_slice(deltas.values());
        let wanted = Wanted { joined: Some(1), inputs: Some(0..N_IN) };
        flat.backward(&values, &mut workspace, Some(ours.gradients_mut()), &wanted);
        let of = |tensor: &Tensor| flattened(gradients.get(tensor).expect("a gradient"));
        near(&workspace.input_gradient().to_rows(), &of(&inputs)?, 1e-4);
        near(&workspace.joined_gradient().to_rows(), &of(&joined)?, 1e-4);

        let norm = theirs.step(&gradients)?;
        let n_values = layout.n_values();
        let found = ours.step(&mut values, 0..n_values, Some((&mut targets, 0.25)))?;
        assert!((found - norm).abs() < 1e-5 * norm && norm > 0.05, "{found} {norm}: the clip is at work");
        soft_update(&target_parameters, &parameters, 0.25)?;
        for (flat, tensors, tolerance) in [
            (layout.to_arrays("", &values), parameters.to_arrays("")?, 2e-3),
            (layout.to_arrays("", &targets), target_parameters.to_arrays("")?, 2e-3),
            (ours.to_arrays(), theirs.to_arrays(), 1e-3),
        ] {
            let names = |arrays: &[NamedArray]| arrays.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
            assert_eq!(names(&flat), names(&tensors));
            for (flat, tensors) in values_of(&flat).iter().zip(values_of(&tensors)) {
                near(flat, &tensors, tolerance);
            }
        }
    }
    Ok(())
}

#[test]
fn equal_gradients_move_flat_parameters_to_the_same_bits() -> Result<(), NnError> {
    let config = AdamConfig { learning_rate: 0.1, l2: 0.01, max_gradient_norm: 1.0 };
    let mut parameters = Parameters::new();
    let weight = parameters.given("a.weight", 3, vec![1.0, -2.0, 0.5])?;
    let mut layout = FlatLayout::new();
    layout.add("a.weight", &[3], 0..3);
    let mut theirs = Adam::new("o", parameters, config.clone());
    let mut ours = FlatAdam::new("o", layout, config);
    let mut values = vec![1.0, -2.0, 0.5];
    for _ in 0..3 {
        let factors = [3.0_f32, -4.0, 1e-20];
        theirs.step(&(&weight * Tensor::new(&factors, &Device::Cpu)?)?.sum_all()?.backward()?)?;
        ours.gradients_mut().copy_from_slice(&factors);
        ours.step(&mut values, 0..3, None)?;
        assert_eq!(values, weight.to_vec1::<f32>()?);
    }
    let before = values.clone();
    ours.gradients_mut()[0] = f32::NAN;
    assert!(matches!(ours.step(&mut values, 0..3, None), Err(NnError::NotFinite { update: 3, .. })));
    assert_eq!(values, before);
    Ok(())
}
