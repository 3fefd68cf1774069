//! The agent's networks on flat parameters: the same shapes, names and values as the networks of tensors.

use crate::action::{compose_rows, not_finite};
use crate::{ActionConfig, AgentConfig};
use candle_core::{Storage, Tensor};
use drr_core::{ItemIdx, ItemSet, RecommendError, ScoredItem, UserIdx};
use drr_kernels::mlp::Workspace;
use drr_kernels::{DrrShapes, NamedRange, Panels, Ranked, TopK, state};
use drr_learn::{LearnError, ListRequest, Rows};
use drr_nn::FlatLayout;
use drr_store::NamedArray;
use std::ops::Deref;

/// The shapes of actor, critic and state module, and where their parameters lie.
#[derive(Debug, Clone)]
pub(crate) struct Shapes {
    networks: DrrShapes,
    pub actor_layout: FlatLayout,
    pub critic_layout: FlatLayout,
}

impl Shapes {
    /// The shapes of `config` for vectors of dimension `dim` and windows of `history_length`.
    pub(crate) fn new(config: &AgentConfig, dim: usize, history_length: usize) -> Self {
        let networks = DrrShapes::new(config.actor_hidden, config.critic_hidden, dim, history_length);
        let actor_layout = layout(networks.actor_parameters());
        let critic_layout = layout(networks.critic_parameters());
        Self { networks, actor_layout, critic_layout }
    }
}

impl Deref for Shapes {
    type Target = DrrShapes;

    fn deref(&self) -> &DrrShapes {
        &self.networks
    }
}

fn layout(parameters: Vec<NamedRange>) -> FlatLayout {
    let mut layout = FlatLayout::new();
    for NamedRange { name, shape, range } in parameters {
        layout.add(name, &shape, range);
    }
    layout
}

/// The parameters of all networks of an agent.
#[derive(Debug, Clone)]
pub(crate) struct FlatNetworks {
    pub actor: Vec<f32>,
    /// The critic's, then the state module's.
    pub critic: Vec<f32>,
}

impl FlatNetworks {
    /// The parameters in `arrays`, their names behind `prefix`.
    pub(crate) fn from_arrays(
        shapes: &Shapes,
        prefix: &str,
        arrays: &[NamedArray],
    ) -> Result<Self, LearnError> {
        let mut actor = vec![0.0; shapes.actor_layout.n_values()];
        let mut critic = vec![0.0; shapes.critic_layout.n_values()];
        shapes.actor_layout.load_arrays(prefix, arrays, &mut actor)?;
        shapes.critic_layout.load_arrays(prefix, arrays, &mut critic)?;
        Ok(Self { actor, critic })
    }

    /// All parameters, their names behind `prefix`.
    pub(crate) fn to_arrays(&self, shapes: &Shapes, prefix: &str) -> Vec<NamedArray> {
        let mut arrays = shapes.actor_layout.to_arrays(prefix, &self.actor);
        arrays.extend(shapes.critic_layout.to_arrays(prefix, &self.critic));
        arrays
    }
}

/// Writes the states of `rows` into `states`.
pub(crate) fn encode(
    encoder: &mut state::DrrAve,
    items: &[f32],
    position_weights: &[f32],
    rows: &Rows,
    states: &mut Panels,
) {
    for row in 0..rows.len() {
        let (user, history) = rows.row(row);
        encoder.forward(items, position_weights, user, history, row, states);
    }
}

/// A pass from observations to the actor's outputs, its memory kept from call to call.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    encoder: state::DrrAve,
    workspace: Workspace,
}

impl Acting {
    pub(crate) fn new(shapes: &Shapes) -> Self {
        Self { encoder: state::DrrAve::new(shapes.dim), workspace: shapes.actor.workspace() }
    }

    /// The actor's outputs `[B, D]` for `rows`, with item vectors `items` `[I, D]`.
    pub(crate) fn outputs(
        &mut self,
        shapes: &Shapes,
        networks: &FlatNetworks,
        items: &[f32],
        rows: &Rows,
    ) -> Vec<f32> {
        self.workspace.resize(rows.len());
        let position_weights = &networks.critic[shapes.position_weights.clone()];
        encode(&mut self.encoder, items, position_weights, rows, self.workspace.inputs_mut(0));
        shapes.actor.forward(&networks.actor, &mut self.workspace);
        shapes.actor.outputs(&self.workspace).to_rows()
    }
}

/// The critic's values `[B]` of actions `[B, D]` in the states of `rows`, with item vectors `items` `[I, D]`.
pub(crate) fn values(
    shapes: &Shapes,
    networks: &FlatNetworks,
    items: &[f32],
    rows: &Rows,
    actions: &[f32],
) -> Vec<f32> {
    let mut workspace = shapes.critic.workspace();
    workspace.resize(rows.len());
    let position_weights = &networks.critic[shapes.position_weights.clone()];
    let mut encoder = state::DrrAve::new(shapes.dim);
    encode(&mut encoder, items, position_weights, rows, workspace.inputs_mut(0));
    let joint = workspace.inputs_mut(1);
    let at = joint.n_features() - shapes.dim;
    for (row, action) in actions.chunks_exact(shapes.dim).enumerate() {
        joint.write_row(row, at, action);
    }
    shapes.critic.forward(&networks.critic, &mut workspace);
    shapes.critic.outputs(&workspace).to_rows()
}

/// What `read` makes of a tensor's values, where they lie in one piece on the CPU; nothing is copied.
pub(crate) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> T) -> Result<T, LearnError> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Ok(read(&tensor.flatten_all()?.to_vec1::<f32>()?));
    };
    Ok(read(&storage.as_slice::<f32>()?[layout.start_offset()..][..tensor.elem_count()]))
}

/// The best of all items `[I, D]` for the actions made of `outputs` `[B, D]`, by their scores `i . a` (Liu et al. 2018,
/// sec. IV-B).
pub(crate) fn ranked(
    config: &ActionConfig,
    items: &[f32],
    rows: &Rows,
    outputs: &[f32],
    request: ListRequest<'_>,
) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
    let ListRequest { name, rows: asked, k } = request;
    if asked.is_empty() || k == 0 {
        return Ok(vec![Vec::new(); asked.len()]);
    }
    let actions = Panels::from_rows(&compose_rows(config, &rows.users, outputs), outputs.len() / rows.len());
    let mut search = TopK::new(k);
    search.search(items, &actions, |row, item| asked[row].1.contains(ItemIdx(item)));
    let scored = |ranked: Ranked| ScoredItem { item: ItemIdx(ranked.item), score: ranked.score };
    let list = |(row, (user, _)): (usize, &(UserIdx, &ItemSet))| match search.best(row) {
        Ok(best) => Ok(best.map(scored).collect()),
        Err(bad) => Err(not_finite(name, *user, scored(bad))),
    };
    asked.iter().enumerate().map(list).collect()
}
