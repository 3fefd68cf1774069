//! One step and one update, written out with the operations of `drr-kernels`.

use super::{DIM, WINDOW, assert_close, floats, ids};
use crate::state::user;
use drr_core::Seeds;
use drr_device::{
    Buffer, Counters, Executor, Exploration, OptimizerConfig, TrainConfig, TrainLoop, TrainTables, normal,
    philox, uniform,
};
use drr_kernels::adam::{AdamStep, Moving, soft_update, sum_of_squares};
use drr_kernels::mlp::{Mlp, Wanted, Workspace};
use drr_kernels::{DrrShapes, Panels, TopK, state};
use rand::RngCore;
use std::ops::Range;

/// Parameters with their targets and moments.
struct Moved {
    value: Vec<f32>,
    target: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moved {
    fn new(value: Vec<f32>) -> Self {
        let zeros = vec![0.0; value.len()];
        Self { target: value.clone(), value, first: zeros.clone(), second: zeros }
    }

    fn step(
        &mut self,
        config: &OptimizerConfig,
        gradients: &[f32],
        decayed: &[Range<usize>],
        tau: f32,
        update: u64,
    ) {
        let norm = sum_of_squares(gradients).sqrt();
        let step = AdamStep::new(config.learning_rate, norm, config.max_gradient_norm, update);
        for at in 0..gradients.len() {
            let l2 = if decayed.iter().any(|range| range.contains(&at)) { config.l2 } else { 0.0 };
            let moving = Moving {
                parameters: &mut self.value[at..=at],
                gradients: &gradients[at..=at],
                first: &mut self.first[at..=at],
                second: &mut self.second[at..=at],
            };
            step.apply(l2, moving);
        }
        soft_update(&mut self.target, &self.value, tau);
    }

    fn compare(&self, what: &str, [value, target]: [Buffer; 2], executor: &mut dyn Executor) {
        assert_close(what, &floats(executor, value), &self.value, 1e-4);
        assert_close(what, &floats(executor, target), &self.target, 1e-4);
    }
}

/// Contexts, histories and numbers of accepted items.
struct Rows {
    contexts: Vec<u32>,
    histories: Vec<u32>,
    n_accepted: Vec<u32>,
}

impl Rows {
    fn read([contexts, histories, n_accepted]: [Buffer; 3], executor: &mut dyn Executor) -> Self {
        let (contexts, histories) = (ids(executor, contexts), ids(executor, histories));
        Self { contexts, histories, n_accepted: ids(executor, n_accepted) }
    }

    fn picked(&self, slots: &[usize]) -> Self {
        let pick = |values: &[u32], width: usize| {
            slots.iter().flat_map(|slot| values[slot * width..][..width].to_vec()).collect()
        };
        Self {
            contexts: pick(&self.contexts, 1),
            histories: pick(&self.histories, WINDOW),
            n_accepted: pick(&self.n_accepted, 1),
        }
    }

    fn history(&self, row: usize) -> &[u32] {
        let padded = &self.histories[row * WINDOW..][..WINDOW];
        &padded[..padded.iter().position(|item| *item == u32::MAX).unwrap_or(WINDOW)]
    }
}

pub struct Reference<'a> {
    config: &'a TrainConfig,
    tables: &'a TrainTables<'a>,
    shapes: DrrShapes,
    actor: Moved,
    critic: Moved,
    n_updates: u64,
}

impl<'a> Reference<'a> {
    pub fn new(config: &'a TrainConfig, tables: &'a TrainTables<'a>, [actor, critic]: [Vec<f32>; 2]) -> Self {
        let shapes = config.shapes(DIM, WINDOW);
        Self { config, tables, shapes, actor: Moved::new(actor), critic: Moved::new(critic), n_updates: 0 }
    }

    fn states(&self, rows: &Rows, critic: &[f32]) -> Panels {
        let mut states = Panels::zeros(rows.contexts.len(), 3 * DIM);
        for row in 0..rows.contexts.len() {
            let history = rows.history(row);
            let accepted = &history[history.len() - rows.n_accepted[row] as usize..];
            let context = &self.tables.contexts[rows.contexts[row] as usize * DIM..][..DIM];
            let user = user(true, context, accepted, self.tables.items);
            let weights = &critic[self.shapes.position_weights.clone()];
            state::DrrAve::new(DIM).forward(self.tables.items, weights, &user, history, row, &mut states);
        }
        states
    }

    /// A pass of a network over states, and over actions where it takes them.
    fn pass(mlp: &Mlp, parameters: &[f32], states: &Panels, actions: Option<&[f32]>) -> Workspace {
        let mut workspace = mlp.workspace();
        workspace.resize(states.n_rows());
        workspace.inputs_mut(0).values_mut().copy_from_slice(states.values());
        for (row, action) in actions.into_iter().flat_map(|it| it.chunks_exact(DIM)).enumerate() {
            let first = mlp.layers()[0].n_out;
            workspace.inputs_mut(1).write_row(row, first, action);
        }
        mlp.forward(parameters, &mut workspace);
        workspace
    }

