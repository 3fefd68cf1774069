//! The full backup of the learner, the model of the outcomes, and what the one gains by the other.

use super::*;
use crate::situation::Situation;
use crate::systems::dpg_fbe::networks::Outlook;
use crate::{RivalConfig, ScheduleConfig, SystemConfig};
use drr_core::{ContextIdx, PartSet, RowDigest, RowOrigin};
use drr_learn::{ExplorationConfig, TrainingTables};

/// What follows item 0 and item 1: conversion, continuation, abandonment, and the rewards with and without conversion.
const KNOWN: [[f32; 5]; 2] = [[0.7, 0.2, 0.1, 1.0, -0.5], [0.2, 0.5, 0.3, 0.4, -1.0]];

fn own() -> DpgFbeConfig {
    DpgFbeConfig {
        hidden: 16,
        tau: 0.1,
        actor_learning_rate: 1e-3,
        actor_l2: 0.0,
        base_scale: 0.0,
        model_updates: 0,
        exploration: ExplorationConfig::gaussian(1.0, 0.1, 10, 0.5),
        ends_at_conversion: false,
    }
}

fn config(discount: f64) -> RivalConfig {
    RivalConfig {
        discount,
        batch_size: 64,
        optimizer: AdamConfig { learning_rate: 3e-3, l2: 0.0, max_gradient_norm: 5.0 },
        schedule: ScheduleConfig {
            n_environments: 1,
            n_episodes: 1,
            updates_per_step: 1,
            warmup: 1,
            capacity: 10,
            checkpoint_every: 1,
            validate_every: 1,
        },
        system: SystemConfig::DpgFbe(own()),
    }
}

fn world() -> RivalWorld {
    let items = EmbeddingTable::new(3, 2, vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
    let contexts = EmbeddingTable::new(1, 2, vec![1.0, -1.0]).unwrap();
    let origin = RowOrigin { split: "toy".into(), parts: PartSet::train(), digest: RowDigest::default() };
    RivalWorld::new(TrainingTables::new(&items, &contexts, None, origin).unwrap(), vec![Vec::new()]).unwrap()
}

fn learner(world: &RivalWorld, own: &DpgFbeConfig, discount: f64) -> DpgFbe {
    let config = config(discount);
    let parts = Parts { config: &config, items: world.tables.items(), history_length: 2 };
    let learner = DpgFbe::new(own, parts, Seeds(5)).unwrap();
    // A target critic of notable values: its last layer starts near zero.
    for (name, tensor) in [("critic.last.weight", 0.5), ("critic.last.bias", 0.8)] {
        let arrays = learner.targets.critic_parameters.to_arrays("").unwrap();
        let mut array = arrays.into_iter().find(|array| array.name == name).unwrap();
        let Values::F32(values) = &mut array.values else { panic!("single precision") };
        values.fill(tensor);
        let mut all = learner.targets.critic_parameters.to_arrays("").unwrap();
        all.retain(|other| other.name != name);
        all.push(array);
        learner.targets.critic_parameters.load_arrays("", &all).unwrap();
    }
    learner
}

fn before() -> Situation {
    Situation { context: ContextIdx(0), liked: vec![ItemIdx(2)], n_accepted: 0, disliked: Vec::new() }
}

/// An experience of the known world.
fn draw(item: usize, random: &mut RandomStream) -> Experience {
    let [conversion, continuation, _, deal, refusal] = KNOWN[item];
    let at: f32 = random.random();
    let item = ItemIdx::from(item);
    let accepted = at < conversion;
    Experience {
        before: before(),
        items: vec![item],
        rewards: vec![if accepted { deal } else { refusal }],
        after: if accepted { converted(&before(), item, 2) } else { before() },
        terminated: at >= conversion + continuation,
        recommended: vec![item],
        action: vec![0.3, -0.2],
    }
}

/// The targets of experiences, as the update computes them.
fn backups(learner: &DpgFbe, world: &RivalWorld, batch: &[&Experience]) -> Vec<f32> {
    let (states, items, views) = inputs(learner, world, batch);
    learner.full_backups(world, batch, &states, &items, views).unwrap()
}

fn inputs(learner: &DpgFbe, world: &RivalWorld, batch: &[&Experience]) -> (Tensor, Tensor, Vec<View>) {
    let views: Vec<View> = batch.iter().map(|it| world.view(&it.before)).collect();
    let states = states_of(views.iter(), &learner.items, learner.window).unwrap();
    let items = learner.vectors(batch.iter().map(|it| it.items[0])).unwrap();
    (states, items, views)
}

#[test]
fn the_full_backup_is_the_sum_over_the_outcomes_not_the_one_that_happened() {
    let world = world();
    let refused = Experience {
        before: before(),
        items: vec![ItemIdx(1)],
        rewards: vec![-0.5],
        action: vec![0.3, -0.2],
        ..Experience::default()
    };
    let ended = Experience { terminated: true, ..refused.clone() };
    let batch = [&refused, &ended];
    for (discount, ends_at_conversion) in [(0.9, false), (0.9, true), (0.0, false)] {
        let own = DpgFbeConfig { ends_at_conversion, ..own() };
        let learner = learner(&world, &own, discount);
        let (states, items, _) = inputs(&learner, &world, &batch);
        let Outlook { conversion, continuation, abandonment, deal, refusal } =
            learner.model.outlooks(&states, &items).unwrap()[0];
        assert!((conversion + continuation + abandonment - 1.0).abs() < 1e-6);
        let after = [converted(&before(), ItemIdx(1), 2), before()].map(|it| world.view(&it));
        let values = learner.next_values(&after).unwrap();
        assert!(values.iter().all(|value| *value > 0.1), "{values:?}");
        let gamma = learner.discount;
        let plus = if ends_at_conversion { 0.0 } else { values[0] };
        let rewards = conversion * deal + (continuation + abandonment) * refusal;
        let expected = [rewards + gamma * (conversion * plus + continuation * values[1]), rewards];
        let found = backups(&learner, &world, &batch);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected} at discount {discount}");
        }
    }
}

