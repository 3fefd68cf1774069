//! The full backup: the target sums over the outcomes with their probabilities, instead of following the one that
//! happened.

use super::networks::Outlook;
use crate::memory::Experience;
use crate::situation::{Situation, View};
use drr_core::ItemIdx;

/// The situation after a conversion: the item is the latest in the history, which keeps its window.
pub(super) fn converted(before: &Situation, item: ItemIdx, window: usize) -> Situation {
    let mut next = before.clone();
    next.liked.push(item);
    next.liked.drain(..next.liked.len().saturating_sub(window));
    let n_liked = u32::try_from(next.liked.len()).unwrap_or(u32::MAX);
    next.n_accepted = (next.n_accepted + 1).min(n_liked);
    next
}

/// The outcome that happened: 0 a conversion, 1 a continuation, 2 an abandonment.
pub(super) fn outcome(experience: &Experience) -> usize {
    let reward = experience.rewards.first().copied().unwrap_or(0.0);
    match (reward > 0.0, experience.terminated) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}

/// The full backup target (Hu et al. 2018, carried over to a rating log):
/// `y = b (m + gamma Q'(s+)) + c (r_minus + gamma Q'(s-)) + l r_minus`.
///
/// `after_conversion` is `Q'(s+)`, 0 where a session ends with it; `after_refusal` is `Q'(s-)`.
pub(super) fn target(outlook: Outlook, after_conversion: f32, after_refusal: f32, discount: f32) -> f32 {
    let Outlook { conversion, continuation, abandonment, deal, refusal } = outlook;
    conversion * (deal + discount * after_conversion)
        + continuation * (refusal + discount * after_refusal)
        + abandonment * refusal
}

/// Appends a view as the networks read it, `[3 D + 1]`: the user, user times pooled history, the mean of the history, and
/// how full the history is.
pub(super) fn push_state(view: &View, items: &drr_core::EmbeddingTable, window: usize, into: &mut Vec<f32>) {
    let dim = items.dim();
    let mut pooled = vec![0.0_f32; dim];
    for item in &view.liked {
        pooled.iter_mut().zip(items.row(item.index())).for_each(|(sum, value)| *sum += value);
    }
    #[expect(clippy::cast_precision_loss, reason = "a window is short")]
    let (n_liked, window) = (view.liked.len() as f32, window.max(1) as f32);
    pooled.iter_mut().for_each(|value| *value /= n_liked.max(1.0));
    into.extend_from_slice(&view.vector);
    into.extend(view.vector.iter().zip(&pooled).map(|(user, item)| user * item));
    into.extend_from_slice(&pooled);
    into.push(n_liked / window);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTLOOK: Outlook =
        Outlook { conversion: 0.5, continuation: 0.3, abandonment: 0.2, deal: 1.0, refusal: -0.5 };

    #[test]
    fn the_target_weighs_every_outcome_with_its_probability() {
        // .5 (1 + .9 * 2) + .3 (-.5 + .9 * 1) - .2 * .5
        assert!((target(OUTLOOK, 2.0, 1.0, 0.9) - 1.42).abs() < 1e-6);
        // No value behind a conversion that ends the session: .5 * 1 + .12 - .1
        assert!((target(OUTLOOK, 0.0, 1.0, 0.9) - 0.52).abs() < 1e-6);
        // The greedy twin: .5 * 1 - .5 * .5, whatever comes next.
        assert!((target(OUTLOOK, 2.0, 1.0, 0.0) - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_conversion_joins_the_history_and_the_oldest_leaves_it() {
        let before = Situation { liked: vec![ItemIdx(1), ItemIdx(2)], n_accepted: 1, ..Situation::default() };
        let next = converted(&before, ItemIdx(5), 2);
        assert_eq!((next.liked, next.n_accepted), (vec![ItemIdx(2), ItemIdx(5)], 2));
        assert_eq!(converted(&Situation::default(), ItemIdx(5), 2).n_accepted, 1);
    }

    #[test]
    fn an_outcome_is_a_conversion_else_a_continuation_unless_the_session_ends_for_good() {
        let of = |reward: f32, terminated| {
            outcome(&Experience { rewards: vec![reward], terminated, ..Experience::default() })
        };
        assert_eq!([of(0.5, false), of(0.5, true), of(-0.5, false), of(0.0, true)], [0, 0, 1, 2]);
    }
}
