//! Systems at work.

mod lird;
mod world;
