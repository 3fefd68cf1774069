//! The optional parts of the update against values computed by hand.

use super::*;
use crate::{AgentError, AnchorConfig, ConservativeConfig, RefinementConfig, Td3Config};
use drr_learn::LearnError;

fn td3(policy_delay: u64, target_noise: f32, target_noise_clip: f32) -> AgentConfig {
    let td3 = Some(Td3Config { policy_delay, target_noise, target_noise_clip });
    AgentConfig { td3, critic_layer_norm: true, ..config(ReplayAction::Proto, 0.9) }
}

fn targets(learner: &mut ComposedLearner, batch: &Batch) -> Vec<f32> {
    learner.td_targets(batch, &tables()).unwrap().to_vec1().unwrap()
}

#[test]
fn the_target_takes_the_lesser_of_both_twins() {
    let mut learner = learner(&td3(1, 0.0, 0.0));
    let batch = batch(1.0, false, false);
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let actions = learner.targets.actor.forward(&states).unwrap();
    let values: Vec<f32> = learner
        .targets
        .critics()
        .map(|critic| critic.forward(&states, &actions).unwrap().to_vec1::<f32>().unwrap()[0])
        .collect();
    assert_eq!(values.len(), 2);
    assert_ne!(values[0], values[1], "the twins start apart");
    let expected = 0.9_f32.mul_add(values[0].min(values[1]), 1.0);
    assert!((targets(&mut learner, &batch)[0] - expected).abs() < 1e-6);
}

#[test]
fn the_noise_of_the_target_is_cut_and_drawn_anew() {
    let mut learner = learner(&td3(1, 10.0, 0.25));
    let noise = learner.draws.noise(100, 10.0, 0.25);
    assert!(noise.iter().all(|value| value.abs() <= 0.25) && noise.contains(&0.25));
    let batch = batch(1.0, false, false);
    assert_ne!(targets(&mut learner, &batch), targets(&mut learner, &batch));
}

#[test]
fn actor_and_targets_wait_for_the_delay_and_both_critics_do_not() {
    let mut learner = learner(&td3(2, 0.1, 0.2));
    let arrays = |learner: &ComposedLearner| {
        let actor = learner.online.actor_parameters.to_arrays("").unwrap();
        let critics = learner.online.critic_parameters.to_arrays("").unwrap();
        (actor, critics, learner.targets.to_arrays("").unwrap())
    };
    let before = arrays(&learner);
    update(&mut learner, &batch(1.0, false, false), &tables(), 0).unwrap();
    let first = arrays(&learner);
    assert_eq!((&before.0, &before.2), (&first.0, &first.2));
    for name in ["critic.joint.weight", "twin.joint.weight", "twin.joint_norm.gain"] {
        let found = |arrays: &[NamedArray]| arrays.iter().find(|array| array.name == name).unwrap().clone();
        assert_ne!(found(&before.1), found(&first.1), "{name}");
    }
    update(&mut learner, &batch(1.0, false, false), &tables(), 1).unwrap();
    let second = arrays(&learner);
    assert_ne!(first.0, second.0);
    assert_ne!(first.2, second.2);
    let names: Vec<String> = learner.to_arrays().unwrap().into_iter().map(|array| array.name).collect();
    for name in ["online.twin.last.weight", "target.twin.last.weight", "critic_optimizer.m.twin.last.weight"]
    {
        assert!(names.iter().any(|it| it == name), "{name}");
    }
}

#[test]
fn saturation_counts_from_an_output_of_nine_tenths() {
    let before_tanh = Tensor::new(&[[2.0_f32, -2.0, 1.4, 0.0]], &Device::Cpu).unwrap();
    let expected = 2.0 * (2.0 - 0.9_f64.atanh()).powi(2) / 4.0;
    let found = scalar(&saturation(&before_tanh).unwrap()).unwrap();
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
}

#[test]
fn the_anchor_alone_brings_the_action_to_the_open_positive() {
    let anchor = AnchorConfig { weight: 1.0, temperature: 1.0, n_positives: 2, value_weight: 0.0 };
    let config = AgentConfig { anchor: Some(anchor), ..config(ReplayAction::Item, 0.9) };
    let tables = || tables().with_positives(vec![vec![ItemIdx(0), ItemIdx(1)]]).unwrap();
    let mut learner = ComposedLearner::new(&config, &tables(), WINDOW, Seeds(3)).unwrap();
    // Item 0 is in the history, so item 1 alone is open.
    let batch = batch(-1.0, false, false);
    let reports: Vec<_> =
        (0..200).map(|step| update(&mut learner, &batch, &tables(), step).unwrap()).collect();
    let value =
        |at: usize, name: &str| reports[at].terms.iter().find(|it| it.0 == name).map(|it| it.1).unwrap();
    assert!(value(199, "anchor_loss") < 0.8 * value(0, "anchor_loss"));
    assert!((value(0, "anchored_share") - 1.0).abs() < 1e-12);
    let inputs = Inputs::sampled(&batch, Side::Now, &tables(), WINDOW).unwrap();
    let action = learner.online.actor.forward(&learner.online.states(&inputs).unwrap()).unwrap();
    let action = action.to_vec2::<f32>().unwrap()[0].clone();
    // The third item is the sum of the others: the second wins where the first coordinate is below zero.
    assert!(action[1] > 0.5 && action[0] < -0.5, "{action:?}");
    let refused = ComposedLearner::new(&config, &super::tables(), WINDOW, Seeds(3));
    assert!(matches!(refused, Err(LearnError::Settings(_))));
}

