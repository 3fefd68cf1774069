//! Rules for long sessions, without learning: what an agent must beat where users remember what was shown.
//!
//! A rule ranks by the scores of a static recommender ([`SessionScores`]), less a penalty for what is like the items shown
//! lately ([`Mmr`]), plus a bonus for what the user is familiar with ([`Informed`]). All of a rule's state is made from
//! the items shown, so a rule that begins in the middle of a session goes on as one that was there from the start.

mod familiarity;
mod rule;
mod scores;
mod similarity;
#[cfg(test)]
mod tests;
mod tune;

pub use familiarity::Informed;
pub use rule::SessionRule;
pub use scores::{ListScores, NamedScores, ScoresBy, SessionScores, SumOfScores, score_spread};
pub use similarity::{Mmr, Similarity};
pub use tune::{MAX_TRIALS, Trial, TuneError, Tuned, tune};
