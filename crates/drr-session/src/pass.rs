//! A pass from states to actions, scores and distributions, and back: on flat arrays, in panels of sixteen.

use crate::SessionAgentConfig;
use crate::networks::Shapes;
use drr_kernels::categorical::{Categorical, EXCLUDED};
use drr_kernels::matmul::{DeltaRows, add_product, input_gradient, weight_gradient};
use drr_kernels::mlp::{Wanted, Workspace};
use drr_kernels::{Activation, LANES, Panels};

/// The actor's pass: `a = base + bound tanh(multiplier z)`.
#[derive(Debug, Clone)]
pub(crate) struct ActorPass {
    workspace: Workspace,
    /// The tangents, `[B, D]`.
    tangents: Panels,
    /// The base actions when the pass begins, the actions when it ends, `[B, D]`.
    actions: Panels,
    rows: DeltaRows,
}

impl ActorPass {
    pub(crate) fn new(shapes: &Shapes) -> Self {
        Self {
            workspace: shapes.actor.workspace(),
            tangents: Panels::zeros(0, shapes.dim),
            actions: Panels::zeros(0, shapes.dim),
            rows: DeltaRows::default(),
        }
    }

    /// Prepares for `n_rows` states, each with its base action.
    pub(crate) fn fill<'a>(&mut self, rows: impl ExactSizeIterator<Item = (&'a [f32], &'a [f32])>) {
        self.workspace.resize(rows.len());
        self.tangents.resize(rows.len());
        self.actions.resize(rows.len());
        for (row, (state, base)) in rows.enumerate() {
            self.workspace.inputs_mut(0).write_row(row, 0, state);
            self.actions.write_row(row, 0, base);
        }
    }

    /// The states, `[B, S]`.
    pub(crate) fn states(&self) -> &Panels {
        self.workspace.inputs(0)
    }

    /// Maps the states to actions.
    pub(crate) fn forward(&mut self, shapes: &Shapes, config: &SessionAgentConfig, actor: &[f32]) {
        let Self { workspace, tangents, actions, .. } = self;
        shapes.actor.forward(actor, workspace);
        tangents.values_mut().copy_from_slice(shapes.actor.outputs(workspace).values());
        add_product(&actor[shapes.skip.clone()], shapes.dim, workspace.inputs(0), tangents, 0);
        tangents.values_mut().iter_mut().for_each(|value| *value *= config.multiplier);
        Activation::Tanh.apply(tangents.values_mut());
        for (action, tangent) in actions.values_mut().iter_mut().zip(tangents.values()) {
            *action += config.bound * tangent;
        }
    }

    /// The actions, `[B, D]`.
    pub(crate) const fn actions(&self) -> &Panels {
        &self.actions
    }

    /// How many coordinates of example `row` have a tangent beyond `level`, either way.
    pub(crate) fn n_beyond(&self, row: usize, level: f32) -> usize {
        let panel = self.tangents.panel(row / LANES);
        panel.iter().filter(|feature| feature[row % LANES].abs() > level).count()
    }

    /// From the gradient of the actions, which replaces them in [`Self::actions_mut`], to that of the parameters.
    pub(crate) fn backward(
        &mut self,
        shapes: &Shapes,
        config: &SessionAgentConfig,
        actor: &[f32],
        gradients: &mut [f32],
    ) {
        let Self { workspace, tangents, actions, rows } = self;
        let factor = config.bound * config.multiplier;
        for (gradient, tangent) in actions.values_mut().iter_mut().zip(tangents.values()) {
            *gradient *= factor * (1.0 - tangent * tangent);
        }
        rows.fill(actions);
        let (of_network, of_skip) = gradients.split_at_mut(shapes.skip.start);
        weight_gradient(workspace.inputs(0), rows, of_skip);
        workspace.output_gradient_mut().values_mut().copy_from_slice(actions.values());
        shapes.actor.backward(actor, workspace, Some(of_network), &Wanted::default());
    }

    /// The actions, whose gradient may be put in their place when they have been read.
    pub(crate) const fn actions_mut(&mut self) -> &mut Panels {
        &mut self.actions
    }
}

/// The distributions over the candidates for sixteen actions at a time.
#[derive(Debug, Clone)]
pub(crate) struct ScorePass {
    /// One panel of actions, then of their gradients.
    actions: Panels,
    /// One panel `[C][16]` each.
    logits: Panels,
    weights: Panels,
}

impl ScorePass {
    pub(crate) fn new(n_candidates: usize, dim: usize) -> Self {
        Self {
            actions: Panels::zeros(LANES, dim),
            logits: Panels::zeros(LANES, n_candidates),
            weights: Panels::zeros(LANES, n_candidates),
        }
    }

    /// The scores `a . e_i` of the candidates `[C, D]` for a panel of actions, `[C][16]`.
    pub(crate) fn scores(&mut self, candidates: &[f32], actions: &[[f32; LANES]]) -> &[[f32; LANES]] {
        self.actions.panel_mut(0).copy_from_slice(actions);
        let n_candidates = self.logits.n_features();
        input_gradient(candidates, 0..n_candidates, &self.actions, &mut self.logits);
        self.logits.panel(0)
    }

    /// The distributions `softmax(scores / temperature)` over the candidates that are not excluded: `excluded` has for each
    /// example the bits of those that are. Examples beyond the last have all candidates.
    pub(crate) fn distributions<'a>(
        &mut self,
        candidates: &[f32],
        actions: &[[f32; LANES]],
        temperature: f32,
        excluded: impl Iterator<Item = &'a [u64]>,
    ) -> Categorical {
        self.scores(candidates, actions);
        let logits = self.logits.panel_mut(0);
        for (lane, words) in excluded.enumerate().take(LANES) {
            for candidate in bits(words) {
                logits[candidate][lane] = EXCLUDED;
            }
        }
        Categorical::new(logits, self.weights.panel_mut(0), temperature)
    }

    /// The logits of the present distributions, `[C][16]`.
    pub(crate) fn logits(&self) -> &[[f32; LANES]] {
        self.logits.panel(0)
    }

    /// The weights of the present distributions, `[C][16]`.
    pub(crate) fn weights(&self) -> &[[f32; LANES]] {
        self.weights.panel(0)
    }

    /// Sets `into` to the gradient of the actions, from that of the chosen candidates' logarithms of probabilities and that
    /// of the entropies: `sum_i (d / d logit_i) e_i / temperature`.
    pub(crate) fn action_gradient(
        &mut self,
        distributions: &Categorical,
        candidates: &[f32],
        temperature: f32,
        of_rows: &RowGradients,
        into: &mut [[f32; LANES]],
    ) {
        let Self { actions, logits, weights } = self;
        let RowGradients { chosen, of_log_probability, of_entropy } = of_rows;
        let panel = weights.panel_mut(0);
        distributions.gradient(logits.panel(0), panel, chosen, of_log_probability, of_entropy);
        actions.values_mut().fill(0.0);
        let dim = actions.n_features();
        add_product(candidates, dim, weights, actions, 0);
        let inverse = 1.0 / temperature;
        for (into, gradient) in into.iter_mut().zip(actions.panel(0)) {
            *into = gradient.map(|gradient| gradient * inverse);
        }
    }
}

/// What the objective's gradient is for each example of a panel; zero beyond the batch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowGradients {
    pub chosen: [u32; LANES],
    pub of_log_probability: [f32; LANES],
    pub of_entropy: [f32; LANES],
}

/// The positions of the bits that are set.
pub(crate) fn bits(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            (rest != 0).then(|| {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                at * 64 + bit
            })
        })
    })
}
