//! The update rule of the agent: deep deterministic policy gradient (Lillicrap et al. 2016) on the states of DRR (Liu et
//! al. 2018, algorithm 1).
//!
//! It is written twice. `composed` says it in tensor operations with automatic gradients, top to bottom; `fused` does the
//! same on flat arrays, several times as fast, and a test holds one against the other. Both are an `Updater` of `drr-learn`:
//! they read and write the same arrays, so a training may change the path at any checkpoint.
//!
//! Numbers of equations are those of Liu et al. 2018. The papers behind the optional parts (`TD3`, `TD3+BC`, `CQL`, Wolpertinger,
//! layer normalization) are cited without numbers: their texts were not at hand.

mod composed;
mod fused;

use crate::{AgentConfig, ReplayAction, UpdatePath};
use composed::ComposedLearner;
use drr_core::{ItemIdx, MetricSink, ScoredItem, Seeds};
use drr_learn::{LearnError, ListRequest, Rows, Schedule, Served, TrainingTables, UpdateReport, Updater};
use drr_replay::Batch;
use drr_store::NamedArray;
use fused::FusedLearner;

/// The path that the configuration names, or another that the caller chose, with what holds on all of them: schedules of
/// the learning rates, and what the critic is told of an action.
#[derive(Debug)]
pub(crate) struct Learner {
    config: AgentConfig,
    path: Box<dyn Updater>,
    report: UpdateReport,
}

impl Learner {
    /// Fresh networks; the targets start as copies.
    pub(crate) fn new(
        config: &AgentConfig,
        tables: &TrainingTables,
        history_length: usize,
        seeds: Seeds,
    ) -> Result<Self, LearnError> {
        let is_composed = config.path == UpdatePath::Composed
            || config.fine_tune_items
            || config.slate > 1
            || !config.is_flat();
        let path: Box<dyn Updater> = if is_composed {
            Box::new(ComposedLearner::new(config, tables, history_length, seeds)?)
        } else {
            Box::new(FusedLearner::new(config, tables, history_length, seeds)?)
        };
        Ok(Self { config: config.clone(), path, report: UpdateReport::default() })
    }

    /// Goes on with another path, from the present networks, targets and optimizers.
    pub(crate) fn change_path(&mut self, mut path: Box<dyn Updater>) -> Result<(), LearnError> {
        path.load_arrays(&self.path.to_arrays()?, self.path.n_updates())?;
        self.path = path;
        Ok(())
    }

    /// Which path carries out the updates.
    pub(crate) fn path_name(&self) -> &'static str {
        self.path.name()
    }

    /// Updates done so far.
    pub(crate) fn n_updates(&self) -> u64 {
        self.path.n_updates()
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
    ) -> Result<&UpdateReport, LearnError> {
        if let Some((actor, critic)) = self.rate_factors() {
            self.path.set_rate_factors(actor, critic);
        }
        self.path.update(batch, tables, step, &mut self.report)?;
        Ok(&self.report)
    }

    /// The outputs `[B, D]` of one of the actors for `rows`.
    pub(crate) fn outputs(
        &mut self,
        which: Served,
        rows: &Rows,
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, LearnError> {
        self.path.outputs(which, rows, tables)
    }

    /// The online critic's values `[B]` of what was executed in `rows`: the outputs `[B, D]` or the items, whichever the
    /// critic is taught on. A row without items has a value without a meaning.
    pub(crate) fn values(
        &self,
        rows: &Rows,
        outputs: &[f32],
        items: &[Vec<ItemIdx>],
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, LearnError> {
        let of_items;
        let actions = match self.config.replay_action {
            ReplayAction::Proto => outputs,
            ReplayAction::Item => {
                let trained = self.path.trained_items()?;
                let vectors = trained.as_deref().unwrap_or(tables.item_values());
                of_items = means(vectors, tables.dim(), items);
                &of_items
            }
        };
        self.path.values(rows, actions, tables)
    }

    /// The best items for the actions made of `outputs` `[B, D]`, in the critic's order where it has a say.
    pub(crate) fn ranked(
        &self,
        which: Served,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: ListRequest<'_>,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
        self.path.ranked(which, rows, outputs, tables, request, true)
    }

    /// The same for lists that are served: the critic may have its say in training alone.
    pub(crate) fn served(
        &self,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: ListRequest<'_>,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
        let refines = self.config.refinement.as_ref().is_some_and(|it| it.serve);
        self.path.ranked(self.config.served, rows, outputs, tables, request, refines)
    }

    /// The networks that are judged and served, as arrays.
    pub(crate) fn served_arrays(&self) -> Result<Vec<NamedArray>, LearnError> {
        self.path.networks(self.config.served)
    }

    /// Networks, targets and optimizers as arrays.
    pub(crate) fn to_arrays(&self) -> Result<Vec<NamedArray>, LearnError> {
        self.path.to_arrays()
    }

    /// Sets networks, targets and optimizers; the count of updates comes beside.
    pub(crate) fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), LearnError> {
        self.path.load_arrays(arrays, n_updates)
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
