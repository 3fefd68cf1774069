//! Recommenders without reinforcement learning.
