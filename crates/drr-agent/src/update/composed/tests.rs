//! The update rule against hand-computed targets and finite differences.

mod switches;

use super::*;
use crate::{ActionBase, ActionConfig, SlateReward, StateKind, UpdatePath};
use drr_core::ItemIdx;
use drr_core::{ContextIdx, EmbeddingTable, Observation, PartSet, RowDigest, RowOrigin};
use drr_learn::{ExplorationConfig, Served};
use drr_nn::AdamConfig;
use drr_replay::{Replay, ReplayConfig, ReplayKind, Sizes, Transition};
use drr_store::Values;

const DIM: usize = 2;
const WINDOW: usize = 2;

fn config(replay_action: ReplayAction, discount: f64) -> AgentConfig {
    let optimizer = AdamConfig { learning_rate: 1e-2, l2: 0.0, max_gradient_norm: 0.0 };
    AgentConfig {
        state: StateKind::DrrAve,
        features: false,
        actor_hidden: [4, 4],
        critic_hidden: [4, 4],
        action: ActionConfig { base: ActionBase::None, scale: 1.0, first_bound: 0.5 },
        replay_action,
        slate: 1,
        slate_reward: SlateReward::Mean,
        discount,
        tau: 0.5,
        batch_size: 2,
        actor_optimizer: optimizer.clone(),
        critic_optimizer: optimizer,
        actor_optimizer_schedule: None,
        critic_optimizer_schedule: None,
        served: Served::Online,
        actor_moves_state: false,
        fine_tune_items: false,
        replay: ReplayConfig { capacity: 8, sampling: ReplayKind::Uniform {} },
        exploration: ExplorationConfig::gaussian(0.0, 0.0, 1, 0.0),
        n_environments: 1,
        n_episodes: 1,
        updates_per_step: 1,
        warmup_transitions: 1,
        checkpoint_every: 1,
        validate_every: 1,
        path: UpdatePath::default(),
        critic_layer_norm: false,
        saturation_penalty: None,
        td3: None,
        anchor: None,
        refinement: None,
        conservative: None,
    }
}

