//! A small world in which the greedy choice is wrong and the best return is known: sweets and vegetables.
//!
//! A sweet pleases at once and spoils the user's mood, a vegetable pleases less and lifts it. A learner that looks one
//! step ahead gives sweets only and ends far below the optimum, which dynamic programming finds exactly. So this world
//! tells whether an agent learns from later rewards at all, which logs of ratings hardly can.

use crate::{EnvError, session::Session};
use drr_core::{
    ContextIdx, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream,
    Step, UserIdx,
};

/// The reward of a sweet in the best mood.
pub const SWEET: f32 = 1.0;

/// The reward of a vegetable in the best mood.
pub const VEGETABLE: f32 = 0.4;

/// The share of a reward that is left in the worst mood.
pub const WORST_MOOD: f32 = 0.1;

/// The longest history window for which the optimum is computed, in items.
pub const LONGEST_HISTORY: usize = 12;

/// The sweeps of value iteration; `.95^500` is below the precision of the values.
const N_SWEEPS: usize = 500;

/// The sizes of a [`LongTermEnvironment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongTermConfig {
    /// The number of sweets, and as many vegetables; at least the horizon, so that neither runs out.
    pub items_per_kind: usize,
    /// The steps of a session, `T`.
    pub horizon: usize,
    /// The length of the history window, `N`, at most [`LONGEST_HISTORY`].
    pub history_length: usize,
}

/// The accepted items within the window as bits, the latest lowest: 1 for a vegetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Window {
    kinds: usize,
    len: usize,
}

impl Window {
    fn push(self, is_vegetable: bool, length: usize) -> Self {
        let kinds = (self.kinds << 1 | usize::from(is_vegetable)) & ((1 << length) - 1);
        Self { kinds, len: length.min(self.len + 1) }
    }
}

/// One user without a past, who is served sweets (even items) and vegetables (odd items).
///
/// With `s` sweets and `v` vegetables among the last `N` accepted items, which are the observation's history, the mood is
/// `m = w + (1 - w) (1 + (v - s) / N) / 2` with `w =` [`WORST_MOOD`], so between `w` and 1, and in the middle at first.
/// An item is answered by `m` times [`SWEET`] or [`VEGETABLE`], and then joins the history, since every reward is
/// positive. Nothing is drawn at random. No item is repeated, and neither kind runs out.
#[derive(Debug, Clone)]
pub struct LongTermEnvironment {
    config: LongTermConfig,
    session: Session,
    window: Window,
}

impl LongTermEnvironment {
    /// A world of the given sizes.
    ///
    /// # Errors
    ///
    /// Refuses sizes of zero, a window beyond [`LONGEST_HISTORY`], and a horizon for which a kind has too few items.
    pub fn new(config: LongTermConfig) -> Result<Self, EnvError> {
        if config.items_per_kind < config.horizon {
            let remedy = "a kind needs at least as many items as a session has steps";
            return Err(EnvError::setting("items_per_kind", &config.items_per_kind, remedy));
        }
        if config.history_length > LONGEST_HISTORY {
            let remedy = "the optimum is computed for at most 12 items of history";
            return Err(EnvError::setting("history_length", &config.history_length, remedy));
        }
        let session = Session::new(2 * config.items_per_kind, config.history_length, config.horizon)?;
        Ok(Self { config, session, window: Window::default() })
    }

    /// Whether the item is a vegetable: the odd ones are.
    #[must_use]
    pub const fn is_vegetable(item: ItemIdx) -> bool {
        item.0 % 2 == 1
    }

    /// The greatest return of a session, undiscounted: `V_t(h) = max_kind (r(h, kind) + V_{t+1}(h + kind))` from the empty
    /// history (Bellman 1957), over all windows `h`.
    #[must_use]
    pub fn optimal_return(&self) -> f32 {
        let mut values = self.no_values();
        for _ in 0..self.config.horizon {
            values = self.sweep(&values, 1.0);
        }
        values[0]
    }

