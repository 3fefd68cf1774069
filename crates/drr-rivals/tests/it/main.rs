//! Systems at work.

mod world;
