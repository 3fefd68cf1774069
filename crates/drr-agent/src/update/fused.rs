//! The update rule written out on flat arrays: the same steps as `composed`, without tensors and without allocation.

mod passes;

use crate::AgentConfig;
use crate::flat::{self, Acting, FlatNetworks, Shapes};
use crate::networks::Networks;
use drr_core::{ScoredItem, Seeds};
use drr_kernels::adam::soft_update;
use drr_kernels::mlp::Wanted;
use drr_learn::{LearnError, ListRequest, Rows, Served, Side, TrainingTables, UpdateReport, Updater};
use drr_nn::FlatAdam;
use drr_replay::Batch;
use drr_store::NamedArray;
use passes::Passes;

/// Online networks, target networks, and their optimizers, on flat arrays.
#[derive(Debug)]
pub(crate) struct FusedLearner {
    config: AgentConfig,
    shapes: Shapes,
    online: FlatNetworks,
    targets: FlatNetworks,
    actor_optimizer: FlatAdam,
    critic_optimizer: FlatAdam,
    passes: Passes,
    acting: Acting,
    pub(crate) n_updates: u64,
}

impl FusedLearner {
    /// Fresh networks, drawn as those of tensors are; the targets start as copies.
    pub(crate) fn new(
        config: &AgentConfig,
        tables: &TrainingTables,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, LearnError> {
        let shapes = Shapes::new(config, tables.dim(), history_length);
        let drawn = Networks::new(config, &tables.item_tensor()?, history_length, seeds)?.to_arrays("")?;
        let online = FlatNetworks::from_arrays(&shapes, "", &drawn)?;
        let actor = (shapes.actor_layout.clone(), config.actor_optimizer.clone());
        let critic = (shapes.critic_layout.clone(), config.critic_optimizer.clone());
        Ok(Self {
            targets: online.clone(),
            online,
            actor_optimizer: FlatAdam::new("actor_optimizer", actor.0, actor.1),
            critic_optimizer: FlatAdam::new("critic_optimizer", critic.0, critic.1),
            passes: Passes::new(&shapes, history_length),
            acting: Acting::new(&shapes),
            shapes,
            config: config.clone(),
            n_updates: 0,
        })
    }

    /// The critic's loss (Liu et al. 2018, eq. 4): the weighted mean of `(y - Q(s, a))^2`. It moves the state module too.
    fn move_critic(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError> {
        let Self { shapes, passes, online, critic_optimizer, .. } = self;
        let dim = shapes.dim;
        passes.now.fill(batch, Side::Now, tables);
        passes.encode_now(shapes, online, tables);
        passes.join_replayed(&self.config, shapes, batch, tables);
        shapes.critic.forward(&online.critic, &mut passes.critic);
        report.critic_loss = passes.td_errors(shapes, &batch.weights, &mut report.td_errors);
        finite("the critic's loss", report.critic_loss, self.n_updates, step)?;
        let gradients = critic_optimizer.gradients_mut();
        let wanted = Wanted { joined: None, inputs: Some(dim..3 * dim) };
        let of_network = &mut gradients[..shapes.position_weights.start];
        shapes.critic.backward(&online.critic, &mut passes.critic, Some(of_network), &wanted);
        passes.state_gradient(tables, false, &mut gradients[shapes.position_weights.clone()]);
        // Where the actor moves the state module once more, the targets wait for it.
        let tau = self.config.tau;
        let follow = (!self.config.actor_moves_state).then_some((&mut self.targets.critic[..], tau));
        let n_values = online.critic.len();
        critic_optimizer.step(&mut online.critic, 0..n_values, follow)?;
        Ok(())
    }

    /// The actor's gradient (Liu et al. 2018, eq. 3): `grad_a Q(s, a)` at `a = pi(s)`, the current policy's action.
    fn move_actor(
        &mut self,
        tables: &TrainingTables,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError> {
        let Self { shapes, passes, online, config, .. } = self;
        let moves_state = config.actor_moves_state;
        if moves_state {
            passes.encode_now(shapes, online, tables);
        } else {
            passes.share_states();
        }
        shapes.actor.forward(&online.actor, &mut passes.actor);
        passes.join_proposed(config, shapes);
        shapes.critic.forward(&online.critic, &mut passes.critic);
        report.mean_value = passes.climb(shapes);
        finite("the value of the policy", report.mean_value, self.n_updates, step)?;
        let inputs = moves_state.then_some(shapes.dim..3 * shapes.dim);
        let wanted = Wanted { joined: Some(1), inputs: inputs.clone() };
        shapes.critic.backward(&online.critic, &mut passes.critic, None, &wanted);
        passes.hand_to_actor(config);
        let gradients = Some(self.actor_optimizer.gradients_mut());
        shapes.actor.backward(&online.actor, &mut passes.actor, gradients, &Wanted { joined: None, inputs });
        let follow = Some((&mut self.targets.actor[..], config.tau));
        let n_values = online.actor.len();
        self.actor_optimizer.step(&mut online.actor, 0..n_values, follow)?;
        if moves_state {
            let part = shapes.position_weights.clone();
            let gradients = &mut self.critic_optimizer.gradients_mut()[part.clone()];
            passes.state_gradient(tables, true, gradients);
            self.critic_optimizer.step(&mut online.critic, part, None)?;
            soft_update(&mut self.targets.critic, &online.critic, config.tau);
        }
        Ok(())
    }
}

impl Updater for FusedLearner {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn n_updates(&self) -> u64 {
        self.n_updates
    }

    fn set_rate_factors(&mut self, actor: f64, critic: f64) {
        self.actor_optimizer.set_rate_factor(actor);
        self.critic_optimizer.set_rate_factor(critic);
    }

    fn update(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError> {
        self.passes.resize(batch.len());
        self.passes.td_targets(&self.config, &self.shapes, &self.targets, batch, tables);
        self.move_critic(batch, tables, step, report)?;
        self.move_actor(tables, step, report)?;
        self.n_updates += 1;
        Ok(())
    }

    fn outputs(
        &mut self,
        which: Served,
        rows: &Rows,
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, LearnError> {
        let networks = match which {
            Served::Online => &self.online,
            Served::Target => &self.targets,
        };
        Ok(self.acting.outputs(&self.shapes, networks, tables.item_values(), rows))
    }

    fn values(&self, rows: &Rows, actions: &[f32], tables: &TrainingTables) -> Result<Vec<f32>, LearnError> {
        Ok(flat::values(&self.shapes, &self.online, tables.item_values(), rows, actions))
    }

    fn ranked(
        &self,
        _: Served,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: ListRequest<'_>,
        _: bool,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
        Ok(flat::ranked(&self.config.action, tables.item_values(), rows, outputs, request)?)
    }

    fn networks(&self, which: Served) -> Result<Vec<NamedArray>, LearnError> {
        Ok(match which {
            Served::Online => self.online.to_arrays(&self.shapes, ""),
            Served::Target => self.targets.to_arrays(&self.shapes, ""),
        })
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, LearnError> {
        let mut arrays = self.online.to_arrays(&self.shapes, "online.");
        arrays.extend(self.targets.to_arrays(&self.shapes, "target."));
        arrays.extend(self.actor_optimizer.to_arrays());
        arrays.extend(self.critic_optimizer.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), LearnError> {
        self.online = FlatNetworks::from_arrays(&self.shapes, "online.", arrays)?;
        self.targets = FlatNetworks::from_arrays(&self.shapes, "target.", arrays)?;
        self.actor_optimizer.load_arrays(arrays)?;
        self.critic_optimizer.load_arrays(arrays)?;
        self.n_updates = n_updates;
        Ok(())
    }
}

fn finite(what: &'static str, value: f64, update: u64, step: u64) -> Result<(), LearnError> {
    if value.is_finite() { Ok(()) } else { Err(LearnError::NotFinite { what, value, update, step }) }
}