    fn compose(&self, states: &Panels, outputs: &[f32]) -> Vec<f32> {
        let rows = states.to_rows();
        let base = |at: usize| {
            if self.config.base_is_user { rows[at / DIM * 3 * DIM + at % DIM] } else { 0.0 }
        };
        outputs.iter().enumerate().map(|(at, output)| base(at) + self.config.scale * output).collect()
    }

    fn best(&self, actions: &[f32], is_allowed: impl Fn(usize, u32) -> bool + Sync) -> Vec<u32> {
        let mut search = TopK::new(1);
        search.search(self.tables.items, &Panels::from_rows(actions, DIM), is_allowed);
        let best =
            |row| search.best(row).expect("the device does as the CPU").next().map_or(u32::MAX, |it| it.item);
        (0..actions.len() / DIM).map(best).collect()
    }

    /// Steps the device once; what it recommended must be what the same noise leads to here.
    pub fn check_collect(&self, train: &TrainLoop, seeds: Seeds, executor: &mut dyn Executor) {
        let environments = &train.environments;
        let observed = [environments.contexts, environments.histories, environments.n_accepted];
        let rows = Rows::read(observed, executor);
        let barred = ids(executor, environments.barred);
        let before = Counters::read(executor, train.counters).expect("the device does as the CPU");
        let states = self.states(&rows, &self.critic.value);
        let workspace = Self::pass(&self.shapes.actor, &self.actor.value, &states, None);
        let mut outputs = self.shapes.actor.outputs(&workspace).to_rows();
        let Exploration { epsilon_start, epsilon_end, decay_steps, noise } = self.config.exploration;
        let done = (before.steps as f64 / decay_steps as f64).min(1.0);
        let epsilon = epsilon_start + (epsilon_end - epsilon_start) * done;
        let seed = seeds.stream("device_exploration").next_u64();
        for (row, output) in outputs.chunks_exact_mut(DIM).enumerate() {
            let decision = philox(seed, before.steps, row as u32, u32::MAX);
            if uniform(decision[0], decision[1]) < epsilon {
                for (at, value) in output.iter_mut().enumerate() {
                    let draw = philox(seed, before.steps, row as u32, at as u32);
                    *value = (*value + noise * normal(draw[0], draw[1])).clamp(-1.0, 1.0);
                }
            }
        }
        let actions = self.compose(&states, &outputs);
        let n_words = barred.len() / rows.contexts.len();
        let expected = self
            .best(&actions, |row, item| barred[row * n_words + item as usize / 32] >> (item % 32) & 1 == 0);
        executor.run(&train.collect, 1).expect("the device does as the CPU");
        assert_eq!(ids(executor, train.chosen), expected);
        let stored = floats(executor, train.ring.actions);
        for (nth, output) in outputs.chunks_exact(DIM).enumerate() {
            let slot = (before.position as usize + nth) % train.ring.capacity;
            assert_close("outputs", &stored[slot * DIM..][..DIM], output, 1e-4);
        }
    }

    /// Updates the device once, and does the same here with the batch that it drew.
    pub fn check_update(&mut self, train: &TrainLoop, executor: &mut dyn Executor) {
        executor.run(&train.update, 1).expect("the device does as the CPU");
        let ring = &train.ring;
        let slots: Vec<usize> = ids(executor, train.learner.slots).iter().map(|it| *it as usize).collect();
        let now = Rows::read([ring.contexts, ring.before, ring.n_before], executor).picked(&slots);
        let next = Rows::read([ring.contexts, ring.after, ring.n_after], executor).picked(&slots);
        let next_values = self.next_values(&next, &slots, ring.recommended, executor);
        let (rewards, ended) = (floats(executor, ring.rewards), ids(executor, ring.terminated));
        let pick = |(row, slot): (usize, &usize)| {
            let discount = if ended[*slot] == 1 { 0.0 } else { self.config.discount };
            rewards[*slot] + discount * next_values[row]
        };
        let targets: Vec<f32> = slots.iter().enumerate().map(pick).collect();
        let told = self.told(&slots, train, executor);
        let weights = floats(executor, train.learner.weights);
        let states = self.states(&now, &self.critic.value);
        self.n_updates += 1;
        let errors = self.move_critic(&states, &now, &told, &targets, &weights);
        assert_close("TD errors", &floats(executor, train.learner.td_errors), &errors, 1e-4);
        let mean_value = self.move_actor(&states);
        let metrics = train.metrics(executor).expect("the device does as the CPU");
        assert!((metrics.mean_value - mean_value).abs() < 1e-4, "{} {mean_value}", metrics.mean_value);
        let learner = &train.learner;
        self.critic.compare("critic", [learner.critic, learner.target_critic], executor);
        self.actor.compare("actor", [learner.actor, learner.target_actor], executor);
        let nodes = executor
            .read(train.priorities.nodes)
            .expect("the device does as the CPU")
            .into_f64()
            .expect("the device does as the CPU");
        let last = (f64::from(errors[errors.len() - 1]).abs() + 1e-6).powf(0.6);
        assert!((nodes[nodes.len() / 2 + slots[slots.len() - 1]] - last).abs() < 1e-3);
    }

