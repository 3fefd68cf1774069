//! What a round of sessions looked like: the numbers behind the learning curves.
//!
//! Nothing here moves a parameter or draws a number: a training is the same with and without it.

mod collapse;

pub(crate) use collapse::{Collapse, Limits};

use drr_core::{ItemIdx, MetricSink};
use std::collections::BTreeMap;

/// Beyond this, an output counts as saturated.
const SATURATED: f32 = 0.99;

/// Sums over one round of sessions.
#[derive(Debug)]
pub struct Round {
    n_steps: u64,
    n_positive: u64,
    total_reward: f64,
    action_sum: f64,
    n_saturated: u64,
    n_coordinates: u64,
    /// The share of the actor's own outputs, before any noise, that is saturated: numerator and denominator.
    own_outputs: (u64, u64),
    /// How often each item was recommended.
    items: BTreeMap<u32, u64>,
    /// The policy's own choices, before random items took their places.
    own_items: Vec<u32>,
    sessions: Vec<Session>,
    discount: f64,
    n_updates: u64,
    critic_loss: f64,
    td_error: f64,
    value: f64,
    /// The sum and the number of each of the optional parts' values.
    terms: BTreeMap<&'static str, (f64, u64)>,
}

/// What was expected of one session, and what came.
#[derive(Debug, Clone)]
struct Session {
    /// The critic's value of the first action; none before it.
    predicted: Option<f64>,
    /// The discounted return so far.
    realised: f64,
    /// The discount of the next reward.
    discount: f64,
}

impl Round {
    /// Nothing yet of `n_sessions` sessions whose rewards are discounted by `discount`.
    pub(crate) fn new(n_sessions: usize, discount: f64) -> Self {
        let session = Session { predicted: None, realised: 0.0, discount: 1.0 };
        Self {
            n_steps: 0,
            n_positive: 0,
            total_reward: 0.0,
            action_sum: 0.0,
            n_saturated: 0,
            n_coordinates: 0,
            own_outputs: (0, 0),
            items: BTreeMap::new(),
            own_items: Vec::new(),
            sessions: vec![session; n_sessions],
            discount,
            n_updates: 0,
            critic_loss: 0.0,
            td_error: 0.0,
            value: 0.0,
            terms: BTreeMap::new(),
        }
    }

    /// Whether nothing was done yet: the actions to come are the first of their sessions.
    pub(crate) const fn is_fresh(&self) -> bool {
        self.n_coordinates == 0
    }

    /// Notes the actor's outputs, before any noise.
    pub(crate) fn own_outputs(&mut self, outputs: &[f32]) {
        self.own_outputs.0 += n_saturated(outputs);
        self.own_outputs.1 += outputs.len() as u64;
    }

    /// Notes the items that the policy itself would recommend.
    pub(crate) fn own_items(&mut self, items: impl Iterator<Item = ItemIdx>) {
        self.own_items.extend(items.map(|item| item.0));
    }

    /// Notes one decision of a session: the actor's output as executed, and what the critic is taught of its reward.
    pub(crate) fn decision(&mut self, session: usize, output: &[f32], reward: f32) {
        self.action_sum += output.iter().map(|value| f64::from(*value)).sum::<f64>();
        self.n_saturated += n_saturated(output);
        self.n_coordinates += output.len() as u64;
        let session = &mut self.sessions[session];
        session.realised += session.discount * f64::from(reward);
        session.discount *= self.discount;
    }

    /// Notes one recommended item and its reward.
    pub(crate) fn step(&mut self, item: ItemIdx, reward: f32) {
        self.n_steps += 1;
        self.n_positive += u64::from(reward > 0.0);
        self.total_reward += f64::from(reward);
        *self.items.entry(item.0).or_default() += 1;
    }

    /// Notes the critic's value of a session's first action.
    pub(crate) fn predicted(&mut self, session: usize, value: f32) {
        self.sessions[session].predicted = Some(f64::from(value));
    }

    /// Notes one update.
    pub(crate) fn update(&mut self, report: &drr_learn::UpdateReport) {
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

    /// Records the round's means at environment step `step`; `n_items` is the size of the catalogue.
    pub(crate) fn record(&self, step: u64, n_items: usize, sink: &mut dyn MetricSink) {
        let per_step = 1.0 / self.n_steps.max(1) as f64;
        let per_coordinate = 1.0 / self.n_coordinates.max(1) as f64;
        sink.record(step, "precision", self.n_positive as f64 * per_step);
        sink.record(step, "total_reward", self.total_reward / self.sessions.len().max(1) as f64);
        sink.record(step, "mean_action", self.action_sum * per_coordinate);
        sink.record(step, "saturated_share", self.n_saturated as f64 * per_coordinate);
        sink.record(step, "policy_saturated_share", self.own_saturated_share());
        sink.record(step, "distinct_items", self.items.len() as f64);
        let entropy = self.entropy();
        sink.record(step, "policy_entropy", entropy);
        // The greatest entropy of so many recommendations: all of different items.
        let greatest = (self.n_steps.min(n_items as u64) as f64).ln();
        let share = if greatest > 0.0 { entropy / greatest } else { 0.0 };
        sink.record(step, "policy_entropy_share", share);
        self.record_values(step, sink);
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

    fn record_values(&self, step: u64, sink: &mut dyn MetricSink) {
        let begun = || self.sessions.iter().filter_map(|it| Some((it.predicted?, it.realised)));
        let n_begun = begun().count();
        if n_begun > 0 {
            let per_session = 1.0 / n_begun as f64;
            let bias: f64 = begun().map(|(predicted, realised)| predicted - realised).sum();
            let size: f64 = begun().map(|(predicted, _)| predicted.abs()).sum();
            sink.record(step, "q_bias", bias * per_session);
            sink.record(step, "mean_abs_q", size * per_session);
        }
    }

    /// The entropy of the recommended items, in nats.
    fn entropy(&self) -> f64 {
        let share = |count: &u64| *count as f64 / self.n_steps as f64;
        self.items.values().map(share).map(|share| -share * share.ln()).sum::<f64>().max(0.0)
    }

    /// The share of the actor's own outputs that is saturated.
    fn own_saturated_share(&self) -> f64 {
        self.own_outputs.0 as f64 / self.own_outputs.1.max(1) as f64
    }
}

fn n_saturated(outputs: &[f32]) -> u64 {
    outputs.iter().filter(|value| value.abs() > SATURATED).count() as u64
}

#[cfg(test)]
mod tests;
