//! The update rule of the agent: deep deterministic policy gradient (Lillicrap et al. 2016) on the states of DRR (Liu et
//! al. 2018, algorithm 1).
//!
//! It is written twice. `composed` says it in tensor operations with automatic gradients, top to bottom; `fused` does the
//! same on flat arrays, several times as fast, and a test holds one against the other. Both read and write the same
//! arrays, so a training may change the path at any checkpoint.

mod composed;
mod fused;

use crate::action::Request;
use crate::batch::Rows;
use crate::flat;
use crate::refinement::refined;
use crate::tables::TrainingTables;
use crate::{AgentConfig, AgentError, RefinementConfig, ReplayAction, Schedule, Served, UpdatePath};
use composed::ComposedLearner;
use drr_core::{ItemIdx, MetricSink, ScoredItem, Seeds};
use drr_replay::Batch;
use drr_store::NamedArray;
use fused::FusedLearner;

/// What one update says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct UpdateReport {
    /// `y - Q(s, a)` of each transition, `[B]`.
    pub td_errors: Vec<f32>,
    /// The critic's loss.
    pub critic_loss: f64,
    /// The mean value of the actor's own actions.
    pub mean_value: f64,
    /// What the optional parts say of themselves, by the names of their curves; empty without them.
    pub terms: Vec<(&'static str, f64)>,
}

/// Online networks, target networks and their optimizers, on the path that the configuration names.
#[derive(Debug)]
pub(crate) struct Learner {
    config: AgentConfig,
    path: Path,
    report: UpdateReport,
}

#[derive(Debug)]
enum Path {
    Fused(Box<FusedLearner>),
    Composed(Box<ComposedLearner>),
}

