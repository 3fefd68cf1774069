//! Simulated users to recommend to.
