//! The learning curves of an iteration, each at the environment steps done.

use crate::slots::FinishedSession;
use crate::update::UpdateSums;
use drr_core::{MetricSink, Metrics};

/// Records figures at `step`.
pub(super) fn recorder(metrics: &mut Metrics, step: u64) -> impl FnMut(&'static str, f64) + '_ {
    move |name, value| metrics.record(step, name, value)
}

/// The mean reward and length of the sessions that ended in the iteration; nothing if none did.
pub(super) fn sessions(finished: &[FinishedSession], record: &mut impl FnMut(&'static str, f64)) {
    if finished.is_empty() {
        return;
    }
    let n_sessions = finished.len() as f64;
    record("session_reward", finished.iter().map(|session| session.reward).sum::<f64>() / n_sessions);
    record("session_length", finished.iter().map(|session| session.length as f64).sum::<f64>() / n_sessions);
}

/// What the updates say of themselves, as means over their steps.
pub(super) fn updates(sums: &UpdateSums, record: &mut impl FnMut(&'static str, f64)) {
    record("policy_loss", sums.policy_loss / sums.n_rows);
    record("value_loss", sums.value_loss / sums.n_rows);
    record("clip_share", sums.n_clipped / sums.n_rows);
    record("divergence", sums.divergence / sums.n_rows);
}

/// The distinct candidates that were chosen, divided by all.
pub(super) fn coverage(chosen: &[u32], n_candidates: usize) -> f64 {
    let mut seen = vec![false; n_candidates];
    chosen.iter().for_each(|candidate| seen[*candidate as usize] = true);
    seen.iter().filter(|seen| **seen).count() as f64 / n_candidates as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_means_and_an_iteration_without_a_finished_session_has_no_reward() {
        let mut metrics = Metrics::default();
        let mut record = recorder(&mut metrics, 7);
        sessions(&[], &mut record);
        let finished = [(3.0, 2), (1.0, 4)].map(|(reward, length)| FinishedSession { reward, length });
        sessions(&finished, &mut record);
        updates(&UpdateSums { n_rows: 4.0, n_clipped: 1.0, ..UpdateSums::default() }, &mut record);
        drop(record);
        let value =
            |name: &str| metrics.records.iter().find(|record| record.1 == name).map(|it| (it.0, it.2));
        assert_eq!(value("session_reward"), Some((7, 2.0)));
        assert_eq!(value("session_length"), Some((7, 3.0)));
        assert_eq!(value("clip_share"), Some((7, 0.25)));
        assert_eq!(metrics.records.len(), 2 + 4);
        assert_eq!(coverage(&[1, 3, 1], 8), 0.25);
    }
}
