//! What a round of sessions looked like: the numbers behind the learning curves.

use crate::memory::Experience;
use crate::system::Report;
use drr_core::MetricSink;
use std::collections::BTreeSet;

/// Sums over one round of sessions.
#[derive(Debug, Default)]
pub struct Round {
    n_steps: u64,
    n_positive: u64,
    total_reward: f64,
    items: BTreeSet<u32>,
    n_updates: u64,
    sums: Report,
}

impl Round {
    /// Notes one decision.
    pub(super) fn decision(&mut self, experience: &Experience) {
        self.n_steps += experience.items.len() as u64;
        self.n_positive += experience.rewards.iter().filter(|reward| **reward > 0.0).count() as u64;
        self.total_reward += experience.rewards.iter().map(|reward| f64::from(*reward)).sum::<f64>();
        self.items.extend(experience.items.iter().map(|item| item.0));
    }

    /// Notes one update.
    pub(super) fn update(&mut self, report: &Report) {
        self.n_updates += 1;
        self.sums.loss += report.loss;
        self.sums.td_error += report.td_error;
        self.sums.value += report.value;
    }

    /// Records the round's means at environment step `step`.
    pub(super) fn record(&self, step: u64, n_sessions: usize, exploration: f64, sink: &mut dyn MetricSink) {
        let per_step = 1.0 / self.n_steps.max(1) as f64;
        sink.record(step, "precision", self.n_positive as f64 * per_step);
        sink.record(step, "total_reward", self.total_reward / n_sessions.max(1) as f64);
        sink.record(step, "epsilon", exploration);
        sink.record(step, "distinct_items", self.items.len() as f64);
        if self.n_updates > 0 {
            let per_update = 1.0 / self.n_updates as f64;
            sink.record(step, "critic_loss", self.sums.loss * per_update);
            sink.record(step, "td_error", self.sums.td_error * per_update);
            sink.record(step, "policy_value", self.sums.value * per_update);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ItemIdx, Metrics};

    #[test]
    fn means_are_over_items_sessions_and_updates() {
        let mut round = Round::default();
        let items = vec![ItemIdx(3), ItemIdx(4)];
        round.decision(&Experience { items, rewards: vec![1.0, -0.5], ..Experience::default() });
        round.update(&Report { loss: 1.0, td_error: 2.0, value: 3.0 });
        round.update(&Report { loss: 2.0, td_error: 0.0, value: 0.0 });
        let mut sink = Metrics::default();
        round.record(2, 1, 0.25, &mut sink);
        let value = |name: &str| sink.records.iter().find(|record| record.1 == name).map(|record| record.2);
        assert_eq!(value("precision"), Some(0.5));
        assert_eq!(value("total_reward"), Some(0.5));
        assert_eq!(value("distinct_items"), Some(2.0));
        assert_eq!(value("critic_loss"), Some(1.5));
        assert_eq!(value("policy_value"), Some(1.5));
    }
}
