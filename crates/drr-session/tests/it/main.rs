//! The session agent as a whole: it learns where the optimum is known, goes on bit by bit, and is served as it was trained.
//!
//! The modules say `cfg(test)`, by which clippy knows their helpers as test code, too.

#[cfg(test)]
mod learning;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod world;