    fn told(&self, slots: &[usize], train: &TrainLoop, executor: &mut dyn Executor) -> Vec<f32> {
        let (items, actions) = (ids(executor, train.ring.items), floats(executor, train.ring.actions));
        let row = |slot: &usize| {
            let (table, at) = if self.config.tells_item {
                (self.tables.items, items[*slot] as usize)
            } else {
                (&actions[..], *slot)
            };
            table[at * DIM..][..DIM].to_vec()
        };
        slots.iter().flat_map(row).collect()
    }

    fn next_values(
        &self,
        next: &Rows,
        slots: &[usize],
        recommended: Buffer,
        executor: &mut dyn Executor,
    ) -> Vec<f32> {
        let states = self.states(next, &self.critic.target);
        let workspace = Self::pass(&self.shapes.actor, &self.actor.target, &states, None);
        let mut actions = self.shapes.actor.outputs(&workspace).to_rows();
        if self.config.tells_item {
            let taken = ids(executor, recommended);
            let width = super::HORIZON;
            let composed = self.compose(&states, &actions);
            let best = self.best(&composed, |row, item| {
                !next.history(row).contains(&item) && !taken[slots[row] * width..][..width].contains(&item)
            });
            let vector = |item: &u32| self.tables.items[*item as usize * DIM..][..DIM].to_vec();
            actions = best.iter().flat_map(vector).collect();
        }
        let workspace = Self::pass(&self.shapes.critic, &self.critic.target, &states, Some(&actions));
        self.shapes.critic.outputs(&workspace).to_rows()
    }

    fn move_critic(
        &mut self,
        states: &Panels,
        now: &Rows,
        told: &[f32],
        targets: &[f32],
        weights: &[f32],
    ) -> Vec<f32> {
        let Self { shapes, critic, config, tables, .. } = self;
        let mut workspace = Self::pass(&shapes.critic, &critic.value, states, Some(told));
        let values = shapes.critic.outputs(&workspace).to_rows();
        let errors: Vec<f32> = targets.iter().zip(&values).map(|(target, value)| target - value).collect();
        let share = 1.0 / errors.len() as f32;
        for (row, (error, weight)) in errors.iter().zip(weights).enumerate() {
            workspace.output_gradient_mut().write_row(row, 0, &[-2.0 * error * weight * share]);
        }
        let mut gradients = vec![0.0; shapes.position_weights.end];
        let (of_network, of_weights) = gradients.split_at_mut(shapes.position_weights.start);
        let wanted = Wanted { joined: None, inputs: Some(DIM..3 * DIM) };
        shapes.critic.backward(&critic.value, &mut workspace, Some(of_network), &wanted);
        for row in 0..errors.len() {
            let of_states = workspace.input_gradient();
            let mut twin = state::DrrAve::new(DIM);
            twin.backward(tables.items, states, now.history(row), row, of_states, of_weights);
        }
        let decayed = DrrShapes::weights(&shapes.critic);
        critic.step(&config.critic_optimizer, &gradients, &decayed, config.tau, self.n_updates);
        errors
    }

    fn move_actor(&mut self, states: &Panels) -> f64 {
        let outputs = {
            let workspace = Self::pass(&self.shapes.actor, &self.actor.value, states, None);
            self.shapes.actor.outputs(&workspace).to_rows()
        };
        let proposed = if self.config.tells_item { self.compose(states, &outputs) } else { outputs };
        let factor = if self.config.tells_item { self.config.scale } else { 1.0 };
        let Self { shapes, critic, actor, config, .. } = self;
        let mut climbing = Self::pass(&shapes.critic, &critic.value, states, Some(&proposed));
        let n_rows = states.n_rows();
        let values = shapes.critic.outputs(&climbing).to_rows();
        for row in 0..n_rows {
            climbing.output_gradient_mut().write_row(row, 0, &[-1.0 / n_rows as f32]);
        }
        let wanted = Wanted { joined: Some(1), inputs: None };
        shapes.critic.backward(&critic.value, &mut climbing, None, &wanted);
        let mut workspace = Self::pass(&shapes.actor, &actor.value, states, None);
        let of_actions = climbing.joined_gradient().to_rows();
        for (row, gradient) in of_actions.chunks_exact(DIM).enumerate() {
            let gradient: Vec<f32> = gradient.iter().map(|value| factor * value).collect();
            workspace.output_gradient_mut().write_row(row, 0, &gradient);
        }
        let mut gradients = vec![0.0; shapes.actor.end()];
        shapes.actor.backward(&actor.value, &mut workspace, Some(&mut gradients), &Wanted::default());
        let decayed = DrrShapes::weights(&shapes.actor);
        actor.step(&config.actor_optimizer, &gradients, &decayed, config.tau, self.n_updates);
        values.iter().map(|value| f64::from(*value)).sum::<f64>() / n_rows as f64
    }
}
