//! Draws the next item of every session, and values states, in chunks that do not depend on the number of threads.

use crate::networks::{FlatNetworks, Shapes};
use crate::pass::{ActorPass, ScorePass};
use crate::rollout::Rollout;
use crate::{SessionAgentConfig, SessionTables};
use drr_kernels::LANES;
use drr_kernels::categorical::draw;
use drr_kernels::mlp::Workspace;
use rayon::prelude::*;

/// The rows of a chunk, a multiple of sixteen.
const CHUNK: usize = 64;

/// A tangent beyond this hardly moves any more.
const SATURATED: f32 = 0.97;

/// What the draws of an iteration were like, as sums.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ActingSums {
    pub n_rows: f64,
    pub entropy: f64,
    /// The coordinates whose tangent is beyond .97, either way.
    pub n_saturated: f64,
}

/// What is drawn for one session.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Choice {
    /// The candidate.
    pub chosen: u32,
    pub log_probability: f32,
}

/// The passes of all sessions side by side.
#[derive(Debug)]
pub(crate) struct Acting {
    chunks: Vec<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    actor: ActorPass,
    scores: ScorePass,
    choices: Vec<Choice>,
    sums: ActingSums,
}

impl Acting {
    pub(crate) fn new(shapes: &Shapes, n_candidates: usize, n_sessions: usize) -> Self {
        let chunk = || Chunk {
            actor: ActorPass::new(shapes),
            scores: ScorePass::new(n_candidates, shapes.dim),
            choices: Vec::new(),
            sums: ActingSums::default(),
        };
        Self { chunks: (0..n_sessions.div_ceil(CHUNK)).map(|_| chunk()).collect() }
    }

    /// Draws a candidate for each row of `rollout` from `first` on, from `uniforms` in `[0, 1)`, one a row.
    pub(crate) fn act(
        &mut self,
        (config, shapes, networks): (&SessionAgentConfig, &Shapes, &FlatNetworks),
        tables: &SessionTables,
        rollout: &Rollout,
        first: usize,
        uniforms: &[f32],
    ) -> impl Iterator<Item = Choice> + '_ {
        let jobs = self.chunks.par_iter_mut().zip(uniforms.par_chunks(CHUNK)).enumerate();
        jobs.for_each(|(nth, (chunk, uniforms))| {
            let first = first + nth * CHUNK;
            chunk.act((config, shapes, networks), tables, rollout, first, uniforms);
        });
        self.chunks.iter().flat_map(|chunk| chunk.choices.iter().copied())
    }

    /// The sums over all draws since the last call.
    pub(crate) fn take_sums(&mut self) -> ActingSums {
        let mut sums = ActingSums::default();
        for chunk in &mut self.chunks {
            let of_chunk = std::mem::take(&mut chunk.sums);
            sums.n_rows += of_chunk.n_rows;
            sums.entropy += of_chunk.entropy;
            sums.n_saturated += of_chunk.n_saturated;
        }
        sums
    }
}

impl Chunk {
    fn act(
        &mut self,
        (config, shapes, networks): (&SessionAgentConfig, &Shapes, &FlatNetworks),
        tables: &SessionTables,
        rollout: &Rollout,
        first: usize,
        uniforms: &[f32],
    ) {
        let Self { actor, scores, choices, sums } = self;
        let n_rows = uniforms.len();
        let row = |row: usize| (rollout.state(row), tables.base(rollout.contexts[row] as usize));
        actor.fill((first..first + n_rows).map(row));
        actor.forward(shapes, config, &networks.actor);
        choices.clear();
        for (panel, uniforms) in uniforms.chunks(LANES).enumerate() {
            let first_row = first + panel * LANES;
            let excluded = (first_row..first_row + uniforms.len()).map(|row| rollout.excluded(row));
            let actions = actor.actions().panel(panel);
            let found =
                scores.distributions(tables.candidate_vectors(), actions, config.temperature, excluded);
            let mut filled = [0.0; LANES];
            filled[..uniforms.len()].copy_from_slice(uniforms);
            let drawn = draw(scores.weights(), &filled);
            for (lane, chosen) in drawn.into_iter().enumerate().take(uniforms.len()) {
                let logit = scores.logits()[chosen as usize][lane];
                let log_probability = found.log_probability(logit, lane) as f32;
                choices.push(Choice { chosen, log_probability });
                sums.entropy += found.entropies()[lane];
                sums.n_saturated += actor.n_beyond(panel * LANES + lane, SATURATED) as f64;
            }
        }
        sums.n_rows += n_rows as f64;
    }
}

/// The critic's values of states `[N, S]`, into `values` `[N]`.
pub(crate) fn values(shapes: &Shapes, networks: &FlatNetworks, states: &[f32], values: &mut [f32]) {
    let chunks = states.par_chunks(CHUNK * shapes.n_state).zip(values.par_chunks_mut(CHUNK));
    chunks.for_each_init(
        || shapes.critic.workspace(),
        |workspace: &mut Workspace, (states, values)| {
            workspace.resize(values.len());
            for (row, state) in states.chunks_exact(shapes.n_state).enumerate() {
                workspace.inputs_mut(0).write_row(row, 0, state);
            }
            shapes.critic.forward(&networks.critic, workspace);
            let outputs = shapes.critic.outputs(workspace).values();
            values.copy_from_slice(&outputs[..values.len()]);
        },
    );
}