#[test]
fn the_model_finds_the_probabilities_and_rewards_of_a_known_world() {
    let world = world();
    let mut learner = learner(&world, &own(), 0.9);
    let mut random = Seeds(3).stream("known");
    for _ in 0..800 {
        let batch: Vec<Experience> = (0..128).map(|at| draw(at % 2, &mut random)).collect();
        let batch: Vec<&Experience> = batch.iter().collect();
        let (states, items, _) = inputs(&learner, &world, &batch);
        learner.update_model(&batch, &states, &items).unwrap();
    }
    let both = [draw(0, &mut random), draw(1, &mut random)];
    let (states, items, _) = inputs(&learner, &world, &[&both[0], &both[1]]);
    let found = learner.model.outlooks(&states, &items).unwrap();
    for (found, known) in found.iter().zip(KNOWN) {
        let Outlook { conversion, continuation, abandonment, deal, refusal } = *found;
        let found = [conversion, continuation, abandonment, deal, refusal];
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 0.07), "{found:?} is not {known:?}");
    }
}

#[test]
fn the_full_backup_varies_less_than_the_target_of_what_happened() {
    let world = world();
    let mut learner = learner(&world, &own(), 0.9);
    let mut random = Seeds(4).stream("known");
    let (mut full, mut sampled) = (Vec::new(), Vec::new());
    for update in 0..900 {
        let batch: Vec<Experience> = (0..64).map(|_| draw(0, &mut random)).collect();
        let batch: Vec<&Experience> = batch.iter().collect();
        let (states, items, _) = inputs(&learner, &world, &batch);
        learner.update_model(&batch, &states, &items).unwrap();
        if update < 500 {
            continue;
        }
        let after: Vec<View> = batch.iter().map(|it| world.view(&it.after)).collect();
        let values = learner.next_values(&after).unwrap();
        let happened = batch.iter().zip(values).map(|(it, value)| {
            let goes_on = f32::from(u8::from(!it.terminated));
            it.rewards[0] + learner.discount * goes_on * value
        });
        sampled.push(happened.sum::<f32>() / 64.0);
        // Each outcome's own end is known here, so only rows that go on are compared with the model's own end.
        let going: Vec<&Experience> = batch.iter().copied().filter(|it| !it.terminated).collect();
        let targets = backups(&learner, &world, &going);
        full.push(targets.iter().sum::<f32>() / targets.len() as f32);
    }
    let (full_mean, full_variance) = moments(&full);
    let (mean, variance) = moments(&sampled);
    assert!((full_mean - mean).abs() < 0.05, "{full_mean} and {mean} expect the same");
    assert!(full_variance < 0.5 * variance, "{full_variance} is not far below {variance}");
}

/// Mean and variance.
fn moments(values: &[f32]) -> (f32, f32) {
    let n = values.len() as f32;
    let mean = values.iter().sum::<f32>() / n;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / n)
}

#[test]
fn on_a_base_the_weights_start_near_the_users_vector() {
    let world = world();
    let learner = learner(&world, &DpgFbeConfig { base_scale: 1.5, ..own() }, 0.9);
    let view = world.view(&before());
    let states = states_of(std::iter::once(&view), &learner.items, learner.window).unwrap();
    let weights = learner.online.actor.forward(&states).unwrap().to_vec2::<f32>().unwrap();
    let near = |(weight, user): (&f32, &f32)| (weight - 1.5 * user).abs() < 0.05;
    assert!(weights[0].iter().zip(&view.vector).all(near), "{weights:?} and {:?}", view.vector);
}
