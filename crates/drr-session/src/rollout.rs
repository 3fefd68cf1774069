//! The steps of one iteration: what was seen, chosen and answered, and what follows from it.

use crate::SessionAgentConfig;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The session goes on with the slot's next step.
    GoesOn,
    /// The session is over: nothing follows.
    Over,
    /// The session is cut: it would go on, and what would follow is worth its critic's value.
    Cut,
}

/// `N = n_steps * n_sessions` steps, those of one time side by side: step `t` of slot `k` is row `t * n_sessions + k`.
#[derive(Debug, Clone)]
pub(crate) struct Rollout {
    n_state: usize,
    n_words: usize,
    /// `[N, S]`.
    pub states: Vec<f32>,
    /// `[N]`.
    pub contexts: Vec<u32>,
    /// The bits of the candidates that could not be chosen, `[N, ceil(C / 64)]`.
    pub excluded: Vec<u64>,
    /// The chosen candidates, `[N]`.
    pub chosen: Vec<u32>,
    /// The logarithms of their probabilities when they were drawn, `[N]`.
    pub log_probabilities: Vec<f32>,
    /// `[N]`.
    pub rewards: Vec<f32>,
    /// `[N]`.
    pub ends: Vec<End>,
    /// The critic's values of the states, `[N]`.
    pub values: Vec<f32>,
    /// The critic's values of the states that would follow a cut, zero elsewhere, `[N]`.
    pub beyond: Vec<f32>,
    /// The advantages, of mean 0 and deviation 1, `[N]`.
    pub advantages: Vec<f32>,
    /// What the critic learns, `[N]`.
    pub targets: Vec<f32>,
}

impl Rollout {
    pub(crate) fn new(n_rows: usize, n_state: usize, n_candidates: usize) -> Self {
        let n_words = n_candidates.div_ceil(64);
        Self {
            n_state,
            n_words,
            states: vec![0.0; n_rows * n_state],
            contexts: vec![0; n_rows],
            excluded: vec![0; n_rows * n_words],
            chosen: vec![0; n_rows],
            log_probabilities: vec![0.0; n_rows],
            rewards: vec![0.0; n_rows],
            ends: vec![End::GoesOn; n_rows],
            values: vec![0.0; n_rows],
            beyond: vec![0.0; n_rows],
            advantages: vec![0.0; n_rows],
            targets: vec![0.0; n_rows],
        }
    }

    /// The number of steps, `N`.
    pub(crate) const fn len(&self) -> usize {
        self.contexts.len()
    }

    /// The state of a step, `[S]`.
    pub(crate) fn state(&self, row: usize) -> &[f32] {
        &self.states[row * self.n_state..][..self.n_state]
    }

    /// The states of the steps from `first` on, `[rows, S]`.
    pub(crate) fn states_mut(&mut self, first: usize, n_rows: usize) -> &mut [f32] {
        &mut self.states[first * self.n_state..][..n_rows * self.n_state]
    }

    /// The bits of the candidates that could not be chosen at a step.
    pub(crate) fn excluded(&self, row: usize) -> &[u64] {
        &self.excluded[row * self.n_words..][..self.n_words]
    }

    /// Sets the bits of a step.
    pub(crate) fn exclude(&mut self, row: usize, words: &[u64]) {
        self.excluded[row * self.n_words..][..self.n_words].copy_from_slice(words);
    }

