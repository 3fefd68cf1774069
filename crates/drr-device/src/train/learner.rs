//! The update rule: deep deterministic policy gradient (Lillicrap et al. 2016) on the states of DRR (Liu et al. 2018,
//! algorithm 1), in the order of `drr-agent`'s fused path where the actor does not move the state module.

use super::{THREADS, TrainConfig};
use crate::environment::blocks_of_warps;
use crate::launch::arguments;
use crate::{Buffer, DeviceError, Kind, Launch, Memory, Network, Optimizer, Priorities, Ring, Search};
use crate::{StateModule, Values};
use drr_kernels::DrrShapes;

/// The counters of updates.
const CRITIC: u32 = 0;
const ACTOR: u32 = 1;

/// What batches are drawn from.
pub(super) struct Drawn {
    pub ring: Ring,
    pub priorities: Priorities,
    pub counters: Buffer,
    pub seed: u64,
}

/// Online networks, target networks and their optimizers.
#[derive(Debug, Clone)]
pub struct Learner {
    /// The networks' shapes.
    pub shapes: DrrShapes,
    /// The actor's parameters.
    pub actor: Buffer,
    /// The critic's, then the state module's.
    pub critic: Buffer,
    /// The actor's targets.
    pub target_actor: Buffer,
    /// The critic's and the state module's targets.
    pub target_critic: Buffer,
    /// The actor's optimizer.
    pub actor_optimizer: Optimizer,
    /// The optimizer of the critic and the state module.
    pub critic_optimizer: Optimizer,
    /// The slots of the last batch, `[B]`.
    pub slots: Buffer,
    /// Their importance weights, `[B]`.
    pub weights: Buffer,
    /// Their TD errors, `[B]`.
    pub td_errors: Buffer,
    /// The critic's loss.
    pub critic_loss: Buffer,
    /// The mean value of the actor's own actions.
    pub mean_value: Buffer,
}

/// One sampled batch.
#[derive(Debug, Clone, Copy)]
struct Sampled {
    contexts: Buffer,
    before: Buffer,
    n_before: Buffer,
    after: Buffer,
    n_after: Buffer,
    /// What the critic is told of the actions, `[B, D]`.
    told: Buffer,
    rewards: Buffer,
    terminated: Buffer,
    /// `[B, words]`.
    barred: Buffer,
}

impl Sampled {
    fn new(n: usize, module: &StateModule, n_words: usize, memory: &mut Memory) -> Self {
        let mut ids = |width: usize| memory.zeros(Kind::U32, n * width);
        let window = module.history_length;
        let (contexts, before, n_before, after) = (ids(1), ids(window), ids(1), ids(window));
        let (n_after, terminated, barred) = (ids(1), ids(1), ids(n_words));
        let told = memory.zeros(Kind::F32, n * module.dim);
        let rewards = memory.zeros(Kind::F32, n);
        Self { contexts, before, n_before, after, n_after, told, rewards, terminated, barred }
    }
}

/// What the parts of an update share.
struct Parts<'a> {
    config: &'a TrainConfig,
    module: StateModule,
    batch: Sampled,
    actor: Network,
    critic: Network,
    target_actor: Network,
    target_critic: Network,
    states: Buffer,
    next_states: Buffer,
    /// Composed actions, `[B, D]`.
    actions: Buffer,
}

