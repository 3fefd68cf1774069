//! The contract of [`Environment`], as a test that any implementation can be put through.
//!
//! A fault in an environment rarely crashes: it teaches the agent something wrong. So every environment passes this
//! check in its tests, and a new one should too.

use drr_core::{Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream, Step};
use rand::Rng;
use std::fmt;

/// The sessions that a check plays.
const N_SESSIONS: usize = 20;

/// The steps after which a check leaves a session, for environments with a distant horizon.
const MAX_STEPS: usize = 200;

/// A breach of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The session, from 0.
    pub session: usize,
    /// The steps taken in it.
    pub step: usize,
    /// What is wrong.
    pub rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "session {}, after {} steps: {}", self.session, self.step, self.rule)
    }
}

/// Plays sessions with random candidates and returns every breach of the contract found; none is a pass.
///
/// # Errors
///
/// Fails where the environment fails on a legal call.
pub fn check_environment(
    environment: &mut dyn Environment,
    random: &mut RandomStream,
) -> Result<Vec<Violation>, EnvironmentError> {
    let mut check = Check { violations: Vec::new(), session: 0, step: 0 };
    for session in 0..N_SESSIONS {
        check.session = session;
        check.step = 0;
        let mut replayed = random.clone();
        let (first, items) = check.play(environment, random)?;
        check.replay(environment, &first, &items, &mut replayed)?;
    }
    Ok(check.violations)
}

/// The breaches found so far, and where the check is.
struct Check {
    violations: Vec<Violation>,
    session: usize,
    step: usize,
}

/// A session's first observation, and each item with what followed.
type Played = (Observation, Vec<(ItemIdx, Step)>);

impl Check {
    fn expect(&mut self, holds: bool, rule: &'static str) {
        if !holds {
            self.violations.push(Violation { session: self.session, step: self.step, rule });
        }
    }

    /// Plays one session with random candidates.
    fn play(
        &mut self,
        environment: &mut dyn Environment,
        random: &mut RandomStream,
    ) -> Result<Played, EnvironmentError> {
        let first = environment.reset(random)?;
        self.beginning(environment, &first);
        let mut steps = Vec::new();
        let mut before = first.clone();
        let mut candidates = environment.candidates().clone();
        while self.step < MAX_STEPS && !candidates.is_empty() {
            self.refusals(environment, &candidates);
            let nth = random.random_range(0..candidates.len());
            let item = candidates.iter().nth(nth).expect("the set has more than nth items");
            let step = environment.step(item)?;
            self.step += 1;
            candidates.remove(item);
            self.transition(&before, item, &step, environment);
            self.expect(
                *environment.candidates() == candidates,
                "a step removes its item from the candidates, and no other",
            );
            self.expect(
                step.terminated == candidates.is_empty()
                    || (step.terminated && environment.users_may_leave()),
                "terminated means that no candidate remains or that the user has left, and nothing else",
            );
            before = step.observation.clone();
            let is_over = step.terminated || step.truncated;
            steps.push((item, step));
            if is_over {
                let refused = candidates.iter().next().unwrap_or(item);
                let answer = environment.step(refused);
                self.expect(
                    answer == Err(EnvironmentError::SessionOver),
                    "a step after the end is refused as such",
                );
                break;
            }
        }
        Ok((first, steps))
    }

    /// What holds after a reset.
    fn beginning(&mut self, environment: &dyn Environment, first: &Observation) {
        let candidates = environment.candidates();
        self.expect(candidates.n_items() == environment.n_items(), "the candidates are of the catalogue");
        self.expect(environment.recommended().is_empty(), "a session begins without recommendations");
        self.expect(first.n_accepted == 0, "a session begins without accepted items");
        self.expect(
            first.history.iter().all(|item| !candidates.contains(*item)),
            "what was observed is no candidate",
        );
        self.observation(environment, first);
    }

    /// What holds of every observation.
    fn observation(&mut self, environment: &dyn Environment, observation: &Observation) {
        let history = &observation.history;
        self.expect(history.len() <= environment.history_length(), "the history fits into its window");
        self.expect(
            history.iter().all(|item| item.index() < environment.n_items()),
            "the history has items of the catalogue only, and no padding",
        );
        self.expect(observation.n_accepted as usize <= history.len(), "accepted items are in the history");
    }

    /// What holds after a step.
    fn transition(
        &mut self,
        before: &Observation,
        item: ItemIdx,
        step: &Step,
        environment: &dyn Environment,
    ) {
        let after = &step.observation;
        self.observation(environment, after);
        self.expect(step.reward.is_finite(), "a reward is finite");
        self.expect(!(step.terminated && step.truncated), "a true end is not also a cut");
        self.expect(
            (after.user, after.context) == (before.user, before.context),
            "the user and the context stay the same in a session",
        );
        self.expect(
            environment.recommended().last() == Some(&item) && environment.recommended().len() == self.step,
            "the recommended items are those of the steps, in order",
        );
        let mut expected = before.clone();
        if step.reward > 0.0 {
            expected.history.push(item);
            let surplus = expected.history.len().saturating_sub(environment.history_length());
            expected.history.drain(..surplus);
            expected.n_accepted = expected.history.len().min(before.n_accepted as usize + 1) as u32;
        }
        self.expect(*after == expected, "a positive reward shifts the history, and nothing else does");
    }

    /// Items that must be refused, without a trace.
    fn refusals(&mut self, environment: &mut dyn Environment, candidates: &ItemSet) {
        let beyond = ItemIdx::from(environment.n_items());
        let refused = (0..environment.n_items()).map(ItemIdx::from).find(|item| !candidates.contains(*item));
        for item in [Some(beyond), Some(ItemIdx::PADDING), refused].into_iter().flatten() {
            let answer = environment.step(item);
            self.expect(
                answer == Err(EnvironmentError::NotACandidate(item)),
                "an item that is no candidate is refused as such",
            );
        }
        self.expect(
            environment.candidates() == candidates && environment.recommended().len() == self.step,
            "a refused item leaves the session as it was",
        );
    }

    /// The same draws and the same items give the same session.
    fn replay(
        &mut self,
        environment: &mut dyn Environment,
        first: &Observation,
        steps: &[(ItemIdx, Step)],
        random: &mut RandomStream,
    ) -> Result<(), EnvironmentError> {
        let again = environment.reset(random)?;
        self.expect(again == *first, "the same draws begin the same session");
        if again == *first {
            for (item, step) in steps {
                let again = environment.step(*item)?;
                self.expect(again == *step, "the same items give the same steps");
            }
        }
        Ok(())
    }
}