#[test]
fn without_a_value_term_the_critic_moves_neither_the_actor_nor_its_state() {
    let moved = |value_weight: f32, actor_moves_state: bool, reward: f32| {
        let anchor = AnchorConfig { weight: 1.0, temperature: 1.0, n_positives: 2, value_weight };
        let config = AgentConfig { actor_moves_state, ..config(ReplayAction::Item, 0.9) };
        let config = AgentConfig {
            anchor: Some(anchor),
            critic_layer_norm: true,
            td3: td3(1, 0.0, 0.0).td3,
            ..config
        };
        let tables = tables().with_positives(vec![vec![ItemIdx(0), ItemIdx(1)]]).unwrap();
        let mut learner = ComposedLearner::new(&config, &tables, WINDOW, Seeds(3)).unwrap();
        let arrays = |learner: &ComposedLearner| {
            let state = learner.online.critic_parameters.to_arrays("").unwrap();
            let state: Vec<_> = state.into_iter().filter(|it| it.name.starts_with("state.")).collect();
            (learner.online.actor_parameters.to_arrays("").unwrap(), state)
        };
        let before = arrays(&learner).1;
        for step in 0..5 {
            update(&mut learner, &batch(reward, false, false), &tables, step).unwrap();
        }
        let after = arrays(&learner);
        (after.1 != before, after)
    };
    // Another reward is another critic.
    let (moves, alone) = moved(0.0, false, 1.0);
    assert!(!moves && alone == moved(0.0, false, -1.0).1);
    let (moves, by_anchor) = moved(0.0, true, 1.0);
    assert!(moves && by_anchor == moved(0.0, true, -1.0).1);
    let (moves, with_value) = moved(1.0, false, 1.0);
    let (_, other) = moved(1.0, false, -1.0);
    assert!(moves && with_value.0 != other.0 && with_value.1 != other.1);
}

#[test]
fn the_next_item_is_the_one_that_the_target_critic_prefers() {
    let refinement = Some(RefinementConfig { neighbours: 1.0, serve: true, weight: 1.0 });
    let learner = learner(&AgentConfig { refinement, ..config(ReplayAction::Item, 0.9) });
    let mut batch = batch(0.0, false, false);
    // Nothing in the history: items 0 and 1 are open, item 2 was recommended.
    batch.next_observations.lengths = vec![0, 0];
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let outputs = learner.targets.actor.forward(&states).unwrap();
    let chosen = learner.chosen_items(&batch, &next, &states, &outputs).unwrap();
    let best = learner.targets.values(&states, &chosen).unwrap().to_vec1::<f32>().unwrap()[0];
    for item in 0..2 {
        let vectors = learner.targets.items.narrow(0, item, 1).unwrap().repeat((2, 1)).unwrap();
        let value = learner.targets.values(&states, &vectors).unwrap().to_vec1::<f32>().unwrap()[0];
        assert!(best >= value, "{item}: {best} {value}");
    }
}

#[test]
fn what_is_not_set_is_not_written_and_what_does_not_fit_is_refused() {
    let plain = config(ReplayAction::Proto, 0.9);
    let text = serde_json::to_string(&plain).unwrap();
    for name in ["td3", "critic_layer_norm", "anchor", "refinement", "conservative", "saturation_penalty"] {
        assert!(!text.contains(name), "{text}");
    }
    assert_eq!(serde_json::from_str::<AgentConfig>(&text).unwrap(), plain);
    let conservative = Some(ConservativeConfig { weight: 1.0, n_items: 2 });
    let asks = AgentConfig { conservative, ..plain.clone() };
    assert!(matches!(asks.check(), Err(AgentError::Settings(_))));
    assert!(AgentConfig { replay_action: ReplayAction::Item, ..asks }.check().is_ok());
    let message = AgentConfig { td3: td3(0, 0.0, 0.0).td3, ..plain }.check().unwrap_err().to_string();
    assert!(message.contains("td3.policy_delay"), "{message}");
}