impl Learner {
    /// A learner, and the launches of one update.
    pub(super) fn new(
        config: &TrainConfig,
        module: StateModule,
        n_items: usize,
        [actor, critic]: [Vec<f32>; 2],
        drawn: &Drawn,
        memory: &mut Memory,
    ) -> Result<(Self, Vec<Launch>), DeviceError> {
        let shapes = config.shapes(module.dim, module.history_length);
        let (n, counters) = (config.batch_size, drawn.counters);
        let place = |nth| (counters, nth);
        let (actor_weights, critic_weights) =
            (DrrShapes::weights(&shapes.actor), DrrShapes::weights(&shapes.critic));
        let this = Self {
            actor_optimizer: Optimizer::new(
                config.actor_optimizer,
                actor.len(),
                &actor_weights,
                place(ACTOR),
                memory,
            ),
            critic_optimizer: Optimizer::new(
                config.critic_optimizer,
                critic.len(),
                &critic_weights,
                place(CRITIC),
                memory,
            ),
            target_actor: memory.add(Values::F32(actor.clone())),
            target_critic: memory.add(Values::F32(critic.clone())),
            actor: memory.add(Values::F32(actor)),
            critic: memory.add(Values::F32(critic)),
            slots: memory.zeros(Kind::U32, n),
            weights: memory.zeros(Kind::F32, n),
            td_errors: memory.zeros(Kind::F32, n),
            critic_loss: memory.zeros(Kind::F64, 1),
            mean_value: memory.zeros(Kind::F64, 1),
            shapes,
        };
        let parts = Parts {
            config,
            module,
            batch: Sampled::new(n, &module, Search::n_words(n_items), memory),
            actor: Network::new(&this.shapes.actor, n, 1, memory)?,
            critic: Network::new(&this.shapes.critic, n, 1, memory)?,
            target_actor: Network::new(&this.shapes.actor, n, 1, memory)?,
            target_critic: Network::new(&this.shapes.critic, n, 1, memory)?,
            states: memory.zeros(Kind::F32, n * 3 * module.dim),
            next_states: memory.zeros(Kind::F32, n * 3 * module.dim),
            actions: memory.zeros(Kind::F32, n * module.dim),
        };
        let mut launches = this.draw(&parts, drawn, Search::n_words(n_items));
        launches.extend(this.next_values(&parts, n_items, counters, memory)?);
        launches.extend(this.move_critic(&parts, memory));
        launches.extend(this.move_actor(&parts, memory));
        launches.push(drawn.priorities.update(this.slots, this.td_errors));
        Ok((this, launches))
    }

    /// Draws and gathers a batch.
    fn draw(&self, parts: &Parts<'_>, drawn: &Drawn, n_words: usize) -> Vec<Launch> {
        let (ring, batch, module) = (&drawn.ring, &parts.batch, &parts.module);
        let n = self.slots.len;
        let gathered = arguments![
            n,
            module.history_length,
            ring.recommended.len / ring.capacity,
            module.dim,
            n_words,
            parts.config.tells_item,
            module.items,
            self.slots,
            ring.contexts,
            ring.before,
            ring.n_before,
            ring.after,
            ring.n_after,
            ring.items,
            ring.actions,
            ring.rewards,
            ring.terminated,
            ring.recommended,
            batch.contexts,
            batch.before,
            batch.n_before,
            batch.after,
            batch.n_after,
            batch.told,
            batch.rewards,
            batch.terminated,
            batch.barred,
        ];
        vec![
            drawn.priorities.sample(drawn.seed, self.slots, self.weights),
            Launch::new("replay_gather", blocks_of_warps(n), THREADS, gathered),
        ]
    }

    /// `Q'(s', a')`, where `a'` is what the target policy would do next: its output, or the best item that is not yet
    /// recommended.
    fn next_values(
        &self,
        parts: &Parts<'_>,
        n_items: usize,
        counters: Buffer,
        memory: &mut Memory,
    ) -> Result<Vec<Launch>, DeviceError> {
        let Parts { config, module, batch, next_states, actions, .. } = *parts;
        let (n, dim) = (self.slots.len, module.dim);
        let weights = self.target_critic.at(self.shapes.position_weights.start);
        let observed = [batch.contexts, batch.after, batch.n_after];
        let outputs = parts.target_actor.outputs(0);
        let mut launches = vec![
            module.forward(observed, weights, next_states),
            parts.target_actor.forward(next_states.into(), next_states.into(), self.target_actor),
        ];
        let joined = if config.tells_item {
            let search = Search::new(n, n_items, dim, 1, memory)?;
            launches.push(compose(config, dim, next_states, outputs, actions));
            launches.extend(search.launches(module.items, actions, batch.barred, counters));
            let chosen = arguments![dim, module.items, search.items, actions];
            launches.push(Launch::new("chosen_vectors", n, THREADS, chosen));
            actions.into()
        } else {
            outputs
        };
        launches.push(parts.target_critic.forward(next_states.into(), joined, self.target_critic));
        Ok(launches)
    }

