//! The arrays of an update, and the steps between the networks' passes.

use crate::flat::{FlatNetworks, Shapes, encode};
use crate::{ActionBase, AgentConfig, ReplayAction};
use drr_core::ItemIdx;
use drr_kernels::mlp::Workspace;
use drr_kernels::{LANES, Panels, TopK, state};
use drr_learn::{Rows, Side, TrainingTables};
use drr_replay::Batch;

/// What one update computes, kept from update to update.
#[derive(Debug)]
pub(super) struct Passes {
    pub now: Rows,
    next: Rows,
    encoder: state::DrrAve,
    pub actor: Workspace,
    pub critic: Workspace,
    /// Composed actions, `[B, D]`.
    actions: Panels,
    search: TopK,
    /// `y` of each transition, `[B]`.
    td_targets: Vec<f32>,
    /// The gradient of the state's last `2 D` features.
    of_states: Panels,
}

impl Passes {
    pub(super) fn new(shapes: &Shapes, history_length: usize) -> Self {
        Self {
            now: Rows::new(history_length),
            next: Rows::new(history_length),
            encoder: state::DrrAve::new(shapes.dim),
            actor: shapes.actor.workspace(),
            critic: shapes.critic.workspace(),
            actions: Panels::zeros(0, shapes.dim),
            search: TopK::new(1),
            td_targets: Vec::new(),
            of_states: Panels::zeros(0, 2 * shapes.dim),
        }
    }

    /// Prepares for a batch of `n_rows`.
    pub(super) fn resize(&mut self, n_rows: usize) {
        self.actor.resize(n_rows);
        self.critic.resize(n_rows);
        self.actions.resize(n_rows);
        self.of_states.resize(n_rows);
    }

    /// `y = r + gamma Q'(s', pi'(s'))`, without the future where a session truly ended. A time limit is no end.
    pub(super) fn td_targets(
        &mut self,
        config: &AgentConfig,
        shapes: &Shapes,
        targets: &FlatNetworks,
        batch: &Batch,
        tables: &TrainingTables,
    ) {
        self.td_targets.clear();
        self.td_targets.extend_from_slice(&batch.rewards);
        if config.discount == 0.0 {
            return;
        }
        self.next.fill(batch, Side::Next, tables);
        let weights = &targets.critic[shapes.position_weights.clone()];
        let states = self.actor.inputs_mut(0);
        encode(&mut self.encoder, tables.item_values(), weights, &self.next, states);
        self.critic.inputs_mut(0).values_mut().copy_from_slice(self.actor.inputs(0).values());
        shapes.actor.forward(&targets.actor, &mut self.actor);
        match config.replay_action {
            ReplayAction::Proto => self.join_proposed(config, shapes),
            ReplayAction::Item => self.join_chosen(config, shapes, batch, tables),
        }
        shapes.critic.forward(&targets.critic, &mut self.critic);
        let values = shapes.critic.outputs(&self.critic);
        #[expect(clippy::cast_possible_truncation, reason = "values are single precision")]
        let discount = config.discount as f32;
        for (row, (target, terminated)) in self.td_targets.iter_mut().zip(&batch.terminated).enumerate() {
            let discount = if *terminated { 0.0 } else { discount };
            *target += discount * values.panel(row / LANES)[0][row % LANES];
        }
    }

    /// Joins to the critic the vectors of the items that the target policy would recommend next, none of them twice in a
    /// session.
    fn join_chosen(&mut self, config: &AgentConfig, shapes: &Shapes, batch: &Batch, tables: &TrainingTables) {
        let (outputs, states) = (shapes.actor.outputs(&self.actor), self.actor.inputs(0));
        compose_panels(config, outputs, states, &mut self.actions, 0);
        let next = &self.next;
        self.search.search(tables.item_values(), &self.actions, |row, item| {
            !next.row(row).1.contains(&item) && !batch.recommended(row).contains(&ItemIdx(item))
        });
        let (joint, dim) = (self.critic.inputs_mut(1), shapes.dim);
        let at = joint.n_features() - dim;
        // Without a candidate the session has ended, and the future does not count.
        for row in 0..batch.len() {
            let best = self.search.best(row).ok().and_then(|mut best| best.next());
            let item = best.map_or(0, |best| best.item) as usize;
            joint.write_row(row, at, &tables.item_values()[item * dim..][..dim]);
        }
    }

    /// Encodes the states acted on, for actor and critic.
    pub(super) fn encode_now(&mut self, shapes: &Shapes, networks: &FlatNetworks, tables: &TrainingTables) {
        let weights = &networks.critic[shapes.position_weights.clone()];
        let states = self.critic.inputs_mut(0);
        encode(&mut self.encoder, tables.item_values(), weights, &self.now, states);
        self.share_states();
    }

    /// Gives the critic's states to the actor.
    pub(super) fn share_states(&mut self) {
        self.actor.inputs_mut(0).values_mut().copy_from_slice(self.critic.inputs(0).values());
    }

