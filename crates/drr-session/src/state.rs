//! The state of a session: what was known before, and everything that was shown since.
//!
//! Every shown item counts, liked or not, with and without its reward: an agent that sees only liked items cannot tell
//! boredom from taste. Training and serving grow the state by the same code, one item at a time.

use crate::SessionAgentConfig;

/// Which numbers make a state, and in which order: the static features `[F]`; for each decay the sum of the shown items'
/// vectors `[D]`; for each decay of rewards the same with each vector times its reward; the last reward; `t / T`.
#[derive(Debug, Clone, PartialEq)]
pub struct StateShape {
    n_features: usize,
    dim: usize,
    /// The decays of the sums, and what each item counts in them.
    decays: Vec<(f32, f32)>,
    /// The same for the sums with rewards.
    reward_decays: Vec<(f32, f32)>,
    has_rewards: bool,
    horizon: usize,
}

impl StateShape {
    /// The shape for `n_features` static features, item vectors of dimension `dim` and sessions of at most `horizon` steps.
    #[must_use]
    pub fn new(config: &SessionAgentConfig, n_features: usize, dim: usize, horizon: usize) -> Self {
        let has_rewards = config.rewards_in_state;
        let weighed = |decays: &[f32]| {
            let scale = |decay: f32| if config.scales_sums { scale(decay, horizon) } else { 1.0 };
            decays.iter().map(|decay| (*decay, scale(*decay))).collect()
        };
        let reward_decays = if has_rewards { weighed(&config.reward_decays) } else { Vec::new() };
        Self { n_features, dim, decays: weighed(&config.decays), reward_decays, has_rewards, horizon }
    }

    /// The number of numbers in a state, `S`.
    #[must_use]
    pub const fn n_values(&self) -> usize {
        let n_sums = self.decays.len() + self.reward_decays.len();
        self.n_features + n_sums * self.dim + self.has_rewards as usize + 1
    }

    /// The number of static features, `F`.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.n_features
    }

    /// The dimension of an item vector, `D`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }
}

/// One over the root of the weights of all items of a whole session, `sum_{k < T} decay^k`: then a sum has about the size of
/// one item's vector.
fn scale(decay: f32, horizon: usize) -> f32 {
    let total: f64 = (0..horizon).map(|at| f64::from(decay).powi(at as i32)).sum();
    (1.0 / total.sqrt()) as f32
}

/// The state of one session under way.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionState {
    values: Vec<f32>,
    n_shown: usize,
}

impl SessionState {
    /// The state before anything is shown, from the static features `[F]`. Panics if there are more or fewer, which is a bug.
    #[must_use]
    pub fn begin(shape: &StateShape, features: &[f32]) -> Self {
        let mut state = Self { values: vec![0.0; shape.n_values()], n_shown: 0 };
        state.begin_anew(shape, features);
        state
    }

    /// The same in place: another user's session begins.
    pub(crate) fn begin_anew(&mut self, shape: &StateShape, features: &[f32]) {
        self.values.fill(0.0);
        self.values[..shape.n_features].copy_from_slice(features);
        self.n_shown = 0;
    }

    /// Takes note of an item with the vector `item` `[D]` that the user answered with `reward`: each sum `m` becomes
    /// `decay m + item`, and those with rewards `decay m + reward item`; all times the sum's scale, where sums are scaled.
    pub fn show(&mut self, shape: &StateShape, item: &[f32], reward: f32) {
        self.n_shown += 1;
        let mut sums = self.values[shape.n_features..].chunks_exact_mut(shape.dim);
        let decays = shape.decays.iter().copied();
        let weighted = shape.reward_decays.iter().map(|(decay, scale)| (*decay, reward * scale));
        for ((decay, weight), sum) in decays.chain(weighted).zip(&mut sums) {
            for (sum, value) in sum.iter_mut().zip(item) {
                *sum = decay * *sum + weight * value;
            }
        }
        let last = self.values.len() - 1;
        if shape.has_rewards {
            self.values[last - 1] = reward;
        }
        self.values[last] = self.n_shown as f32 / shape.horizon as f32;
    }

