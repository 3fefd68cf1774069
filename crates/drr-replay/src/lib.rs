//! Uniform and prioritized replay of observations.