    /// Joins to the critic what it is told of the replayed actions.
    pub(super) fn join_replayed(
        &mut self,
        config: &AgentConfig,
        shapes: &Shapes,
        batch: &Batch,
        tables: &TrainingTables,
    ) {
        let (joint, dim) = (self.critic.inputs_mut(1), shapes.dim);
        let at = joint.n_features() - dim;
        for row in 0..batch.len() {
            let action = match config.replay_action {
                ReplayAction::Proto => &batch.actions[row * dim..][..dim],
                ReplayAction::Item => &tables.item_values()[batch.items[row] as usize * dim..][..dim],
            };
            joint.write_row(row, at, action);
        }
    }

    /// Joins to the critic what it is told of the actor's outputs.
    pub(super) fn join_proposed(&mut self, config: &AgentConfig, shapes: &Shapes) {
        let (outputs, states) = (shapes.actor.outputs(&self.actor), self.actor.inputs(0));
        let joint = self.critic.inputs_mut(1);
        let at = joint.n_features() - shapes.dim;
        match config.replay_action {
            ReplayAction::Item => compose_panels(config, outputs, states, joint, at),
            ReplayAction::Proto => {
                for panel in 0..outputs.n_panels() {
                    joint.panel_mut(panel)[at..].copy_from_slice(outputs.panel(panel));
                }
            }
        }
    }

    /// Sets the TD errors and the gradient of the critic's outputs, and returns the loss.
    pub(super) fn td_errors(&mut self, shapes: &Shapes, weights: &[f32], td_errors: &mut Vec<f32>) -> f64 {
        let values = shapes.critic.outputs(&self.critic);
        td_errors.clear();
        let rows = self.td_targets.iter().enumerate();
        td_errors.extend(rows.map(|(row, target)| target - values.panel(row / LANES)[0][row % LANES]));
        let share = 1.0 / weights.len() as f32;
        let deltas = self.critic.output_gradient_mut();
        for (row, (error, weight)) in td_errors.iter().zip(weights).enumerate() {
            deltas.write_row(row, 0, &[-2.0 * error * weight * share]);
        }
        let squares = td_errors.iter().zip(weights).map(|(error, weight)| f64::from(error * error * weight));
        squares.sum::<f64>() / weights.len() as f64
    }

    /// Sets the gradient of minus the mean value, and returns the mean value.
    pub(super) fn climb(&mut self, shapes: &Shapes) -> f64 {
        let n_rows = self.now.len();
        let values = shapes.critic.outputs(&self.critic);
        let value = |row: usize| f64::from(values.panel(row / LANES)[0][row % LANES]);
        let mean = (0..n_rows).map(value).sum::<f64>() / n_rows as f64;
        let deltas = self.critic.output_gradient_mut();
        (0..n_rows).for_each(|row| deltas.write_row(row, 0, &[-1.0 / n_rows as f32]));
        mean
    }

    /// Turns the gradient of the critic's action into that of the actor's outputs.
    pub(super) fn hand_to_actor(&mut self, config: &AgentConfig) {
        let factor = match config.replay_action {
            ReplayAction::Proto => 1.0,
            ReplayAction::Item => config.action.scale,
        };
        let (into, from) = (self.actor.output_gradient_mut(), self.critic.joined_gradient());
        for (into, from) in into.values_mut().iter_mut().zip(from.values()) {
            *into = factor * from;
        }
    }

    /// Sets the gradient of the state module's weights from that of the critic's inputs, and of the actor's where the
    /// actor moves the state module too.
    pub(super) fn state_gradient(&mut self, tables: &TrainingTables, of_actor: bool, into: &mut [f32]) {
        let from_critic = self.critic.input_gradient();
        self.of_states.values_mut().copy_from_slice(from_critic.values());
        if of_actor {
            let from_actor = self.actor.input_gradient().values();
            self.of_states.values_mut().iter_mut().zip(from_actor).for_each(|(sum, add)| *sum += add);
        }
        into.fill(0.0);
        for row in 0..self.now.len() {
            let (states, (_, history)) = (self.critic.inputs(0), self.now.row(row));
            self.encoder.backward(tables.item_values(), states, history, row, &self.of_states, into);
        }
    }
}

/// Writes the actions of actor outputs `[B, D]` in `states`, whose first features are the users', into the features of
/// `into` from `at` on.
fn compose_panels(config: &AgentConfig, outputs: &Panels, states: &Panels, into: &mut Panels, at: usize) {
    for panel in 0..outputs.n_panels() {
        let rows = into.panel_mut(panel)[at..].iter_mut().zip(outputs.panel(panel));
        for ((row, output), user) in rows.zip(states.panel(panel)) {
            for lane in 0..LANES {
                let base = match config.action.base {
                    ActionBase::None => 0.0,
                    ActionBase::User => user[lane],
                };
                row[lane] = base + config.action.scale * output[lane];
            }
        }
    }
}