    /// The numbers, `[S]`.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// How many items were shown.
    #[must_use]
    pub const fn n_shown(&self) -> usize {
        self.n_shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEATURES: [f32; 2] = [0.25, -1.0];
    const SHOWN: [([f32; 3], f32); 4] =
        [([1.0, 0.0, 2.0], 1.0), ([0.5, -1.0, 0.0], -0.5), ([0.0, 3.0, 1.0], 0.0), ([-1.0, 1.0, 1.0], 0.75)];

    fn grown(config: &SessionAgentConfig) -> SessionState {
        let shape = StateShape::new(config, 2, 3, 8);
        let mut state = SessionState::begin(&shape, &FEATURES);
        SHOWN.iter().for_each(|(item, reward)| state.show(&shape, item, *reward));
        state
    }

    /// `sum_k decay^(n - 1 - k) weight_k item_k`, written out.
    fn sum(decay: f32, weight: impl Fn(f32) -> f32) -> Vec<f32> {
        let term = |coordinate: usize| {
            let terms = SHOWN.iter().enumerate().map(|(at, (item, reward))| {
                decay.powi((SHOWN.len() - 1 - at) as i32) * weight(*reward) * item[coordinate]
            });
            terms.sum()
        };
        (0..3).map(term).collect()
    }

    /// The sums of a state, each of an item's size, beside those expected.
    fn compare(scales_sums: bool, factor: impl Fn(f32) -> f32) {
        let reward_decays = vec![1.0, 0.5];
        let config = SessionAgentConfig { reward_decays, scales_sums, ..SessionAgentConfig::default() };
        let scaled = |decay: f32, weight: fn(f32) -> f32| {
            sum(decay, weight).into_iter().map(|value| value * factor(decay)).collect::<Vec<_>>()
        };
        let mut expected = FEATURES.to_vec();
        expected.extend([scaled(0.8, |_| 1.0), scaled(1.0, |_| 1.0)].concat());
        expected.extend([scaled(1.0, |reward| reward), scaled(0.5, |reward| reward)].concat());
        expected.extend([0.75, 0.5]);
        let state = grown(&config);
        assert_eq!(state.values().len(), expected.len());
        for (found, expected) in state.values().iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{:?}\n{expected:?}", state.values());
        }
    }

    #[test]
    fn a_state_equals_its_sums_written_out() {
        compare(false, |_| 1.0);
    }

    #[test]
    fn scaled_sums_are_divided_by_the_root_of_the_weights_of_a_whole_session() {
        // Eight steps: 1 + d + .. + d^7 = (1 - d^8) / (1 - d).
        let total = |decay: f32| if decay == 1.0 { 8.0 } else { (1.0 - decay.powi(8)) / (1.0 - decay) };
        compare(true, |decay| 1.0 / total(decay).sqrt());
    }

    #[test]
    fn without_rewards_the_answers_leave_no_trace() {
        let config = SessionAgentConfig { rewards_in_state: false, ..SessionAgentConfig::default() };
        let state = grown(&config);
        assert_eq!(state.values().len(), 2 + 2 * 3 + 1);
        let shape = StateShape::new(&config, 2, 3, 8);
        let mut other = SessionState::begin(&shape, &FEATURES);
        SHOWN.iter().for_each(|(item, _)| other.show(&shape, item, 9.0));
        assert_eq!(state, other);
    }

    #[test]
    fn the_references_state_has_194_numbers() {
        let shape = StateShape::new(&SessionAgentConfig::default(), 17 + 35 + 35, 35, 30);
        assert_eq!(shape.n_values(), 194);
    }

    #[test]
    fn a_session_that_begins_anew_is_as_a_fresh_one() {
        let config = SessionAgentConfig::default();
        let shape = StateShape::new(&config, 2, 3, 8);
        let mut state = grown(&config);
        state.begin_anew(&shape, &[3.0, 4.0]);
        assert_eq!(state, SessionState::begin(&shape, &[3.0, 4.0]));
    }
}