    /// The critic's loss (Liu et al. 2018, eq. 4): the weighted mean of the squared TD errors. It moves the state module too.
    fn move_critic(&self, parts: &Parts<'_>, memory: &mut Memory) -> Vec<Launch> {
        let Parts { config, module, batch, states, .. } = *parts;
        let (n, dim, critic) = (self.slots.len, module.dim, &parts.critic);
        let weights = self.critic.at(self.shapes.position_weights.start);
        let of_states = memory.zeros(Kind::F32, n * 2 * dim);
        let errors = arguments![
            n,
            config.discount,
            batch.rewards,
            batch.terminated,
            parts.target_critic.outputs(0),
            critic.outputs(0),
            self.weights,
            self.td_errors,
            critic.output_gradient(0),
            self.critic_loss,
        ];
        let gradients = self.critic_optimizer.gradients;
        let of_weights = gradients.at(self.shapes.position_weights.start);
        let mut launches = vec![
            module.forward([batch.contexts, batch.before, batch.n_before], weights, states),
            critic.forward(states.into(), batch.told.into(), self.critic),
            Launch::new("td_errors", 1, THREADS, errors),
            critic.backward(self.critic, None, Some((dim..3 * dim, of_states)), true),
        ];
        launches.extend(critic.gradients(states.into(), batch.told.into(), gradients));
        launches.extend(module.backward(batch.before, states, of_states, of_weights, memory));
        launches.extend(self.critic_optimizer.step(self.critic, Some((self.target_critic, config.tau))));
        launches
    }

    /// The actor's gradient (Liu et al. 2018, eq. 3): `grad_a Q(s, a)` at `a = pi(s)`.
    fn move_actor(&self, parts: &Parts<'_>, memory: &mut Memory) -> Vec<Launch> {
        let Parts { config, module, states, actions, .. } = *parts;
        let (n, dim, actor, critic) = (self.slots.len, module.dim, &parts.actor, &parts.critic);
        let of_actions = memory.zeros(Kind::F32, n * dim);
        let outputs = actor.outputs(0);
        let mut launches = vec![actor.forward(states.into(), states.into(), self.actor)];
        let (joined, factor) = if config.tells_item {
            launches.push(compose(config, dim, states, outputs, actions));
            (actions.into(), config.scale)
        } else {
            (outputs, 1.0)
        };
        let climb = arguments![n, critic.outputs(0), critic.output_gradient(0), self.mean_value];
        let handed = arguments![n * dim, factor, of_actions, actor.output_gradient(0)];
        launches.extend([
            critic.forward(states.into(), joined, self.critic),
            Launch::new("climb", 1, THREADS, climb),
            critic.backward(self.critic, Some(of_actions), None, false),
            Launch::new("scaled", (n * dim).div_ceil(THREADS as usize), THREADS, handed),
            actor.backward(self.actor, None, None, true),
        ]);
        launches.extend(actor.gradients(states.into(), states.into(), self.actor_optimizer.gradients));
        launches.extend(self.actor_optimizer.step(self.actor, Some((self.target_actor, config.tau))));
        launches
    }
}

/// `base + scale * output`.
fn compose(
    config: &TrainConfig,
    dim: usize,
    states: Buffer,
    outputs: crate::Place,
    actions: Buffer,
) -> Launch {
    let arguments = arguments![dim, config.base_is_user, config.scale, states, outputs, actions];
    Launch::new("compose", actions.len / dim, THREADS, arguments)
}
