//! The path of an update: whatever carries out the update rule, with named arrays in and out.
//!
//! Paths differ in how they compute, never in what. Networks, targets and optimizers cross the border as arrays of the same
//! names, so a training may change its path between any two rounds, and a device is a path like those of the processor.

use crate::{LearnError, Rows, TrainingTables};
use drr_core::{ItemSet, ScoredItem, UserIdx};
use drr_replay::Batch;
use drr_store::NamedArray;
use serde::{Deserialize, Serialize};

/// Which networks are judged and served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The online networks, as they came out of the last update.
    Online,
    /// The target networks: an average over about `1 / tau` updates, hence less noisy (Polyak and Juditsky 1992).
    Target,
}

/// What one update says of itself.
#[derive(Debug, Clone, Default)]
pub struct UpdateReport {
    /// `y - Q(s, a)` of each transition, `[B]`.
    pub td_errors: Vec<f32>,
    /// The critic's loss.
    pub critic_loss: f64,
    /// The mean value of the actor's own actions.
    pub mean_value: f64,
    /// What the optional parts say of themselves, by the names of their curves; empty without them.
    pub terms: Vec<(&'static str, f64)>,
}

/// Who asks for lists, of which items.
#[derive(Debug, Clone, Copy)]
pub struct ListRequest<'a> {
    /// Who answers, for errors.
    pub name: &'a str,
    /// The users, and the items that each may be recommended, `[B]`.
    pub rows: &'a [(UserIdx, &'a ItemSet)],
    /// The length of a list.
    pub k: usize,
}

/// Online networks, target networks and their optimizers, on one path.
///
/// The arrays are named `online.*`, `target.*`, `actor_optimizer.*` and `critic_optimizer.*`; a path that draws numbers adds
/// its random streams.
pub trait Updater: std::fmt::Debug + Send {
    /// What logs and reports call the path: "fused".
    fn name(&self) -> &'static str;

    /// Updates done so far.
    fn n_updates(&self) -> u64;

    /// Multiplies the learning rates of the updates to come.
    fn set_rate_factors(&mut self, actor: f64, critic: f64);

    /// One update of critic, state module, actor and targets from one batch, told in `report`; `step` stands in errors.
    ///
    /// # Errors
    ///
    /// Stops at the first value that is not finite.
    fn update(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
        step: u64,
        report: &mut UpdateReport,
    ) -> Result<(), LearnError>;

    /// The outputs `[B, D]` of one of the actors for `rows`.
    ///
    /// # Errors
    ///
    /// Fails if the path does.
    fn outputs(
        &mut self,
        which: Served,
        rows: &Rows,
        tables: &TrainingTables,
    ) -> Result<Vec<f32>, LearnError>;

    /// The online critic's values `[B]` of actions `[B, D]` in `rows`.
    ///
    /// # Errors
    ///
    /// Fails if the path does.
    fn values(&self, rows: &Rows, actions: &[f32], tables: &TrainingTables) -> Result<Vec<f32>, LearnError>;

    /// The item vectors `[I, D]` where the path trains them; else those of the tables hold.
    ///
    /// # Errors
    ///
    /// Fails if the path does.
    fn trained_items(&self) -> Result<Option<Vec<f32>>, LearnError> {
        Ok(None)
    }

    /// The best allowed items for the actions made of `outputs` `[B, D]`; where `refines`, in the critic's order, if the
    /// critic has a say at all.
    ///
    /// # Errors
    ///
    /// Fails on a score that is not finite.
    fn ranked(
        &self,
        which: Served,
        rows: &Rows,
        outputs: &[f32],
        tables: &TrainingTables,
        request: ListRequest<'_>,
        refines: bool,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError>;

    /// The online or the target networks as arrays without a prefix, as a policy's file has them.
    ///
    /// # Errors
    ///
    /// Fails if the path does.
    fn networks(&self, which: Served) -> Result<Vec<NamedArray>, LearnError>;

    /// Networks, targets, optimizers and random streams as arrays.
    ///
    /// # Errors
    ///
    /// Fails if the path does.
    fn to_arrays(&self) -> Result<Vec<NamedArray>, LearnError>;

    /// Sets all that [`Updater::to_arrays`] gives; the count of updates comes beside.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another shape.
    fn load_arrays(&mut self, arrays: &[NamedArray], n_updates: u64) -> Result<(), LearnError>;
}
