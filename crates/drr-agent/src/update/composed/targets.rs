//! The targets of the critics.

use super::ComposedLearner;
use super::slates::mean_vectors;
use crate::ReplayAction;
use crate::action::compose;
use crate::flat::with_values;
use crate::refinement::{reorder, values};
use candle_core::{Device, Tensor};
use drr_core::{ItemIdx, ScoredItem};
use drr_kernels::{Panels, Ranked, TopK};
use drr_learn::{Inputs, LearnError, Side, TrainingTables};
use drr_replay::Batch;

impl ComposedLearner {
    /// `y = r + gamma Q'(s', pi'(s'))`, without the future where a session truly ended. A time limit is no end. With
    /// twins, `Q'` is the lesser of both (Fujimoto et al. 2018).
    pub(super) fn td_targets(
        &mut self,
        batch: &Batch,
        tables: &TrainingTables,
    ) -> Result<Tensor, LearnError> {
        let n_rows = batch.rewards.len();
        let rewards = Tensor::from_slice(&batch.rewards, n_rows, &Device::Cpu)?;
        if self.config.discount == 0.0 {
            return Ok(rewards);
        }
        let next = Inputs::sampled(batch, Side::Next, tables, self.online.history_length())?;
        let states = self.targets.states(&next)?.detach();
        let outputs = self.targets.actor.forward(&states)?.detach();
        let outputs = self.smoothed(outputs)?;
        let actions = match self.config.replay_action {
            ReplayAction::Proto => outputs,
            ReplayAction::Item => self.chosen_items(batch, &next, &states, &outputs)?,
        };
        let values = self.targets.values(&states, &actions)?.detach();
        #[expect(clippy::cast_possible_truncation, reason = "tensors are single precision")]
        let discounts: Vec<f32> = batch
            .terminated
            .iter()
            .map(|ended| if *ended { 0.0 } else { self.config.discount as f32 })
            .collect();
        Ok((rewards + (values * Tensor::from_vec(discounts, n_rows, &Device::Cpu)?)?)?)
    }

    /// The target actor's outputs `[B, D]` with noise that is cut, and within `[-1, 1]` again (Fujimoto et al.
    /// 2018); as they are without TD3.
    fn smoothed(&mut self, outputs: Tensor) -> Result<Tensor, LearnError> {
        let Some(td3) = self.config.td3.as_ref().filter(|td3| td3.target_noise > 0.0) else {
            return Ok(outputs);
        };
        let noise = self.draws.noise(outputs.elem_count(), td3.target_noise, td3.target_noise_clip);
        let noise = Tensor::from_vec(noise, outputs.shape(), &Device::Cpu)?;
        Ok((outputs + noise)?.clamp(-1.0_f32, 1.0_f32)?)
    }

    /// The vectors `[B, D]` of the items that the target policy would recommend next, none of them twice in a session; of a
    /// slate, their mean.
    pub(super) fn chosen_items(
        &self,
        batch: &Batch,
        next: &Inputs,
        states: &Tensor,
        outputs: &Tensor,
    ) -> Result<Tensor, LearnError> {
        let actions = compose(&self.config.action, &next.users, outputs)?;
        let items = self.targets.items.detach();
        let n_items = items.dim(0)?;
        let slate = self.config.slate;
        let k = self.config.refinement.as_ref().map_or(slate, |it| it.n_neighbours(n_items).max(slate));
        let mut near = self.nearest(batch, &actions, &items, k)?;
        if let Some(refinement) = &self.config.refinement {
            let lists: Vec<&[ScoredItem]> = near.iter().map(Vec::as_slice).collect();
            let values = values(&self.targets, states, &lists)?;
            for (list, values) in near.iter_mut().zip(values) {
                // A value that is not finite shows in the loss.
                reorder(list, &values, refinement.weight).unwrap_or(());
            }
        }
        let first = |list: &Vec<ScoredItem>| list.iter().take(slate).map(|it| it.item).collect();
        let mut chosen: Vec<Vec<ItemIdx>> = near.iter().map(first).collect();
        // Without a candidate the session has ended, and the future does not count.
        chosen.iter_mut().filter(|list| list.is_empty()).for_each(|list| list.push(ItemIdx(0)));
        mean_vectors(&items, &chosen)
    }

    /// The best `k` items of `items` `[I, D]` for each of the actions `[B, D]` that are neither in the history nor
    /// recommended.
    fn nearest(
        &self,
        batch: &Batch,
        actions: &Tensor,
        items: &Tensor,
        k: usize,
    ) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
        let (n_rows, dim) = actions.dims2()?;
        let window = self.online.history_length();
        let is_open = |row: usize, item: u32| {
            let length = batch.next_observations.lengths[row] as usize;
            let history = &batch.next_observations.histories[row * window..][..length];
            !history.contains(&item) && !batch.recommended(row).contains(&ItemIdx(item))
        };
        let actions = with_values(actions, |actions| Panels::from_rows(actions, dim))?;
        let mut search = TopK::new(k);
        with_values(items, |items| search.search(items, &actions, is_open))?;
        let scored = |ranked: Ranked| ScoredItem { item: ItemIdx(ranked.item), score: ranked.score };
        // A score that is not finite shows in the loss.
        let list = |row| search.best(row).map_or_else(|_| Vec::new(), |best| best.map(scored).collect());
        Ok((0..n_rows).map(list).collect())
    }
}
