//! Systems at work.

mod dpg_fbe;
mod world;
