//! The competitor and the loss by hand.

use super::*;

fn config(pairwise_weight: f64) -> DeersConfig {
    DeersConfig {
        state_hidden: 2,
        hidden: 2,
        n_candidates: 4,
        pairwise_weight,
        pairwise_margin: 2.0,
        tau: 0.1,
        epsilon: drr_learn::Schedule::Linear { start: 1.0, end: 0.0, steps: 10 },
    }
}

fn some(values: &[f32]) -> Tensor {
    Tensor::from_slice(values, values.len(), &Device::Cpu).unwrap()
}

#[test]
fn the_loss_is_the_squared_error_less_the_bounded_distance_to_the_competitor() {
    // Errors 1, 4, 9; distances 1, 9 (bounded to 4), 1 (no competitor).
    let (targets, values) = (some(&[1.0, 3.0, 4.0]), some(&[0.0, 1.0, 1.0]));
    let (competitors, present) = (some(&[1.0, 4.0, 0.0]), some(&[1.0, 1.0, 0.0]));
    let loss = loss(&targets, &values, &competitors, &present, &config(0.5)).unwrap();
    let expected = (14.0 - 0.5 * (1.0 + 4.0)) / 3.0;
    assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-6);
}

#[test]
fn beyond_the_margin_the_pairwise_term_has_no_gradient() {
    let values = candle_core::Var::from_vec(vec![0.0_f32, 0.0], 2, &Device::Cpu).unwrap();
    let competitors = some(&[3.0, 1.0]);
    let loss = loss(&some(&[0.0, 0.0]), &values, &competitors, &some(&[1.0, 1.0]), &config(0.5)).unwrap();
    let gradients = loss.backward().unwrap();
    // The second: -alpha * 2 (Q - Q_E) / B = -0.5 * 2 * (-1) / 2.
    assert_eq!(gradients.get(values.as_tensor()).unwrap().to_vec1::<f32>().unwrap(), [0.0, 0.5]);
}

#[test]
fn the_competitor_has_the_opposite_feedback_and_is_of_the_session_first_and_then_the_most_similar() {
    let table = EmbeddingTable::new(4, 2, vec![1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.5, 0.5]).unwrap();
    let before = Situation {
        liked: vec![ItemIdx(3)],
        disliked: vec![ItemIdx(2), ItemIdx(3), ItemIdx(1)],
        ..Situation::default()
    };
    let liked = |recommended: &[u32], reward: f32| Experience {
        before: before.clone(),
        items: vec![ItemIdx(0)],
        rewards: vec![reward],
        recommended: recommended.iter().map(|item| ItemIdx(*item)).collect(),
        ..Experience::default()
    };
    assert_eq!(competitor(&liked(&[0], 1.0), &table), Some(ItemIdx(1)), "the most similar of the window");
    assert_eq!(competitor(&liked(&[2, 3, 0], 1.0), &table), Some(ItemIdx(3)), "of the session first");
    assert_eq!(competitor(&liked(&[0], 0.0), &table), Some(ItemIdx(3)), "a liked one for a disliked one");
    let nothing = Experience { before: Situation::default(), ..liked(&[0], 1.0) };
    assert_eq!(competitor(&nothing, &table), None);
}
