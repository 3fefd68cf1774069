//! Long sessions: who is known by what, the models of their tastes, and the users that sessions are simulated with.
//!
//! All users are drawn into five parts. The rows of R are all that recommenders are fitted on. A and B are two simulators of
//! tastes, each a factorization of its own users' rows: agents are trained in A and everybody is judged in B. Whoever is met in
//! a session is folded into A by one half of their rows and into B by the other.

mod bench;
mod cut;
mod items;
mod models;
mod space;
#[cfg(test)]
mod tests;
mod training;

pub use bench::SessionBench;
pub use cut::SessionCut;
pub use items::CategorySource;
pub use models::{Items, SessionModels, Tastes};
pub use space::SpaceContents;
pub use training::{SessionNote, SessionTraining};
