//! What a round of sessions looked like: the numbers behind the learning curves.

use drr_core::MetricSink;
use std::collections::{BTreeMap, BTreeSet};

/// Sums over one round of sessions.
#[derive(Debug, Default)]
pub(crate) struct Round {
    n_steps: u64,
    n_positive: u64,
    total_reward: f64,
    action_sum: f64,
    n_saturated: u64,
    n_coordinates: u64,
    items: BTreeSet<u32>,
    n_updates: u64,
    critic_loss: f64,
    td_error: f64,
    value: f64,
    /// The sum and the number of each of the optional parts' values.
    terms: BTreeMap<&'static str, (f64, u64)>,
}

impl Round {
    /// Notes one executed step: the actor's output as executed, the item, the reward.
    pub(crate) fn step(&mut self, output: &[f32], item: u32, reward: f32) {
        self.n_steps += 1;
        self.n_positive += u64::from(reward > 0.0);
        self.total_reward += f64::from(reward);
        self.action_sum += output.iter().map(|value| f64::from(*value)).sum::<f64>();
        self.n_saturated += output.iter().filter(|value| value.abs() > 0.99).count() as u64;
        self.n_coordinates += output.len() as u64;
        self.items.insert(item);
    }

    /// Notes one update.
    pub(crate) fn update(&mut self, report: &crate::update::UpdateReport) {
        self.n_updates += 1;
        self.critic_loss += report.critic_loss;
        self.value += report.mean_value;
        for (name, value) in &report.terms {
            let (sum, n) = self.terms.entry(name).or_default();
            *sum += value;
            *n += 1;
        }
        let sum: f64 = report.td_errors.iter().map(|error| f64::from(error.abs())).sum();
        self.td_error += sum / report.td_errors.len().max(1) as f64;
    }

    /// Records the round's means at environment step `step`.
    pub(crate) fn record(&self, step: u64, n_sessions: usize, epsilon: f64, sink: &mut dyn MetricSink) {
        let per_step = 1.0 / self.n_steps.max(1) as f64;
        let per_coordinate = 1.0 / self.n_coordinates.max(1) as f64;
        sink.record(step, "precision", self.n_positive as f64 * per_step);
        sink.record(step, "total_reward", self.total_reward / n_sessions.max(1) as f64);
        sink.record(step, "epsilon", epsilon);
        sink.record(step, "mean_action", self.action_sum * per_coordinate);
        sink.record(step, "saturated_share", self.n_saturated as f64 * per_coordinate);
        sink.record(step, "distinct_items", self.items.len() as f64);
        if self.n_updates > 0 {
            let per_update = 1.0 / self.n_updates as f64;
            sink.record(step, "critic_loss", self.critic_loss * per_update);
            sink.record(step, "td_error", self.td_error * per_update);
            sink.record(step, "policy_value", self.value * per_update);
        }
        for (name, (sum, n)) in &self.terms {
            sink.record(step, name, sum / *n as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Metrics;

    #[test]
    fn means_are_over_steps_sessions_and_coordinates() {
        let mut round = Round::default();
        round.step(&[1.0, 0.0], 3, 0.5);
        round.step(&[0.5, 0.5], 3, -0.5);
        let mut sink = Metrics::default();
        round.record(2, 2, 0.25, &mut sink);
        let value = |name: &str| sink.records.iter().find(|record| record.1 == name).map(|record| record.2);
        assert_eq!(value("precision"), Some(0.5));
        assert_eq!(value("total_reward"), Some(0.0));
        assert_eq!(value("mean_action"), Some(0.5));
        assert_eq!(value("saturated_share"), Some(0.25));
        assert_eq!(value("distinct_items"), Some(1.0));
        assert_eq!(value("critic_loss"), None, "nothing was updated");
    }
}
