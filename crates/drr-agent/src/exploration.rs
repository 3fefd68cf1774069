//! Epsilon-greedy exploration: with probability epsilon, Gaussian noise on the actor's output.

use crate::ExplorationConfig;
use drr_core::RandomStream;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

impl ExplorationConfig {
    /// epsilon after `step` environment steps: linear from start to end, then constant.
    ///
    /// It decays with every step, whether that step explored or not.
    #[must_use]
    pub fn epsilon(&self, step: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share of the schedule")]
        let done = if self.decay_steps == 0 { 1.0 } else { (step as f64 / self.decay_steps as f64).min(1.0) };
        self.epsilon_start + (self.epsilon_end - self.epsilon_start) * done
    }

    /// Adds noise to `output` (`[D]`) with probability epsilon, and clips it to `[-1, 1]`.
    ///
    /// Always draws the same number of values, so that the stream's position tells nothing of the past.
    pub(crate) fn explore(&self, step: u64, output: &mut [f32], random: &mut RandomStream) {
        let explores = random.random::<f64>() < self.epsilon(step);
        for value in output {
            let noise: f32 = StandardNormal.sample(random);
            if explores {
                *value = (*value + self.noise * noise).clamp(-1.0, 1.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    const CONFIG: ExplorationConfig =
        ExplorationConfig { epsilon_start: 1.0, epsilon_end: 0.1, decay_steps: 100, noise: 5.0 };

    #[test]
    fn epsilon_falls_linearly_to_its_floor() {
        for (step, epsilon) in [(0, 1.0), (50, 0.55), (100, 0.1), (1000, 0.1)] {
            assert!((CONFIG.epsilon(step) - epsilon).abs() < 1e-12, "{step}");
        }
    }

    #[test]
    fn what_is_executed_stays_in_the_box_and_is_untouched_where_epsilon_is_zero() {
        let mut random = Seeds(1).stream("noise");
        let mut output = [0.5; 20];
        CONFIG.explore(0, &mut output, &mut random);
        assert!(output.iter().all(|value| value.abs() <= 1.0) && output != [0.5; 20]);
        let mut output = [0.5; 20];
        let quiet = ExplorationConfig { epsilon_start: 0.0, epsilon_end: 0.0, ..CONFIG };
        quiet.explore(0, &mut output, &mut random);
        assert_eq!(output, [0.5; 20]);
    }
}