    /// Computes the advantages and what the critic learns from rewards, values and ends, and returns the mean square of the
    /// advantages before they are normalized: the critic's error.
    ///
    /// `delta_t = r_t + gamma V(s_t+1) - V(s_t)` and `A_t = delta_t + gamma lambda A_t+1` (Schulman et al. 2016, eq. 16, to
    /// the session's end or the iteration's); the critic's target is `A_t + V(s_t)`. After the end of a session both
    /// `V` and `A` are 0, after a cut `V` is that of the state that would follow.
    pub(crate) fn advantages(&mut self, config: &SessionAgentConfig, n_sessions: usize) -> f64 {
        let n_rows = self.len();
        for slot in 0..n_sessions {
            let (mut advantage, mut next_value) = (0.0, 0.0);
            for row in (slot..n_rows).step_by(n_sessions).rev() {
                match self.ends[row] {
                    End::GoesOn => {}
                    End::Over => (advantage, next_value) = (0.0, 0.0),
                    End::Cut => (advantage, next_value) = (0.0, f64::from(self.beyond[row])),
                }
                let value = f64::from(self.values[row]);
                let delta = f64::from(self.rewards[row]) + config.discount * next_value - value;
                advantage = delta + config.discount * config.gae_lambda * advantage;
                next_value = value;
                self.advantages[row] = advantage as f32;
                self.targets[row] = (advantage + value) as f32;
            }
        }
        normalize(&mut self.advantages)
    }
}

/// Shifts and scales to mean 0 and deviation 1, and returns the mean square before.
fn normalize(values: &mut [f32]) -> f64 {
    let n_values = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n_values;
    let square = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / n_values;
    let deviation = (square - mean * mean).max(0.0).sqrt();
    for value in values {
        *value = ((f64::from(*value) - mean) / (deviation + 1e-8)) as f32;
    }
    square
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(n_sessions: usize, rewards: &[f32], values: &[f32], ends: &[End], beyond: &[f32]) -> Rollout {
        let mut rollout = Rollout::new(rewards.len(), 1, 1);
        rollout.rewards.copy_from_slice(rewards);
        rollout.values.copy_from_slice(values);
        rollout.ends.copy_from_slice(ends);
        rollout.beyond.copy_from_slice(beyond);
        let config = SessionAgentConfig { discount: 0.5, gae_lambda: 0.8, ..SessionAgentConfig::default() };
        rollout.advantages(&config, n_sessions);
        rollout
    }

    #[test]
    fn targets_equal_those_computed_by_hand_over_ends_and_cuts() {
        use End::{Cut, GoesOn, Over};
        // One slot: two steps, an end, one step that is cut before a state of value 4.
        let found = rollout(1, &[1.0, 2.0, 3.0], &[0.5, 1.0, -1.0], &[GoesOn, Over, Cut], &[0.0, 0.0, 4.0]);
        // delta = 1 + .5 * 1 - .5 = 1, 2 - 1 = 1, 3 + .5 * 4 + 1 = 6; A_0 = 1 + .4 * 1.
        for (found, expected) in found.targets.iter().zip([1.4 + 0.5, 1.0 + 1.0, 6.0 - 1.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn slots_do_not_mix_and_advantages_have_mean_0_and_deviation_1() {
        use End::{GoesOn, Over};
        let one = rollout(1, &[1.0, 2.0], &[0.5, 1.0], &[GoesOn, Over], &[0.0; 2]);
        let two =
            rollout(2, &[1.0, 7.0, 2.0, 9.0], &[0.5, 3.0, 1.0, 2.0], &[GoesOn, Over, Over, Over], &[0.0; 4]);
        assert_eq!([two.targets[0], two.targets[2]], one.targets[..]);
        assert_eq!([two.targets[1], two.targets[3]], [7.0, 9.0]);
        let mean = two.advantages.iter().sum::<f32>() / 4.0;
        let square = two.advantages.iter().map(|it| it * it).sum::<f32>() / 4.0;
        assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{:?}", two.advantages);
    }

    #[test]
    fn without_a_discount_the_target_is_the_next_reward() {
        let mut found = Rollout::new(3, 1, 1);
        found.rewards.copy_from_slice(&[1.0, -2.0, 3.0]);
        found.values.copy_from_slice(&[5.0, 6.0, 7.0]);
        let config = SessionAgentConfig { discount: 0.0, ..SessionAgentConfig::default() };
        found.advantages(&config, 1);
        assert_eq!(found.targets, [1.0, -2.0, 3.0]);
    }
}
