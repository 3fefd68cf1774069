//! The update on flat arrays: hand-written gradients, in chunks that do not depend on the number of threads.
//!
//! A minibatch falls into chunks of a fixed size, each with arrays and gradients of its own, which are added in their order.
//! So the result is the same bit for bit on any number of threads, and the arrays of a chunk stay in the caches.

use super::{ACTOR_OPTIMIZER, CRITIC_OPTIMIZER, Minibatch, UpdatePath, UpdateSums, adam};
use crate::networks::{FlatNetworks, Shapes, TensorNetworks};
use crate::pass::{ActorPass, RowGradients, ScorePass};
use crate::{SessionAgentConfig, SessionError};
use drr_core::Seeds;
use drr_kernels::LANES;
use drr_kernels::mlp::{Wanted, Workspace};
use drr_nn::FlatAdam;
use drr_store::NamedArray;
use rayon::prelude::*;

/// The steps of a chunk, a multiple of sixteen.
const CHUNK: usize = 128;

/// Parameters in one piece of work when the chunks' gradients are added.
const SLICE: usize = 16 * 1024;

#[derive(Debug)]
pub(crate) struct FastPath {
    config: SessionAgentConfig,
    shapes: Shapes,
    networks: FlatNetworks,
    actor_optimizer: FlatAdam,
    critic_optimizer: FlatAdam,
    chunks: Vec<Chunk>,
}

impl FastPath {
    /// Fresh networks, drawn as those of tensors are.
    pub(crate) fn new(
        config: &SessionAgentConfig,
        shapes: &Shapes,
        n_candidates: usize,
        seeds: Seeds,
    ) -> Result<Self, SessionError> {
        let drawn = TensorNetworks::new(config, shapes.n_state, shapes.dim, seeds)?.to_arrays("")?;
        let n_chunks = config.minibatch_size.div_ceil(CHUNK);
        Ok(Self {
            networks: FlatNetworks::from_arrays(shapes, "", &drawn)?,
            actor_optimizer: FlatAdam::new(ACTOR_OPTIMIZER, shapes.actor_layout.clone(), adam(config)),
            critic_optimizer: FlatAdam::new(CRITIC_OPTIMIZER, shapes.critic_layout.clone(), adam(config)),
            chunks: (0..n_chunks).map(|_| Chunk::new(shapes, n_candidates)).collect(),
            shapes: shapes.clone(),
            config: config.clone(),
        })
    }

    /// The gradients of the losses, left in the optimizers, and the sums of the steps.
    pub(super) fn gradients(&mut self, batch: Minibatch<'_>) -> UpdateSums {
        let Self { config, shapes, networks, chunks, .. } = self;
        let n_chunks = batch.rows.len().div_ceil(CHUNK);
        let job = |(chunk, rows): (&mut Chunk, &[u32])| chunk.run(config, shapes, networks, batch, rows);
        chunks.par_iter_mut().zip(batch.rows.par_chunks(CHUNK)).for_each(job);
        let chunks = &chunks[..n_chunks];
        add_up(chunks, |chunk| &chunk.of_actor, self.actor_optimizer.gradients_mut());
        add_up(chunks, |chunk| &chunk.of_critic, self.critic_optimizer.gradients_mut());
        let mut sums = UpdateSums::default();
        chunks.iter().for_each(|chunk| sums.add(&chunk.sums));
        sums
    }

    #[cfg(test)]
    pub(super) fn optimizers_gradients(&mut self) -> (&[f32], &[f32]) {
        (self.actor_optimizer.gradients_mut(), self.critic_optimizer.gradients_mut())
    }

    #[cfg(test)]
    pub(super) const fn networks_mut(&mut self) -> &mut FlatNetworks {
        &mut self.networks
    }
}

/// Sets `into` to the sum of the chunks' gradients, in the order of the chunks.
fn add_up(chunks: &[Chunk], of: impl Fn(&Chunk) -> &Vec<f32> + Sync, into: &mut [f32]) {
    into.par_chunks_mut(SLICE).enumerate().for_each(|(nth, into)| {
        let part = nth * SLICE..nth * SLICE + into.len();
        into.copy_from_slice(&of(&chunks[0])[part.clone()]);
        for chunk in &chunks[1..] {
            into.iter_mut().zip(&of(chunk)[part.clone()]).for_each(|(sum, value)| *sum += value);
        }
    });
}

