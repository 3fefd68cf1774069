//! Systems at work.

mod drn;
mod world;
