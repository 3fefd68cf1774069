//! A limit on the number of steps of a session.
//!
//! The limit is the simulation's, not the user's: it cuts a session without ending it, and so gives `truncated`, which
//! never stops the bootstrap, where `terminated` does. It comes from the config, and never from the user's log, whose
//! length would reveal how many positive ratings are still to come.

use crate::EnvError;

/// Counts the steps of a session up to the horizon `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    horizon: usize,
    elapsed: usize,
}

impl TimeLimit {
    /// A limit of `horizon` steps, none of them taken.
    ///
    /// # Errors
    ///
    /// Refuses a horizon of zero steps.
    pub fn new(horizon: usize) -> Result<Self, EnvError> {
        if horizon == 0 {
            return Err(EnvError::setting("horizon", &horizon, "a session needs at least one step"));
        }
        Ok(Self { horizon, elapsed: 0 })
    }

    /// The horizon `T`, in steps.
    #[must_use]
    pub const fn horizon(&self) -> usize {
        self.horizon
    }

    /// Begins a new session.
    pub const fn reset(&mut self) {
        self.elapsed = 0;
    }

    /// Counts one step and says whether it was the last one.
    pub const fn tick(&mut self) -> bool {
        self.elapsed += 1;
        self.elapsed >= self.horizon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_at_the_horizon_is_the_last_one_in_every_session() {
        let mut limit = TimeLimit::new(3).unwrap();
        for _ in 0..2 {
            assert_eq!([limit.tick(), limit.tick(), limit.tick()], [false, false, true]);
            limit.reset();
        }
    }

    #[test]
    fn a_session_without_steps_is_refused() {
        assert!(matches!(TimeLimit::new(0), Err(EnvError::Setting { setting: "horizon", .. })));
    }
}