fn tables() -> TrainingTables {
    let items = EmbeddingTable::new(3, DIM, vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
    let contexts = EmbeddingTable::new(1, DIM, vec![1.0, -1.0]).unwrap();
    let origin = RowOrigin { split: "s".into(), parts: PartSet::train(), digest: RowDigest::default() };
    TrainingTables::new(&items, &contexts, None, origin).unwrap()
}

/// One transition, drawn twice, so that a batch has two equal rows.
fn batch(reward: f32, terminated: bool, truncated: bool) -> Batch {
    let sizes = Sizes { history_length: WINDOW, action_dim: DIM, max_recommended: 1 };
    let replay_config = ReplayConfig { capacity: 8, sampling: ReplayKind::Uniform {} };
    let mut replay = Replay::new(&replay_config, sizes).unwrap();
    let observation = |history: &[u32]| Observation {
        context: ContextIdx(0),
        history: history.iter().copied().map(ItemIdx).collect(),
        ..Observation::default()
    };
    let transition = Transition {
        observation: observation(&[0]),
        item: ItemIdx(2),
        action: vec![0.25, -0.5],
        reward,
        next_observation: observation(&[0, 2]),
        terminated,
        truncated,
        recommended: vec![ItemIdx(2)],
    };
    replay.push(&transition).unwrap();
    replay.sample(2, &mut Seeds(1).stream("replay")).unwrap()
}

fn learner(config: &AgentConfig) -> ComposedLearner {
    ComposedLearner::new(config, &tables(), WINDOW, Seeds(3)).unwrap()
}

fn targets(learner: &mut ComposedLearner, batch: &Batch) -> Vec<f32> {
    learner.td_targets(batch, &tables()).unwrap().to_vec1().unwrap()
}

/// One update, and what it says of itself.
fn update(
    learner: &mut ComposedLearner,
    batch: &Batch,
    tables: &TrainingTables,
    step: u64,
) -> Result<UpdateReport, LearnError> {
    let mut report = UpdateReport::default();
    learner.update(batch, tables, step, &mut report)?;
    Ok(report)
}

#[test]
fn the_future_counts_past_a_time_limit_and_not_past_a_true_end() {
    for replay_action in [ReplayAction::Proto, ReplayAction::Item] {
        let mut learner = learner(&config(replay_action, 0.9));
        let ended = targets(&mut learner, &batch(0.5, true, false));
        assert_eq!(ended, [0.5, 0.5]);
        let cut = targets(&mut learner, &batch(0.5, false, true));
        let going_on = targets(&mut learner, &batch(0.5, false, false));
        assert_eq!(cut, going_on, "a time limit is no end");
        assert_ne!(cut, ended);
    }
}

#[test]
fn the_greedy_twin_never_looks_ahead() {
    assert_eq!(
        targets(&mut learner(&config(ReplayAction::Item, 0.0)), &batch(-0.5, false, false)),
        [-0.5, -0.5]
    );
}

#[test]
fn the_target_is_the_discounted_value_of_the_target_networks() {
    let mut learner = learner(&config(ReplayAction::Proto, 0.9));
    let batch = batch(1.0, false, false);
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let actions = learner.targets.actor.forward(&states).unwrap();
    let values: Vec<f32> = learner.targets.critic.forward(&states, &actions).unwrap().to_vec1().unwrap();
    let expected = 0.9_f32.mul_add(values[0], 1.0);
    assert!((targets(&mut learner, &batch)[0] - expected).abs() < 1e-6);
}

#[test]
fn the_next_item_is_neither_in_the_history_nor_already_recommended() {
    let learner = learner(&config(ReplayAction::Item, 0.9));
    let batch = batch(0.0, false, false);
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let outputs = Tensor::new(&[[1.0_f32, 0.2], [1.0, 0.2]], &Device::Cpu).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let chosen = learner.chosen_items(&batch, &next, &states, &outputs).unwrap().to_vec2::<f32>().unwrap();
    // Items 0 and 2 score higher, but 0 and 2 are in the history and 2 was recommended.
    assert!(chosen[0][0] == 0.0 && chosen[0][1] > 0.0, "{chosen:?}");
}

#[test]
fn the_critic_is_told_of_a_slate_the_mean_of_its_vectors() {
    let slates = AgentConfig { slate: 2, ..config(ReplayAction::Item, 0.9) };
    let sizes = Sizes { history_length: WINDOW, action_dim: DIM, max_recommended: 3 };
    let mut replay = Replay::new(&slates.replay, sizes).unwrap();
    let transition = Transition {
        observation: Observation::default(),
        item: ItemIdx(2),
        action: vec![0.0; 2],
        reward: 0.0,
        next_observation: Observation::default(),
        terminated: false,
        truncated: false,
        recommended: vec![ItemIdx(0), ItemIdx(2)],
    };
    replay.push(&transition).unwrap();
    let batch = replay.sample(2, &mut Seeds(1).stream("replay")).unwrap();
    let learner = learner(&slates);
    // Items (1, 0), (0, 1) and (1, 1), times the root of 6 / 4.
    let scale = 1.5_f32.sqrt();
    let replayed = learner.replayed_actions(&batch, &tables()).unwrap().to_vec2::<f32>().unwrap();
    assert!((replayed[0][0] - scale).abs() < 1e-6 && (replayed[0][1] - 0.5 * scale).abs() < 1e-6);
    // Item 1 alone is left for the next slate: a short one.
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let outputs = Tensor::new(&[[1.0_f32, 0.2], [1.0, 0.2]], &Device::Cpu).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let chosen = learner.chosen_items(&batch, &next, &states, &outputs).unwrap().to_vec2::<f32>().unwrap();
    assert!(chosen[0][0] == 0.0 && (chosen[0][1] - scale).abs() < 1e-6, "{chosen:?}");
    // Nothing was recommended, so the best two are, (1, 0) and (1, 1).
    let fresh = Transition { recommended: Vec::new(), ..transition };
    replay.push(&fresh).unwrap();
    let mut random = Seeds(1).stream("replay");
    let batch = std::iter::repeat_with(|| replay.sample(1, &mut random).unwrap())
        .find(|batch| batch.recommended(0).is_empty())
        .unwrap();
    let next = Inputs::sampled(&batch, Side::Next, &tables(), WINDOW).unwrap();
    let outputs = Tensor::new(&[[1.0_f32, 0.2]], &Device::Cpu).unwrap();
    let states = learner.targets.states(&next).unwrap();
    let chosen = learner.chosen_items(&batch, &next, &states, &outputs).unwrap().to_vec2::<f32>().unwrap();
    assert!((chosen[0][0] - scale).abs() < 1e-6 && (chosen[0][1] - 0.5 * scale).abs() < 1e-6, "{chosen:?}");
}

#[test]
fn targets_start_as_copies_and_follow_by_tau() {
    let mut learner = learner(&config(ReplayAction::Proto, 0.9));
    let before = learner.online.to_arrays("").unwrap();
    assert_eq!(before, learner.targets.to_arrays("").unwrap());
    update(&mut learner, &batch(1.0, false, false), &tables(), 0).unwrap();
    let after = learner.online.to_arrays("").unwrap();
    let values = |array: &NamedArray| match &array.values {
        Values::F32(values) => values.clone(),
        other => panic!("{other:?}"),
    };
    for ((old, new), target) in before.iter().zip(&after).zip(&learner.targets.to_arrays("").unwrap()) {
        for ((old, new), target) in values(old).iter().zip(values(new)).zip(values(target)) {
            assert!((target - f32::midpoint(*old, new)).abs() < 1e-6, "tau is one half");
        }
    }
}

#[test]
fn an_update_moves_the_state_module_and_brings_the_value_nearer() {
    let mut learner = learner(&config(ReplayAction::Proto, 0.0));
    let position = |learner: &ComposedLearner| -> Vec<f32> {
        let found =
            learner.online.critic_parameters.iter().find(|(name, _)| *name == "state.position_weights");
        found.unwrap().1.to_vec1().unwrap()
    };
    let before = position(&learner);
    let batch = batch(1.0, false, false);
    let first = update(&mut learner, &batch, &tables(), 0).unwrap();
    let mut last = first.clone();
    for step in 0..100 {
        last = update(&mut learner, &batch, &tables(), step).unwrap();
    }
    assert_ne!(before, position(&learner));
    assert!(last.critic_loss < 0.01 * first.critic_loss, "{} {}", first.critic_loss, last.critic_loss);
    assert!(last.td_errors[0].abs() < 0.1 * first.td_errors[0].abs());
}

/// The mean value of the actor's own actions when one of its parameters is moved.
fn policy_value(learner: &ComposedLearner, inputs: &Inputs) -> f64 {
    let states = learner.online.states(inputs).unwrap();
    let outputs = learner.online.actor.forward(&states).unwrap();
    let actions = learner.critic_action(inputs, &outputs).unwrap();
    let value = learner.online.critic.forward(&states, &actions).unwrap().mean_all().unwrap();
    f64::from(value.to_scalar::<f32>().unwrap())
}

#[test]
fn the_actor_gradient_equals_finite_differences_through_the_critic() {
    for replay_action in [ReplayAction::Proto, ReplayAction::Item] {
        let learner = learner(&config(replay_action, 0.9));
        let inputs = Inputs::sampled(&batch(1.0, false, false), Side::Now, &tables(), WINDOW).unwrap();
        let states = learner.online.states(&inputs).unwrap().detach();
        let outputs = learner.online.actor.forward(&states).unwrap();
        let actions = learner.critic_action(&inputs, &outputs).unwrap();
        let value = learner.online.critic.detached().forward(&states, &actions).unwrap().mean_all().unwrap();
        let gradients = value.backward().unwrap();
        let (_, bias) =
            learner.online.actor_parameters.iter().find(|(name, _)| *name == "actor.last.bias").unwrap();
        let gradient: Vec<f32> = gradients.get(bias.as_tensor()).unwrap().to_vec1().unwrap();
        let start: Vec<f32> = bias.to_vec1().unwrap();
        for at in 0..DIM {
            let moved = |shift: f32| {
                let mut values = start.clone();
                values[at] += shift;
                bias.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
                policy_value(&learner, &inputs)
            };
            let difference = (moved(0.05) - moved(-0.05)) / 0.1;
            moved(0.0);
            let scale = difference.abs().max(1e-5);
            assert!((f64::from(gradient[at]) - difference).abs() < 0.05 * scale, "{gradient:?} {difference}");
        }
        assert!(
            learner.online.critic_parameters.iter().all(|(_, var)| gradients.get(var.as_tensor()).is_none())
        );
    }
}

#[test]
fn a_value_that_is_not_finite_stops_with_the_step() {
    let mut learner = learner(&config(ReplayAction::Proto, 0.9));
    let mut batch = batch(1.0, false, false);
    batch.rewards[0] = f32::INFINITY;
    let error = update(&mut learner, &batch, &tables(), 77).unwrap_err().to_string();
    assert!(error.contains("environment step 77") && error.contains("critic"), "{error}");
}
