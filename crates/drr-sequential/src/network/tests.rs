use super::*;
use drr_nn::ops::numbers;

fn config(architecture: Architecture) -> SequentialConfig {
    SequentialConfig { dim: 8, n_heads: 2, max_length: 6, ..SequentialConfig::new(architecture) }
}

const ALL: [Architecture; 2] = [Architecture::SasRec, Architecture::Gru4Rec];

fn items<const N: usize>(items: [u32; N]) -> [ItemIdx; N] {
    items.map(ItemIdx)
}

#[test]
fn a_gradient_reaches_every_parameter() -> Result<(), SequentialError> {
    for architecture in ALL {
        let network = Network::new(&config(architecture), 9, Seeds(1))?;
        let (long, short) = (items([1, 2, 3, 4, 5, 6, 7]), items([8, 0]));
        let shard = Shard { windows: vec![&long, &short] };
        for negatives in [vec![], vec![0, 3, 5]] {
            let gradients = network.loss(&shard, negatives, 1.0, &mut Dropout::off())?.backward()?;
            for (name, variable) in network.parameters.iter() {
                let gradient = gradients.get(variable.as_tensor()).map(numbers).transpose()?;
                let norm: f32 = gradient.iter().flatten().map(|value| value * value).sum();
                // A constant added to all keys leaves the attention as it is.
                assert!(
                    norm > 0.0 || name.ends_with("keys.bias"),
                    "{name} of {architecture:?} has no gradient"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn a_later_item_changes_no_earlier_state_and_nor_does_padding() -> Result<(), SequentialError> {
    for architecture in ALL {
        let network = Network::new(&config(architecture), 9, Seeds(1))?;
        let states = |rows: &[&[ItemIdx]]| -> Result<Vec<Vec<f32>>, SequentialError> {
            let (states, places) = network.encode(rows, &mut Dropout::off())?;
            let states = states.to_vec2::<f32>()?;
            Ok((0..rows[0].len()).map(|step| states[places.of(0, step)].clone()).collect())
        };
        let one = states(&[&items([1, 2, 3, 4])])?;
        let other = states(&[&items([1, 2, 3, 8])])?;
        assert_eq!(one[..3], other[..3], "{architecture:?}");
        assert_ne!(one[3], other[3]);
        let padded = states(&[&items([1, 2, 3, 4]), &items([5, 6, 7, 8, 1, 2])])?;
        for (one, padded) in one.iter().flatten().zip(padded.iter().flatten()) {
            assert!((one - padded).abs() < 1e-5, "{architecture:?}: {one} {padded}");
        }
    }
    Ok(())
}

#[test]
fn only_the_latest_items_count() -> Result<(), SequentialError> {
    for architecture in ALL {
        let network = Network::new(&config(architecture), 9, Seeds(1))?;
        let long = network.scores(&items([8, 7, 1, 2, 3, 4, 5, 6]))?;
        assert_eq!(long, network.scores(&items([1, 2, 3, 4, 5, 6]))?);
        assert_ne!(long, network.scores(&items([1, 2, 3, 4, 6, 5]))?);
    }
    Ok(())
}
