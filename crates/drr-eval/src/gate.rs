//! The judgement of a run against recorded figures: held, regressed, or too few users to tell.
//!
//! A gate that fails whenever a mean is a hair lower teaches people to ignore it, and one that passes whenever intervals
//! overlap lets anything pass on few users. So each line says which difference matters, and the run must be precise
//! enough to see it. Nothing is read or written here: values come from a lookup, the judgement goes out as data.

mod golden;
mod judge;
mod table;

pub use golden::{GOLDEN_FORMAT, GateError, Golden, GoldenLine, bless};
pub use judge::{GateReport, LineReport, Outcome, Verdict, judge};
