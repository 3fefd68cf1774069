//! A simulated user who answers as users did in similar situations.
//!
//! The simulator of LIRD (Zhao et al. 2018, "Deep Reinforcement Learning for List-wise Recommendations"): a
//! memory of logged (state, action, reward), and a new pair gets the reward of the pairs that it resembles. No model is
//! fitted, but the item vectors are: they must come from the same rows as the log.

mod memory;

use crate::{EnvError, LoggedConfig, Sessions, session::Session};
use drr_core::{
    ContextIdx, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream,
    Seeds, Step,
};
use memory::Memory;
use rand::{Rng, RngCore};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which reward a pair gets out of the probabilities of all rewards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// One reward, drawn.
    #[default]
    Drawn,
    /// The expected reward.
    Expected,
}

/// The sizes and the reward of a [`SimilarityEnvironment`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarityConfig {
    /// Sizes, reward and scale, as for the logged environment; what it says of unrated items is not read.
    pub logged: LoggedConfig,
    /// alpha, the share of the states in the similarity of two pairs, in `[0, 1]`; the rest is the actions'.
    pub alpha: f64,
    /// Which reward a pair gets.
    pub answer: Answer,
}

/// Simulates the users of a log, each answering like all users in similar situations.
///
/// The state `s` is the vectors of the `N` latest positive items one behind the other, oldest first, with zeros in front
/// where there are fewer; the action `a` is the vector of one item. For each distinct reward `U_x` of the log, with `n_x`
/// pairs whose states and actions, each of length 1, have the means `S_x` and `A_x`,
///
/// `P(U_x | s, a) = n_x (alpha cos(s, S_x) |S_x| + (1 - alpha) cos(a, A_x) |A_x|) / sum_y ..`
///
/// which is the sum over the pairs `i` of the group of `alpha cos(s, s_i) + (1 - alpha) cos(a, a_i)`, normalised, without
/// a look at every pair. A group below zero counts as zero; if none is above, the shares of the log decide.
#[derive(Debug, Clone)]
pub struct SimilarityEnvironment {
    sessions: Arc<Sessions>,
    items: Arc<EmbeddingTable>,
    memory: Arc<Memory>,
    catalogue: ItemSet,
    alpha: f64,
    answer: Answer,
    session: Session,
    /// `n_x alpha cos(s, S_x) |S_x|` of the present state, per reward.
    of_state: Vec<f64>,
    /// The draws of the session's answers.
    answers: RandomStream,
}

impl SimilarityEnvironment {
    /// Users who may be recommended the items of `catalogue`; `items` are the vectors of all items, `[I, D]`.
    ///
    /// The whole log of `sessions` is the memory. Copies of the environment share it.
    ///
    /// # Errors
    ///
    /// Refuses a horizon or history of length zero, an alpha outside its range, and a catalogue or vectors of another
    /// number of items than the log's.
    pub fn new(
        sessions: Arc<Sessions>,
        items: Arc<EmbeddingTable>,
        config: SimilarityConfig,
        catalogue: ItemSet,
    ) -> Result<Self, EnvError> {
        let SimilarityConfig { logged, alpha, answer } = config;
        for n_catalogue in [catalogue.n_items(), items.n_rows()] {
            let n_log = sessions.n_items();
            if n_catalogue != n_log {
                return Err(EnvError::Catalogue { n_catalogue, n_log });
            }
        }
        if !(0.0..=1.0).contains(&alpha) {
            return Err(EnvError::setting("alpha", &alpha, "give a share from 0 to 1"));
        }
        let session = Session::new(catalogue.n_items(), logged.history_length, logged.horizon)?;
        let memory = Arc::new(Memory::new(&sessions, &items, logged));
        let answers = Seeds(0).stream("answers");
        let of_state = vec![0.0; memory.groups().len()];
        Ok(Self { sessions, items, memory, catalogue, alpha, answer, session, of_state, answers })
    }

    /// The distinct rewards of the log, ascending, each with its probability for `item` now, `[groups]`.
    ///
    /// Panics on an item beyond the catalogue, which is a bug.
    #[must_use]
    pub fn probabilities(&self, item: ItemIdx) -> Vec<(f32, f64)> {
        let groups = self.memory.groups();
        let of_action = self.memory.of_action(self.items.row(item.index()));
        let mix = |(state, action): (&f64, f64)| ((1.0 - self.alpha) * action + state).max(0.0);
        let mut shares: Vec<f64> = self.of_state.iter().zip(of_action).map(mix).collect();
        let mut total: f64 = shares.iter().sum();
        if total <= 0.0 {
            shares = groups.iter().map(|group| group.n_pairs).collect();
            total = shares.iter().sum();
        }
        groups.iter().zip(shares).map(|(group, share)| (group.reward, share / total)).collect()
    }

    /// Begins the session of a given context whose answers are drawn from `answers`. Panics beyond the table, which is a
    /// bug.
    pub fn reset_to(&mut self, context: ContextIdx, answers: RandomStream) -> Observation {
        let sessions = &self.sessions;
        let mut candidates = self.catalogue.clone();
        for item in sessions.before(context).items {
            candidates.remove(*item);
        }
        let n = self.session.history_length();
        let observation = self.session.begin(sessions.user(context), context, candidates, |history| {
            sessions.fill_history(context, n, history);
        });
        self.answers = answers;
        self.look();
        observation
    }

    /// Computes what depends on the state alone.
    fn look(&mut self) {
        let similarities = self.memory.of_state(self.session.history(), &self.items);
        for (kept, similarity) in self.of_state.iter_mut().zip(similarities) {
            *kept = self.alpha * similarity;
        }
    }

    /// The user's reward for `item`.
    fn reward_of(&mut self, item: ItemIdx) -> f32 {
        let shares = self.probabilities(item);
        match self.answer {
            #[expect(clippy::cast_possible_truncation, reason = "rewards are single precision")]
            Answer::Expected => {
                shares.iter().map(|(reward, share)| f64::from(*reward) * share).sum::<f64>() as f32
            }
            Answer::Drawn => {
                let mut mass = self.answers.random::<f64>();
                let mut drawn = 0.0;
                for (reward, share) in shares.into_iter().filter(|(_, share)| *share > 0.0) {
                    drawn = reward;
                    mass -= share;
                    if mass < 0.0 {
                        break;
                    }
                }
                drawn
            }
        }
    }
}

impl Environment for SimilarityEnvironment {
    fn n_items(&self) -> usize {
        self.catalogue.n_items()
    }

    fn history_length(&self) -> usize {
        self.session.history_length()
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let drawn = random.random_range(0..self.sessions.n_contexts());
        let answers = Seeds(random.next_u64()).stream("answers");
        Ok(self.reset_to(ContextIdx::from(drawn), answers))
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.session.check(item)?;
        let reward = self.reward_of(item);
        let step = self.session.advance(item, reward, false);
        if reward > 0.0 {
            self.look();
        }
        Ok(step)
    }

    fn candidates(&self) -> &ItemSet {
        self.session.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.session.recommended()
    }
}
