//! Systems at work.

mod deers;
mod drn;
mod hated;
mod world;