    /// The return, undiscounted and up to the horizon, of the policy that is best for the discounted return without an
    /// end, `max_pi sum_t discount^t r_t`, found by value iteration (Bellman 1957).
    ///
    /// That is the aim of an agent that does not see the time and whose values go on beyond a time limit: what it lacks to
    /// [`Self::optimal_return`] is the price of that, and no failure to learn. A `discount` of 0 gives the greedy return.
    #[must_use]
    pub fn discounted_return(&self, discount: f64) -> f32 {
        let discount = discount as f32;
        let mut values = self.no_values();
        for _ in 0..N_SWEEPS {
            values = self.sweep(&values, discount);
        }
        let (mut window, mut total) = (Window::default(), 0.0);
        for _ in 0..self.config.horizon {
            let is_vegetable =
                self.value(window, true, &values, discount) > self.value(window, false, &values, discount);
            total += self.reward(window, is_vegetable);
            window = window.push(is_vegetable, self.config.history_length);
        }
        total
    }

    /// One value for each window, all zero; a window of `len` items with the bits `kinds` is at `(len << N) + kinds`, so
    /// that a short window and a long one with zeros differ.
    fn no_values(&self) -> Vec<f32> {
        let length = self.config.history_length;
        vec![0.0; (length + 1) << length]
    }

    /// `r(h, kind) + discount V(h + kind)`.
    fn value(&self, window: Window, is_vegetable: bool, values: &[f32], discount: f32) -> f32 {
        let length = self.config.history_length;
        let next = window.push(is_vegetable, length);
        self.reward(window, is_vegetable) + discount * values[(next.len << length) + next.kinds]
    }

    /// One step of dynamic programming: the values of all windows from those one step later.
    fn sweep(&self, later: &[f32], discount: f32) -> Vec<f32> {
        let length = self.config.history_length;
        let mut values = self.no_values();
        for len in 0..=length {
            for kinds in 0..1_usize << len {
                let window = Window { kinds, len };
                let of = |is_vegetable| self.value(window, is_vegetable, later, discount);
                values[(len << length) + kinds] = of(false).max(of(true));
            }
        }
        values
    }

    /// The return of a policy that always takes the greatest immediate reward, which is a sweet; undiscounted.
    #[must_use]
    pub fn greedy_return(&self) -> f32 {
        self.constant_return(false)
    }

    /// The return of a session of vegetables only, undiscounted.
    #[must_use]
    pub fn patient_return(&self) -> f32 {
        self.constant_return(true)
    }

    fn constant_return(&self, is_vegetable: bool) -> f32 {
        let mut window = Window::default();
        let mut total = 0.0;
        for _ in 0..self.config.horizon {
            total += self.reward(window, is_vegetable);
            window = window.push(is_vegetable, self.config.history_length);
        }
        total
    }

    fn reward(&self, window: Window, is_vegetable: bool) -> f32 {
        let n_vegetables = window.kinds.count_ones() as f32;
        let n_sweets = window.len as f32 - n_vegetables;
        let balance = (n_vegetables - n_sweets) / self.config.history_length as f32;
        let mood = WORST_MOOD + (1.0 - WORST_MOOD) * f32::midpoint(1.0, balance);
        mood * if is_vegetable { VEGETABLE } else { SWEET }
    }

    /// Item vectors `[I, 2]`: (1, 0) for a sweet and (0, 1) for a vegetable.
    #[must_use]
    pub fn item_vectors(&self) -> EmbeddingTable {
        let n_items = self.n_items();
        let values = [1.0, 0.0, 0.0, 1.0].repeat(self.config.items_per_kind);
        EmbeddingTable::new(n_items, 2, values).expect("one finite row of the dimension per item")
    }

    /// The vector of the one user, `[1, 2]`: (1, 1), which favours neither kind.
    #[must_use]
    pub fn context_vectors(&self) -> EmbeddingTable {
        EmbeddingTable::new(1, 2, vec![1.0, 1.0]).expect("one finite row of the dimension")
    }
}

impl Environment for LongTermEnvironment {
    fn n_items(&self) -> usize {
        2 * self.config.items_per_kind
    }

    fn history_length(&self) -> usize {
        self.session.history_length()
    }

    fn reset(&mut self, _random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        self.window = Window::default();
        let candidates = ItemSet::full(self.n_items());
        Ok(self.session.begin(UserIdx(0), ContextIdx(0), candidates, Vec::clear))
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.session.check(item)?;
        let is_vegetable = Self::is_vegetable(item);
        let reward = self.reward(self.window, is_vegetable);
        self.window = self.window.push(is_vegetable, self.config.history_length);
        Ok(self.session.advance(item, reward, false))
    }

    fn candidates(&self) -> &ItemSet {
        self.session.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.session.recommended()
    }
}
