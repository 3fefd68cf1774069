//! Gated recurrent units (Cho et al. 2014, eq. 5-8), each scan one operation with a hand-written gradient.
//!
//! [`GruScan`] gives every state of whole sequences, [`Gru`] the last state of windows with empty places in front. They follow
//! the same formula and stand apart, because each rounds in its own way (its own exponential; gates kept or computed again on
//! the way back), and one way for both would move the trainings of the other.

mod last;
mod scan;

pub use last::{Gru, Windows};
pub use scan::GruScan;
