//! What every system says of itself: how it acts and learns, and how it ranks when it is served.

use crate::RivalError;
use crate::memory::Experience;
use crate::situation::{RivalWorld, Situation, View};
use drr_core::{ItemIdx, ItemSet, RandomStream, ScoredItem};
use drr_store::NamedArray;

/// A session that waits for a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    /// What the system sees.
    pub situation: &'a Situation,
    /// The items that may be recommended, at least one.
    pub candidates: &'a ItemSet,
}

/// What one update says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// The loss of the critic or of what stands for one.
    pub loss: f64,
    /// The mean absolute difference between target and value.
    pub td_error: f64,
    /// The mean value of the policy's own choices.
    pub value: f64,
}

/// The learning side of a system.
pub(crate) trait System: Send {
    /// The items of one decision, K; the loop shows them one by one and hands them back as one experience.
    fn slate(&self) -> usize {
        1
    }

    /// Chooses at most K candidates for each session, without repeats, exploring as the system explores.
    ///
    /// `step` is the number of environment steps so far, for schedules.
    fn act(
        &mut self,
        world: &RivalWorld,
        sessions: &[Session<'_>],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Vec<Vec<ItemIdx>>, RivalError>;

    /// Takes note of an experience when it is made, before it goes to the memory.
    fn observe(&mut self, _experience: &mut Experience) {}

    /// Whether the updates after the present decision are due.
    fn learns_now(&self) -> bool {
        true
    }

    /// One update from a batch.
    fn update(
        &mut self,
        world: &RivalWorld,
        batch: &[&Experience],
        step: u64,
        random: &mut RandomStream,
    ) -> Result<Report, RivalError>;

    /// What happens between two rounds of sessions; `sample` draws experiences.
    fn after_round(
        &mut self,
        _world: &RivalWorld,
        _round: u64,
        _sample: &mut dyn FnMut(usize) -> Vec<Experience>,
    ) -> Result<(), RivalError> {
        Ok(())
    }

    /// The probability of exploring after `step` environment steps, for the curves.
    fn exploration(&self, _step: u64) -> f64 {
        0.0
    }

    /// The networks that are judged and served.
    fn served(&self) -> Result<Vec<NamedArray>, RivalError>;

    /// Everything that a resumed training needs: networks, targets, optimizers, counts.
    fn to_arrays(&self) -> Result<Vec<NamedArray>, RivalError>;

    /// Sets everything that [`System::to_arrays`] gives.
    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), RivalError>;
}

/// The serving side of a system: frozen networks.
pub(crate) trait Ranker: Send + Sync {
    /// The scores of all items for each view, `[B][I]`: lists are the best allowed items.
    fn scores(&self, views: &[View]) -> Result<Vec<Vec<f32>>, RivalError>;

    /// The lists themselves, for systems whose lists are no order of scores.
    fn rank(
        &self,
        name: &str,
        views: &[View],
        asked: &[(drr_core::UserIdx, &ItemSet)],
        k: usize,
    ) -> Result<Vec<Vec<ScoredItem>>, drr_core::RecommendError> {
        let failed = |source: RivalError| drr_core::RecommendError::Failed {
            recommender: name.to_owned(),
            source: Box::new(source),
        };
        let scores = self.scores(views).map_err(failed)?;
        let rows = scores.iter().zip(asked);
        rows.map(|(scores, (user, allowed))| {
            drr_core::rank(scores, allowed, k).map_err(|bad| drr_core::RecommendError::NotFinite {
                recommender: name.to_owned(),
                user: *user,
                item: bad.item,
                score: bad.score,
            })
        })
        .collect()
    }
}
