//! Systems at work.

mod deers;
mod hated;
mod world;
