//! User activeness: how likely a user is to be there, by a survival model (Zheng et al. 2018).

use crate::RivalError;
use crate::config::Within;
use crate::memory::Experience;
use crate::situation::ReturnTimes;
use serde::{Deserialize, Serialize};

/// The settings of the activeness in the reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActivenessConfig {
    /// beta, what the activeness counts beside the reward, in [0, 1000]; the paper has 0.05.
    pub weight: f64,
    /// `lambda_0` per hour, in [0, 1000]; the paper's 1.2e-5 per second are 0.0432.
    pub decay_per_hour: f64,
    /// `S_0`, the activeness when a session starts, in [0, 1]; the paper has 0.5.
    pub initial: f64,
    /// `S_a`, the rise with each return, in [0, 1]; the paper has 0.32.
    pub rise: f64,
    /// Hours after the session's start in which a return counts, in [0, 1e6].
    pub window_hours: f64,
}

impl Default for ActivenessConfig {
    /// The paper's numbers (Zheng et al. 2018, sec. 4.4), with returns within a day.
    fn default() -> Self {
        Self { weight: 0.05, decay_per_hour: 0.0432, initial: 0.5, rise: 0.32, window_hours: 24.0 }
    }
}

impl ActivenessConfig {
    pub(super) fn check(&self, within: Within) -> Result<(), RivalError> {
        within.check("system.activeness.weight", self.weight, 0.0, 1000.0)?;
        within.check("system.activeness.decay_per_hour", self.decay_per_hour, 0.0, 1000.0)?;
        within.check("system.activeness.initial", self.initial, 0.0, 1.0)?;
        within.check("system.activeness.rise", self.rise, 0.0, 1.0)?;
        within.check("system.activeness.window_hours", self.window_hours, 0.0, 1e6)
    }

    /// `S` just before `hours`: it decays by `exp(-integral lambda)` and rises by `S_a` at each earlier return, at most to 1.
    ///
    /// `returns` ascend. A return at `hours` itself is not yet counted.
    fn survival(&self, returns: &[f64], hours: f64) -> f64 {
        let (mut survival, mut before) = (self.initial, 0.0);
        for at in returns.iter().take_while(|at| **at < hours) {
            survival = (survival * (-self.decay_per_hour * (at - before)).exp() + self.rise).min(1.0);
            before = *at;
        }
        survival * (-self.decay_per_hour * (hours - before)).exp()
    }

    /// Adds `beta S` to the reward of each item: `S` at the user's return for it, or at the window's end without one.
    pub(super) fn add_to(&self, experience: &mut Experience, returns: &dyn ReturnTimes) {
        let context = experience.before.context;
        let hours_until = |item| {
            let hours = returns.hours_until(context, item).map(|hours| hours.max(0.0));
            hours.filter(|hours| *hours <= self.window_hours)
        };
        let mut all: Vec<f64> = experience.recommended.iter().filter_map(|item| hours_until(*item)).collect();
        all.sort_by(f64::total_cmp);
        for (item, reward) in experience.items.iter().zip(&mut experience.rewards) {
            let survival = match hours_until(*item) {
                Some(hours) => (self.survival(&all, hours) + self.rise).min(1.0),
                None => self.survival(&all, self.window_hours),
            };
            #[expect(clippy::cast_possible_truncation, reason = "rewards are single precision")]
            let active = (self.weight * survival) as f32;
            *reward += active;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ContextIdx, ItemIdx};

    fn config() -> ActivenessConfig {
        let decay_per_hour = std::f64::consts::LN_2 / 10.0;
        ActivenessConfig { weight: 2.0, decay_per_hour, initial: 0.5, rise: 0.3, window_hours: 20.0 }
    }

    /// Users who come back for item 0 after 10 hours, for item 1 at once, for item 2 after the window, never for others.
    #[derive(Debug)]
    struct Made;

    impl ReturnTimes for Made {
        fn hours_until(&self, _context: ContextIdx, item: ItemIdx) -> Option<f64> {
            [10.0, 0.0, 30.0].get(item.index()).copied()
        }
    }

    #[test]
    fn survival_halves_in_ten_hours_rises_with_a_return_and_is_never_above_one() {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
        close(config().survival(&[], 10.0), 0.25);
        close(config().survival(&[10.0], 20.0), 0.275);
        close(config().survival(&[0.0, 0.0], 10.0), 0.5);
    }

    #[test]
    fn sooner_returns_add_more_and_none_adds_least() {
        let reward = |item: u32| {
            let items = vec![ItemIdx(item)];
            let mut it = Experience {
                items: items.clone(),
                recommended: items,
                rewards: vec![1.0],
                ..Experience::default()
            };
            config().add_to(&mut it, &Made);
            it.rewards[0]
        };
        // 1 + 2 (.25 + .3), 1 + 2 (.5 + .3), and twice 1 + 2 * .125.
        let expected = [2.1, 2.6, 1.25, 1.25];
        for (item, expected) in (0..4).zip(expected) {
            assert!((reward(item) - expected).abs() < 1e-6, "{item}: {}", reward(item));
        }
    }
}
