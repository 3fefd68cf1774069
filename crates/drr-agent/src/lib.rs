//! The DRR agent: state representation, actor, critic, training loop, frozen policy.