impl Learner {
    /// Fresh networks; the targets start as copies.
    pub(crate) fn new(
        config: &AgentConfig,
        tables: &TrainingTables,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, AgentError> {
        let path = if config.path == UpdatePath::Composed
            || config.fine_tune_items
            || config.slate > 1
            || !config.is_flat()
        {
            Path::Composed(Box::new(ComposedLearner::new(config, tables, history_length, seeds)?))
        } else {
            Path::Fused(Box::new(FusedLearner::new(config, tables, history_length, seeds)?))
        };
        Ok(Self { config: config.clone(), path, report: UpdateReport::default() })
    }

    /// Updates done so far.
    pub(crate) const fn n_updates(&self) -> u64 {
        match &self.path {
            Path::Fused(learner) => learner.n_updates,
            Path::Composed(learner) => learner.n_updates,
        }
    }

    /// What both learning rates are multiplied by at the next update, if one of them has a schedule.
    fn rate_factors(&self) -> Option<(f64, f64)> {
        let (actor, critic) = (self.config.actor_optimizer_schedule, self.config.critic_optimizer_schedule);
        let factor = |schedule: Option<Schedule>| schedule.map_or(1.0, |it| it.at(self.n_updates()));
        (actor.is_some() || critic.is_some()).then(|| (factor(actor), factor(critic)))
    }

    /// Records the learning rates at environment step `step` where they have a schedule.
    pub(crate) fn record_rates(&self, step: u64, sink: &mut dyn MetricSink) {
        if let Some((actor, critic)) = self.rate_factors() {
            sink.record(step, "actor_learning_rate", self.config.actor_optimizer.learning_rate * actor);
            sink.record(step, "critic_learning_rate", self.config.critic_optimizer.learning_rate * critic);
        }
    }

    /// One update of critic, state module, actor and targets from one batch; `step` stands in errors.
    pub(crate) fn update(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
    ) -> Result<&UpdateReport, AgentError> {
        if let Some((actor, critic)) = self.rate_factors() {
            match &mut self.path {
                Path::Fused(learner) => learner.set_rate_factors(actor, critic),
                Path::Composed(learner) => learner.set_rate_factors(actor, critic),
            }
        }
        match &mut self.path {
            Path::Fused(learner) => learner.update(batch, tables, step, &mut self.report)?,
            Path::Composed(learner) => self.report = learner.update(batch, tables, step)?,
        }
        Ok(&self.report)
    }

    /// The outputs `[B, D]` of one of the actors for `rows`.
    pub(crate) fn outputs(
        &mut self,
        which: Served,
        rows: &Rows,
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, AgentError> {
        match &mut self.path {
            Path::Fused(learner) => Ok(learner.outputs(which, rows, tables)),
            Path::Composed(learner) => {
                let networks = learner.networks(which);
                let outputs = networks.actor.forward(&networks.states(&rows.inputs()?)?)?;
                Ok(outputs.flatten_all()?.to_vec1()?)
            }
        }
    }

    /// The online critic's values `[B]` of what was executed in `rows`: the outputs `[B, D]` or the items, whichever the
    /// critic is taught on. A row without items has a value without a meaning.
    pub(crate) fn values(
        &self,
        rows: &Rows,
        outputs: &[f32],
        items: &[Vec<ItemIdx>],
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, AgentError> {
        let learned = match &self.path {
            Path::Composed(learner) if self.config.fine_tune_items => {
                Some(learner.online.items.flatten_all()?.to_vec1::<f32>()?)
            }
            _ => None,
        };
        let vectors = learned.as_deref().unwrap_or(tables.item_values());
        let of_items;
        let actions = match self.config.replay_action {
            ReplayAction::Proto => outputs,
            ReplayAction::Item => {
                of_items = means(vectors, tables.dim(), items);
                &of_items
            }
        };
        match &self.path {
            Path::Fused(learner) => Ok(learner.values(rows, actions, tables)),
            Path::Composed(learner) => learner.values(rows, actions),
        }
    }

    /// The best items for the actions made of `outputs` `[B, D]`, in the critic's order where it has a say.
    pub(crate) fn ranked(
        &self,
        which: Served,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: Request<'_>,
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        self.lists(which, rows, outputs, tables, request, self.config.refinement.as_ref())
    }

    /// The same for lists that are served: the critic may have its say in training alone.
    pub(crate) fn served(
        &self,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: Request<'_>,
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        let refinement = self.config.refinement.as_ref().filter(|it| it.serve);
        self.lists(self.config.served, rows, outputs, tables, request, refinement)
    }

    fn lists(
        &self,
        which: Served,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: Request<'_>,
        refinement: Option<&RefinementConfig>,
    ) -> Result<Vec<Vec<ScoredItem>>, AgentError> {
        match &self.path {
            Path::Fused(_) => {
                Ok(flat::ranked(&self.config.action, tables.item_values(), rows, outputs, request)?)
            }
            Path::Composed(learner) => {
                let networks = learner.networks(which);
                let nearest = |request: Request<'_>| {
                    flat::with_values(&networks.items, |items| {
                        flat::ranked(&self.config.action, items, rows, outputs, request)
                    })?
                    .map_err(AgentError::from)
                };
                match refinement {
                    Some(refinement) => {
                        let states = networks.states(&rows.inputs()?)?;
                        refined(refinement, networks, &states, request, nearest)
                    }
                    None => nearest(request),
                }
            }
        }
    }

    /// The networks that are judged and served, as arrays.
    pub(crate) fn served_arrays(&self) -> Result<Vec<NamedArray>, AgentError> {
        match &self.path {
            Path::Fused(learner) => Ok(learner.arrays(self.config.served)),
            Path::Composed(learner) => learner.networks(self.config.served).to_arrays(""),
        }
    }

    /// Networks, targets and optimizers as arrays.
    pub(crate) fn to_arrays(&self) -> Result<Vec<NamedArray>, AgentError> {
        match &self.path {
            Path::Fused(learner) => Ok(learner.to_arrays()),
            Path::Composed(learner) => learner.to_arrays(),
        }
    }

    /// Sets networks, targets and optimizers; the count of updates comes beside.
    pub(crate) fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), AgentError> {
        match &mut self.path {
            Path::Fused(learner) => learner.load_arrays(arrays, n_updates),
            Path::Composed(learner) => learner.load_arrays(arrays, n_updates),
        }
    }
}

/// The means `[B, D]` of the vectors of each row's items, out of `vectors` `[I, D]`; zeros where a row has none.
pub(crate) fn means(vectors: &[f32], dim: usize, items: &[Vec<ItemIdx>]) -> Vec<f32> {
    let mut means = vec![0.0; items.len() * dim];
    for (mean, items) in means.chunks_exact_mut(dim).zip(items) {
        let share = 1.0 / items.len().max(1) as f32;
        for item in items {
            let vector = &vectors[item.index() * dim..][..dim];
            mean.iter_mut().zip(vector).for_each(|(mean, value)| *mean += share * value);
        }
    }
    means
}

#[cfg(test)]
pub(crate) mod tests;
