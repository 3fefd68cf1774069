//! Systems at work.

mod deers;
mod world;
