//! Systems at work.
//!
//! The modules say `cfg(test)`, by which clippy knows their helpers as test code, too.

#[cfg(test)]
mod deers;
#[cfg(test)]
mod dpg_fbe;
#[cfg(test)]
mod drn;
#[cfg(test)]
mod hated;
#[cfg(test)]
mod lird;
#[cfg(test)]
mod world;
