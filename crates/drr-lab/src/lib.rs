//! The laboratory: from a log of ratings to an honest answer to "does reinforcement learning recommend better?".
//!
//! A [`run::Run`] is one configuration on one data set, in one folder. Where to look, from the bottom up; a module uses
//! only those above it in this list:
//!
//! - [`watch`] is whom long work asks about progress, time and interruptions; [`failure`] has the kinds of failures;
//! - [`presets`] are configurations that others extend by name, [`shelf`] has those and the data sets that are built in;
//! - [`config`] has every section of a configuration;
//! - [`run`] has the run's folder, its data set, its cuts, and the cache of its stages;
//! - [`fit`] fits what learns: spaces, simulators, agents, sequential models;
//! - [`judge`] judges them on held-out rows, compares runs, and checks golden figures;
//! - [`study`] has the studies around a run;
//! - [`report`] writes what came out;
//! - [`plan`] says who learns where, and from which inputs: it takes a whole run apart for all modules above.

pub mod config;
pub mod document;
pub mod failure;
pub mod fit;
pub mod judge;
pub mod plan;
pub mod presets;
pub mod recommend;
pub mod report;
pub mod run;
pub mod shelf;
pub mod study;
pub mod watch;

#[cfg(test)]
mod tests;