impl UpdatePath for FastPath {
    fn name(&self) -> &'static str {
        "fast"
    }

    fn networks(&self) -> &FlatNetworks {
        &self.networks
    }

    fn set_rate_factor(&mut self, factor: f64) {
        self.actor_optimizer.set_rate_factor(factor);
        self.critic_optimizer.set_rate_factor(factor);
    }

    fn update(&mut self, batch: Minibatch<'_>, update: u64, step: u64) -> Result<UpdateSums, SessionError> {
        let sums = self.gradients(batch);
        sums.check(update, step)?;
        let FlatNetworks { actor, critic } = &mut self.networks;
        let (n_actor, n_critic) = (actor.len(), critic.len());
        self.actor_optimizer.step(actor, 0..n_actor, None)?;
        self.critic_optimizer.step(critic, 0..n_critic, None)?;
        Ok(sums)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, SessionError> {
        let mut arrays = self.networks.to_arrays(&self.shapes, "");
        arrays.extend(self.actor_optimizer.to_arrays());
        arrays.extend(self.critic_optimizer.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), SessionError> {
        self.networks = FlatNetworks::from_arrays(&self.shapes, "", arrays)?;
        self.actor_optimizer.load_arrays(arrays)?;
        Ok(self.critic_optimizer.load_arrays(arrays)?)
    }
}

/// The arrays of one chunk's passes, its gradients and sums.
#[derive(Debug, Clone)]
struct Chunk {
    actor: ActorPass,
    scores: ScorePass,
    critic: Workspace,
    of_actor: Vec<f32>,
    of_critic: Vec<f32>,
    sums: UpdateSums,
}

impl Chunk {
    fn new(shapes: &Shapes, n_candidates: usize) -> Self {
        Self {
            actor: ActorPass::new(shapes),
            scores: ScorePass::new(n_candidates, shapes.dim),
            critic: shapes.critic.workspace(),
            of_actor: vec![0.0; shapes.actor_layout.n_values()],
            of_critic: vec![0.0; shapes.critic_layout.n_values()],
            sums: UpdateSums::default(),
        }
    }

    /// The gradients of the chunk's share of the losses.
    fn run(
        &mut self,
        config: &SessionAgentConfig,
        shapes: &Shapes,
        networks: &FlatNetworks,
        batch: Minibatch<'_>,
        rows: &[u32],
    ) {
        let Minibatch { rollout, tables, .. } = batch;
        self.sums = UpdateSums { n_rows: rows.len() as f64, ..UpdateSums::default() };
        self.actor.fill(rows.iter().map(|row| {
            let row = *row as usize;
            (rollout.state(row), tables.base(rollout.contexts[row] as usize))
        }));
        self.approach_targets(shapes, networks, batch, rows);
        self.actor.forward(shapes, config, &networks.actor);
        for (panel, rows) in rows.chunks(LANES).enumerate() {
            self.climb(config, batch, panel, rows);
        }
        self.actor.backward(shapes, config, &networks.actor, &mut self.of_actor);
    }

    /// The gradient of half the mean squared error of the values.
    fn approach_targets(
        &mut self,
        shapes: &Shapes,
        networks: &FlatNetworks,
        batch: Minibatch<'_>,
        rows: &[u32],
    ) {
        let Self { actor, critic, of_critic, sums, .. } = self;
        critic.resize(rows.len());
        critic.inputs_mut(0).values_mut().copy_from_slice(actor.states().values());
        shapes.critic.forward(&networks.critic, critic);
        let values = shapes.critic.outputs(critic).values().to_vec();
        let share = 1.0 / batch.rows.len() as f32;
        let gradient = critic.output_gradient_mut().values_mut();
        gradient.fill(0.0);
        for ((row, value), gradient) in rows.iter().zip(values).zip(gradient) {
            let error = value - batch.rollout.targets[*row as usize];
            sums.value_loss += 0.5 * f64::from(error).powi(2);
            *gradient = error * share;
        }
        shapes.critic.backward(&networks.critic, critic, Some(of_critic), &Wanted::default());
    }

    /// Replaces a panel of actions by the gradient of the clipped objective and the entropy.
    fn climb(&mut self, config: &SessionAgentConfig, batch: Minibatch<'_>, panel: usize, rows: &[u32]) {
        let Minibatch { rollout, tables, rows: all } = batch;
        let Self { actor, scores, sums, .. } = self;
        let candidates = tables.candidate_vectors();
        let excluded = rows.iter().map(|row| rollout.excluded(*row as usize));
        let actions = actor.actions_mut().panel_mut(panel);
        let found = scores.distributions(candidates, actions, config.temperature, excluded);
        let share = 1.0 / all.len() as f64;
        let mut of_rows = RowGradients::default();
        for (lane, row) in rows.iter().enumerate() {
            let row = *row as usize;
            let chosen = rollout.chosen[row];
            let logarithm = found.log_probability(scores.logits()[chosen as usize][lane], lane);
            let log_ratio = logarithm - f64::from(rollout.log_probabilities[row]);
            let advantage = f64::from(rollout.advantages[row]);
            let (loss, slope) = clipped(log_ratio, advantage, config.clip);
            sums.policy_loss += loss;
            sums.entropy += found.entropies()[lane];
            sums.add_ratio(log_ratio, config.clip);
            of_rows.chosen[lane] = chosen;
            of_rows.of_log_probability[lane] = (slope * share) as f32;
            of_rows.of_entropy[lane] = (-config.entropy_weight * share) as f32;
        }
        scores.action_gradient(&found, candidates, config.temperature, &of_rows, actions);
    }
}

/// The clipped objective, to be made small, and its derivative by the logarithm of the probability:
/// `-min(r A, clip(r, 1 - epsilon, 1 + epsilon) A)` (Schulman et al. 2017, eq. 7).
fn clipped(log_ratio: f64, advantage: f64, clip: f64) -> (f64, f64) {
    let ratio = log_ratio.exp();
    let free = -ratio * advantage;
    let held = -ratio.clamp(1.0 - clip, 1.0 + clip) * advantage;
    if free >= held { (free, free) } else { (held, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_beyond_the_clip_has_no_gradient_where_it_moved_as_it_should() {
        let near = |found: (f64, f64), expected: (f64, f64)| {
            assert!(
                (found.0 - expected.0).abs() < 1e-12 && (found.1 - expected.1).abs() < 1e-12,
                "{found:?}"
            );
        };
        near(clipped(0.0, 2.0, 0.2), (-2.0, -2.0));
        near(clipped(1.5_f64.ln(), 2.0, 0.2), (-2.4, 0.0));
        near(clipped(1.5_f64.ln(), -2.0, 0.2), (3.0, 3.0));
        near(clipped(0.5_f64.ln(), 2.0, 0.2), (-1.0, -1.0));
        near(clipped(0.5_f64.ln(), -2.0, 0.2), (1.6, 0.0));
    }
}
