//! Systems at work.

mod deers;
mod dpg_fbe;
mod drn;
mod hated;
mod world;
