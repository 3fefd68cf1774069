//! Contextual bandits: linear models of one user's rewards, which learn while they serve and explore what they do not
//! know.
//!
//! Both start every session from a prior that was fitted on the log: the reward that the log's users gave on average, and
//! how much of their ratings that is worth. A user's history is learned from like feedback. Asked without a session, they
//! answer from the prior and the query's history alone; a fork learns from its session's feedback too.

mod h_lin_ucb;
mod lin_ucb;
mod linear;
mod session;

pub use h_lin_ucb::{HLinUcb, HLinUcbConfig};
pub use lin_ucb::{LinUcb, LinUcbConfig};
